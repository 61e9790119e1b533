/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/debug_out.h"
#include "port/poller.h"
#include "port/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* A pseudo-terminal: the test sits at `person`, the program at `program`. */
typedef struct {
    int person;
    int program;
    struct termios modes; /* as they were at first */
} desk_t;

static desk_t open_desk(void) {
    desk_t desk;
    memset(&desk, 0, sizeof desk);
    desk.person = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (desk.person < 0 || grantpt(desk.person) != 0 || unlockpt(desk.person) != 0)
        test_skip("no pseudo-terminals here");
    desk.program = open(ptsname(desk.person), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(desk.program >= 0);
    CHECK_EQ(tcgetattr(desk.program, &desk.modes), 0);
    return desk;
}

static void close_desk(const desk_t *desk) {
    close(desk->program);
    close(desk->person);
}

static bool is_as_found(const desk_t *desk) {
    struct termios now;
    memset(&now, 0, sizeof now);
    if (tcgetattr(desk->program, &now) != 0) return false;
    return now.c_iflag == desk->modes.c_iflag && now.c_oflag == desk->modes.c_oflag &&
           now.c_cflag == desk->modes.c_cflag && now.c_lflag == desk->modes.c_lflag &&
           memcmp(now.c_cc, desk->modes.c_cc, sizeof now.c_cc) == 0;
}

static void wait_readable(int fd) {
    struct pollfd ready = {fd, POLLIN, 0};
    while (poll(&ready, 1, -1) < 0 && errno == EINTR)
        continue;
}

/* What a terminal passes on may come in pieces. */
static void read_exactly(int fd, char *bytes, size_t size) {
    while (size > 0) {
        wait_readable(fd);
        ssize_t got = read(fd, bytes, size);
        CHECK(got > 0);
        bytes += got;
        size -= (size_t)got;
    }
}

TEST(raw_mode_gives_every_byte_at_once_and_is_taken_back) {
    desk_t desk = open_desk();
    port_terminal_t *terminal = NULL;
    struct termios now;
    char bytes[16];
    CHECK_EQ(port_terminal_open(&terminal, desk.program, desk.program), MK_OK);
    CHECK(port_terminal_input_is_tty(terminal));
    CHECK(port_terminal_output_is_tty(terminal));
    CHECK(is_as_found(&desk));
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_OK);
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_OK);
    CHECK_EQ(tcgetattr(desk.program, &now), 0);
    CHECK_EQ(now.c_lflag & (ICANON | ECHO | ISIG | IEXTEN), 0);
    CHECK_EQ(now.c_iflag & (ICRNL | IXON), 0);
    CHECK_EQ(now.c_oflag, desk.modes.c_oflag);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EAGAIN);
    CHECK_EQ(write(desk.person, "a\x03\r\x04", 4), 4);
    for (int got = 0; got < 4;) {
        wait_readable(port_terminal_input(terminal));
        int more =
            port_terminal_read(terminal, bytes + got, sizeof bytes - (size_t)got);
        CHECK(more > 0);
        got += more;
    }
    CHECK_MEM(bytes, "a\x03\r\x04", 4);
    CHECK_EQ(port_terminal_set_raw(terminal, false), MK_OK);
    CHECK(is_as_found(&desk));
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_OK);
    port_terminal_close(terminal);
    CHECK(is_as_found(&desk));
    close_desk(&desk);
}

TEST(output_reaches_the_person_with_its_line_ends) {
    desk_t desk = open_desk();
    port_terminal_t *terminal = NULL;
    char bytes[16];
    CHECK_EQ(port_terminal_open(&terminal, desk.program, desk.program), MK_OK);
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_OK);
    CHECK_EQ(port_terminal_write(terminal, "hi\n", 3), 3);
    CHECK_EQ(port_terminal_write(terminal, "hi\n", 0), 0);
    read_exactly(desk.person, bytes, 4);
    CHECK_MEM(bytes, "hi\r\n", 4);
    port_terminal_close(terminal);
    close_desk(&desk);
}

TEST(an_unread_terminal_takes_no_more_and_does_not_block) {
    desk_t desk = open_desk();
    port_terminal_t *terminal = NULL;
    static char lines[4096];
    memset(lines, 'x', sizeof lines);
    CHECK_EQ(port_terminal_open(&terminal, desk.program, desk.program), MK_OK);
    int put = 0;
    long total = 0;
    while (total < 100000000 &&
           (put = port_terminal_write(terminal, lines, sizeof lines)) > 0)
        total += put;
    CHECK_EQ(put, MK_EAGAIN);
    CHECK(total > 0);
    port_terminal_close(terminal);
    close_desk(&desk);
}

TEST(the_mode_of_shared_descriptors_is_not_changed) {
    desk_t desk = open_desk();
    int ends[2];
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    int tty_flags = fcntl(desk.program, F_GETFL);
    int pipe_flags = fcntl(ends[1], F_GETFL);
    port_terminal_t *terminal = NULL;
    CHECK_EQ(port_terminal_open(&terminal, desk.program, ends[1]), MK_OK);
    CHECK_EQ(fcntl(desk.program, F_GETFL), tty_flags);
    CHECK_EQ(fcntl(ends[1], F_GETFL), pipe_flags);
    port_terminal_close(terminal);
    CHECK_EQ(fcntl(desk.program, F_GETFL), tty_flags);
    CHECK_EQ(fcntl(ends[1], F_GETFL), pipe_flags);
    close(ends[0]);
    close(ends[1]);
    close_desk(&desk);
}

TEST(a_resize_is_told_to_the_poller) {
    desk_t desk = open_desk();
    port_terminal_t *terminal = NULL;
    port_poller_t *poller = port_poller_open();
    port_event_t event;
    port_terminal_size_t size;
    struct winsize window = {50, 132, 0, 0};
    CHECK_EQ(port_terminal_open(&terminal, desk.program, desk.program), MK_OK);
    CHECK_EQ(port_terminal_size(terminal, &size), MK_ENOTSUP); /* 0 x 0 at first */
    CHECK_EQ(
        port_poller_add(poller, port_terminal_resizes(terminal), PORT_POLL_IN, &size),
        MK_OK);
    CHECK(!port_terminal_take_resize(terminal));
    CHECK_EQ(ioctl(desk.person, TIOCSWINSZ, &window), 0);
    CHECK_EQ(raise(SIGWINCH), 0); /* it is not the terminal of this session */
    CHECK_EQ(raise(SIGWINCH), 0);
    while (port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER) == 0)
        continue;
    CHECK(event.tag == &size);
    CHECK(port_terminal_take_resize(terminal));
    CHECK(!port_terminal_take_resize(terminal));
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    CHECK_EQ(port_terminal_size(terminal, &size), MK_OK);
    CHECK_EQ(size.columns, 132);
    CHECK_EQ(size.rows, 50);
    port_poller_close(poller);
    port_terminal_close(terminal);
    close_desk(&desk);
}

/* --- ways out --- */

typedef enum { OUT_BY_EXIT, OUT_BY_SIGNAL, OUT_BY_CHILD } way_out_t;

/* What the program does that forgot to put its terminal back. */
static void leave_raw(const desk_t *desk, int teller, way_out_t way,
                      int signal_number) {
    static const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    port_terminal_t *terminal;
    if (port_terminal_open(&terminal, desk->program, desk->program) != MK_OK) _exit(9);
    if (port_terminal_set_raw(terminal, true) != MK_OK) _exit(9);
    if (way == OUT_BY_CHILD) {
        if (fork() == 0) exit(0); /* a child that exits must not change anything */
        wait(NULL);
    }
    if (write(teller, "r", 1) != 1) _exit(9);
    if (way == OUT_BY_SIGNAL) {
        raise(signal_number);
    } else if (way == OUT_BY_CHILD) {
        pause();
    }
    exit(3);
}

static pid_t start_program(const desk_t *desk, int *told, way_out_t way,
                           int signal_number) {
    int ends[2];
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        setpgid(0, 0);
        leave_raw(desk, ends[1], way, signal_number);
    }
    close(ends[1]);
    *told = ends[0];
    return child;
}

TEST(exit_puts_the_terminal_back) {
    desk_t desk = open_desk();
    int told;
    char byte;
    int status = 0;
    pid_t child = start_program(&desk, &told, OUT_BY_EXIT, 0);
    CHECK_EQ(read(told, &byte, 1), 1);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 3);
    CHECK(is_as_found(&desk));
    close(told);
    close_desk(&desk);
}

TEST(signals_that_end_the_program_put_the_terminal_back_and_end_it) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        desk_t desk = open_desk();
        int told;
        char byte;
        int status = 0;
        pid_t child = start_program(&desk, &told, OUT_BY_SIGNAL, signals[i]);
        CHECK_EQ(read(told, &byte, 1), 1);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), signals[i]);
        CHECK(is_as_found(&desk));
        close(told);
        close_desk(&desk);
    }
}

TEST(a_child_of_the_program_does_not_touch_the_terminal) {
    desk_t desk = open_desk();
    int told;
    char byte;
    int status = 0;
    pid_t child = start_program(&desk, &told, OUT_BY_CHILD, 0);
    CHECK_EQ(read(told, &byte, 1), 1);
    bool is_still_raw = !is_as_found(&desk);
    CHECK_EQ(kill(child, SIGTERM), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(is_still_raw);
    CHECK(is_as_found(&desk));
    close(told);
    close_desk(&desk);
}

/* Stops itself once; when it goes on it tells what it finds. */
static void stop_once(const desk_t *desk, int teller, bool by_key) {
    port_terminal_t *terminal;
    if (port_terminal_open(&terminal, desk->program, desk->program) != MK_OK) _exit(9);
    if (port_terminal_set_raw(terminal, true) != MK_OK) _exit(9);
    if (by_key && port_terminal_suspend(terminal) != MK_OK) _exit(9);
    if (!by_key) raise(SIGTSTP);
    char byte = port_terminal_take_resize(terminal) ? 'r' : '-';
    if (write(teller, &byte, 1) != 1) _exit(9);
    pause();
}

static void check_stop(bool by_key) {
    desk_t desk = open_desk();
    int ends[2];
    char byte;
    int status = 0;
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        setpgid(0, 0);
        stop_once(&desk, ends[1], by_key);
        _exit(9);
    }
    close(ends[1]);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    bool was_stopped = WIFSTOPPED(status);
    bool was_back = is_as_found(&desk);
    CHECK_EQ(kill(child, SIGCONT), 0);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    bool is_raw_again = !is_as_found(&desk);
    CHECK_EQ(kill(child, SIGTERM), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(was_stopped);
    CHECK(was_back);
    CHECK(is_raw_again);
    CHECK_EQ(byte, 'r'); /* the screen has to be drawn anew */
    CHECK(WIFSIGNALED(status));
    CHECK(is_as_found(&desk));
    close(ends[0]);
    close_desk(&desk);
}

TEST(a_stopped_program_gives_the_terminal_back_and_takes_it_again) {
    check_stop(false);
}

TEST(a_program_that_suspends_itself_gives_the_terminal_back_and_takes_it_again) {
    check_stop(true);
}

static void keep_silent(int signal_number) {
    (void)signal_number;
}

TEST(signals_the_program_handles_itself_are_left_alone) {
    desk_t desk = open_desk();
    port_terminal_t *terminal = NULL;
    struct sigaction own;
    struct sigaction now;
    struct sigaction before;
    own.sa_handler = keep_silent;
    own.sa_flags = 0;
    sigemptyset(&own.sa_mask);
    CHECK_EQ(sigaction(SIGTERM, &own, &before), 0);
    CHECK_EQ(port_terminal_open(&terminal, desk.program, desk.program), MK_OK);
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_OK);
    CHECK_EQ(sigaction(SIGTERM, NULL, &now), 0);
    CHECK(now.sa_handler == keep_silent);
    CHECK_EQ(sigaction(SIGHUP, NULL, &now), 0);
    CHECK(now.sa_handler != SIG_DFL);
    port_terminal_close(terminal);
    CHECK_EQ(sigaction(SIGHUP, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL);
    CHECK_EQ(sigaction(SIGTERM, &before, &now), 0);
    CHECK(now.sa_handler == keep_silent);
    close_desk(&desk);
}

/* --- other things than terminals --- */

/* Input and output of the program, and the other ends, over two channels of one kind.
 */
static void check_channel(int input, int far_writer, int output, int far_reader) {
    port_terminal_t *terminal = NULL;
    port_terminal_size_t size;
    static char bytes[4096];
    CHECK_EQ(port_terminal_open(&terminal, input, output), MK_OK);
    CHECK(!port_terminal_input_is_tty(terminal));
    CHECK(!port_terminal_output_is_tty(terminal));
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_ENOTSUP);
    CHECK_EQ(port_terminal_size(terminal, &size), MK_ENOTSUP);
    CHECK_EQ(port_terminal_resizes(terminal), MK_ENOTSUP);
    CHECK(!port_terminal_take_resize(terminal));
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EAGAIN);
    CHECK_EQ(write(far_writer, "list\n", 5), 5);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), 5);
    CHECK_MEM(bytes, "list\n", 5);
    close(far_writer);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EEND);
    CHECK_EQ(port_terminal_write(terminal, "reply", 5), 5);
    CHECK_EQ(read(far_reader, bytes, sizeof bytes), 5);
    CHECK_MEM(bytes, "reply", 5);
    int put;
    while ((put = port_terminal_write(terminal, bytes, sizeof bytes)) > 0)
        continue;
    CHECK_EQ(put, MK_EAGAIN);
    close(far_reader);
    CHECK_EQ(port_terminal_write(terminal, "reply", 5), MK_ECLOSED); /* no SIGPIPE */
    port_terminal_close(terminal);
    close(input);
    close(output);
}

TEST(pipes_are_read_and_written_without_blocking) {
    int in[2];
    int out[2];
    CHECK_EQ(pipe2(in, O_CLOEXEC), 0);
    CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
    check_channel(in[0], in[1], out[1], out[0]);
}

TEST(sockets_are_read_and_written_without_blocking) {
    int in[2];
    int out[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out), 0);
    check_channel(in[0], in[1], out[1], out[0]);
}

TEST(a_plain_file_is_always_ready_and_ends) {
    port_terminal_t *terminal = NULL;
    char bytes[16];
    FILE *file = tmpfile();
    CHECK(file != NULL);
    CHECK_EQ(write(fileno(file), "exit\n", 5), 5);
    CHECK_EQ(lseek(fileno(file), 0, SEEK_SET), 0);
    CHECK_EQ(port_terminal_open(&terminal, fileno(file), fileno(file)), MK_OK);
    port_poller_t *poller = port_poller_open();
    CHECK_EQ(
        port_poller_add(poller, port_terminal_input(terminal), PORT_POLL_IN, bytes),
        MK_EPERM);
    port_poller_close(poller);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), 5);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EEND);
    CHECK_EQ(port_terminal_write(terminal, "more", 4), 4);
    port_terminal_close(terminal);
    fclose(file);
}

static void open_and_close(void *arg) {
    const desk_t *desk = arg;
    port_terminal_t *terminal;
    int result = port_terminal_open(&terminal, desk->program, desk->program);
    if (result == MK_OK) port_terminal_close(terminal);
    if (result != MK_OK) CHECK_EQ(result, MK_ENOMEM);
}

TEST(opening_fails_cleanly) {
    desk_t desk = open_desk();
    port_terminal_t *terminal = NULL;
    port_terminal_t *other = NULL;
    test_each_alloc_failure(open_and_close, &desk);
    CHECK_EQ(port_terminal_open(&terminal, -1, desk.program), MK_EINVAL);
    CHECK_EQ(port_terminal_open(&terminal, desk.program, -1), MK_EINVAL);
    CHECK_EQ(port_terminal_open(&terminal, desk.program, desk.program), MK_OK);
    CHECK_EQ(port_terminal_open(&other, desk.program, desk.program), MK_EBUSY);
    port_terminal_close(terminal);
    port_terminal_close(NULL);
    close_desk(&desk);
}

/* --- debug output --- */

static int kept_stderr;

static void redirect_stderr(int fd) {
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    CHECK(kept_stderr >= 0);
    CHECK(dup2(fd, STDERR_FILENO) >= 0);
}

static void give_stderr_back(void) {
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
}

TEST(debug_output_goes_to_standard_error_whatever_that_is_now) {
    int ends[2];
    char bytes[16];
    desk_t desk = open_desk();
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    redirect_stderr(ends[1]);
    size_t to_pipe = port_debug_write("to pipe", 7);
    give_stderr_back();
    redirect_stderr(desk.program);
    size_t to_tty = port_debug_write("to tty", 6);
    give_stderr_back();
    CHECK_EQ(to_pipe, 7);
    CHECK_EQ(read(ends[0], bytes, sizeof bytes), 7);
    CHECK_MEM(bytes, "to pipe", 7);
    CHECK_EQ(to_tty, 6);
    read_exactly(desk.person, bytes, 6);
    CHECK_MEM(bytes, "to tty", 6);
    close(ends[0]);
    close(ends[1]);
    close_desk(&desk);
}

TEST(debug_output_never_blocks_nor_kills) {
    int ends[2];
    static char lines[5000];
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    int flags = fcntl(ends[1], F_GETFL);
    redirect_stderr(ends[1]);
    size_t total = 0;
    size_t put;
    while ((put = port_debug_write(lines, sizeof lines)) > 0)
        total += put;
    int flags_then = fcntl(ends[1], F_GETFL);
    close(ends[0]);
    size_t after_close = port_debug_write(lines, 5);
    give_stderr_back();
    close(ends[1]);
    CHECK(total >= 4096);
    CHECK_EQ(flags_then, flags);
    CHECK_EQ(after_close, 5); /* lost, and not to be offered again */
}

TEST(debug_output_that_is_broken_is_not_waited_for) {
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    CHECK(full >= 0);
    redirect_stderr(full);
    size_t to_full = port_debug_write("lost", 4);
    close(STDERR_FILENO);
    size_t to_nowhere = port_debug_write("lost", 4);
    give_stderr_back();
    close(full);
    CHECK_EQ(to_full, 4);
    CHECK_EQ(to_nowhere, 4);
}

TEST_TABLE(
    terminal, TEST_ROW(raw_mode_gives_every_byte_at_once_and_is_taken_back),
    TEST_ROW(output_reaches_the_person_with_its_line_ends),
    TEST_ROW(an_unread_terminal_takes_no_more_and_does_not_block),
    TEST_ROW(the_mode_of_shared_descriptors_is_not_changed),
    TEST_ROW(a_resize_is_told_to_the_poller), TEST_ROW(exit_puts_the_terminal_back),
    TEST_ROW(signals_that_end_the_program_put_the_terminal_back_and_end_it),
    TEST_ROW(a_child_of_the_program_does_not_touch_the_terminal),
    TEST_ROW(a_stopped_program_gives_the_terminal_back_and_takes_it_again),
    TEST_ROW(a_program_that_suspends_itself_gives_the_terminal_back_and_takes_it_again),
    TEST_ROW(signals_the_program_handles_itself_are_left_alone),
    TEST_ROW(pipes_are_read_and_written_without_blocking),
    TEST_ROW(sockets_are_read_and_written_without_blocking),
    TEST_ROW(a_plain_file_is_always_ready_and_ends), TEST_ROW(opening_fails_cleanly),
    TEST_ROW(debug_output_goes_to_standard_error_whatever_that_is_now),
    TEST_ROW(debug_output_never_blocks_nor_kills),
    TEST_ROW(debug_output_that_is_broken_is_not_waited_for))
