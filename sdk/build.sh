#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh - compiles the actors of this folder, for the tests and as an example of how.
#
#   sdk/build.sh [--fetch] [--out FOLDER] [LANGUAGE...]
#
# LANGUAGE is c, rust, assemblyscript or zig; all unless named. FOLDER (build/sdk of the
# tree unless told) gets <language>/<actor>.wasm for
#
#   echo, dialog   the actors of that language's folder
#   listing        the first block of code in its README.md
#   every          a module that calls each function of the host
#
# and rust/plain.wasm and readme.wasm, which are the listings of sdk/rust/README.md and of
# the tree's README.md with rustc's own settings. --fetch has npm install the two compilers that come from there, in FOLDER. A language whose compiler is
# not there is SKIPPED, with the command that would help. What is newer than its sources
# is not made again.
# The last line is "sdk/build: N passed, N failed, N skipped", counting languages.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
out=$root/build/sdk
fetch=""
languages=()
while [ $# -gt 0 ]; do
    case $1 in
    --fetch) fetch=1 ;;
    --out) out=${2:?--out wants a folder}; shift ;;
    c | rust | assemblyscript | zig) languages+=("$1") ;;
    *) sed -n '3,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    esac
    shift
done
[ ${#languages[@]} -gt 0 ] || languages=(c rust assemblyscript zig)
mkdir -p "$out" && out=$(cd "$out" && pwd)
exec 9>"$out/lock"
flock 9

missing() { # missing WHY: the language cannot be compiled here
    echo "SKIPPED $language: $1"
    return 77
}

listing() { # listing FENCE [FILE]: the first block with that fence, in the language's README
    awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```/ && on { exit } on' \
        "${2:-$here/$language/README.md}"
}

every() {
    PYTHONDONTWRITEBYTECODE=1 python3 "$root/tools/sdk_bindings.py" calls "$language"
}

# Debug information of a compiler's own library; function names stay.
slim() { # slim FILE...
    local file strip
    strip=$(command -v llvm-objcopy || command -v llvm-objcopy-14) || return 0
    for file in "$@"; do "$strip" --strip-debug "$file"; done
}

# --- C ----------------------------------------------------------------------------
# wasm-ld is called by hand: clang would have wasm-opt, where there is one, take the
# names away.
compile_c() { # compile_c SOURCE TARGET
    clang --target=wasm32 -O2 -ffreestanding -fno-ident -fvisibility=hidden -mbulk-memory \
        -Wall -Wextra -Werror -I "$here/c" -c "$1" -o "$2.o" &&
        wasm-ld --no-entry --stack-first -z stack-size=4096 --export=__heap_base "$2.o" -o "$2"
}

build_c() {
    local actor
    command -v clang >/dev/null && command -v wasm-ld >/dev/null ||
        missing "no clang, or no wasm-ld (apt-get install clang lld)" || return
    compiler=$(clang --version | head -n 1)
    listing C >listing.c && every >every.c &&
        sed -i '1i #include "microkernel.h"' listing.c || return 1
    for actor in "$here/c/echo.c" "$here/c/dialog.c" listing.c every.c; do
        compile_c "$actor" "$(basename "$actor" .c).wasm" || return 1
    done
}

# --- Rust -------------------------------------------------------------------------
find_rustc() { # one that has the library for this target
    local candidate library
    for candidate in ${RUSTC:+"$RUSTC"} /usr/bin/rustc $(command -v rustc); do
        library=$("$candidate" --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) || continue
        if compgen -G "$library/libcore-*.rlib" >/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

compile_rust() { # compile_rust RUSTC SOURCE TARGET [OPTION...]: one page of memory
    "$1" --target wasm32-unknown-unknown --edition 2021 --crate-type cdylib \
        -C opt-level=2 -C panic=abort -C lto -D warnings \
        -C link-arg=-zstack-size=4096 -C link-arg=--stack-first \
        -C link-arg=--initial-memory=65536 -C link-arg=--export=__heap_base \
        -o "$3" "${@:4}" "$2"
}

build_rust() {
    local rustc actor
    rustc=$(find_rustc) ||
        missing "no rustc has the target wasm32-unknown-unknown (apt-get install rustc libstd-rust-dev-wasm32)" || return
    compiler="$rustc, $("$rustc" --version)"
    listing rust >listing.rs && listing rust "$root/README.md" >readme.rs && every >every.rs || return 1
    "$rustc" --target wasm32-unknown-unknown --edition 2021 --crate-type rlib \
        --crate-name microkernel -C opt-level=2 -C panic=abort -D warnings \
        --cfg 'feature="panic-handler"' -o libmicrokernel.rlib "$here/rust/src/lib.rs" || return 1
    for actor in "$here/rust/examples/echo.rs" "$here/rust/examples/dialog.rs" every.rs; do
        compile_rust "$rustc" "$actor" "$(basename "$actor" .rs).wasm" \
            --extern microkernel=libmicrokernel.rlib || return 1
    done
    compile_rust "$rustc" listing.rs listing.wasm &&
        "$rustc" --target wasm32-unknown-unknown -O -o plain.wasm listing.rs &&
        "$rustc" --target wasm32-unknown-unknown -O -o readme.wasm readme.rs || return 1
    slim ./*.wasm
}

# --- from npm ---------------------------------------------------------------------
fetched() { # fetched FILE: what npm installs for this language is there
    if [ -e "node_modules/$1" ] && cmp -s "$here/$language/package-lock.json" node_modules/.lock; then
        return 0
    fi
    rm -rf node_modules
    local by_hand="sdk/build.sh --fetch $language"
    command -v node >/dev/null && command -v npm >/dev/null ||
        missing "no node, or no npm (apt-get install nodejs npm)" || return
    cp "$here/$language"/{package.json,package-lock.json,.npmrc} . || return 1
    [ -n "$fetch" ] || missing "its compiler is not here yet; it comes from npm ($by_hand)" || return
    # Not "npm ci": it wants the compilers of all other systems in the lock file, too.
    npm install --no-audit --no-fund --ignore-scripts --fetch-retries=1 >npm.log 2>&1 </dev/null ||
        { tail -n 5 npm.log; missing "npm could not install its compiler ($by_hand)"; } || return
    cp "$here/$language/package-lock.json" node_modules/.lock
}

build_assemblyscript() {
    local asc=node_modules/assemblyscript/bin/asc.js actor
    fetched assemblyscript/bin/asc.js || return
    compiler="asc $(node "$asc" --version)"
    rm -rf assembly examples
    cp -r "$here/assemblyscript"/{assembly,examples,asconfig.json} . || return 1
    listing ts | sed 's|"microkernel-actor"|"../assembly/index"|' >examples/listing.ts &&
        every >examples/every.ts || return 1
    for actor in echo dialog listing every; do
        node "$asc" "examples/$actor.ts" --config asconfig.json --outFile "$actor.wasm" || return 1
    done
    # All of the package, also what no actor here uses.
    node "$asc" assembly/index.ts --config asconfig.json --outFile package.wasm.all
}

compile_zig() { # compile_zig SOURCE TARGET
    "$PWD/node_modules/.bin/zig" build-exe -target wasm32-freestanding -fno-entry -rdynamic \
        -O ReleaseSmall -fno-strip --stack 4096 --export=__heap_base "-femit-bin=$2" \
        --dep microkernel "-Mroot=$1" "-Mmicrokernel=$here/zig/microkernel.zig"
}

build_zig() {
    local actor
    fetched .bin/zig || return
    export ZIG_GLOBAL_CACHE_DIR=$PWD/cache ZIG_LOCAL_CACHE_DIR=$PWD/cache
    compiler="zig $("$PWD/node_modules/.bin/zig" version)"
    listing zig >listing.zig && every >every.zig || return 1
    # The compiler looks at no function that nobody uses.
    cat >>every.zig <<'END'
comptime {
    const sdk = @import("microkernel");
    for (@typeInfo(sdk).@"struct".decls) |declared| {
        _ = &@field(sdk, declared.name);
    }
}
END
    for actor in "$here/zig/echo.zig" "$here/zig/dialog.zig" listing.zig every.zig; do
        compile_zig "$actor" "$(basename "$actor" .zig).wasm" || return 1
    done
    slim ./*.wasm
}

# ----------------------------------------------------------------------------------
# What the modules of a language are made from.
sources() {
    cat "$here/build.sh" "$root/README.md" "$root/tools/sdk_bindings.py" "$root/src/wasm_actor/host_table.def" \
        $(find "$here/$language" -type f | LC_ALL=C sort) | cksum
}

passed=0 failed=0 skipped=0
for language in "${languages[@]}"; do
    compiler=""
    mkdir -p "$out/$language" && cd "$out/$language" || exit 1
    if [ -f done ] && [ "$(head -n 1 done)" = "$(sources)" ]; then
        echo "$language: $(tail -n 1 done), as before"
        passed=$((passed + 1))
        continue
    fi
    rm -f done ./*.wasm
    "build_$language" >build.log 2>&1
    case $? in
    0)
        printf '%s\n' "$(sources)" "$compiler" >done
        echo "$language: $compiler"
        passed=$((passed + 1))
        ;;
    77)
        cat build.log
        skipped=$((skipped + 1))
        ;;
    *)
        cat build.log
        echo "FAIL $language"
        failed=$((failed + 1))
        ;;
    esac
done
echo "sdk/build: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
