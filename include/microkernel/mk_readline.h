/* SPDX-License-Identifier: Apache-2.0 */
/* mk_readline.h - a line editor that is fed one byte at a time.
 *
 * It allocates nothing, reads nothing and knows no clock: bytes go in through
 * mk_rl_feed(), text for the terminal comes out through one callback, everything it
 * remembers is in the caller's mk_readline_t.
 *
 *     mk_rl_init(&rl, "> ", write, ctx);
 *     mk_rl_prompt(&rl);
 *     for each byte: if (mk_rl_feed(&rl, byte) == MK_RL_DONE) {
 *         run(rl.line);
 *         mk_rl_history_add(&rl, rl.line);
 *         mk_rl_prompt(&rl);
 *     }
 *
 * The terminal is in raw mode (no echo, no signals, no translation of input; "\r\n" is
 * written for a new line, so output translation may be on or off) and speaks UTF-8 and
 * the common ANSI/VT220 sequences.
 *
 * The screen. The line takes exactly one row: what does not fit scrolls sideways, '<'
 * and '>' in the first and last column say that there is more. Nothing is ever written
 * into the last column, so no terminal wraps. Only what changed is written, with one
 * call of the callback per byte fed unless more than MK_RL_OUTPUT bytes are due.
 *
 * Input. The line is always valid UTF-8 without control characters. A byte that is not
 * UTF-8, and a character that would not show (control characters U+0080..U+009F,
 * direction marks), is entered as the text \xNN for each of its bytes, so it is seen
 * and not lost. Cursor keys and deletions work on whole characters together with the
 * combining marks after them.
 *
 * Keys. Left Right Home End, Ctrl-A B E F; Ctrl- or Alt-Left/Right, Alt-B F: by words.
 * Backspace, Delete, Ctrl-D; Ctrl-W (to the blank before), Alt-Backspace, Alt-D: words;
 * Ctrl-U (all before the cursor), Ctrl-K (all behind it). What one run of such keys
 * removes, Ctrl-Y brings back. Ctrl-T swaps two characters, Ctrl-L clears the screen.
 * Up Down Ctrl-P Ctrl-N: history; the line that was being typed is kept and comes back
 * below the newest entry; changes to an entry that was looked at are not kept.
 * Ctrl-R searches backwards while typing: again for older ones, Backspace shortens,
 * Enter runs, Ctrl-G or Esc goes back to the line as it was, any other editing key
 * takes the entry found and then acts. (After Esc only a cursor key's sequence counts
 * as "any other key"; Esc followed by a letter is not Alt there.) Tab completes
 * (mk_rl_set_completion), a second Tab lists the choices. Ctrl-C drops the line,
 * Ctrl-Z is told to the owner.
 * Sequences that mean nothing here are swallowed whole.
 *
 * Paste. Between ESC[200~ and ESC[201~ text is entered as it is, and nothing in it acts
 * as a key: line ends and tabs become one blank (line ends at the very end nothing),
 * other control characters and escape sequences vanish. A paste never runs a command.
 * If it does not fit, nothing of it is entered. It is drawn when it is complete. */
#ifndef MICROKERNEL_MK_READLINE_H
#define MICROKERNEL_MK_READLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MK_RL_MAX_LINE    256 /* bytes of a line with its NUL */
#define MK_RL_MAX_HISTORY 32  /* lines remembered; the oldest one goes */
#define MK_RL_MAX_QUERY   64  /* bytes of the text searched for with Ctrl-R */
#define MK_RL_MAX_ROW     360 /* bytes shown behind the prompt: line, two marks, hint */
#define MK_RL_OUTPUT      512 /* bytes collected before write_cb is called */
#define MK_RL_MAX_LISTED  100 /* choices that a second Tab lists; more are counted */

/* What mk_rl_feed() returns. */
#define MK_RL_CONTINUE  0    /* the line is not complete */
#define MK_RL_DONE      1    /* Enter: the line is in `line`, `len` */
#define MK_RL_EOF       (-1) /* Ctrl-D on an empty line */
#define MK_RL_INTERRUPT 2    /* Ctrl-C: the line was dropped */
#define MK_RL_TOO_LONG  3    /* Enter, but bytes had been refused: nothing was run */
#define MK_RL_SUSPEND   4 /* Ctrl-Z: the owner may stop the program; no change here */

/* The owner of the terminal sends these at its beginning and end, if it wants pastes to
 * be recognised. */
#define MK_RL_PASTE_ON  "\x1b[?2004h"
#define MK_RL_PASTE_OFF "\x1b[?2004l"

/* Text for the terminal; it need not be complete sequences or characters. Must not call
 * back into the same editor. */
typedef void (*mk_rl_write_fn)(const char *buf, size_t len, void *ctx);

/* Where a completion callback puts its choices; lives during the callback only. */
typedef struct mk_rl_choices mk_rl_choices_t;

/* Offer what could stand at the cursor: call mk_rl_choice_add() for each choice and
 * return the offset (0..cursor) in `line` where the text that a choice replaces begins;
 * it ends at the cursor. `line` ends in NUL. Called up to twice for one key, and must
 * offer the same choices both times. */
typedef size_t (*mk_rl_completion_fn)(const char *line, size_t cursor,
                                      mk_rl_choices_t *choices, void *ctx);

/* Write a hint for `line` into hint[0..cap) (no NUL needed) and return its bytes; 0 for
 * none. Called whenever the line is drawn with the cursor at its end. The hint is cut
 * where the row ends and at a byte that would not show as text. */
typedef size_t (*mk_rl_hint_fn)(const char *line, size_t len, char *hint, size_t cap,
                                void *ctx);

/* The fields up to write_ctx may be read by anybody; only the editor writes them. */
typedef struct {
    char line[MK_RL_MAX_LINE]; /* being edited, always with a NUL behind `len` */
    size_t len;                /* bytes in `line` */
    size_t pos; /* cursor: offset in `line`, on a character's first byte */
    char history[MK_RL_MAX_HISTORY][MK_RL_MAX_LINE]; /* ring of past lines */
    size_t hist_count;                               /* entries in use */
    size_t hist_next;           /* slot that the next entry goes to */
    size_t hist_browse;         /* 0: own line, n: looking at the n-th newest entry */
    char saved[MK_RL_MAX_LINE]; /* own line while browsing */
    size_t saved_len;           /* bytes in `saved` */
    int esc;                    /* where in an escape sequence; 0 outside */
    int esc_num;                /* first number of that sequence */
    bool last_cr;               /* a line feed now belongs to the Enter before it */
    const char *prompt;         /* borrowed until mk_rl_init() is called again */
    size_t prompt_len;          /* bytes in `prompt` */
    mk_rl_write_fn write_cb;    /* where output goes; NULL: nowhere */
    void *write_ctx;            /* handed to write_cb */

    /* Everything below is the editor's own business. */
    mk_rl_completion_fn completion; /* NULL: Tab does nothing */
    void *completion_ctx;           /* handed to it */
    mk_rl_hint_fn hint;             /* NULL: no hints */
    void *hint_ctx;                 /* handed to it */
    uint16_t width;                 /* columns of the terminal */
    uint16_t esc_mod;               /* second number of the escape sequence */
    uint16_t esc_skip;              /* bytes of a mouse report still to swallow */
    uint8_t esc_params;             /* numbers begun in the sequence so far */
    bool esc_is_alt;                /* a second ESC stood before the sequence */
    uint8_t utf8[4];                /* bytes of a character that is not complete */
    uint8_t utf8_len;               /* how many */
    uint8_t last_action;            /* what the key before did: kills join, Tabs list */
    uint8_t this_action;            /* what the present key did */
    bool is_done;                /* the line was given out; the next byte clears it */
    bool is_hidden;              /* draw nothing (mk_rl_hide) */
    bool is_drawn;               /* the row is on the screen, the cursor in it */
    bool is_stale;               /* the whole row has to be drawn again */
    bool owes_head;              /* rows of the prompt above the last are due */
    bool wants_draw;             /* the byte being handled changed something */
    bool has_overflow;           /* typed bytes were refused */
    bool is_pasting;             /* between ESC[200~ and ESC[201~ */
    bool paste_is_refused;       /* it did not fit; its rest is swallowed */
    bool paste_owes_blank;       /* line ends stood in the paste */
    uint16_t paste_at;           /* where the paste began in the line */
    bool is_searching;           /* Ctrl-R is active */
    bool search_is_left;         /* by Esc; the entry found may still be taken */
    bool search_failed;          /* the text was not found; an earlier entry shows */
    uint8_t query_len;           /* bytes in `query` */
    char query[MK_RL_MAX_QUERY]; /* text searched for */
    uint16_t match;              /* n-th newest entry found, counted from 1; 0 none */
    uint16_t match_at;           /* where in it */
    char killed[MK_RL_MAX_LINE]; /* for Ctrl-Y */
    uint16_t killed_len;         /* bytes in `killed` */
    uint16_t view_start;         /* first byte of the line that is shown */
    char shown[MK_RL_MAX_ROW];   /* what stands behind the prompt on the screen */
    uint16_t shown_len;          /* bytes in `shown` */
    uint16_t shown_hint_at;      /* where the hint begins in it; shown_len if none */
    uint16_t shown_cols;         /* columns of prompt and row together */
    uint16_t shown_cursor;       /* column of the cursor */
    uint16_t out_len;            /* bytes in `out` */
    char out[MK_RL_OUTPUT];      /* collected for write_cb */
} mk_readline_t;

/* In all functions here `rl` NULL is no editor: nothing happens, and the answer is
 * MK_RL_EOF, NULL, 0 or false. */

/* Make `rl` an editor with an empty line, no history and 80 columns; writes nothing.
 * `prompt` (NULL: "> ") is borrowed; it may contain colour sequences, and rows above
 * the last one ('\n' between them) are written by mk_rl_prompt() only. A prompt that
 * leaves less than 8 columns is not shown. `write_cb` may be NULL. */
void mk_rl_init(mk_readline_t *rl, const char *prompt, mk_rl_write_fn write_cb,
                void *ctx);

/* Handle one byte. After MK_RL_DONE the line stays readable until the next call of any
 * mk_rl_ function but mk_rl_history_*() and mk_rl_hide(); the next byte then begins an
 * empty line.
 *
 * A byte that the line has no room for is refused with a bell. If Enter follows before
 * something was deleted or the line replaced, the line is dropped whole and
 * MK_RL_TOO_LONG returned, because a cut line must not run; `line` is empty then,
 * Ctrl-Y brings the text back. Like after MK_RL_DONE the cursor stands on a new row and
 * no prompt is shown.
 *
 * After MK_RL_INTERRUPT a new prompt is shown already, unless the editor is hidden. */
int mk_rl_feed(mk_readline_t *rl, uint8_t ch);

/* Begin an empty line and show the prompt, also after mk_rl_hide(). The cursor should
 * stand at the start of a row; if the line is on the screen, it is replaced. What was
 * typed since MK_RL_DONE is dropped: mk_rl_show() keeps it. */
void mk_rl_prompt(mk_readline_t *rl);

/* Remember a line as the newest one. Nothing happens if it is empty, equal to the
 * newest one, longer than MK_RL_MAX_LINE - 1 bytes, or no text that the editor could
 * have given out (control characters, invalid UTF-8). */
void mk_rl_history_add(mk_readline_t *rl, const char *line);

/* The entry `idx`, 0 being the newest; NULL if there is none. Valid until the history
 * changes. */
const char *mk_rl_history_get(const mk_readline_t *rl, size_t idx);

/* Number of entries. */
size_t mk_rl_history_count(const mk_readline_t *rl);

/* The terminal is `columns` wide now; 0 means unknown (80). Values below 8 or above
 * 1000 count as 8 and 1000. Draws the line again if it is on the screen. (A terminal
 * that re-wraps may have moved parts of a long line to rows above; they are left there,
 * because other terminals have other text on those rows.) */
void mk_rl_set_width(mk_readline_t *rl, size_t columns);

/* Take prompt and line off the screen and draw nothing until mk_rl_show() or
 * mk_rl_prompt(); keys still edit the line. The cursor then stands at the start of the
 * row. True if something was on the screen:
 *
 *     bool was_shown = mk_rl_hide(&rl);
 *     print a row of text;
 *     if (was_shown) mk_rl_show(&rl); */
bool mk_rl_hide(mk_readline_t *rl);

/* Draw prompt and line where the cursor is (the start of a row). After MK_RL_DONE that
 * is an empty line, or what was typed since. */
void mk_rl_show(mk_readline_t *rl);

/* What Tab offers; NULL for nothing. */
void mk_rl_set_completion(mk_readline_t *rl, mk_rl_completion_fn completion, void *ctx);

/* Offer `text` (borrowed during the call) for the text between the returned offset and
 * the cursor. `is_whole`: if it is the only choice, a blank is added. Text that could
 * not be typed (empty, too long, control characters, invalid UTF-8) is passed over;
 * several choices that are all the same are one. False when no further choice can
 * matter. */
bool mk_rl_choice_add(mk_rl_choices_t *choices, const char *text, size_t len,
                      bool is_whole);

/* What is shown dim behind the cursor; NULL for nothing. Seen at once. */
void mk_rl_set_hints(mk_readline_t *rl, mk_rl_hint_fn hint, void *ctx);

/* True while a paste is being received. The editor has no clock: if the mark at the end
 * of a paste was lost on its way, Enter has no effect. An owner with a clock calls
 * mk_rl_paste_end() when mk_rl_in_paste() still holds and no byte came for a second. */
bool mk_rl_in_paste(const mk_readline_t *rl);

/* End a paste as if ESC[201~ had arrived; nothing happens outside one. */
void mk_rl_paste_end(mk_readline_t *rl);

#ifdef __cplusplus
}
#endif

#endif
