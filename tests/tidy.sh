#!/bin/bash
# clang-tidy over all C files: tidy.sh BUILD [--quick]; --quick leaves its slow analyzer out.
# Programs over the headers that a test makes are left out. Exit status 77 where there is no clang-tidy.
set -uo pipefail
build=$(readlink -f "$1") checks=
[ "${2-}" = --quick ] && checks='-clang-analyzer-*'
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
command -v clang-tidy >/dev/null || exit 77
find compiler runtime tests -name '*.c' -not -path 'tests/fuzz/*' -not -path 'tests/programs/*' | LC_ALL=C sort |
    xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet ${checks:+--checks="$checks"} 2>/dev/null
