# What the shell tests share; each begins with `. "$(dirname "$0")/…/shell.sh"` once it has resolved
# its arguments, and ends with `finish`. It works in a folder of its own, which is removed at the end.
# $tested is the program that right and wrong run.
# shellcheck shell=bash
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# run OUT PROGRAM ARGUMENT…: works and says nothing on standard error; OUT has what it prints.
run() {
    local out=$1
    shift
    "$@" >"$out" 2>err || fail "$*: status $?: $(cat err)"
    [ ! -s err ] || fail "$*: says $(cat err)"
}

# wrong STATUS TEXT ARGUMENT…: fails with STATUS, prints nothing, and says one line with TEXT in it.
wrong() {
    local status=$1 text=$2 got
    shift 2
    "$tested" "$@" >out 2>err </dev/null
    got=$?
    [ $got = "$status" ] || fail "$*: status $got instead of $status: $(cat err)"
    [ ! -s out ] || fail "$*: prints $(cat out)"
    [ "$(wc -l <err)" = 1 ] || fail "$*: not one line: $(cat err)"
    grep -q "^$(basename "$tested"): " err || fail "$*: does not say who speaks: $(cat err)"
    grep -qF -e "$text" err || fail "$*: '$(cat err)' instead of '$text'"
}

# right TEXT ARGUMENT…: works, says nothing on standard error, prints TEXT.
right() {
    local text=$1
    shift
    "$tested" "$@" >out 2>err </dev/null || fail "$*: status $?: $(cat err)"
    [ -s err ] && fail "$*: says $(cat err)"
    [ -z "$text" ] || grep -qF -e "$text" out || fail "$*: '$(cat out)' instead of '$text'"
}

# same FILE FILE WHAT
same() { cmp -s "$1" "$2" || fail "$3: $(diff "$1" "$2" | head -4)"; }

# has FILE PATTERN
has() { grep -q -- "$2" "$1" || fail "no '$2' in: $(cat "$1")"; }

finish() {
    [ $failures = 0 ] && echo "all passed${1:+; $1}"
    exit $((failures > 0))
}
