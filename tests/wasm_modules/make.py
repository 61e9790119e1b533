#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py - makes modules.h from the sources of this folder.

WAT by wat2wasm, C by clang and wasm-ld, as a user would: a small stack first, memory of
one page, names kept. usage: make.py [OUTPUT]; exit code 77 when a tool is missing.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
C_FLAGS = ["--target=wasm32", "-O1", "-ffreestanding", "-fno-ident",
           "-fvisibility=hidden", "-mno-sign-ext", "-Wall", "-Wextra", "-Werror",
           "-Wno-infinite-recursion", "-c"]
# Linked by hand: clang would have wasm-opt, where there is one, take the names away.
LD_FLAGS = ["--no-entry", "--export-dynamic", "--export=__heap_base", "-z",
            "stack-size=4096", "--stack-first"]


def run(*command):
    subprocess.run(command, check=True, cwd=HERE)


def make(source, target):
    if source.endswith(".wat"):
        run("wat2wasm", "--debug-names", source, "-o", target)
    else:
        run("clang", *C_FLAGS, os.path.basename(source), "-o", target + ".o")
        run("wasm-ld", *LD_FLAGS, target + ".o", "-o", target)
    with open(target, "rb") as file:
        return file.read()


def rows(data):
    line = "   "
    for byte in data:
        word = f" {byte},"
        if len(line) + len(word) > 88:
            yield line
            line = "   "
        line += word
    yield line


def main():
    for tool in ("wat2wasm", "clang", "wasm-ld"):
        if shutil.which(tool) is None:
            print(f"make.py: {tool} is missing (apt install wabt clang lld)",
                  file=sys.stderr)
            return 77
    out = ["/* SPDX-License-Identifier: Apache-2.0 */",
           "/* modules.h - the modules of this folder, made by make.py. */",
           "#ifndef MK_TESTS_WASM_MODULES_MODULES_H",
           "#define MK_TESTS_WASM_MODULES_MODULES_H", "", "#include <stdint.h>", "",
           "/* clang-format off */"]
    sources = sorted(glob.glob(HERE + "/*.wat") + glob.glob(HERE + "/*.c"))
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            name = os.path.splitext(os.path.basename(source))[0]
            data = make(source, os.path.join(folder, name + ".wasm"))
            out.append(f"static const uint8_t {name}_module[] = {{")
            out.extend(rows(data))
            out.append("};")
    out += ["/* clang-format on */", "", "#endif", ""]
    target = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "modules.h")
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(out))
    return 0


sys.exit(main())
