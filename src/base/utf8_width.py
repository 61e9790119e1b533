#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes utf8_width.def: which scalars take no column on a terminal, and which take two.

Facts used, all from the Unicode Character Database as Python carries it:
  no column   general category Mn, Me or Cf, except U+00AD (drawn as a hyphen) and the
              prepended signs of Arabic, Syriac and Kaithi (drawn around digits);
              Hangul vowels and finals (U+1160..11FF, U+D7B0..D7FB), which join the
              syllable before them
  two columns East_Asian_Width W or F; also the unassigned rest of the blocks that UAX #11
              reserves for ideographs (planes 2 and 3, U+3400..4DBF, U+4E00..9FFF,
              U+F900..FAFF)
The planes from U+20000 on are not in the table but two comparisons in utf8.c; this
script stops if the facts no longer agree with them.
Unassigned scalars between two ranges of one kind belong to neither, so the ranges are
joined across them: the table is shorter and later versions of Unicode fill those gaps
with the same kind.

Usage: utf8_width.py > utf8_width.def     make the table
       utf8_width.py --check FILE         exit 1 unless FILE is what would be made
"""
import sys
import unicodedata

VERSION = "14.0.0"
PREPENDED = set(range(0x600, 0x606)) | {0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
              (0x20000, 0x2FFFD), (0x30000, 0x3FFFD))


def kind(scalar):
    """0, 1 or 2 columns; None where Unicode has not decided."""
    char = chr(scalar)
    category = unicodedata.category(char)
    if 0x1160 <= scalar <= 0x11FF or 0xD7B0 <= scalar <= 0xD7FB:
        return 0
    if category in ("Mn", "Me", "Cf") and scalar != 0xAD and scalar not in PREPENDED:
        return 0
    if any(first <= scalar <= last for first, last in IDEOGRAPHS):
        return 2
    if category == "Cn":
        return None
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def ranges(wanted):
    found = []
    is_open = False
    for scalar in range(0x110000):
        what = kind(scalar)
        if what == wanted:
            if is_open:
                found[-1][1] = scalar
            else:
                found.append([scalar, scalar])
                is_open = True
        elif what is not None:
            is_open = False
    return found


def rows(macro, wanted):
    line = ""
    for first, last in ranges(wanted):
        if first >> 16 > 1:
            continue
        assert first >> 16 == last >> 16
        row = "%s%d(0x%04X, 0x%04X)" % (macro, first >> 16, first & 0xFFFF, last & 0xFFFF)
        if len(line) + 1 + len(row) > 88:
            yield line
            line = ""
        line = line + " " + row if line else row
    yield line


def check_high_planes():
    assert [r for r in ranges(0) if r[0] > 0x1FFFF] == [[0xE0001, 0xE01EF]]
    assert [r for r in ranges(2) if r[0] > 0x1FFFF] == [[0x20000, 0x3FFFD]]


def table():
    check_high_planes()
    return "\n".join([
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* utf8_width.def - made by utf8_width.py from Unicode %s; do not edit." % VERSION,
        " * ZERO<plane>(first, last): no column. WIDE<plane>(first, last): two columns.",
        " * Low 16 bits of the scalars, inclusive, sorted; planes 0 and 1. */",
        *rows("ZERO", 0),
        "",
        *rows("WIDE", 2),
    ]) + "\n"


def main():
    if unicodedata.unidata_version != VERSION:
        sys.exit("this Python has Unicode %s, the table is made from %s"
                 % (unicodedata.unidata_version, VERSION))
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        with open(sys.argv[2], encoding="ascii") as file:
            if file.read() != table():
                sys.exit("%s is not what utf8_width.py makes" % sys.argv[2])
    else:
        sys.stdout.write(table())


main()
