# SPDX-License-Identifier: Apache-2.0
"""def_files - the rows of .def files, for the tools that make something of them."""

import re


def rows_of(text, macro):
    """The arguments of each macro(...) of a .def file, strings unquoted."""
    plain = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    rows = []
    for match in re.finditer(rf"\b{macro}\s*\(", plain):
        arguments, word, depth, position, string = [], "", 1, match.end(), False
        while depth:
            char = plain[position]
            if string:
                if char == "\\":
                    word += plain[position:position + 2]
                    position += 2
                    continue
                string = char != '"'
            elif char == '"':
                string = True
            elif char in "({":
                depth += 1
            elif char in ")}":
                depth -= 1
            if depth == 1 and char == "," and not string:
                arguments.append(word)
                word = ""
            elif depth:
                word += char
            position += 1
        rows.append([unquoted(a) for a in arguments + [word]])
    return rows


def unquoted(argument):
    argument = argument.strip()
    pieces = re.findall(r'"((?:[^"\\]|\\.)*)"', argument)
    if argument.startswith('"'):
        return "".join(pieces).replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    return argument
