#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_exports.py OURS THEIRS - two outputs of run_exports, module by module.

Behind an exhausted stack the rest of a module does not count: engines have stacks of
different depth. Prints what differs and a summary; exit code 1 when something does.
"""

import sys


def modules_of(path):
    modules = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("module "):
                lines = modules.setdefault(line[7:], [])
            else:
                lines.append(line)
    return modules


def main():
    ours, theirs = modules_of(sys.argv[1]), modules_of(sys.argv[2])
    compared = differing = traps = 0
    if ours.keys() != theirs.keys() or not ours:
        print(f"modules: {len(ours)} here, {len(theirs)} there")
        differing += 1
    for name in sorted(ours.keys() & theirs.keys()):
        here, there = ours[name], theirs[name]
        for mine, other in zip(here, there):
            if " trap stack" in mine or " trap stack" in other:
                break
            compared += 1
            traps += " trap " in mine
            if mine != other:
                print(f"{name}: here {mine!r}, there {other!r}")
                differing += 1
                break
        else:
            if len(here) != len(there):
                print(f"{name}: {len(here)} lines here, {len(there)} there")
                differing += 1
    print(f"compared {compared} calls of {len(ours)} modules, {traps} of them trapped, "
          f"{differing} modules differ")
    return 1 if differing else 0


sys.exit(main())
