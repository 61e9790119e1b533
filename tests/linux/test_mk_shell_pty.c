/* SPDX-License-Identifier: Apache-2.0 */
/* mk-shell as a person uses it: the real program on a pseudo-terminal. Whatever is
 * waited for is waited for by poll(2); the time limit only ends a test that fails. */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 30000, TEXT_MAX = 1 << 18 };

#define PASTE_ON  "\x1b[?2004h"
#define PASTE_OFF "\x1b[?2004l"

/* A terminal with mk-shell on it. */
typedef struct {
    int person;           /* the test's end */
    int program;          /* the other one; open, so that the modes can be looked at */
    int life;             /* hangs up when the program has ended */
    pid_t pid;            /* 0: it has been waited for */
    struct termios modes; /* as they were at first */
    char text[TEXT_MAX];  /* all that was shown, with a NUL */
    size_t size;
    size_t seen; /* bytes that expect() has passed */
} desk_t;

static desk_t desk;

/* --- a folder for history and crash log, one per test program --- */

static char state_home[] = "/tmp/mk_shell_pty_XXXXXX";
static bool has_state_home;

static void remove_state_home(void) {
    static const char *const files[] = {
        "/microkernel/history", "/microkernel/crash-pty.log", "/microkernel", ""};
    char path[sizeof state_home + 40];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s%s", state_home, files[i]);
        (void)remove(path);
    }
}

static void make_state_home(void) {
    if (has_state_home) return;
    CHECK(mkdtemp(state_home) != NULL);
    CHECK_EQ(atexit(remove_state_home), 0);
    has_state_home = true;
}

/* --- the program --- */

static void become_program(int program, int report, char *const *arguments) {
    (void)setsid();
    (void)ioctl(program, TIOCSCTTY, 0);
    for (int fd = 0; fd <= 2; fd++)
        (void)dup2(program, fd);
    (void)setenv("XDG_STATE_HOME", state_home, 1);
    (void)setenv("MK_NODE_NAME", "pty", 1);
    (void)unsetenv("MK_NODE_ID");
    execv(arguments[0], arguments);
    int problem = errno;
    ssize_t put = write(report, &problem, sizeof problem);
    (void)put;
    _exit(127);
}

static void set_size(unsigned short columns) {
    struct winsize window = {24, columns, 0, 0};
    CHECK_EQ(ioctl(desk.person, TIOCSWINSZ, &window), 0);
}

static void open_terminal(void) {
    desk.size = desk.seen = 0;
    desk.text[0] = '\0';
    desk.person = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (desk.person < 0 || grantpt(desk.person) != 0 || unlockpt(desk.person) != 0)
        test_skip("no pseudo-terminals here");
    desk.program = open(ptsname(desk.person), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(desk.program >= 0);
    CHECK_EQ(fcntl(desk.person, F_SETFL, O_NONBLOCK), 0);
    CHECK_EQ(tcgetattr(desk.program, &desk.modes), 0);
    set_size(80);
}

/* Start `mk-shell ARGUMENT` (NULL: none). */
static void start(const char *argument) {
    const char *path = getenv("MK_SHELL");
    if (path == NULL || path[0] == '\0') test_skip("MK_SHELL does not say where it is");
    make_state_home();
    open_terminal();
    char *arguments[] = {(char *)(size_t)path, (char *)(size_t)argument, NULL};
    int report[2];
    int life[2];
    int problem;
    CHECK_EQ(pipe2(report, O_CLOEXEC), 0);
    CHECK_EQ(pipe2(life, O_CLOEXEC), 0);
    desk.pid = fork();
    CHECK(desk.pid >= 0);
    if (desk.pid == 0) {
        (void)fcntl(life[1], F_SETFD, 0); /* held as long as the program runs */
        become_program(desk.program, report[1], arguments);
    }
    close(life[1]);
    close(report[1]);
    desk.life = life[0];
    ssize_t got = read(report[0], &problem, sizeof problem);
    close(report[0]);
    if (got == (ssize_t)sizeof problem && problem == ENOEXEC)
        test_skip("mk-shell is for another machine");
    CHECK_EQ(got, 0);
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void read_shown(void) {
    for (;;) {
        if (desk.size == TEXT_MAX - 1) return;
        ssize_t got =
            read(desk.person, desk.text + desk.size, TEXT_MAX - 1 - desk.size);
        if (got <= 0) return;
        desk.size += (size_t)got;
        desk.text[desk.size] = '\0';
    }
}

/* Wait until something is shown or the program ends; false when the limit is reached.
 */
static bool wait_for_news(long long limit_at_ms) {
    struct pollfd news[] = {{desk.person, POLLIN, 0}, {desk.life, 0, 0}};
    long long left_ms = limit_at_ms - now_ms();
    if (left_ms <= 0) return false;
    return poll(news, 2, (int)left_ms) > 0 || errno == EINTR;
}

static bool has_ended(void) {
    struct pollfd end = {desk.life, 0, 0};
    return poll(&end, 1, 0) == 1;
}

static void show_what_there_is(const char *wanted) {
    size_t from = desk.size > 1500 ? desk.size - 1500 : 0;
    fprintf(stderr, "waited for: %s\nshown, at last:\n", wanted);
    for (size_t i = from; i < desk.size; i++) {
        unsigned char c = (unsigned char)desk.text[i];
        if (c == '\n' || (c >= 0x20 && c < 0x7f))
            fputc(c, stderr);
        else
            fprintf(stderr, "\\x%02x", c);
    }
    fputc('\n', stderr);
}

/* Wait until `text` is shown behind what was expected before. */
static void expect(const char *text) {
    long long limit = now_ms() + LIMIT_MS;
    for (;;) {
        bool is_over = has_ended();
        read_shown();
        const char *found = strstr(desk.text + desk.seen, text);
        if (found != NULL) {
            desk.seen = (size_t)(found - desk.text) + strlen(text);
            return;
        }
        if (is_over || !wait_for_news(limit)) break;
    }
    show_what_there_is(text);
    bool was_shown = false;
    CHECK(was_shown);
}

static void type(const char *keys) {
    size_t size = strlen(keys);
    CHECK_EQ(write(desk.person, keys, size), (ssize_t)size);
}

/* Wait for the program's end; its status as of waitpid. */
static int wait_for_end(void) {
    long long limit = now_ms() + LIMIT_MS;
    while (!has_ended()) {
        read_shown();
        if (!wait_for_news(limit)) {
            show_what_there_is("the end");
            (void)kill(desk.pid, SIGKILL);
            bool did_end = false;
            CHECK(did_end);
        }
    }
    read_shown();
    int status = 0;
    CHECK_EQ(waitpid(desk.pid, &status, 0), desk.pid);
    desk.pid = 0;
    return status;
}

static bool is_as_found(void) {
    struct termios now;
    memset(&now, 0, sizeof now);
    if (tcgetattr(desk.program, &now) != 0) return false;
    return now.c_iflag == desk.modes.c_iflag && now.c_oflag == desk.modes.c_oflag &&
           now.c_cflag == desk.modes.c_cflag && now.c_lflag == desk.modes.c_lflag &&
           memcmp(now.c_cc, desk.modes.c_cc, sizeof now.c_cc) == 0;
}

static void leave(void) {
    close(desk.program);
    close(desk.person);
    close(desk.life);
}

/* To the prompt. */
static void sit_down(const char *argument) {
    start(argument);
    expect("mk-shell v0.3 (native)");
    expect("Type 'help' for commands.");
    expect("\r\n> ");
}

static void check_end(int code) {
    int status = wait_for_end();
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), code);
    CHECK(is_as_found());
}

static void check_exit(int code) {
    check_end(code);
    CHECK(strstr(desk.text, PASTE_OFF) != NULL);
}

static void stand_up(void) {
    type("exit\r");
    check_exit(0);
    leave();
}

/* --- tests --- */

TEST(a_session_changes_the_terminal_and_gives_it_back) {
    sit_down(NULL);
    CHECK(!is_as_found());
    type("exit 3\r");
    check_exit(3);
    leave();
}

TEST(ctrl_d_leaves) {
    sit_down(NULL);
    type("\x04");
    check_exit(0);
    leave();
}

TEST(the_demo_says_what_to_try_and_it_works) {
    sit_down("--demo");
    CHECK(strstr(desk.text, "call echo 1 hello") != NULL);
    type("call echo 1 hello\r");
    expect("[reply] type=2 from=");
    expect("size=5 \"hello\"\r\n> ");
    type("tree\r");
    expect("workshop (one_for_one)");
    expect("worker");
    stand_up();
}

TEST(cursor_keys_edit_the_line) {
    sit_down(NULL);
    type("hoaamix\x7f\x1b[D\x1b[D\x1b[D\x1b[3~\x1b[Hw\r"); /* hoami, then w in front */
    expect("\r\npty (actor ");
    expect("\r\n> ");
    type("\x1b[A"); /* up: the same again */
    expect("whoami");
    type("\r");
    expect("\r\npty (actor ");
    stand_up();
}

TEST(ctrl_r_finds_an_earlier_line) {
    sit_down(NULL);
    type("whoami\rself\r");
    expect("pty (actor ");
    expect("\r\n> ");
    type("\x12who");
    expect("(reverse-i-search)`who': whoami");
    type("\r");
    expect("\r\npty (actor ");
    stand_up();
}

TEST(tab_completes_commands_and_names) {
    sit_down("--demo");
    type("loo\tech\t\r");
    expect("\r\n> ");
    CHECK(strstr(desk.text, "Not found") == NULL);
    CHECK(strstr(desk.text, "Usage") == NULL);
    type("call /demo/cou\t1\r");
    expect("[reply] type=2");
    type("c\t\t");
    expect("call   crash  caps");
    type("\x15");
    stand_up();
}

TEST(a_paste_is_one_line_and_runs_when_enter_is_pressed) {
    sit_down(NULL);
    type("\x1b[200~lookup\nconsole\n\x1b[201~");
    expect("lookup console");
    type("\r");
    expect("\r\n> ");
    CHECK(strstr(desk.text, "Usage") == NULL);
    CHECK(strstr(desk.text, "Unknown") == NULL);
    stand_up();
}

TEST(the_line_follows_the_width_of_the_terminal) {
    sit_down(NULL);
    type("0123456789012345678901234567890123456789");
    expect("0123456789012345678901234567890123456789");
    set_size(20);
    expect("> <");
    set_size(80);
    expect("> 0123456789012345678901234567890123456789");
    type("\x15");
    stand_up();
}

TEST(ctrl_c_stops_a_pending_call) {
    sit_down(NULL);
    type("call -t 1h console 300\r");
    expect("00\r\r\n");
    type("\x03");
    expect("^C\r\nInterrupted\r\n> ");
    type("whoami\r");
    expect("\r\npty (actor ");
    stand_up();
}

/* Here the program leads a session: its parent is no shell that could go on with it. */
TEST(ctrl_z_without_job_control_changes_nothing) {
    sit_down(NULL);
    type("who\x1a");
    expect(PASTE_ON "> who");
    CHECK(!is_as_found());
    type("ami\r");
    expect("\r\npty (actor ");
    stand_up();
}

TEST(sigint_is_ctrl_c) {
    sit_down(NULL);
    for (int i = 0; i < 3; i++) {
        type("call -t 1h console 300\r");
        expect("00\r\r\n");
        CHECK_EQ(kill(desk.pid, SIGINT), 0);
        expect("^C\r\n");
        expect("> ");
    }
    stand_up();
}

TEST(what_is_typed_during_a_call_comes_afterwards) {
    sit_down(NULL);
    type("call -t 100ms console 300\rwhoami\r");
    expect("Timeout (100ms)");
    expect("> whoami\r\r\npty (actor ");
    stand_up();
}

TEST(log_lines_come_above_the_line_being_edited) {
    sit_down("--demo");
    type("send /demo/worker 666 paper\rwhoa");
    expect("paper; somebody will restart me\r\n");
    expect("> whoa");
    expect("worker: at work\r\n> whoa");
    type("mi\r");
    expect("\r\npty (actor ");
    type("crash\r");
    expect("paper; last message 666");
    stand_up();
}

TEST(crashes_and_lines_outlive_the_program) {
    sit_down("--demo");
    type("lookup /demo/worker\rsend /demo/worker 666 cucumber\r");
    expect("cucumber; somebody will restart me");
    stand_up();
    sit_down(NULL);
    type("crash\r");
    expect("cucumber; last message 666");
    expect("> ");
    type("history\r");
    expect("lookup /demo/worker");
    stand_up();
}

TEST(sigterm_ends_in_good_order) {
    sit_down("--demo");
    type("call -t 1h console 300\r");
    expect("00\r\r\n");
    CHECK_EQ(kill(desk.pid, SIGTERM), 0);
    check_exit(128 + SIGTERM);
    leave();
}

TEST(sigterm_ends_a_program_whose_screen_is_stuck) {
    sit_down(NULL);
    for (int i = 0; i < 100; i++)
        type("help\r"); /* and nobody reads */
    CHECK_EQ(kill(desk.pid, SIGTERM), 0);
    /* has_ended() does not read. */
    struct pollfd end = {desk.life, 0, 0};
    CHECK_EQ(poll(&end, 1, LIMIT_MS), 1);
    check_end(128 + SIGTERM); /* what is stuck cannot be told to end the paste mode */
    leave();
}

TEST(a_hangup_ends_the_program) {
    sit_down("--demo");
    close(desk.person);
    struct pollfd end = {desk.life, 0, 0};
    CHECK_EQ(poll(&end, 1, LIMIT_MS), 1);
    int status = 0;
    CHECK_EQ(waitpid(desk.pid, &status, 0), desk.pid);
    CHECK(WIFEXITED(status));
    close(desk.program);
    close(desk.life);
}

TEST(a_person_gets_another_shell_when_theirs_is_stopped) {
    sit_down(NULL);
    type("stop shell\r");
    expect("The shell ended (killed). Here is a new one.\r\n> ");
    type("whoami\r");
    expect("\r\npty (actor ");
    stand_up();
}

TEST(stopping_the_console_ends_the_program) {
    sit_down(NULL);
    type("stop console\r");
    int status = wait_for_end();
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 1);
    CHECK(is_as_found());
    leave();
}

TEST_TABLE(mk_shell_pty, TEST_ROW(a_session_changes_the_terminal_and_gives_it_back),
           TEST_ROW(ctrl_d_leaves), TEST_ROW(the_demo_says_what_to_try_and_it_works),
           TEST_ROW(cursor_keys_edit_the_line), TEST_ROW(ctrl_r_finds_an_earlier_line),
           TEST_ROW(tab_completes_commands_and_names),
           TEST_ROW(a_paste_is_one_line_and_runs_when_enter_is_pressed),
           TEST_ROW(the_line_follows_the_width_of_the_terminal),
           TEST_ROW(ctrl_c_stops_a_pending_call),
           TEST_ROW(ctrl_z_without_job_control_changes_nothing),
           TEST_ROW(sigint_is_ctrl_c),
           TEST_ROW(what_is_typed_during_a_call_comes_afterwards),
           TEST_ROW(log_lines_come_above_the_line_being_edited),
           TEST_ROW(crashes_and_lines_outlive_the_program),
           TEST_ROW(sigterm_ends_in_good_order),
           TEST_ROW(sigterm_ends_a_program_whose_screen_is_stuck),
           TEST_ROW(a_hangup_ends_the_program),
           TEST_ROW(a_person_gets_another_shell_when_theirs_is_stopped),
           TEST_ROW(stopping_the_console_ends_the_program))
