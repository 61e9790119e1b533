#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh DRIVER [--tsv] [--quick] - the wasm engine against native code, and its actors.
#
# Compiles workloads/ to wasm32 with clang and to shared objects with gcc -O2, lets DRIVER
# measure them, lets crowd beside it measure actors, and counts executed instructions with valgrind's cachegrind, which noise
# cannot change. What is not installed is named and left out.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
driver=$1
shift
tsv=""
quick=""
for argument in "$@"; do
    case $argument in
    --tsv) tsv=1 ;;
    --quick) quick=1 ;;
    *) echo "run.sh: unknown option $argument" >&2; exit 2 ;;
    esac
done

for tool in clang:clang wasm-ld:lld gcc:gcc; do
    if ! command -v "${tool%%:*}" >/dev/null; then
        echo "SKIPPED: the wasm bench needs ${tool%%:*} (apt-get install ${tool##*:})" >&2
        exit 0
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for source in "$here"/workloads/*.c; do
    name=$(basename "$source" .c)
    features=()
    [ "$name" != bulk ] || features=(-mbulk-memory)
    clang --target=wasm32 -O2 -nostdlib -fno-builtin -ffreestanding ${features[@]+"${features[@]}"} \
        -Wl,--no-entry -Wl,--allow-undefined -Wl,-z,stack-size=16384 -Wl,--export=run \
        -o "$work/$name.wasm" "$source"
    gcc -O2 -ffreestanding -fno-builtin -fPIC -shared -o "$work/$name.so" "$source"
done
clang --target=wasm32 -O2 -nostdlib -ffreestanding -Wl,--no-entry -Wl,--export=__heap_base \
    -Wl,-z,stack-size=1024 -o "$work/echo.wasm" "$here/actors/echo.c"
"$driver" "$work" "$@"
"$(dirname "$driver")/crowd" "$work" "$@"

if ! command -v valgrind >/dev/null; then
    echo "SKIPPED: counting instructions needs valgrind (apt-get install valgrind)" >&2
    exit 0
fi
instructions() { # SIDE NAME N
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
        "$driver" "$work" --once "$1" "$2" "$3" 2>&1 |
        sed -n 's/.*I *refs: *\([0-9,]*\)/\1/p' | tr -d ,
}
# Work small enough for cachegrind and large enough to hide nothing but the work.
counts="fib=22 sha256=1 coremix=40 matmul=1 mandel=20 json=5 hash64=120 memcopy=80 sieve=4
    brtable=10 icall=60 qsort=1 hostcall=100 bulk=4"
[ -z "$quick" ] || counts="fib=10"
for pair in $counts; do
    name=${pair%=*}
    count=${pair#*=}
    ours=$(($(instructions ours "$name" "$count") - $(instructions ours "$name" 0)))
    native=$(($(instructions native "$name" "$count") - $(instructions native "$name" 0)))
    echo "$name $ours $native"
done | awk -v tsv="$tsv" '
    { ratio = $2 / $3; sum += log(ratio); count++
      if (tsv) printf "wasm_instr_%s\t%d\tinstructions\t%d\t%.3f\n", $1, $2, $3, ratio
      else printf "wasm_instr %-9s %12d %12d native %8.2f\n", $1, $2, $3, ratio }
    END { mean = exp(sum / count)
      if (tsv) printf "wasm_instr\t%.3f\tx\t8.0\t%.3f\n", mean, mean / 8
      else printf "wasm_instr   %12.2f x      goal <= 8.0%s\n", mean, mean <= 8 ? "" : "  missed" }'
