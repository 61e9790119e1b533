#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py - writes ../modules.h from the .wat files here. Needs wat2wasm (Debian: wabt);
run it after changing one of them."""

import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["--enable-multi-memory", "--enable-tail-call", "--debug-names"]


def main():
    lines = ["/* SPDX-License-Identifier: Apache-2.0 */",
             "/* modules.h - the modules of modules/<name>.wat, made by modules/make.py. */",
             "#ifndef MK_TESTS_WASM_MODULES_H", "#define MK_TESTS_WASM_MODULES_H", "",
             "#include <stdint.h>", "", "/* clang-format off */"]
    for name in sorted(os.listdir(HERE)):
        if not name.endswith(".wat"):
            continue
        flags = FLAGS if name != "small.wat" else FLAGS[:2]
        done = subprocess.run(["wat2wasm", *flags, os.path.join(HERE, name), "-o",
                               "/dev/stdout"], check=True, capture_output=True)
        numbers = [str(byte) for byte in done.stdout]
        lines.append(f"static const uint8_t {name[:-4]}_module[] = {{")
        line = "   "
        for number in numbers:
            if len(line) + len(number) + 2 > 88:
                lines.append(line)
                line = "   "
            line += f" {number},"
        lines += [line, "};"]
    lines += ["/* clang-format on */", "", "#endif"]
    with open(os.path.join(HERE, "..", "modules.h"), "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")


main()
