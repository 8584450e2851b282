#!/bin/sh
# Builds lychgate and installs its three binaries for this user.
#
#   ./install.sh [--prefix DIR] [--dry-run]   build, install (~/.local/bin)
#   ./install.sh --demo [--prefix DIR]        the same, then see it at work
#   ./install.sh --uninstall [--prefix DIR] [--dry-run]
#
# --static builds programs that need no library where they run.
# --dry-run says what would be done. CARGO_TARGET_DIR is where cargo builds.
# Safe to run again. No network but what cargo needs to fetch the dependencies.
set -eu

programs='lychgate lychgated lychgate-hook'
prefix=${HOME:+$HOME/.local}
what=install
dry=
static=

usage() {
    sed -n 's/^# \{0,1\}//; 2,10p' "$0"
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ -n "${2-}" ] || fail '--prefix needs a folder' 2
            prefix=$2
            shift
            ;;
        --prefix=*)
            prefix=${1#--prefix=}
            [ -n "$prefix" ] || fail '--prefix needs a folder' 2
            ;;
        --dry-run) dry=yes ;;
        --static) static=1 ;;
        --uninstall) what=uninstall ;;
        --demo) what=demo ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "unknown option $1 (see --help)" 2 ;;
    esac
    shift
done
[ -n "$prefix" ] || fail 'there is no HOME: name a folder with --prefix DIR' 2
case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
esac
bin=$prefix/bin
case $0 in
    */*) top=$(CDPATH='' cd -- "${0%/*}/" && pwd) ;;
    *) top=$PWD ;;
esac

# Says what is done, and does it unless this is a dry run.
act() {
    printf '  %s\n' "$*"
    [ -n "$dry" ] || "$@"
}

# Names everything that is missing at once, with what would bring it.
check_tools() {
    missing=
    command -v cargo >/dev/null 2>&1 ||
        missing="$missing
  cargo: install Rust from https://rustup.rs or your distribution"
    command -v git >/dev/null 2>&1 ||
        missing="$missing
  git: install it from your distribution"
    command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 ||
        missing="$missing
  cc: Rust links with it (Debian: apt install gcc libc6-dev)"
    [ -z "$missing" ] || fail "nothing was installed; this machine lacks:$missing"
    [ -f "$top/crates/cli/Cargo.toml" ] ||
        fail "nothing was installed; no source in $top: run it where it was cloned"
}

install_programs() {
    check_tools
    printf 'building (cargo build --release --locked%s)\n' "${static:+, static}"
    target=${CARGO_TARGET_DIR:-$top/target}
    case $target in
        /*) ;;
        *) target=$top/$target ;;
    esac
    # Cargo does not see what .cargo/rustc-static-hook adds: what is built so has its own folder.
    target=$target${static:+/static}
    built=$target${CARGO_BUILD_TARGET:+/$CARGO_BUILD_TARGET}/release
    if [ -z "$dry" ]; then
        # Wherever this user's own configuration of cargo builds to.
        (cd "$top" && LYCHGATE_STATIC=$static cargo build --release --locked --target-dir "$target" \
            -p lychgate -p lychgated -p lychgate-hook)
        [ -x "$built/lychgate" ] ||
            fail "nothing was installed: cargo did not build to $built (see its build.target)"
    fi
    printf 'installing to %s\n' "$bin"
    act mkdir -p "$bin"
    for program in $programs; do
        if [ -z "$dry" ] && [ -x "$bin/$program" ] && cmp -s "$built/$program" "$bin/$program"; then
            printf '  %s is there already\n' "$bin/$program"
            chmod 555 "$bin/$program"
            continue
        fi
        # A new file under the name: a running daemon and a hook keep the one they have. Not to be
        # written to: what is written through a hook, which is a link to it, would be the gate of
        # every repository.
        act cp "$built/$program" "$bin/.$program.new"
        act chmod 555 "$bin/.$program.new"
        act mv -f "$bin/.$program.new" "$bin/$program"
    done
    case :$PATH: in
        *:"$bin":*) ;;
        *) printf 'add it to PATH:  export PATH="%s:%s"\n' "$bin" "\$PATH" ;;
    esac
}

uninstall_programs() {
    printf 'removing from %s\n' "$bin"
    if [ -x "$bin/lychgate" ] && [ -z "$dry" ]; then
        # Hooks of all repositories would lead nowhere.
        "$bin/lychgate" uninstall --global || fail 'the hooks of all repositories could not be taken out'
        "$bin/lychgate" daemon stop || true
    elif [ -x "$bin/lychgate" ]; then
        printf '  %s\n' "$bin/lychgate uninstall --global" "$bin/lychgate daemon stop"
    fi
    for program in $programs; do
        [ ! -e "$bin/$program" ] || act rm -f "$bin/$program"
    done
    printf 'Hooks in single repositories stay: lychgate uninstall there, before this, takes\n'
    printf 'them out; afterwards delete the links to lychgate-hook by hand.\n'
}

# A token with the shape and the checksum of a forge's, made here and now: none stands in this file.
invent_token() {
    od -An -N60 -tu1 /dev/urandom | awk '
        BEGIN { digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" }
        { for (i = 1; i <= NF && length(body) < 30; i++)
            if ($i < 248) body = body substr(digits, $i % 62 + 1, 1) }
        function xor(a, b,   r, bit) {
            r = 0; bit = 1
            while (a > 0 || b > 0) {
                if (a % 2 != b % 2) r += bit
                a = int(a / 2); b = int(b / 2); bit *= 2
            }
            return r
        }
        END {
            for (i = 0; i < 256; i++) code[sprintf("%c", i)] = i
            crc = 4294967295
            for (i = 1; i <= length(body); i++) {
                crc = xor(crc, code[substr(body, i, 1)])
                for (k = 0; k < 8; k++)
                    crc = crc % 2 ? xor(int(crc / 2), 3988292384) : int(crc / 2)
            }
            crc = xor(crc, 4294967295)
            sum = ""
            for (i = 0; i < 6; i++) { sum = substr(digits, crc % 62 + 1, 1) sum; crc = int(crc / 62) }
            print "gh" "p_" body sum
        }'
}

title() {
    printf '\n== %s\n' "$1"
}

# Shows a command that must succeed.
show() {
    printf '$ %s\n' "$*"
    "$@" >"$scratch/said" 2>&1 || {
        sed 's/^/    /' "$scratch/said"
        fail 'the demonstration failed: this must succeed'
    }
    sed 's/^/    /' "$scratch/said"
}

# Shows a command that must end as $1 says: allowed or denied.
expect() {
    expected=$1
    shift
    printf '$ %s\n' "$*"
    ended=allowed
    "$@" >"$scratch/said" 2>&1 || ended=denied
    sed 's/^/    /' "$scratch/said"
    if grep -qF "$token" "$scratch/said"; then
        fail 'the demonstration failed: a raw secret was printed'
    fi
    printf '    -> %s\n' "$ended"
    [ "$ended" = "$expected" ] || fail "the demonstration failed: this must be $expected"
}

tidy() {
    "$bin/lychgate" daemon stop >/dev/null 2>&1 || true
    cd /
    rm -rf "$scratch"
}

demo() {
    install_programs
    if [ -n "$dry" ]; then
        printf 'then the demonstration, in a folder of its own that is removed again\n'
        return 0
    fi
    scratch=$(mktemp -d)
    trap tidy EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    # A world of its own: nothing of this user's Git or daemon is read or changed.
    unset LYCHGATE_SOCKET LYCHGATE_CONFIG GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE XDG_CACHE_HOME \
        XDG_DATA_HOME GIT_CONFIG_GLOBAL GIT_CONFIG_COUNT
    export HOME="$scratch/home" XDG_CONFIG_HOME="$scratch/home/.config" \
        XDG_RUNTIME_DIR="$scratch/run" XDG_STATE_HOME="$scratch/state" \
        LYCHGATE_STATE_DIR="$scratch/state/lychgate" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 \
        PATH="$bin:$PATH"
    mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR" "$XDG_STATE_HOME"
    git config --global user.name Demo
    git config --global user.email demo@example.org
    git config --global init.defaultBranch main
    git config --global advice.detachedHead false
    token=$(invent_token)

    title 'a repository with the gate in it'
    git init -q "$scratch/work"
    cd "$scratch/work"
    show lychgate install

    title 'a commit with a secret in it'
    printf 'import os\n\nTOKEN = "%s"\n' "$token" >deploy.py
    git add deploy.py
    expect denied git commit -q -m 'Deploy'

    title 'the same commit, mended'
    printf 'import os\n\nTOKEN = os.environ["DEPLOY_TOKEN"]\n' >deploy.py
    git add deploy.py
    expect allowed git commit -q -m 'Deploy'

    title 'a server that takes pushes, with its daemon'
    git init -q --bare "$scratch/server.git"
    git remote add origin "$scratch/server.git"
    show lychgate daemon start
    show lychgate install --server "$scratch/server.git"
    # The hook of this side is left out from here on: the server stands on its own.
    lychgate uninstall >/dev/null
    expect allowed git push -q origin main

    title 'a push with the secret two commits deep'
    printf 'TOKEN=%s\n' "$token" >.env
    git add .env
    git commit -q -m 'Settings'
    git rm -q .env
    git commit -q -m 'Remove settings'
    expect denied git push -q origin main

    title 'the same work without it'
    git reset -q --hard HEAD~2
    printf 'TOKEN from the environment\n' >NOTES
    git add NOTES
    git commit -q -m 'Say where the token comes from'
    expect allowed git push -q origin main

    title 'done'
    printf 'Everything but the binaries in %s is gone again.\n' "$bin"
    printf 'In a repository of yours:  lychgate install\n'
}

case $what in
    install) install_programs ;;
    uninstall) uninstall_programs ;;
    demo) demo ;;
esac
