/* SPDX-License-Identifier: Apache-2.0 */
/* test_readline.c - what a user would see after a sequence of keys.
 *
 * The output goes to a small model of a terminal. see() gives its rows as one text:
 * rows separated by '\n', trailing blanks cut, the cursor as '|', dim text in {braces}.
 * The model complains about everything that the editor must not send: unknown
 * sequences, text in the last column, the cursor leaving the row. */
#include "support/test.h"

#include "microkernel/mk_readline.h"

#include "base/utf8.h"
#include "shell/readline.h"

#include <string.h>

enum { ROWS = 10, COLS = 64, CELL = 8 };

typedef struct {
    char text[CELL]; /* the character and its marks; "" blank */
    bool is_dim;     /* written in the style of hints */
    bool is_right;   /* right half of a wide character */
} cell_t;

typedef struct {
    cell_t cell[ROWS][COLS];
    size_t width;      /* columns in use */
    size_t row;        /* of the cursor */
    size_t col;        /* of the cursor */
    size_t bells;      /* heard */
    const char *fault; /* what the editor must not do, NULL while it did not */
    bool is_dim;       /* style of what follows */
    char pending[16];  /* bytes of a sequence or character that is not complete */
    size_t pending_len;
} terminal_t;

static mk_readline_t rl;
static terminal_t term;
static size_t writes;     /* calls of the write callback */
static size_t written;    /* bytes they brought */
static char last_out[64]; /* the last ones, as far as they fit */
static int last_rc;       /* what mk_rl_feed() returned last */

static void clear_cells(terminal_t *t, size_t row, size_t from, size_t to) {
    memset(&t->cell[row][from], 0, (to - from) * sizeof t->cell[0][0]);
}

static void clear_below(terminal_t *t) {
    clear_cells(t, t->row, t->col, t->width);
    for (size_t row = t->row + 1; row < ROWS; row++)
        clear_cells(t, row, 0, t->width);
}

static void next_row(terminal_t *t) {
    if (++t->row < ROWS) return;
    memmove(t->cell[0], t->cell[1], sizeof t->cell - sizeof t->cell[0]);
    t->row = ROWS - 1;
    clear_cells(t, t->row, 0, COLS);
}

static void put_char(terminal_t *t, const char *text, size_t size, size_t cols) {
    if (cols == 0) {
        size_t at = t->col > 0 ? t->col - 1 : 0;
        if (at > 0 && t->cell[t->row][at].is_right) at--;
        char *base = t->cell[t->row][at].text;
        if (base[0] == '\0') base[0] = ' ';
        if (strlen(base) + size < CELL) strncat(base, text, size);
        return;
    }
    if (t->col + cols >= t->width) {
        t->fault = "text in the last column";
        return;
    }
    cell_t *cell = &t->cell[t->row][t->col];
    if (cell->is_right) t->cell[t->row][t->col - 1].text[0] = '\0';
    if (cell[cols].is_right) memset(&cell[cols], 0, sizeof cell[cols]);
    memset(cell, 0, cols * sizeof *cell);
    memcpy(cell->text, text, size);
    cell->is_dim = t->is_dim;
    if (cols == 2) cell[1] = (cell_t){.is_dim = t->is_dim, .is_right = true};
    t->col += cols;
}

static void do_sequence(terminal_t *t, const char *numbers, char final) {
    size_t n = 0;
    for (const char *c = numbers; *c >= '0' && *c <= '9'; c++) {
        n = n * 10 + (size_t)(*c - '0');
    }
    size_t count = n > 0 ? n : 1;
    switch (final) {
    case 'K': clear_cells(t, t->row, t->col, t->width); break;
    case 'C':
        t->col += count;
        if (t->col >= t->width) t->fault = "cursor right of the row";
        break;
    case 'D':
        if (count > t->col) t->fault = "cursor left of the row";
        t->col -= count > t->col ? t->col : count;
        break;
    case 'H': t->row = t->col = 0; break;
    case 'm': t->is_dim = n == 2; break;
    case 'J':
        if (n == 2) {
            memset(t->cell, 0, sizeof t->cell);
        } else {
            clear_below(t);
        }
        break;
    default: t->fault = "unknown sequence";
    }
}

static void do_byte(terminal_t *t, char c) {
    if (t->pending_len > 0 || c == '\x1b' || ((unsigned char)c & 0x80) != 0) {
        t->pending[t->pending_len++] = c;
        t->pending[t->pending_len] = '\0';
        size_t cols;
        if (t->pending[0] != '\x1b') {
            size_t size = mk_rl__char(t->pending, t->pending_len, &cols);
            if (size > 0) {
                put_char(t, t->pending, size, cols);
                t->pending_len = 0;
            }
        } else if (t->pending_len > 2 && c >= '@') {
            do_sequence(t, t->pending + 2, c);
            t->pending_len = 0;
        } else if (t->pending_len == 2 && c != '[') {
            t->fault = "ESC without [";
        }
        if (t->pending_len > 12) t->fault = "sequence or character without an end";
        if (t->fault != NULL) t->pending_len = 0;
        return;
    }
    switch (c) {
    case '\r': t->col = 0; break;
    case '\n': next_row(t); break;
    case '\a': t->bells++; break;
    case '\b':
        if (t->col == 0) t->fault = "cursor left of the row";
        if (t->col > 0) t->col--;
        break;
    default:
        if ((unsigned char)c < ' ' || c == 0x7f) t->fault = "control byte";
        put_char(t, &c, 1, 1);
    }
}

static void show_bytes(const char *buf, size_t len, void *ctx) {
    for (size_t i = 0; i < len; i++)
        do_byte(ctx, buf[i]);
}

static void on_write(const char *buf, size_t len, void *ctx) {
    size_t kept = len < sizeof last_out - 1 ? len : sizeof last_out - 1;
    memcpy(last_out, buf, kept);
    last_out[kept] = '\0';
    writes++;
    written += len;
    show_bytes(buf, len, ctx);
}

/* Text that does not come from the editor. */
static void print(const char *text) {
    show_bytes(text, strlen(text), &term);
}

/* A screen as text. */
typedef struct {
    char text[ROWS * (COLS * CELL + 8)];
    size_t len;
    size_t keep; /* trailing blanks and empty rows are cut behind this */
} screen_text_t;

static void see_mark(screen_text_t *screen, char mark) {
    screen->text[screen->len++] = mark;
    screen->keep = screen->len;
}

static void see_char(screen_text_t *screen, const char *text) {
    bool is_blank = text[0] == '\0' || strcmp(text, " ") == 0;
    size_t size = is_blank ? 1 : strlen(text);
    memcpy(screen->text + screen->len, is_blank ? " " : text, size);
    screen->len += size;
    if (!is_blank) screen->keep = screen->len;
}

static void see_row(screen_text_t *screen, size_t row) {
    bool is_dim = false;
    for (size_t col = 0; col < term.width; col++) {
        const cell_t *cell = &term.cell[row][col];
        if (is_dim && !cell->is_dim) see_mark(screen, '}');
        if (row == term.row && col == term.col) see_mark(screen, '|');
        if (!is_dim && cell->is_dim) screen->text[screen->len++] = '{';
        is_dim = cell->is_dim;
        if (!cell->is_right) see_char(screen, cell->text);
    }
}

static const char *see(void) {
    static screen_text_t screen;
    screen.len = screen.keep = 0;
    for (size_t row = 0; row < ROWS; row++) {
        see_row(&screen, row);
        screen.len = screen.keep;
        screen.text[screen.len++] = '\n';
    }
    screen.text[screen.keep] = '\0';
    return term.fault != NULL ? term.fault : screen.text;
}

static void start_with(const char *prompt, size_t width) {
    memset(&term, 0, sizeof term);
    term.width = width;
    writes = 0;
    written = 0;
    last_out[0] = '\0';
    mk_rl_init(&rl, prompt, on_write, &term);
    mk_rl_set_width(&rl, width);
    mk_rl_prompt(&rl);
}

static void start(void) {
    start_with("> ", 40);
}

static void keys_len(const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        last_rc = mk_rl_feed(&rl, (uint8_t)bytes[i]);
}

static void keys(const char *bytes) {
    keys_len(bytes, strlen(bytes));
}

/* From an empty line under a width of 40: the screen after these keys. */
static const char *after(const char *bytes) {
    start();
    keys(bytes);
    return see();
}

/* --- basics --- */

TEST(published_fields_keep_their_places) {
    if (sizeof(void *) == 8) {
        CHECK_EQ(offsetof(mk_readline_t, completion), 8800);
    }
    CHECK_EQ(offsetof(mk_readline_t, line), 0);
    CHECK_EQ(MK_RL_CONTINUE, 0);
    CHECK_EQ(MK_RL_DONE, 1);
    CHECK_EQ(MK_RL_EOF, -1);
    CHECK(MK_RL_INTERRUPT > 1 && MK_RL_TOO_LONG > 1);
}

TEST(prompt_is_written_as_it_is) {
    start();
    CHECK_STR(last_out, "> ");
    CHECK_EQ(writes, 1);
    mk_rl_init(&rl, NULL, on_write, &term);
    mk_rl_prompt(&rl);
    CHECK_STR(last_out, "> ");
}

TEST(typed_character_is_all_that_is_written) {
    start();
    writes = written = 0;
    keys("a");
    CHECK_STR(last_out, "a");
    CHECK_EQ(writes, 1);
    CHECK_EQ(written, 1);
    keys("bc\x02");
    CHECK_STR(last_out, "\b");
    CHECK_STR(see(), "> ab|c");
}

TEST(each_byte_causes_at_most_one_write) {
    static const char *const all[] = {"hello world",   "\x01",      "x",       "\x0b",
                                      "\x19",          "\x0c",      "\x12wor", "\r",
                                      "\xe6\x97\xa5",  "\x15",      "\x1b[A",  "\x03",
                                      "\x1b[200~p\nq", "\x1b[201~", "\x04"};
    start();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (const char *c = all[i]; *c != '\0'; c++) {
            size_t before = writes;
            (void)mk_rl_feed(&rl, (uint8_t)*c);
            CHECK(writes - before <= 1);
        }
    }
    CHECK(term.fault == NULL);
}

TEST(enter_gives_the_line_out) {
    CHECK_STR(after("hello\r"), "> hello\n|");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_STR(rl.line, "hello");
    CHECK_EQ(rl.len, 5);
}

TEST(carriage_return_and_line_feed_are_one_enter) {
    start();
    keys("a\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
    keys("\n");
    CHECK_EQ(last_rc, MK_RL_CONTINUE);
    CHECK_STR(rl.line, "a");
    keys("\n");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_STR(rl.line, "");
    keys("b\n");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_STR(rl.line, "b");
}

TEST(byte_after_done_begins_an_empty_line) {
    start();
    keys("first\r");
    keys("x");
    CHECK_STR(rl.line, "x");
    CHECK_EQ(rl.len, 1);
    CHECK_STR(see(), "> first\n> x|");
    keys("y\r");
    CHECK_STR(rl.line, "xy");
    mk_rl_prompt(&rl);
    CHECK_STR(rl.line, "");
    CHECK_STR(see(), "> first\n> xy\n> |");
}

TEST(prompt_in_the_middle_replaces_the_line) {
    start();
    keys("half");
    mk_rl_prompt(&rl);
    CHECK_EQ(rl.len, 0);
    CHECK_STR(see(), "> |");
}

TEST(works_without_a_write_callback) {
    mk_rl_init(&rl, NULL, NULL, NULL);
    mk_rl_prompt(&rl);
    keys("ab\x1b[Dc\x0c\t\x12z\x07\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_STR(rl.line, "acb");
}

/* --- moving and deleting --- */

typedef struct {
    const char *keys;
    const char *screen;
} sight_t;

static void check_sights(const sight_t *sights, size_t len) {
    for (size_t i = 0; i < len; i++)
        CHECK_STR(after(sights[i].keys), sights[i].screen);
}
#define CHECK_SIGHTS(sights) check_sights(sights, sizeof(sights) / sizeof((sights)[0]))

TEST(cursor_keys_move) {
    static const sight_t sights[] = {
        {"abc\x02", "> ab|c"},
        {"abc\x1b[D\x1b[D", "> a|bc"},
        {"abc\x1bOD\x1bOD\x1bOC", "> ab|c"},
        {"abc\x01\x06", "> a|bc"},
        {"abc\x01\x1b[C\x1b[C", "> ab|c"},
        {"abc\x1b[C", "> abc|"},
        {"abc\x01\x1b[D", "> |abc"},
    };
    CHECK_SIGHTS(sights);
}

TEST(home_and_end_work_in_all_spellings) {
    static const char *const homes[] = {"\x01",    "\x1b[H",  "\x1bOH",
                                        "\x1b[1~", "\x1b[7~", "\x1b[1;5H"};
    static const char *const ends[] = {"\x05",    "\x1b[F",  "\x1bOF",
                                       "\x1b[4~", "\x1b[8~", "\x1b[1;5F"};
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        start();
        keys("abc");
        keys(homes[i]);
        CHECK_STR(see(), "> |abc");
        keys(ends[i]);
        CHECK_STR(see(), "> abc|");
    }
}

TEST(words_are_jumped_over) {
    static const sight_t sights[] = {
        {"send echo-1 hi\x1b"
         "b",
         "> send echo-1 |hi"},
        {"send echo-1 hi\x1b[1;5D\x1b[1;5D", "> send echo-|1 hi"},
        {"send echo\x01\x1b"
         "f",
         "> send| echo"},
        {"send echo\x01\x1b[1;5C\x1b[1;5C", "> send echo|"},
        {"send echo\x1b[1;3D", "> send |echo"},
        {"send echo\x1b[5D", "> send |echo"},
        {"send echo\x1bO5D", "> send |echo"},
        {"send echo\x1b\x1b[D", "> send |echo"},
        {"send echo\x1b[1;2D", "> send ech|o"},
        {"a \xc3\xa4\xc3\xb6 b\x1b"
         "b\x1b"
         "b",
         "> a |\xc3\xa4\xc3\xb6 b"},
    };
    CHECK_SIGHTS(sights);
}

TEST(characters_are_deleted) {
    static const sight_t sights[] = {
        {"abc\x7f", "> ab|"},        {"abc\x08\x08", "> a|"},
        {"abc\x02\x7f", "> a|c"},    {"abc\x01\x7f", "> |abc"},
        {"abc\x01\x1b[3~", "> |bc"}, {"abc\x02\x04", "> ab|"},
        {"abc\x1b[3~", "> abc|"},    {"one two\x01\x1b[3;5~", "> | two"},
    };
    CHECK_SIGHTS(sights);
}

TEST(parts_are_cut_and_brought_back) {
    static const sight_t sights[] = {
        {"one two\x15", "> |"},
        {"one two\x02\x02\x15", "> |wo"},
        {"one two\x01\x06\x0b", "> o|"},
        {"one two/x\x17", "> one |"},
        {"one two/x  \x17", "> one |"},
        {"one two/x\x1b\x7f", "> one two/|"},
        {"one two/x\x1b\x08", "> one two/|"},
        {"one two\x01\x1b"
         "d",
         "> | two"},
        {"one two\x17\x19\x19", "> one twotwo|"},
        {"one two\x17\x17\x19", "> one two|"}, /* kills before add up */
        {"one two\x01\x1b"
         "d\x1b"
         "d\x19\x19",
         "> one twoone two|"},                 /* and behind */
        {"one two\x17\x02\x17\x19", "> one|"}, /* a key between begins anew */
        {"one two\x17\x0b\x19", "> one two|"}, /* nothing to cut keeps what was cut */
        {"\x19", "> |"},
        {"one two\x17x\x17\x19", "> one x|"},
    };
    CHECK_SIGHTS(sights);
    (void)after("one two\x17\x02\x17\x19");
    CHECK_STR(rl.line, "one ");
}

TEST(neighbours_are_swapped) {
    static const sight_t sights[] = {
        {"abc\x14", "> acb|"},
        {"abc\x02\x14", "> acb|"},
        {"abc\x01\x06\x14", "> ba|c"},
        {"a\x14", "> a|"},
        {"\x14", "> |"},
        {"abc\x01\x14", "> |abc"},
        {"a\xe6\x97\xa5\x14", "> \xe6\x97\xa5"
                              "a|"},
    };
    CHECK_SIGHTS(sights);
}

TEST(screen_is_cleared_and_the_line_stays) {
    start();
    print("old\r\n");
    mk_rl_prompt(&rl);
    keys("abc\x02\x0c");
    CHECK_STR(see(), "> ab|c");
    CHECK_STR(rl.line, "abc");
}

/* --- characters --- */

TEST(cursor_moves_by_whole_characters) {
    static const sight_t sights[] = {
        {"\xc3\xa4\xe6\x97\xa5x", "> \xc3\xa4\xe6\x97\xa5x|"},
        {"\xc3\xa4\xe6\x97\xa5x\x02\x02", "> \xc3\xa4|\xe6\x97\xa5x"},
        {"\xc3\xa4\xe6\x97\xa5x\x02\x7f", "> \xc3\xa4|x"},
        {"\xc3\xa4\xe6\x97\xa5x\x01\x1b[3~", "> |\xe6\x97\xa5x"},
        {"\xe6\x97\xa5\xe6\x9c\xac\x01y", "> y|\xe6\x97\xa5\xe6\x9c\xac"},
        {"e\xcc\x81x\x02\x02", "> |e\xcc\x81x"},
        {"e\xcc\x81x\x02\x7f", "> |x"},
        {"ex\x02\xcc\x81", "> e\xcc\x81|x"},
        {"a\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\x7f", "> a|"}, /* joined */
        {"a\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
         "b\x02\x7f",
         "> a|b"}, /* a flag */
    };
    CHECK_SIGHTS(sights);
    (void)after("\xe6\x97\xa5");
    CHECK_EQ(term.col, 4);
    CHECK_EQ(rl.pos, 3);
}

TEST(mark_in_front_leaves_no_trace_on_the_prompt) {
    CHECK_STR(after("\xcc\x81"
                    "a\x01"),
              "> \xcc\x81|a");
    keys("\x1b[3~");
    CHECK_STR(see(), "> |a");
}

TEST(bytes_that_are_no_character_are_shown_escaped) {
    static const sight_t sights[] = {
        {"a\xff"
         "b",
         "> a\\xffb|"},
        {"\x80", "> \\x80|"},
        {"\xc3(", "> \\xc3(|"},                        /* cut off by a character */
        {"\xe6\x97\xc3\xa4", "> \\xe6\\x97\xc3\xa4|"}, /* and by another one */
        {"\xe6\x97\x02", "> \\xe6\\x9|7"},             /* and by a key */
        {"\xc0\xaf", "> \\xc0\\xaf|"},                 /* longer than needed */
        {"\xed\xa0\x80", "> \\xed\\xa0\\x80|"},        /* a surrogate */
        {"\xf5\x80", "> \\xf5\\x80|"},                 /* beyond Unicode */
        {"\xc2\x9b"
         "A",
         "> \\xc2\\x9bA|"},                     /* CSI as one character */
        {"\xe2\x80\xae", "> \\xe2\\x80\\xae|"}, /* right-to-left override */
    };
    CHECK_SIGHTS(sights);
}

TEST(control_bytes_without_a_meaning_vanish) {
    start();
    keys_len("a\0\x0f\x13\x1d"
             "b",
             6);
    CHECK_STR(see(), "> ab|");
    CHECK_STR(rl.line, "ab");
}

/* --- escape sequences --- */

TEST(unknown_sequences_are_swallowed_whole) {
    static const char *const sequences[] = {
        "\x1b[15~",          "\x1b[15;5~",      "\x1b[1;2P",      "\x1bOP",
        "\x1b[[A",           "\x1b[Z",          "\x1b[?62;4c",    "\x1b[>0;1c",
        "\x1b[12;40R",       "\x1b[<0;10;5M",   "\x1b[M !!",      "\x1b[I",
        "\x1b[1 q",          "\x1b(B",          "\x1b#8",         "\x1bx",
        "\x1b]0;t\a",        "\x1b]0;t\x1b\\",  "\x1bP1$r\x1b\\", "\x1b_app\x1b\\",
        "\x1b[99999999999~", "\x1b[1;2;3;4;5~", "\x1b[5~",        "\x1b[2~",
        "\x1b[201~",         "\x1b[25;6~",      "\x1bO5P",
    };
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        start();
        keys("ab\x02");
        keys(sequences[i]);
        keys("c");
        CHECK_STR(see(), "> ac|b");
        CHECK_EQ(term.bells, 0);
    }
}

TEST(broken_sequence_does_not_eat_enter) {
    static const char *const sequences[] = {"\x1b",       "\x1b[", "\x1b[1;", "\x1bO",
                                            "\x1b]title", "\x1b(", "\x1b[M "};
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        start();
        keys("ab");
        keys(sequences[i]);
        keys("\r");
        CHECK_EQ(last_rc, MK_RL_DONE);
        CHECK_STR(rl.line, "ab");
        start();
        keys("ab");
        keys(sequences[i]);
        keys("\x03");
        CHECK_EQ(last_rc, MK_RL_INTERRUPT);
    }
}

/* --- end and interrupt --- */

TEST(no_editor_is_an_answer) {
    mk_rl_init(NULL, NULL, NULL, NULL);
    CHECK_EQ(mk_rl_feed(NULL, 'a'), MK_RL_EOF);
    mk_rl_prompt(NULL);
    mk_rl_history_add(NULL, "a");
    CHECK(mk_rl_history_get(NULL, 0) == NULL);
    CHECK_EQ(mk_rl_history_count(NULL), 0);
    mk_rl_set_width(NULL, 80);
    CHECK(!mk_rl_hide(NULL));
    mk_rl_show(NULL);
    mk_rl_set_completion(NULL, NULL, NULL);
    mk_rl_set_hints(NULL, NULL, NULL);
    CHECK(!mk_rl_in_paste(NULL));
    mk_rl_paste_end(NULL);
    CHECK(!mk_rl_choice_add(NULL, "a", 1, true));
}

TEST(suspend_is_told_and_changes_nothing) {
    CHECK_STR(after("abc\x02\x1a"), "> ab|c");
    CHECK_EQ(last_rc, MK_RL_SUSPEND);
    CHECK_STR(after("\x1b[200~a\x1a"
                    "b\x1b[201~"),
              "> ab|");
    CHECK_EQ(last_rc, MK_RL_CONTINUE);
}

TEST(a_character_that_a_suspend_cuts_short_is_shown) {
    CHECK_STR(after("xy\xe6\x1a"), "> xy\\xe6|");
    CHECK_EQ(last_rc, MK_RL_SUSPEND);
}

TEST(interrupt_drops_the_line_and_shows_a_prompt) {
    CHECK_STR(after("abc\x02\x02\x03"), "> abc^C\n> |");
    CHECK_EQ(last_rc, MK_RL_INTERRUPT);
    CHECK_STR(rl.line, "");
    keys("x\r");
    CHECK_STR(rl.line, "x");
}

TEST(interrupt_mark_stays_in_the_row) {
    start_with("> ", 20);
    keys("0123456789abcdefg\x03");
    CHECK_STR(see(), "> 0123456789abcde^C\n> |");
}

TEST(end_is_reported_on_an_empty_line_only) {
    CHECK_STR(after("\x04"), ">\n|");
    CHECK_EQ(last_rc, MK_RL_EOF);
    (void)after("a\x01\x04");
    CHECK_EQ(last_rc, MK_RL_CONTINUE);
    CHECK_EQ(rl.len, 0);
    keys("a\r\x04"); /* the line given out does not count */
    CHECK_EQ(last_rc, MK_RL_EOF);
}

/* --- history --- */

static void start_with_history(void) {
    start();
    mk_rl_history_add(&rl, "list");
    mk_rl_history_add(&rl, "send echo 1 hello");
    mk_rl_history_add(&rl, "call echo 2 x");
}

TEST(history_is_walked_and_the_own_line_comes_back) {
    start_with_history();
    keys("dra");
    keys("\x1b[A");
    CHECK_STR(see(), "> call echo 2 x|");
    keys("\x10\x1bOA");
    CHECK_STR(see(), "> list|");
    keys("\x1b[A");
    CHECK_STR(see(), "> list|");
    CHECK_EQ(term.bells, 1);
    keys("\x1b[B\x0e");
    CHECK_STR(see(), "> call echo 2 x|");
    keys("\x1bOB");
    CHECK_STR(see(), "> dra|");
    keys("\x1b[B");
    CHECK_STR(see(), "> dra|");
    keys("\x1b[A\x7f!\r");
    CHECK_STR(rl.line, "call echo 2 !");
    CHECK_STR(mk_rl_history_get(&rl, 0), "call echo 2 x");
    keys("\x1b[A");
    CHECK_STR(rl.line, "call echo 2 x");
}

TEST(entry_added_while_looking_does_not_move_the_view) {
    start_with_history();
    keys("\x1b[A\x1b[A");
    mk_rl_history_add(&rl, "from elsewhere");
    keys("\x1b[A");
    CHECK_STR(rl.line, "list");
    keys("\x12hel");
    mk_rl_history_add(&rl, "from elsewhere, too");
    keys("\x05");
    CHECK_STR(rl.line, "send echo 1 hello");
}

TEST(characters_with_equal_first_bytes_are_told_apart) {
    start();
    mk_rl_history_add(&rl, "a\xc3\xa4\xe6\x97\xa5");
    mk_rl_history_add(&rl, "a\xc3\xb6");
    keys("\x1b[A\x1b[A");
    CHECK_STR(see(), "> a\xc3\xa4\xe6\x97\xa5|");
    keys("\x1b[B");
    CHECK_STR(see(), "> a\xc3\xb6|");
}

/* --- search --- */

TEST(search_finds_while_typing) {
    start_with_history();
    mk_rl_set_width(&rl, 60);
    term.width = 60;
    keys("dra\x12");
    CHECK_STR(see(), "(reverse-i-search)`': dra|");
    keys("e");
    CHECK_STR(see(), "(reverse-i-search)`e': call |echo 2 x");
    keys("ch");
    CHECK_STR(see(), "(reverse-i-search)`ech': call |echo 2 x");
    keys("\x12");
    CHECK_STR(see(), "(reverse-i-search)`ech': send |echo 1 hello");
    keys("\x12");
    CHECK_STR(see(), "(failed reverse-i-search)`ech': send |echo 1 hello");
    CHECK_EQ(term.bells, 1);
    keys("\x7f\x7f\x7f");
    CHECK_STR(see(), "(reverse-i-search)`': dra|");
    keys("li");
    CHECK_STR(see(), "(reverse-i-search)`li': |list");
    keys("\x1b[C"); /* takes it and moves */
    CHECK_STR(see(), "> l|ist");
    keys("\x1b[B\x0e");
    CHECK_STR(see(), "> call echo 2 x|");
    keys("\x0e");
    CHECK_STR(see(), "> dra|");
}

TEST(search_runs_on_enter) {
    start_with_history();
    keys("\x12hel\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_STR(rl.line, "send echo 1 hello");
    CHECK_STR(see(), "> send echo 1 hello\n|");
}

TEST(search_can_be_left) {
    start_with_history();
    keys("dra\x12list\x07");
    CHECK_STR(see(), "> dra|");
    keys("\x12list\x1b");
    CHECK_STR(see(), "> dra|"); /* at once, before another byte */
    keys("b");                  /* and that byte is itself, not Alt */
    CHECK_STR(see(), "> drab|");
    keys("\x12list\x1b\x1b[D");
    CHECK_STR(see(), "> dra|b");
    keys("\x12list\x1b\r");
    CHECK_STR(rl.line, "drab");
    keys("\x12list\x03");
    CHECK_EQ(last_rc, MK_RL_INTERRUPT);
    CHECK_STR(rl.line, "");
}

TEST(other_keys_take_what_the_search_found) {
    start_with_history();
    keys("\x12hel\x05");
    CHECK_STR(see(), "> send echo 1 hello|");
    keys("\x03\x12hel\x0b");
    CHECK_STR(rl.line, "send echo 1 ");
    keys("\x03\x12hel\x1b[3~");
    CHECK_STR(rl.line, "send echo 1 ello");
    keys("\x03\x12hel\x1b[15~"); /* no editing key: Esc went back already */
    CHECK_STR(see() + strlen(see()) - 3, "> |");
    keys("\x12hel\x1b[200~A\x1b[201~");
    CHECK_STR(rl.line, "send echo 1 Ahello");
}

TEST(search_without_a_find_keeps_the_line) {
    start_with_history();
    keys("dra\x12zzz");
    CHECK(term.bells > 0);
    keys("\r");
    CHECK_STR(rl.line, "dra");
    mk_rl_init(&rl, NULL, NULL, NULL);
    keys("\x12x\x12\x12\x7f\x7f\x7f\r");
    CHECK_STR(rl.line, "");
}

TEST(search_passes_over_equal_entries) {
    start();
    mk_rl_history_add(&rl, "one a");
    mk_rl_history_add(&rl, "two a");
    mk_rl_history_add(&rl, "three");
    mk_rl_history_add(&rl, "two a");
    keys("\x12 a\x12");
    keys("\x05");
    CHECK_STR(rl.line, "one a");
}

TEST(longer_text_is_searched_from_where_the_search_is) {
    start();
    mk_rl_history_add(&rl, "ab1");
    mk_rl_history_add(&rl, "ab2");
    keys("\x12"
         "a\x12"
         "b\x05");
    CHECK_STR(rl.line, "ab1");
}

TEST(search_label_fits_every_width) {
    start_with_history();
    for (size_t width = 8; width < 64; width++) {
        mk_rl_init(&rl, "> ", on_write, &term);
        memset(&term, 0, sizeof term);
        term.width = width;
        mk_rl_set_width(&rl, width);
        mk_rl_history_add(&rl, "abcdefghijklmnopqrstuvwxyz 0123456789");
        mk_rl_prompt(&rl);
        keys("\x12"
             "bcdefghijklmnopqrst\xe6\x97\xa5xx");
        CHECK(term.fault == NULL);
        keys("\x05");
        CHECK(term.fault == NULL);
    }
    start_with("> ", 30);
    mk_rl_history_add(&rl, "abcdefghijklmnopqrstuvwxyz");
    keys("\x12"
         "abcdefghijklmnopqrstuvwxyz");
    CHECK_STR(see(), "?ijklmnopqrstuvwxyz: |abcdefg>");
}

/* --- paste --- */

#define PASTE(text) "\x1b[200~" text "\x1b[201~"

TEST(paste_is_text_only) {
    static const sight_t sights[] = {
        {PASTE("hello"), "> hello|"},
        {"ac\x02" PASTE("b"), "> ab|c"},
        {PASTE("a\rb\nc\r\nd"), "> a b c d|"},
        {PASTE("a\n\n\n  b"), "> a   b|"},
        {PASTE("list\n"), "> list|"},
        {PASTE("list\r\n\r\n") "!", "> list!|"},
        {PASTE("a\tb"), "> a b|"},
        {PASTE("a\x01\x03\x04\x12\x15"
               "b"),
         "> ab|"},
        {PASTE("a\x1b[Db\x1b[31mc\x1b]0;t\a"
               "d"),
         "> abcd|"},
        {PASTE("\x1b[200~a"), "> a|"},
        {PASTE("\xe6\x97\xa5\xff"), "> \xe6\x97\xa5\\xff|"},
        {PASTE("") "x", "> x|"},
    };
    CHECK_SIGHTS(sights);
    CHECK_EQ(last_rc, MK_RL_CONTINUE);
}

TEST(paste_never_runs_anything) {
    start();
    const char *paste = "\x1b[200~stop all\r\nexit\r\x03\x04\n";
    for (const char *c = paste; *c != '\0'; c++) {
        CHECK_EQ(mk_rl_feed(&rl, (uint8_t)*c), MK_RL_CONTINUE);
    }
    keys("\x1b[201~");
    CHECK_STR(rl.line, "stop all exit");
    keys("\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
}

TEST(paste_is_drawn_once) {
    start();
    writes = 0;
    keys(PASTE("some text"));
    CHECK_EQ(writes, 1);
}

TEST(paste_that_does_not_fit_is_refused_whole) {
    start();
    keys("abc\x02");
    keys("\x1b[200~");
    for (size_t i = 0; i < MK_RL_MAX_LINE; i++)
        keys("x");
    keys("\nyy\x1b[201~");
    CHECK_STR(see(), "> ab|c");
    CHECK_STR(rl.line, "abc");
    CHECK_EQ(term.bells, 1);
    keys("\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
}

TEST(paste_without_its_end_can_be_ended) {
    start();
    keys("\x1b[200~ab\r");
    CHECK(mk_rl_in_paste(&rl));
    mk_rl_paste_end(&rl);
    CHECK(!mk_rl_in_paste(&rl));
    CHECK_STR(see(), "> ab|");
    keys("\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
    start();
    keys("\x1b[200~ab" PASTE("cd"));
    CHECK_STR(see(), "> abcd|");
    mk_rl_paste_end(&rl);
    CHECK_STR(see(), "> abcd|");
}

/* --- too long --- */

static void fill(size_t count) {
    for (size_t i = 0; i < count; i++)
        keys(i % 10 == 0 ? "." : "a");
}

TEST(longest_line_is_taken) {
    start();
    fill(MK_RL_MAX_LINE - 1);
    CHECK_EQ(term.bells, 0);
    keys("\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_EQ(rl.len, MK_RL_MAX_LINE - 1);
    CHECK(term.fault == NULL);
}

TEST(line_that_is_too_long_is_dropped_whole) {
    start();
    fill(MK_RL_MAX_LINE + 1);
    CHECK_EQ(term.bells, 2);
    CHECK_EQ(rl.len, MK_RL_MAX_LINE - 1);
    keys("\r");
    CHECK_EQ(last_rc, MK_RL_TOO_LONG);
    CHECK_STR(rl.line, "");
    CHECK_EQ(term.col, 0);
    keys("\nlist\n");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_STR(rl.line, "list");
    keys("\x19"); /* what was dropped is not lost */
    CHECK_EQ(rl.len, MK_RL_MAX_LINE - 1);
    CHECK_MEM(rl.line, ".aaaaaaaaa.aaaaaaaaa.", 21);
}

TEST(character_that_half_fits_is_refused) {
    start();
    fill(MK_RL_MAX_LINE - 3);
    keys("\xe6\x97\xa5");
    CHECK_EQ(rl.len, MK_RL_MAX_LINE - 3);
    keys("x"); /* would fit, but something before it is missing */
    CHECK_EQ(rl.len, MK_RL_MAX_LINE - 3);
    CHECK_EQ(term.bells, 2);
    keys("\x01\r");
    CHECK_EQ(last_rc, MK_RL_TOO_LONG);
}

TEST(deleting_accepts_the_line_as_shown) {
    start();
    fill(MK_RL_MAX_LINE);
    keys("\x7f\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_EQ(rl.len, MK_RL_MAX_LINE - 2);
    fill(MK_RL_MAX_LINE);
    keys("\x15new\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
    CHECK_STR(rl.line, "new");
    fill(MK_RL_MAX_LINE);
    keys("\x03\r");
    CHECK_EQ(last_rc, MK_RL_DONE);
}

/* --- the row --- */

TEST(long_line_scrolls_sideways) {
    start_with("> ", 20); /* 17 columns of text, the cursor may stand behind them */
    keys("0123456789abcdefg");
    CHECK_STR(see(), "> 0123456789abcdefg|");
    keys("h");
    CHECK_STR(see(), "> <abcdefgh|");
    keys("ijklmnop");
    CHECK_STR(see(), "> <abcdefghijklmnop|");
    keys("q");
    CHECK_STR(see(), "> <jklmnopq|");
    keys("\x02\x02\x02\x02\x02\x02\x02");
    CHECK_STR(see(), "> <j|klmnopq");
    keys("\x02");
    CHECK_STR(see(), "> <bcdefghi|jklmnopq");
    keys("\x01");
    CHECK_STR(see(), "> |0123456789abcdef>");
    keys("\x1b[3~");
    CHECK_STR(see(), "> |123456789abcdefg>");
    keys("\x05");
    CHECK_STR(see(), "> <jklmnopq|");
    keys("\x17"
         "short");
    CHECK_STR(see(), "> short|");
    CHECK_STR(rl.line, "short");
}

TEST(wide_characters_are_never_cut) {
    start_with("> ", 13); /* 10 columns of text */
    for (int i = 0; i < 8; i++)
        keys("\xe6\x97\xa5");
    CHECK_STR(see(), "> <\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5|");
    keys("\x01");
    CHECK_STR(see(), "> |\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5>");
    keys("x");
    CHECK_STR(see(), "> x|\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5>");
    CHECK_EQ(term.col, 3);
}

TEST(resize_draws_again) {
    start_with("> ", 40);
    (void)mk_rl_hide(&rl);
    print("log\r\n");
    mk_rl_show(&rl);
    keys("0123456789abcdefghijklmnop\x01\x06\x06");
    CHECK_STR(see(), "log\n> 01|23456789abcdefghijklmnop");
    term.width = 20;
    mk_rl_set_width(&rl, 20);
    CHECK_STR(see(), "log\n> 01|23456789abcdef>");
    term.width = 60;
    mk_rl_set_width(&rl, 60);
    CHECK_STR(see(), "log\n> 01|23456789abcdefghijklmnop");
    mk_rl_set_width(&rl, 0);
    CHECK_EQ(rl.width, 80);
    mk_rl_set_width(&rl, 1);
    CHECK_EQ(rl.width, 8);
    mk_rl_set_width(&rl, (size_t)-1);
    CHECK_EQ(rl.width, 1000);
}

TEST(resize_clears_what_the_terminal_wrapped) {
    start_with("> ", 40);
    keys("0123456789abcdefghijklmnop\x01");
    /* A terminal that re-wraps moves the end of the row below the cursor. */
    term.width = 20;
    memcpy(term.cell[1], &term.cell[0][20], 20 * sizeof term.cell[0][0]);
    mk_rl_set_width(&rl, 20);
    CHECK_STR(see(), "> |0123456789abcdef>");
}

TEST(prompt_that_leaves_no_room_is_not_shown) {
    start_with("a rather long prompt> ", 31);
    keys("x");
    CHECK_STR(see(), "a rather long prompt> x|");
    start_with("a rather long prompt> ", 30);
    CHECK_STR(see(), "|");
    keys("x");
    CHECK_STR(see(), "x|");
    start_with("> ", 1);
    term.width = 8;
    keys("abcdefghij");
    CHECK_STR(see(), "<fghij|");
}

TEST(prompt_may_have_colours_and_rows) {
    start_with("\x1b[1m\xe2\x9d\xaf\x1b[0m ", 20);
    keys("ab\x02");
    CHECK_STR(see(), "\xe2\x9d\xaf a|b");
    CHECK_EQ(term.col, 3);
    start_with("node7\n> ", 20);
    keys("ab");
    CHECK_STR(see(), "node7\n> ab|");
    keys("\x12\x07\r");
    mk_rl_prompt(&rl);
    CHECK_STR(see(), "node7\n> ab\nnode7\n> |");
    CHECK(mk_rl_hide(&rl));
    print("log\r\n");
    mk_rl_show(&rl);
    CHECK_STR(see(), "node7\n> ab\nnode7\nlog\n> |");
    start_with("top\r\n> ", 20);
    CHECK_STR(last_out, "top\r\n> ");
    start_with("", 20);
    keys("ab\x01");
    CHECK_STR(see(), "|ab");
}

TEST(own_prompt_of_a_program_is_left_alone) {
    start_with("", 20);
    print("name? ");
    keys("ab\x02\x02x");
    CHECK_STR(see(), "name? x|ab");
}

/* --- hide and show --- */

TEST(log_rows_print_above_the_line) {
    start();
    keys("hello\x02\x02");
    CHECK(mk_rl_hide(&rl));
    CHECK_STR(see(), "|");
    print("log one\r\n");
    CHECK(!mk_rl_hide(&rl));
    print("log two\r\n");
    mk_rl_show(&rl);
    CHECK_STR(see(), "log one\nlog two\n> hel|lo");
    keys("p");
    CHECK_STR(see(), "log one\nlog two\n> help|lo");
}

TEST(keys_work_while_hidden) {
    start();
    keys("hel");
    (void)mk_rl_hide(&rl);
    writes = 0;
    keys("p\x02"
         "\xff\t\x1b[A\x12\x07");
    CHECK_EQ(writes, 0);
    mk_rl_show(&rl);
    CHECK_STR(see(), "> hel\\xff|p");
}

TEST(typing_ahead_is_kept_by_show) {
    start();
    keys("call a 1\r");
    CHECK(!mk_rl_hide(&rl));
    CHECK_STR(rl.line, "call a 1");
    keys("list");
    print("[reply]\r\n");
    mk_rl_show(&rl);
    CHECK_STR(see(), "> call a 1\n[reply]\n> list|");
    keys("\r");
    CHECK_STR(rl.line, "list");
    (void)mk_rl_hide(&rl);
    mk_rl_show(&rl);
    CHECK_STR(see(), "> call a 1\n[reply]\n> list\n> |");
    (void)mk_rl_hide(&rl);
    keys("x");
    mk_rl_prompt(&rl); /* begins anew and ends hiding */
    CHECK_STR(rl.line, "");
    keys("y");
    CHECK_STR(see(), "> call a 1\n[reply]\n> list\n> y|");
}

TEST(interrupt_while_hidden_is_silent) {
    start();
    keys("call a 1\r");
    (void)mk_rl_hide(&rl);
    writes = 0;
    keys("abc\x03");
    CHECK_EQ(last_rc, MK_RL_INTERRUPT);
    CHECK_EQ(writes, 0);
    mk_rl_show(&rl);
    CHECK_STR(see(), "> call a 1\n> |");
}

/* --- completion --- */

typedef struct {
    const char *const *words; /* ends with NULL; a word in front of '+' is not whole */
    size_t many;              /* instead: so many numbers */
} choices_t;

static size_t offer(const char *line, size_t cursor, mk_rl_choices_t *out, void *ctx) {
    const choices_t *choices = ctx;
    size_t start = cursor;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    for (size_t i = 0; i < choices->many; i++) {
        char word[4] = {'n', (char)('0' + i / 100 % 10), (char)('0' + i / 10 % 10),
                        (char)('0' + i % 10)};
        if (!mk_rl_choice_add(out, word, sizeof word, true)) return start;
    }
    if (choices->words == NULL) return start;
    for (const char *const *word = choices->words; *word != NULL; word++) {
        size_t len = strcspn(*word, "+");
        if (len < cursor - start || memcmp(*word, line + start, cursor - start) != 0) {
            continue;
        }
        (void)mk_rl_choice_add(out, *word, len, (*word)[len] == '\0');
    }
    return start;
}

static const char *const words[] = {"list",
                                    "lookup",
                                    "help",
                                    "send",
                                    "/node/a+",
                                    "/node/b+",
                                    "\xc3\xa4"
                                    "a",
                                    "\xc3\xb6"
                                    "b",
                                    NULL};
static const choices_t some_choices = {words, 0};

static void start_with_choices(const choices_t *choices) {
    start();
    mk_rl_set_completion(&rl, offer, (void *)choices);
}

TEST(only_choice_is_taken_with_a_blank) {
    start_with_choices(&some_choices);
    keys("he\t");
    CHECK_STR(see(), "> help |");
    CHECK_STR(rl.line, "help ");
    keys("se\x02\x02\x06\x06\t");
    CHECK_STR(rl.line, "help send ");
    keys("\x03he x\x02\x02\t");
    CHECK_STR(rl.line, "help x");
    CHECK_EQ(rl.pos, 4);
    CHECK_EQ(term.bells, 0);
    keys("\x03/node/b\t");
    CHECK_STR(rl.line, "/node/b");
    CHECK_EQ(term.bells, 1); /* it is there already, and not whole */
}

TEST(common_beginning_is_taken_and_a_second_tab_lists) {
    start_with_choices(&some_choices);
    keys("/\t");
    CHECK_STR(see(), "> /node/|");
    CHECK_EQ(term.bells, 0);
    keys("\t");
    CHECK_STR(see(), "> /node/\n/node/a  /node/b\n> /node/|");
    start_with_choices(&some_choices);
    keys("l\t");
    CHECK_STR(see(), "> l|");
    CHECK_EQ(term.bells, 1);
    keys("x\x7f\t"); /* a key between makes it the first one again */
    CHECK_EQ(term.bells, 2);
    keys("\t");
    CHECK_STR(see(), "> l\nlist    lookup\n> l|");
}

TEST(no_choice_rings) {
    start_with_choices(&some_choices);
    keys("zz\t\t");
    CHECK_STR(see(), "> zz|");
    CHECK_EQ(term.bells, 2);
    start();
    keys("zz\t");
    CHECK_STR(see(), "> zz|");
}

TEST(common_beginning_ends_between_characters) {
    start_with_choices(&some_choices);
    static const char *const two[] = {"a\xc3\xa4", "a\xc3\xb6", NULL};
    const choices_t choices = {two, 0};
    mk_rl_set_completion(&rl, offer, (void *)&choices);
    keys("a\t");
    CHECK_STR(rl.line, "a");
}

TEST(same_choices_are_one) {
    static const char *const same[] = {"echo", "echo", "echo", NULL};
    static const char *const again[] = {"echo", "echo", "else", NULL};
    choices_t choices = {same, 0};
    start_with_choices(&choices);
    keys("e\t");
    CHECK_STR(rl.line, "echo ");
    choices.words = again;
    keys("\x03"
         "e\t\t");
    CHECK(strstr(see(), "\necho  else\n> e|") != NULL);
}

TEST(choices_that_could_not_be_typed_are_passed_over) {
    static const char *const bad[] = {"e\x1b[2J", "e\xff", "e\n", "", "echo", NULL};
    const choices_t choices = {bad, 0};
    start_with_choices(&choices);
    keys("e\t");
    CHECK_STR(rl.line, "echo ");
}

TEST(long_list_is_counted_not_printed) {
    const choices_t choices = {NULL, 140};
    start_with_choices(&choices);
    keys("n\t\t");
    CHECK(strstr(see(), "n098  n099\nand 40 more\n> n|") != NULL);
}

TEST(list_is_left_out_while_hidden_or_too_long) {
    start_with_choices(&some_choices);
    (void)mk_rl_hide(&rl);
    writes = 0;
    keys("l\t\t\the\x15he\t");
    CHECK_EQ(writes, 0);
    CHECK_STR(rl.line, "help ");
    start_with_choices(&some_choices);
    fill(MK_RL_MAX_LINE - 4);
    keys(" he\t");
    CHECK_EQ(rl.len, MK_RL_MAX_LINE - 1);
    CHECK_STR(rl.line + MK_RL_MAX_LINE - 4, " he");
    keys("x\t\r"); /* refused input stays refused */
    CHECK_EQ(last_rc, MK_RL_TOO_LONG);
}

static size_t offer_carelessly(const char *line, size_t cursor, mk_rl_choices_t *out,
                               void *ctx) {
    (void)line;
    for (int i = 0; i < *(const int *)ctx; i++) {
        (void)mk_rl_choice_add(out, i < 10 ? "x" : "y", 1, true);
    }
    return *(const int *)ctx > 1 ? cursor + 1 : 0;
}

TEST(callback_that_keeps_no_rule_does_no_harm) {
    int count = 500;
    start();
    mk_rl_set_completion(&rl, offer_carelessly, &count);
    written = 0;
    keys("\t\t");
    CHECK(strstr(see(), "y  y\nand 391 more\n> |") != NULL);
    CHECK(written < 3 * MK_RL_MAX_LISTED + 100);
    count = 2;
    keys("a\t");
    CHECK_STR(rl.line, "ax ");
}

TEST(replacing_text_does_not_hide_that_some_is_missing) {
    int count = 1;
    start();
    mk_rl_set_completion(&rl, offer_carelessly, &count);
    fill(MK_RL_MAX_LINE);
    keys("\t\r");
    CHECK_EQ(last_rc, MK_RL_TOO_LONG);
    fill(9);
    keys("\t\r");
    CHECK_STR(rl.line, "x ");
}

/* --- hints --- */

static size_t give_hint(const char *line, size_t len, char *hint, size_t cap,
                        void *ctx) {
    (void)ctx;
    static const char text[] = " <target> <type>";
    if (len < 4 || memcmp(line, "send", 4) != 0 || cap < sizeof text) return 0;
    memcpy(hint, text, sizeof text - 1);
    return sizeof text - 1;
}

static size_t give_bad_hint(const char *line, size_t len, char *hint, size_t cap,
                            void *ctx) {
    (void)line, (void)len, (void)ctx;
    memset(hint, 'x', cap);
    memcpy(hint, "ab\x1b[2J", 6);
    return cap + 100;
}

TEST(hint_is_dim_and_never_stays) {
    start();
    mk_rl_set_hints(&rl, give_hint, NULL);
    keys("sen");
    CHECK_STR(see(), "> sen|");
    keys("d");
    CHECK_STR(see(), "> send|{ <target> <type>}");
    keys("\x02");
    CHECK_STR(see(), "> sen|d");
    keys("\x05");
    CHECK_STR(see(), "> send|{ <target> <type>}");
    keys("x");
    CHECK_STR(see(), "> sendx|{ <target> <type>}");
    keys("\r");
    CHECK_STR(see(), "> sendx\n|");
    mk_rl_prompt(&rl);
    keys("send\x03");
    CHECK_STR(see(), "> sendx\n> send^C\n> |");
    keys("send");
    mk_rl_set_hints(&rl, NULL, NULL);
    CHECK_STR(see(), "> sendx\n> send^C\n> send|");
}

TEST(hint_is_cut_where_it_would_not_show) {
    start_with("> ", 14);
    mk_rl_set_hints(&rl, give_hint, NULL);
    keys("send");
    CHECK_STR(see(), "> send|{ <targe}");
    start();
    mk_rl_set_hints(&rl, give_bad_hint, NULL);
    keys("x");
    CHECK_STR(see(), "> x|{ab}");
}

/* --- all together --- */

static uint32_t seed;

static uint32_t next_random(uint32_t bound) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % bound;
}

TEST(row_is_always_what_drawing_it_anew_gives) {
    static const char *const some_keys[] = {
        "a",
        "b",
        " ",
        "xyz",
        "\xe6\x97\xa5",
        "\xc3\xa4",
        "\xcc\x81",
        "\xff",
        "\x01",
        "\x02",
        "\x05",
        "\x06",
        "\x7f",
        "\x04",
        "\x0b",
        "\x15",
        "\x17",
        "\x19",
        "\x14",
        "\x1b[A",
        "\x1b[B",
        "\x12",
        "\x07",
        "\x1b",
        "\t",
        "\t\t",
        "\x0c",
        "\x03",
        "\r",
        "send",
        "0123456789",
        "\x1b[200~p\n q\x1b[201~",
        "\x1b[1;5D",
        "\x1b\x66",
    };
    static mk_readline_t copy;
    static char incremental[ROWS * (COLS * CELL + 8)];
    for (seed = 1; seed < 40; seed++) {
        uint32_t first_seed = seed;
        start_with("> ", 8 + next_random(40));
        mk_rl_set_completion(&rl, offer, (void *)&some_choices);
        mk_rl_set_hints(&rl, give_hint, NULL);
        for (int i = 0; i < 300; i++) {
            keys(some_keys[next_random(sizeof some_keys / sizeof some_keys[0])]);
            if (last_rc == MK_RL_DONE) mk_rl_history_add(&rl, rl.line);
            if (last_rc != MK_RL_CONTINUE && last_rc != MK_RL_INTERRUPT) {
                mk_rl_prompt(&rl);
                last_rc = MK_RL_CONTINUE;
            }
            if (next_random(20) == 0) {
                size_t width = 8 + next_random(40);
                term.width = width;
                mk_rl_set_width(&rl, width);
            }
            CHECK_STR(term.fault, NULL);
            CHECK(rl.pos <= rl.len && rl.len < MK_RL_MAX_LINE);
            CHECK_EQ(rl.line[rl.len], 0);
            if (rl.is_pasting) continue;
            strcpy(incremental, see());
            copy = rl;
            clear_cells(&term, term.row, 0, COLS);
            term.col = 0;
            copy.is_drawn = false;
            mk_rl_show(&copy);
            CHECK_STR(see(), incremental);
        }
        seed = first_seed;
    }
}

TEST_TABLE(
    readline, TEST_ROW(published_fields_keep_their_places),
    TEST_ROW(prompt_is_written_as_it_is),
    TEST_ROW(typed_character_is_all_that_is_written),
    TEST_ROW(each_byte_causes_at_most_one_write), TEST_ROW(enter_gives_the_line_out),
    TEST_ROW(carriage_return_and_line_feed_are_one_enter),
    TEST_ROW(byte_after_done_begins_an_empty_line),
    TEST_ROW(prompt_in_the_middle_replaces_the_line),
    TEST_ROW(works_without_a_write_callback), TEST_ROW(cursor_keys_move),
    TEST_ROW(home_and_end_work_in_all_spellings), TEST_ROW(words_are_jumped_over),
    TEST_ROW(characters_are_deleted), TEST_ROW(parts_are_cut_and_brought_back),
    TEST_ROW(neighbours_are_swapped), TEST_ROW(screen_is_cleared_and_the_line_stays),
    TEST_ROW(cursor_moves_by_whole_characters),
    TEST_ROW(mark_in_front_leaves_no_trace_on_the_prompt),
    TEST_ROW(bytes_that_are_no_character_are_shown_escaped),
    TEST_ROW(control_bytes_without_a_meaning_vanish),
    TEST_ROW(unknown_sequences_are_swallowed_whole),
    TEST_ROW(broken_sequence_does_not_eat_enter), TEST_ROW(no_editor_is_an_answer),
    TEST_ROW(suspend_is_told_and_changes_nothing),
    TEST_ROW(a_character_that_a_suspend_cuts_short_is_shown),
    TEST_ROW(interrupt_drops_the_line_and_shows_a_prompt),
    TEST_ROW(interrupt_mark_stays_in_the_row),
    TEST_ROW(end_is_reported_on_an_empty_line_only),
    TEST_ROW(history_is_walked_and_the_own_line_comes_back),
    TEST_ROW(entry_added_while_looking_does_not_move_the_view),
    TEST_ROW(characters_with_equal_first_bytes_are_told_apart),
    TEST_ROW(search_finds_while_typing), TEST_ROW(search_runs_on_enter),
    TEST_ROW(search_can_be_left), TEST_ROW(other_keys_take_what_the_search_found),
    TEST_ROW(search_without_a_find_keeps_the_line),
    TEST_ROW(search_passes_over_equal_entries),
    TEST_ROW(longer_text_is_searched_from_where_the_search_is),
    TEST_ROW(search_label_fits_every_width), TEST_ROW(paste_is_text_only),
    TEST_ROW(paste_never_runs_anything), TEST_ROW(paste_is_drawn_once),
    TEST_ROW(paste_that_does_not_fit_is_refused_whole),
    TEST_ROW(paste_without_its_end_can_be_ended), TEST_ROW(longest_line_is_taken),
    TEST_ROW(line_that_is_too_long_is_dropped_whole),
    TEST_ROW(character_that_half_fits_is_refused),
    TEST_ROW(deleting_accepts_the_line_as_shown), TEST_ROW(long_line_scrolls_sideways),
    TEST_ROW(wide_characters_are_never_cut), TEST_ROW(resize_draws_again),
    TEST_ROW(resize_clears_what_the_terminal_wrapped),
    TEST_ROW(prompt_that_leaves_no_room_is_not_shown),
    TEST_ROW(prompt_may_have_colours_and_rows),
    TEST_ROW(own_prompt_of_a_program_is_left_alone),
    TEST_ROW(log_rows_print_above_the_line), TEST_ROW(keys_work_while_hidden),
    TEST_ROW(typing_ahead_is_kept_by_show), TEST_ROW(interrupt_while_hidden_is_silent),
    TEST_ROW(only_choice_is_taken_with_a_blank),
    TEST_ROW(common_beginning_is_taken_and_a_second_tab_lists),
    TEST_ROW(no_choice_rings), TEST_ROW(common_beginning_ends_between_characters),
    TEST_ROW(same_choices_are_one),
    TEST_ROW(choices_that_could_not_be_typed_are_passed_over),
    TEST_ROW(long_list_is_counted_not_printed),
    TEST_ROW(list_is_left_out_while_hidden_or_too_long),
    TEST_ROW(callback_that_keeps_no_rule_does_no_harm),
    TEST_ROW(replacing_text_does_not_hide_that_some_is_missing),
    TEST_ROW(hint_is_dim_and_never_stays),
    TEST_ROW(hint_is_cut_where_it_would_not_show),
    TEST_ROW(row_is_always_what_drawing_it_anew_gives))
