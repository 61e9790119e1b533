#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_session - sessions with the shell image, over a pipe and as a person at a terminal.

Run by run.sh, which has built the image. Prints a line per failed test and, at the end,
"session: N passed, N failed".
"""

import os
import pty
import re
import select
import subprocess
import sys
import time

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run.sh")
LIMIT_S = float(os.environ.get("MK_QEMU_TIMEOUT", "60"))


class Failure(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def environment(**more):
    plain = {name: value for name, value in os.environ.items()
             if name not in ("MK_NODE_NAME", "MK_NODE_ID")}
    return dict(plain, MK_QEMU_NO_BUILD="1", **more)


def piped(text, *arguments, **more):
    """(exit code, standard output, standard error) of a session on a pipe."""
    done = subprocess.run([RUN, "shell", *arguments], input=text.encode(),
                          capture_output=True, timeout=LIMIT_S, env=environment(**more))
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def commands_from_a_pipe_give_a_clean_transcript():
    code, out, err = piped("list\ntree\ncall echo 1 hello\nexit\n")
    check(code == 0, f"exit code {code}: {err}")
    check("\r" not in out and "\x1b" not in out and "mk-shell v" not in out,
          f"there is noise in {out!r}")
    check('"hello"' in out, f"no reply in {out!r}")
    check(re.search(r"worker\s+0x[0-9a-f]+ permanent", out), f"no tree in {out!r}")


def the_echo_of_the_demo_is_a_wasm_actor():
    code, out, err = piped("info echo\ncall echo 200 hello\ninfo\n")
    check(code == 0, f"exit code {code}: {err}")
    check(re.search(r"WASM +1 page, \d+ bytes held", out), f"no module in {out!r}")
    check(re.search(r"Grants +messages\r?\n", out), f"other rights in {out!r}")
    check(re.search(r'type=201 .* "hello"', out), f"no reply in {out!r}")


def a_pipe_that_ends_ends_the_session():
    code, out, err = piped("whoami")
    check(code == 0, f"exit code {code}: {err}")
    check("qemu-riscv32-" in out, f"no name in {out!r}")
    check(piped("")[0] == 0, "an empty pipe is no failure")


def more_than_the_line_holds_arrives_whole():
    code, out, err = piped("".join(f"call echo 1 {i:04}-{'x' * 90}\n" for i in range(150)))
    check(code == 0, f"exit code {code}: {err}")
    got = re.findall(r'"(\d{4})-x{90}"', out)
    check(got == [f"{i:04}" for i in range(150)], f"{len(got)} of 150 came back")


def exit_codes_reach_the_host_and_problems_standard_error():
    for command, code, text in (("nosuch", 2, "Unknown command"), ("lookup nobody", 3, ""),
                                ("call -t 20ms console 1", 4, "Timeout"), ("exit 7", 7, "")):
        got, out, err = piped("", "-c", command)
        check(got == code, f"'{command}' gave {got}, expected {code}: {out}{err}")
        check(text in err and (not text or text not in out), f"'{command}' said {err!r}")
    check(piped("", "--nosuch")[0] == 2, "an unknown option is wrong usage")


def arguments_arrive_as_they_are():
    code, out, err = piped("", "-c", "call echo 1 \"50% of a b, ä\"; whoami")
    check(code == 0, f"exit code {code}: {err}")
    check("50% of a b" in out, f"changed on the way: {out!r}")


def the_node_gets_its_name_and_number_from_outside():
    code, out, err = piped("", "-c", "caps", MK_NODE_NAME="kitchen", MK_NODE_ID="77")
    check(code == 0, f"exit code {code}: {err}")
    for line in ("platform=qemu-riscv32", "identity=kitchen", "node_id=77"):
        check(line in out.splitlines(), f"no {line} in {out!r}")


def a_crash_is_recorded_and_the_worker_restarted():
    code, out, err = piped("send /demo/worker 666 enough\ncall echo 1 x\ncrash\ntree\n")
    check(code == 0, f"exit code {code}: {err}")
    check("enough" in out, f"no crash in {out!r}")


def ram_is_what_was_promised():
    code, out, err = piped("", "-c", "info")
    check(code == 0, f"exit code {code}: {err}")
    match = re.search(r"Heap: (\d+) KB free / (\d+) KB", out)
    check(match, f"no heap in {out!r}")
    free, total = int(match.group(1)), int(match.group(2))
    check(128 <= free < total < 320, f"{free} KB of {total} KB are free")


class Person:
    """At the keys of a pseudo-terminal."""

    def __init__(self, *arguments):
        self.screen = b""
        self.process, self.keys = pty.fork()
        if self.process == 0:
            os.execve(RUN, [RUN, "shell", *arguments], environment(TERM="xterm"))

    def sees(self, text, since=0):
        """Wait until `text` is there; where it ends."""
        until = time.monotonic() + LIMIT_S
        while text.encode() not in self.screen[since:]:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.keys], [], [], left)[0] or not self.read():
                raise Failure(f"waited for {text!r}, saw {self.screen[since:]!r}")
        return self.screen.index(text.encode(), since) + len(text.encode())

    def read(self):
        try:
            got = os.read(self.keys, 65536)
        except OSError:
            got = b""
        self.screen += got
        return got

    def types(self, text):
        os.write(self.keys, text.encode())
        return len(self.screen)

    def leaves(self):
        while select.select([self.keys], [], [], LIMIT_S)[0] and self.read():
            continue
        os.close(self.keys)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def a_person_edits_a_line_and_interrupts():
    person = Person()
    at = person.sees("mk-shell v")
    person.sees("> ", at)
    at = person.types("cal echo 1 hello\x01\x1b[C\x1b[C\x1b[Cl\r")
    at = person.sees('"hello"', at)
    person.sees("> ", at)
    at = person.types("who\t\r")
    at = person.sees("qemu-riscv32-", at)
    person.sees("> ", at)
    at = person.types("call -t 1h console 1\r")
    at = person.sees("1\x1b[K\r", at)  # hints come and go between the letters
    person.types("\x03")
    at = person.sees("Interrupted", at)
    person.sees("> ", at)
    person.types("exot\x7f\x7fit 3\r")
    check(person.leaves() == 3, f"another exit code; the screen was {person.screen!r}")
    check(re.search(rb"[^\r]\n", person.screen) is None, "a new line without a return")


TESTS = [commands_from_a_pipe_give_a_clean_transcript,
         the_echo_of_the_demo_is_a_wasm_actor, a_pipe_that_ends_ends_the_session,
         more_than_the_line_holds_arrives_whole,
         exit_codes_reach_the_host_and_problems_standard_error, arguments_arrive_as_they_are,
         the_node_gets_its_name_and_number_from_outside,
         a_crash_is_recorded_and_the_worker_restarted, ram_is_what_was_promised,
         a_person_edits_a_line_and_interrupts]


def main():
    failed = 0
    for test in TESTS:
        try:
            test()
        except (Failure, subprocess.TimeoutExpired) as failure:
            failed += 1
            print(f"FAIL {test.__name__}  {failure}")
    print(f"session: {len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
