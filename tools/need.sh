# SPDX-License-Identifier: Apache-2.0
# need.sh - sourced by ./dev: makes sure that what a command needs is installed.
#
#   need PURPOSE PACKAGE:PROBE...
#   need_if_known PURPOSE PACKAGE:PROBE...
#
# PROBE is a command, or a file pattern when it begins with a slash. What is missing is installed
# with apt-get, as root or through sudo, said on standard error and never asked on
# standard input. Where that cannot work, the command that would is printed.

need_is_there() { # need_is_there PROBE
    case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Prints how to become root, or fails: sudo asks on the terminal, never on stdin.
need_root() {
    if [ "$(id -u)" = 0 ]; then
        echo ""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        echo "sudo -n"
    elif command -v sudo >/dev/null 2>&1 && [ -t 2 ] && [ -r /dev/tty ]; then
        echo "sudo"
    else
        return 1
    fi
}

need_apt() { # need_apt ROOT ARGUMENT...
    local root=$1
    shift
    $root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null >&2
}

# No pipe into grep -q: with pipefail it fails when grep has seen enough before the end.
need_is_known() { # need_is_known PACKAGE: by this system's lists
    [[ $(LC_ALL=C apt-cache policy "$1" 2>/dev/null) =~ 'Candidate: '[0-9] ]]
}

# need_if_known PURPOSE PACKAGE:PROBE...: the same, but only those packages which this
# system's lists know; fails when something is missing afterwards.
need_if_known() {
    local purpose=$1 entry known=() all=1
    shift
    for entry in "$@"; do
        if need_is_there "${entry#*:}"; then
            continue
        elif need_is_known "${entry%%:*}"; then
            known+=("$entry")
        else
            all=0
        fi
    done
    [ ${#known[@]} = 0 ] || need "$purpose" "${known[@]}" || return 1
    [ $all = 1 ]
}

need() {
    local purpose=$1 entry missing=() root
    shift
    for entry in "$@"; do
        need_is_there "${entry#*:}" || missing+=("${entry%%:*}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local by_hand="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "dev: ${purpose} needs: ${missing[*]} (Debian's names). There is no apt-get here; install them with this system's package manager, then run the same command again." >&2
        return 1
    fi
    if ! root=$(need_root); then
        echo "dev: ${purpose} needs: ${missing[*]}. As root, run: ${by_hand}" >&2
        return 1
    fi
    echo "dev: ${purpose} needs ${missing[*]}: installing with ${root:+$root }apt-get" >&2
    local name
    for name in "${missing[@]}"; do
        if ! need_is_known "$name"; then
            need_apt "$root" update || true
            break
        fi
    done
    if ! need_apt "$root" install -y --no-install-recommends "${missing[@]}"; then
        # Package lists may be older than what the mirror still has.
        need_apt "$root" update || true
        if ! need_apt "$root" install -y --no-install-recommends "${missing[@]}"; then
            [ -z "$root" ] || by_hand="$root sh -c '$by_hand'"
            echo "dev: could not install ${missing[*]}. When the network is there, run: $by_hand" >&2
            return 1
        fi
    fi
    hash -r
}
