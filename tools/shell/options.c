/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "features.h"

#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/log.h"
#include "microkernel/node.h"
#include "microkernel/shell.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(macro)  TEXT_OF_(macro)
#define TEXT_OF_(value) #value

static const char help_text[] =
    "Usage: mk-shell [OPTION]... [SCRIPT]\n"
    "       mk-shell keygen FILE    write a new cluster key\n"
    "A live node of the microkernel actor runtime, and a shell in it.\n"
    "\n"
    "Commands come from SCRIPT (one per line; - is standard input), from -c, or from\n"
    "standard input; at a terminal they are edited, with history and completion.\n"
    "\n"
    "  -c, --command LINES  run these, as in 'list; tree', and end\n"
    "  -k, --keep-going     go on after a command that failed\n"
    "      --cores N        run N runtimes on N threads, linked: this node, and\n"
    "                       NAME-1, NAME-2, ... beside it; unless told, 1\n"
    "      --demo           start a small supervised system to look at\n"
    "      --key FILE       the cluster key, from `mk-shell keygen FILE`\n"
    "      --json           let every command answer in JSON\n"
    "      --listen WHERE   let other nodes mount this one: PORT, ADDRESS:PORT or\n"
    "                       unix:/PATH; without a key this machine's only\n"
    "      --log LEVEL      what to log: debug, info, warn, error, off; unless told,\n"
    "                       info at a terminal, else warn\n"
    "      --mount WHERE,...\n"
    "                       mount these nodes whenever they are there:\n"
    "                       HOST[:PORT] or unix:/PATH\n"
    "      --name NAME      what this node is called\n"
    "  -h, --help           this text\n"
    "  -V, --version        the version, and the library that speaks TLS\n"
    "\n"
    "At a terminal, log lines come above the prompt. Without one there is no prompt:\n"
    "standard output gets what commands answer, standard error log lines and why a\n"
    "command failed, and the first failure ends the session unless -k is given.\n"
    "In the shell, `help` lists the commands.\n"
    "\n"
    "Exit codes: 0 all went well; the code given to `exit`; 128 + N after signal N;\n"
    "else that of the first command that failed: 1 failed, 2 usage (also of\n"
    "mk-shell), 3 no such name, 4 timeout, 5 refused, 6 not connected,\n"
    "130 interrupted.\n"
    "\n"
    "Environment: MK_NODE_NAME (as --name), MK_NODE_ID (1 to 4294967295),\n"
    "MK_MOUNT_PORT (as --listen), MK_CLUSTER_KEY (a key: 64 hexadecimal digits or\n"
    "base64), MK_CLUSTER_KEY_FILE (as --key).\n"
    "Files, in $XDG_STATE_HOME/microkernel or ~/.local/state/microkernel:\n"
    "  history              the lines typed at a terminal\n"
    "  crash-NAME.log       the actors that failed on node NAME, shown by `crash`\n"
    "  saved-NAME           what its actors save\n";

static options_result_t fail(const char *option, const char *value, const char *why) {
    fprintf(stderr, "mk-shell: %s '%s': %s\n", option, value, why);
    fputs("Try 'mk-shell --help'.\n", stderr);
    return OPTIONS_BAD;
}

static options_result_t take_log(options_t *options, const char *value) {
    if (strcmp(value, "off") == 0)
        options->log_level = OPTIONS_LOG_OFF;
    else if (!log_level_find(value, &options->log_level))
        return fail("--log", value, "is none of debug, info, warn, error, off");
    return OPTIONS_RUN;
}

static options_result_t take_name(options_t *options, const char *value) {
    switch (node_name_check(value)) {
    case MK_OK: options->name = value; return OPTIONS_RUN;
    case MK_ETOOBIG: return fail("--name", value, "has more than 31 bytes");
    default:
        return fail("--name", value,
                    "is no name: no blanks, control characters, '/', '=' or ','");
    }
}

static options_result_t take_cores(options_t *options, const char *value) {
    char *end;
    errno = 0;
    unsigned long cores = strtoul(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || value[0] == '-' || cores == 0 ||
        cores > MK_GROUP_MAX)
        return fail("--cores", value, "is no number from 1 to " TEXT_OF(MK_GROUP_MAX));
    options->cores = cores;
    return OPTIONS_RUN;
}

static options_result_t take_commands(options_t *options, const char *value) {
    if (options->commands != NULL) return fail("-c", value, "is given twice");
    options->commands = value;
    return OPTIONS_RUN;
}

/* What is left behind the options. */
static options_result_t take_script(options_t *options, int count, char **words) {
    if (count == 0) return OPTIONS_RUN;
    if (options->commands != NULL)
        return fail("SCRIPT", words[0], "commands are given by -c already");
    if (count > 1) return fail("SCRIPT", words[1], "one script at a time");
    options->script = words[0];
    return OPTIONS_RUN;
}

options_result_t options_parse(options_t *options, int argc, char **argv) {
    enum {
        OPTION_CORES = 256,
        OPTION_DEMO,
        OPTION_JSON_ALL,
        OPTION_LOG,
        OPTION_NAME,
        OPTION_LISTEN,
        OPTION_MOUNT,
        OPTION_KEY
    };
    static const struct option known[] = {
        {"command", required_argument, NULL, 'c'},
        {"keep-going", no_argument, NULL, 'k'},
        {"cores", required_argument, NULL, OPTION_CORES},
        {"demo", no_argument, NULL, OPTION_DEMO},
        {"json", no_argument, NULL, OPTION_JSON_ALL},
        {"key", required_argument, NULL, OPTION_KEY},
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"log", required_argument, NULL, OPTION_LOG},
        {"mount", required_argument, NULL, OPTION_MOUNT},
        {"name", required_argument, NULL, OPTION_NAME},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0}};
    *options = (options_t){.log_level = OPTIONS_LOG_DEFAULT, .cores = 1};
    options_result_t result = OPTIONS_RUN;
    int option;
    while (result == OPTIONS_RUN &&
           (option = getopt_long(argc, argv, "c:khV", known, NULL)) != -1) {
        switch (option) {
        case 'c': result = take_commands(options, optarg); break;
        case 'k': options->keeps_going = true; break;
        case OPTION_CORES: result = take_cores(options, optarg); break;
        case OPTION_DEMO: options->has_demo = true; break;
        case OPTION_JSON_ALL: options->is_json = true; break;
        case OPTION_KEY: options->key_file = optarg; break;
        case OPTION_LISTEN: options->listen = optarg; break;
        case OPTION_MOUNT: options->mounts = optarg; break;
        case OPTION_LOG: result = take_log(options, optarg); break;
        case OPTION_NAME: result = take_name(options, optarg); break;
        case 'h': fputs(help_text, stdout); return OPTIONS_DONE;
        case 'V': features_print_version(); return OPTIONS_DONE;
        default: fputs("Try 'mk-shell --help'.\n", stderr); return OPTIONS_BAD;
        }
    }
    if (result != OPTIONS_RUN) return result;
    return take_script(options, argc - optind, argv + optind);
}
