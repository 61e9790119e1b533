/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the command line of mk-shell. */
#ifndef MK_TOOLS_SHELL_OPTIONS_H
#define MK_TOOLS_SHELL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *commands; /* -c; NULL: none */
    const char *script;   /* a file, or "-"; NULL: standard input, perhaps a person */
    const char *name;     /* --name; NULL: none */
    size_t cores;         /* --cores, 1 unless given */
    const char *listen;   /* --listen; NULL: none */
    const char *mounts;   /* --mount, separated by commas; NULL: none */
    const char *key_file; /* --key; NULL: none */
    int log_level;        /* LOG_..., or one of the two below */
    bool keeps_going;
    bool is_json;
    bool has_demo;
} options_t;

enum {
    OPTIONS_LOG_OFF = -1,    /* --log off */
    OPTIONS_LOG_DEFAULT = -2 /* it depends on who is there */
};

/* What to do after options_parse(). */
typedef enum {
    OPTIONS_RUN,  /* as they say */
    OPTIONS_DONE, /* they asked for help or the version, which was printed */
    OPTIONS_BAD   /* standard error says what is wrong */
} options_result_t;

/* The texts are those of `argv`. */
options_result_t options_parse(options_t *options, int argc, char **argv);

#endif
