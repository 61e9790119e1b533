#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""convert.py SUITE OUT - the official test scripts as lines that test_suite.c reads.

SUITE holds wast-2.0.tar.xz; OUT gets the modules, one <script>.list per script, and
core.index, tail_calls.index, extended_const.index with the scripts of each part.

  exit 0  done (or done before with the same archive)
  exit 3  cannot: one line on standard output says what is missing and where it comes from
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile

ARCHIVE = "wast-2.0.tar.xz"
PARTS = {
    "core": ("", []),
    "tail_calls": ("proposals/tail-call", ["--enable-tail-call"]),
    "extended_const": ("proposals/extended-const", ["--enable-extended-const"]),
}


def value(entry):
    kind = entry["type"]
    if "value" not in entry:
        return f"{kind}:*"
    return f"{kind}:{entry['value']}"


def hexed(text):
    """Names are any UTF-8, also NUL and blanks; "-" stands for the empty name."""
    return text.encode("utf-8", "surrogatepass").hex() or "-"


def action(command):
    what = command["action"]
    name = what.get("module", "-")
    values = [value(a) for a in what.get("args", [])]
    return [what["type"], name, hexed(what["field"]), str(len(values))] + values


def lines_of(commands):
    for command in commands:
        kind, line = command["type"], str(command["line"])
        if kind == "module":
            yield ["module", line, command.get("name", "-"), command["filename"]]
        elif kind == "register":
            yield ["register", line, command.get("name", "-"), hexed(command["as"])]
        elif kind == "action":
            yield ["action", line] + action(command)
        elif kind == "assert_return":
            expected = [value(e) for e in command["expected"]]
            yield ["return", line] + action(command) + expected
        elif kind in ("assert_trap", "assert_exhaustion"):
            yield ["trap", line] + action(command) + [hexed(command["text"])]
        elif kind in ("assert_malformed", "assert_invalid", "assert_unlinkable",
                      "assert_uninstantiable"):
            short = kind.split("_")[1]
            if command["module_type"] == "text":
                yield ["text", line, command["filename"]]
            else:
                yield [short, line, command["filename"], hexed(command["text"])]
        else:
            raise SystemExit(f"unknown command {kind} in line {line}")


def convert(source, script, flags, out):
    stem = script[:-len(".wast")]
    target = os.path.join(out, stem + ".json")
    subprocess.run(["wast2json", *flags, os.path.join(source, script), "-o", target],
                   check=True)
    with open(target, encoding="utf-8") as file:
        commands = json.load(file)["commands"]
    with open(os.path.join(out, stem + ".list"), "w", encoding="utf-8") as file:
        for row in lines_of(commands):
            file.write("\t".join(row) + "\n")
    os.remove(target)


def main():
    suite, out = sys.argv[1:]
    archive = os.path.join(suite, ARCHIVE)
    if not os.path.exists(archive):
        print(f"{archive} is not there: set MK_WASM_SPEC to the folder with {ARCHIVE}, "
              "the scripts of github.com/WebAssembly/testsuite (test/core of the 2.0 "
              "edition and proposals/) packed without a leading folder")
        return 3
    if shutil.which("wast2json") is None:
        print("wast2json is not installed: apt-get install wabt")
        return 3
    with open(archive, "rb") as file:
        stamp = hashlib.sha256(file.read()).hexdigest()
    with open(__file__, "rb") as file:
        stamp += hashlib.sha256(file.read()).hexdigest()
    stamp_file = os.path.join(out, "stamp")
    if os.path.exists(stamp_file):
        with open(stamp_file, encoding="ascii") as file:
            if file.read() == stamp:
                return 0
    shutil.rmtree(out, ignore_errors=True)
    scripts = os.path.join(out, "scripts")
    os.makedirs(scripts)
    with tarfile.open(archive) as tar:
        tar.extractall(scripts)
    for part, (folder, flags) in PARTS.items():
        source = os.path.join(scripts, folder)
        target = os.path.join(out, part)
        os.makedirs(target)
        names = sorted(n for n in os.listdir(source)
                       if n.endswith(".wast") and not n.startswith("simd_"))
        for name in names:
            convert(source, name, flags, target)
        with open(os.path.join(out, part + ".index"), "w", encoding="ascii") as file:
            file.writelines(name[:-len(".wast")] + "\n" for name in names)
    shutil.rmtree(scripts)
    with open(stamp_file, "w", encoding="ascii") as file:
        file.write(stamp)
    return 0


sys.exit(main())
