#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sdk_bindings - what guests see of the host, in each language of sdk/.

From src/wasm_actor/host_table.def: the functions with their arguments, whose names stand
in the row's meaning and say what they are (ARGUMENTS below). From message_ids.def: the
numbers of messages. make_tables writes the files and checks that they are current.

usage: sdk_bindings.py calls c|rust|assemblyscript|zig
prints a module that calls every function once, so that a compiler and the host's linker
can be asked whether all of them are declared as the host has them.
"""

import re
import sys

from def_files import rows_of
from project_files import read

HOST_TABLE = "src/wasm_actor/host_table.def"
MESSAGE_IDS = "include/microkernel/message_ids.def"

# What an argument is, by its name: an id, a number, bytes or text that are read, bytes
# that are written, ids or one number that are written (where 0 means: not wanted).
ARGUMENTS = {
    "id": "dest id",
    "int": "type size len cap max value ms timeout_ms level mailbox",
    "bytes": "payload data bytes",
    "text": "text name prefix key path url",
    "room": "buf",
    "ids": "ids",
    "int_out": "type_out size_out count_out status_out",
    "id_out": "source_out",
}
KIND_OF = {name: kind for kind, names in ARGUMENTS.items() for name in names.split()}
LETTER_OF = {"id": "I"}  # the others are i

TYPES = {
    "c": {"id": "int64_t ", "int": "int32_t ", "bytes": "const void *", "text": "const char *",
          "room": "void *", "ids": "int64_t *", "int_out": "int32_t *",
          "id_out": "int64_t *", "i": "int32_t ", "I": "int64_t ", "": "void "},
    "rust": {"id": "i64", "int": "i32", "bytes": "*const u8", "text": "*const u8",
             "room": "*mut u8", "ids": "*mut i64", "int_out": "*mut i32",
             "id_out": "*mut i64", "i": " -> i32", "I": " -> i64", "": ""},
    "assemblyscript": {"id": "i64", "int": "i32", "bytes": "usize", "text": "usize",
                       "room": "usize", "ids": "usize", "int_out": "usize",
                       "id_out": "usize", "i": "i32", "I": "i64", "": "void"},
    "zig": {"id": "i64", "int": "i32", "bytes": "?[*]const u8", "text": "?[*]const u8",
            "room": "?[*]u8", "ids": "?[*]i64", "int_out": "?*i32", "id_out": "?*i64",
            "i": "i32", "I": "i64", "": "void"},
    "go": {"id": "int64", "int": "int32", "bytes": "*byte", "text": "*byte",
           "room": "*byte", "ids": "*int64", "int_out": "*int32", "id_out": "*int64",
           "i": " int32", "I": " int64", "": ""},
}
# The names of arguments that are words of a language, there.
RENAMED = {"rust": {"type": "kind"}, "zig": {"type": "kind"}, "go": {"type": "kind"}}


class Function:
    """One row: arguments as (name, kind), the letter of the result or '', the text."""

    def __init__(self, row):
        self.name, signature, self.grant, _, meaning = row
        letters, _, self.result = signature.partition(":")
        match = re.match(r"\(([\w, ]*)\)(?:: )?(.*)", meaning)
        names = [n for n in re.split(r", *", match.group(1)) if n] if match else None
        if names is None or [LETTER_OF.get(KIND_OF.get(n), "i") for n in names] != list(letters):
            raise ValueError(f"{HOST_TABLE}: {self.name}: the arguments in '{meaning}' are "
                             f"not those of the signature '{signature}'")
        for name in names:
            if name not in KIND_OF:
                raise ValueError(f"{HOST_TABLE}: {self.name}: what is '{name}'? "
                                 "tools/sdk_bindings.py says what arguments are")
        self.arguments = [(name, KIND_OF[name]) for name in names]
        self.meaning = match.group(2)

    def listed(self, language, form):
        """The arguments, each in `form` with {name} and {type}."""
        renamed = RENAMED.get(language, {})
        return ", ".join(form.format(name=renamed.get(name, name), type=TYPES[language][kind])
                         for name, kind in self.arguments)

    def result_type(self, language):
        return TYPES[language][self.result]

    def comment(self):
        needs = "" if self.grant in ("MESSAGES", "LOG", "TIME", "STATE") else \
            f"needs the grant '{self.grant.lower()}'"
        return "; ".join(part for part in (self.meaning, needs) if part)


def functions():
    return [Function(row) for row in rows_of(read(HOST_TABLE), "HOST_FUNCTION")]


def messages():
    """(name, number as i32, its usual spelling)"""
    found = []
    for row in rows_of(read(MESSAGE_IDS), "MK_MESSAGE"):
        number = int(row[1].rstrip("u"), 0)
        spelling = f"0x{number:08X}" if number > 0xFFFF else str(number)
        found.append((row[0], number - (number >> 31 << 32), spelling))
    return found


def note(comment):
    return [f"{comment} SPDX-License-Identifier: Apache-2.0",
            f"{comment} The host's functions and the numbers of messages; written by",
            f"{comment} tools/make_tables. What they do: docs/reference/guest.md."]


def c_header():
    out = ["/* SPDX-License-Identifier: Apache-2.0 */",
           "/* host.h - the host's functions and the numbers of messages; written by",
           " * tools/make_tables. What they do: docs/reference/guest.md. */",
           "#ifndef MICROKERNEL_SDK_HOST_H", "#define MICROKERNEL_SDK_HOST_H", "",
           "#include <stdint.h>", "", "/* clang-format off */",
           "#define MK_IMPORT(name) __attribute__((import_module(\"env\"), import_name(#name)))",
           ""]
    for f in functions():
        out += [f"MK_IMPORT({f.name})",
                f"{f.result_type('c')}{f.name}({f.listed('c', '{type}{name}') or 'void'});"]
    out += [""]
    out += [f"#define {name} ((int32_t){number}) /* {spelling} */" if number < 0 else
            f"#define {name} {number}" for name, number, spelling in messages()]
    out += ["/* clang-format on */", "", "#endif"]
    return out


def rust_module():
    out = note("//!")
    out += ["", "#[link(wasm_import_module = \"env\")]", "extern \"C\" {"]
    for f in functions():
        out += [f"    /// {f.comment()}"] if f.comment() else []
        out += [f"    pub fn {f.name}({f.listed('rust', '{name}: {type}')})"
                f"{f.result_type('rust')};"]
    out += ["}", ""]
    out += [f"pub const {name}: i32 = {number};" + (f" // {spelling}" if number < 0 else "")
            for name, number, spelling in messages()]
    return out


def assemblyscript_module():
    out = note("//") + [""]
    for f in functions():
        out += [f"/** {f.comment()} */"] if f.comment() else []
        out += ["// @ts-ignore: decorator", f"@external(\"env\", \"{f.name}\")",
                f"export declare function {f.name}("
                f"{f.listed('assemblyscript', '{name}: {type}')}): "
                f"{f.result_type('assemblyscript')};"]
    out += [""]
    out += [f"export const {name}: i32 = {number};" + (f" // {spelling}" if number < 0 else "")
            for name, number, spelling in messages()]
    return out


def zig_module():
    out = note("//!") + [""]
    for f in functions():
        out += [f"/// {f.comment()}"] if f.comment() else []
        out += [f"pub extern \"env\" fn {f.name}({f.listed('zig', '{name}: {type}')}) "
                f"{f.result_type('zig')};"]
    out += [""]
    out += [f"pub const {name}: i32 = {number};" + (f" // {spelling}" if number < 0 else "")
            for name, number, spelling in messages()]
    return out


def go_file():
    out = note("//") + ["", "package microkernel", ""]
    for f in functions():
        out += [f"// {f.name}: {f.comment()}".rstrip(": "), "//",
                f"//go:wasmimport env {f.name}",
                f"func {f.name}({f.listed('go', '{name} {type}')}){f.result_type('go')}", ""]
    out += ["const ("]
    width = max(len(name) for name, _, _ in messages())
    out += [f"\t{name:<{width}} int32 = {number}" + (f" // {spelling}" if number < 0 else "")
            for name, number, spelling in messages()]
    out += [")"]
    return out


def guest_page():
    out = ["# Functions for guests",
           f"<!-- Written by tools/make_tables from {HOST_TABLE}; change that and run "
           "`./dev docs`. -->", "",
           "What a WASM module may import from `env`. i32 unless it says otherwise; ids are "
           "i64. A pointer and its length are one range, and one that leaves the memory "
           "traps; a single result whose address is 0 is not wanted. `default` rights are "
           "given to every module, the others with `load --grant` or by the program that "
           "starts it.", "",
           "| function | arguments | result, effect | right |", "|---|---|---|---|"]
    for f in functions():
        names = ", ".join(name for name, _ in f.arguments)
        result = {"I": "i64: ", "i": "", "": ""}[f.result] + f.meaning
        right = f.grant.lower()
        if right in ("messages", "log", "time", "state"):
            right = f"{right} (default)"
        out.append(f"| `{f.name}` | {names} | {result} | {right} |")
    return out


def pages():
    """path -> text; ValueError when a row does not say what it has to."""
    made = {"sdk/c/host.h": c_header(), "sdk/rust/src/host.rs": rust_module(),
            "sdk/assemblyscript/assembly/host.ts": assemblyscript_module(),
            "sdk/zig/host.zig": zig_module(), "sdk/tinygo/host.go": go_file(),
            "docs/reference/guest.md": guest_page()}
    return {path: "\n".join(lines) + "\n" for path, lines in made.items()}


# --- a module that calls everything ----------------------------------------------------

def calls(language):
    pointers = {"rust": "core::ptr::null()", "zig": "null"}
    mutable = {"rust": "core::ptr::null_mut()"}

    def zero(kind):
        if kind in ("id", "int"):
            return "0"
        if kind in ("bytes", "text"):
            return pointers.get(language, "0")
        return mutable.get(language, pointers.get(language, "0"))

    lines = {
        "c": ('#include "microkernel.h"', "MK_EXPORT(handle_message)",
              "int32_t handle_message(int32_t t, int64_t s, const void *p, int32_t n) {",
              "    (void)t; (void)s; (void)p; (void)n;", "    {call};", "    return 1;", "}"),
        "rust": ("#![no_std]", "use microkernel::host::*;", "#[no_mangle]",
                 'pub unsafe extern "C" fn handle_message(_: i32, _: i64, _: *const u8, _: i32) '
                 "-> i32 {", "    let _ = {call};", "    1", "}"),
        "assemblyscript": ('import * as mk from "../assembly/host";',
                           'export { malloc, free } from "../assembly/index";',
                           "export function handle_message(t: i32, s: i64, p: usize, n: i32): "
                           "i32 {", "  mk.{call};", "  return 1;", "}"),
        "zig": ('const mk = @import("microkernel").host;',
                "export fn handle_message(_: i32, _: i64, _: ?[*]const u8, _: i32) i32 {",
                "    _ = mk.{call};", "    return 1;", "}"),
    }[language]
    for line in lines:
        if "{call}" not in line:
            print(line)
            continue
        for f in functions():
            arguments = ", ".join(zero(kind) for _, kind in f.arguments)
            print(line.replace("{call}", f"{f.name}({arguments})"))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "calls" or sys.argv[2] not in TYPES:
        sys.exit(__doc__)
    calls(sys.argv[2])
