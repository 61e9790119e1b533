/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - port/terminal.h on a tty, a pipe, a socket or a file.
 *
 * Not blocking: ttys and pipes through an open file of our own (descriptors.c); where
 * the system gives none, O_NONBLOCK is set on the descriptor given and taken back at
 * the end. Sockets are asked call by call; plain files never make anybody wait.
 *
 * A terminal left raw is the one fault of a program that a person has to clean up
 * after, so every way out puts it back: port_terminal_close, exit (atexit), and each
 * signal that ends the process and that nobody else handles. Those handlers restore the
 * modes and raise the signal again with its old meaning. When the program is stopped
 * (SIGTSTP) the terminal is put back as well, and made raw again when it goes on in the
 * foreground; then the size is reported as changed, since the screen has to be drawn
 * anew. A process in the background does not touch the modes: they belong to somebody
 * else's job.
 *
 * Signal handlers have no argument to carry state, and a process has one terminal to
 * restore: that is why `guard` is static. Handlers use only async-signal-safe calls. */
#include "linux_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* One direction. */
typedef struct {
    int given;        /* the caller's descriptor */
    int used;         /* the one to use: `given`, or ours */
    int flags_before; /* of `given`, when we changed them; else -1 */
    bool is_tty;
} stream_t;

struct port_terminal {
    stream_t input;
    stream_t output;
    int resize_fd; /* eventfd that SIGWINCH writes; -1: neither stream is a tty */
};

/* Signals whose default is to end or to stop the process. */
static const int ending_signals[] = {
    SIGHUP, SIGINT,  SIGQUIT, SIGTERM, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGABRT,
    SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};
enum { ENDING_COUNT = sizeof ending_signals / sizeof ending_signals[0] };

static struct {
    port_terminal_t *open;           /* the one terminal, or NULL */
    volatile sig_atomic_t is_raw;    /* the modes are ours and have to be put back */
    volatile sig_atomic_t resize_fd; /* valid while has_resize */
    volatile sig_atomic_t has_resize;
    pid_t owner;           /* process that made it raw; a child must not undo it */
    int fd;                /* terminal whose modes are changed */
    struct termios before; /* as found */
    struct termios raw;    /* as we set them */
    bool is_at_exit;       /* atexit knows us */
    struct sigaction winch_before;
    bool is_installed[ENDING_COUNT]; /* our handler stands for ending_signals[i] */
    bool stops_are_ours;             /* and for SIGTSTP and SIGCONT */
} guard;

/* --- signals --- */

static bool is_in_background(void) {
    pid_t foreground = tcgetpgrp(guard.fd);
    return foreground >= 0 && foreground != getpgrp();
}

static void restore_modes(void) {
    if (!guard.is_raw || getpid() != guard.owner || is_in_background()) return;
    tcsetattr(guard.fd, TCSANOW, &guard.before);
}

static void tell_resize(void) {
    static const uint64_t one = 1;
    if (!guard.has_resize) return;
    ssize_t put = write(guard.resize_fd, &one, sizeof one);
    (void)put; /* full only when it was told often enough */
}

static void on_resize(int signal_number) {
    (void)signal_number;
    int errno_before = errno;
    tell_resize();
    errno = errno_before;
}

/* SA_RESETHAND has put the old meaning back already, SA_NODEFER lets it act now. */
static void on_ending(int signal_number) {
    restore_modes();
    raise(signal_number);
}

static void install(int signal_number, void (*handler)(int), unsigned flags,
                    struct sigaction *before) {
    struct sigaction action;
    action.sa_handler = handler;
    action.sa_flags = (int)flags; /* SA_RESETHAND is the sign bit */
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, before);
}

static void on_stop(int signal_number);

static void take_again(void) {
    if (!guard.is_raw || getpid() != guard.owner) return;
    install(SIGTSTP, on_stop, SA_RESTART | SA_RESETHAND | SA_NODEFER, NULL);
    if (!is_in_background()) tcsetattr(guard.fd, TCSANOW, &guard.raw);
    tell_resize();
}

/* The process stops inside raise(), and on_continue runs before it returns; unless
 * nobody could continue it (an orphaned process group): then it does not stop. */
static void on_stop(int signal_number) {
    int errno_before = errno;
    sigset_t stop;
    sigset_t mask_before;
    restore_modes();
    /* Some tools run handlers with all signals blocked: it must act here, not later. */
    sigemptyset(&stop);
    sigaddset(&stop, signal_number);
    pthread_sigmask(SIG_UNBLOCK, &stop, &mask_before);
    raise(signal_number);
    pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
    take_again();
    errno = errno_before;
}

static void on_continue(int signal_number) {
    (void)signal_number;
    int errno_before = errno;
    take_again();
    errno = errno_before;
}

static bool has_default(int signal_number) {
    struct sigaction now;
    if (sigaction(signal_number, NULL, &now) != 0) return false;
    return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL;
}

static bool has_handler(int signal_number, void (*handler)(int)) {
    struct sigaction now;
    if (sigaction(signal_number, NULL, &now) != 0) return false;
    return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == handler;
}

/* Signals that the program or its parent has decided about are left alone. */
static void install_handlers(void) {
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        guard.is_installed[i] = has_default(ending_signals[i]);
        if (guard.is_installed[i])
            install(ending_signals[i], on_ending, SA_RESETHAND | SA_NODEFER, NULL);
    }
    guard.stops_are_ours = has_default(SIGTSTP) && has_default(SIGCONT);
    if (guard.stops_are_ours) {
        install(SIGTSTP, on_stop, SA_RESTART | SA_RESETHAND | SA_NODEFER, NULL);
        install(SIGCONT, on_continue, SA_RESTART, NULL);
    }
}

static void remove_handler(int signal_number, void (*handler)(int)) {
    if (has_handler(signal_number, handler)) install(signal_number, SIG_DFL, 0, NULL);
}

static void remove_handlers(void) {
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        if (guard.is_installed[i]) remove_handler(ending_signals[i], on_ending);
        guard.is_installed[i] = false;
    }
    if (guard.stops_are_ours) {
        remove_handler(SIGTSTP, on_stop);
        remove_handler(SIGCONT, on_continue);
    }
    guard.stops_are_ours = false;
}

/* --- modes --- */

/* Output modes stay: whoever prints a line ends it with '\n' alone. */
static struct termios make_raw(struct termios modes) {
    modes.c_iflag &=
        ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    modes.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    modes.c_cflag |= CS8;
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    return modes;
}

static int begin_raw(int fd) {
    if (guard.is_raw) return MK_OK;
    if (!guard.is_at_exit) {
        if (atexit(restore_modes) != 0) return MK_EIO;
        guard.is_at_exit = true;
    }
    if (tcgetattr(fd, &guard.before) != 0) return MK_EIO;
    guard.raw = make_raw(guard.before);
    guard.fd = fd;
    guard.owner = getpid();
    install_handlers();
    guard.is_raw = 1; /* before the change, so that no signal finds it unannounced */
    if (tcsetattr(fd, TCSANOW, &guard.raw) == 0) return MK_OK;
    guard.is_raw = 0;
    remove_handlers();
    return MK_EIO;
}

static int end_raw(void) {
    if (!guard.is_raw) return MK_OK;
    bool is_back =
        is_in_background() || tcsetattr(guard.fd, TCSANOW, &guard.before) == 0;
    guard.is_raw = 0;
    remove_handlers();
    return is_back ? MK_OK : MK_EIO;
}

int port_terminal_set_raw(port_terminal_t *terminal, bool raw) {
    if (!terminal->input.is_tty) return MK_ENOTSUP;
    return raw ? begin_raw(terminal->input.given) : end_raw();
}

/* The whole job, as the terminal would: a script that waits for us stops too. */
int port_terminal_suspend(port_terminal_t *terminal) {
    (void)terminal;
    if (!guard.is_raw || !guard.stops_are_ours) return MK_ENOTSUP;
    return kill(0, SIGTSTP) == 0 ? MK_OK : MK_ENOTSUP;
}

/* --- open and close --- */

/* A plain file, a folder or a device such as /dev/null needs nothing; a socket is asked
 * call by call. */
static int open_stream(stream_t *stream, int given, int access) {
    struct stat facts;
    *stream = (stream_t){given, given, -1, false};
    if (fstat(given, &facts) != 0) return MK_EINVAL;
    stream->is_tty = isatty(given) == 1;
    if (!stream->is_tty && !S_ISFIFO(facts.st_mode)) return MK_OK;
    int own = linux__reopen_nonblocking(given, access);
    if (own >= 0) {
        stream->used = own;
        return MK_OK;
    }
    int flags = fcntl(given, F_GETFL);
    if (flags < 0) return MK_EIO;
    if ((flags & O_NONBLOCK) != 0) return MK_OK;
    if (fcntl(given, F_SETFL, flags | O_NONBLOCK) != 0) return MK_EIO;
    stream->flags_before = flags;
    return MK_OK;
}

static void close_stream(stream_t *stream) {
    if (stream->flags_before >= 0) fcntl(stream->given, F_SETFL, stream->flags_before);
    if (stream->used != stream->given) close(stream->used);
}

static int open_resize(port_terminal_t *terminal) {
    terminal->resize_fd = -1;
    if (!terminal->input.is_tty && !terminal->output.is_tty) return MK_OK;
    terminal->resize_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (terminal->resize_fd < 0) return linux__error_of(errno);
    guard.resize_fd = terminal->resize_fd;
    guard.has_resize = 1;
    install(SIGWINCH, on_resize, SA_RESTART, &guard.winch_before);
    return MK_OK;
}

static void close_resize(port_terminal_t *terminal) {
    if (terminal->resize_fd < 0) return;
    if (has_handler(SIGWINCH, on_resize))
        sigaction(SIGWINCH, &guard.winch_before, NULL);
    guard.has_resize = 0;
    close(terminal->resize_fd);
}

int port_terminal_open(port_terminal_t **out, int input, int output) {
    if (guard.open != NULL) return MK_EBUSY;
    port_terminal_t *terminal = mk_calloc(1, sizeof *terminal);
    if (terminal == NULL) return MK_ENOMEM;
    int result = open_stream(&terminal->input, input, O_RDONLY);
    if (result < 0) goto no_input;
    result = open_stream(&terminal->output, output, O_WRONLY);
    if (result < 0) goto no_output;
    result = open_resize(terminal);
    if (result < 0) goto no_resize;
    guard.open = terminal;
    *out = terminal;
    return MK_OK;
no_resize:
    close_stream(&terminal->output);
no_output:
    close_stream(&terminal->input);
no_input:
    mk_free(terminal);
    return result;
}

void port_terminal_close(port_terminal_t *terminal) {
    if (terminal == NULL) return;
    (void)end_raw();
    close_resize(terminal);
    close_stream(&terminal->output);
    close_stream(&terminal->input);
    guard.open = NULL;
    mk_free(terminal);
}

/* --- facts --- */

bool port_terminal_input_is_tty(const port_terminal_t *terminal) {
    return terminal->input.is_tty;
}

bool port_terminal_output_is_tty(const port_terminal_t *terminal) {
    return terminal->output.is_tty;
}

int port_terminal_input(const port_terminal_t *terminal) {
    return terminal->input.used;
}

int port_terminal_output(const port_terminal_t *terminal) {
    return terminal->output.used;
}

int port_terminal_resizes(const port_terminal_t *terminal) {
    return terminal->resize_fd >= 0 ? terminal->resize_fd : MK_ENOTSUP;
}

bool port_terminal_take_resize(port_terminal_t *terminal) {
    uint64_t times;
    if (terminal->resize_fd < 0) return false;
    return read(terminal->resize_fd, &times, sizeof times) == (ssize_t)sizeof times;
}

int port_terminal_size(const port_terminal_t *terminal, port_terminal_size_t *out) {
    struct winsize size = {0, 0, 0, 0};
    if (!terminal->output.is_tty) return MK_ENOTSUP;
    if (ioctl(terminal->output.given, TIOCGWINSZ, &size) != 0) return MK_ENOTSUP;
    if (size.ws_col == 0 || size.ws_row == 0) return MK_ENOTSUP;
    *out = (port_terminal_size_t){size.ws_col, size.ws_row};
    return MK_OK;
}

/* --- bytes --- */

int port_terminal_read(port_terminal_t *terminal, void *bytes, size_t cap) {
    if (cap == 0) return MK_EINVAL;
    if (cap > INT_MAX) cap = INT_MAX;
    int fd = terminal->input.used;
    for (;;) {
        ssize_t got = recv(fd, bytes, cap, MSG_DONTWAIT);
        if (got < 0 && errno == ENOTSOCK) got = read(fd, bytes, cap);
        if (got > 0) return (int)got;
        if (got == 0) return MK_EEND;
        if (errno != EINTR) return linux__error_of(errno);
    }
}

int port_terminal_write(port_terminal_t *terminal, const void *bytes, size_t size) {
    if (size == 0) return 0;
    return linux__write(terminal->output.used, bytes, size);
}
