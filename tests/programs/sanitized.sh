#!/bin/sh
# Runs a command of a sanitized build: sanitized.sh COMMAND ARGUMENT…
# Fails when the command does, and also when any of its processes left a report: Criterion counts a
# test as passed although the leak sanitizer complained in the process it ran in.
reports=$(mktemp -d) || exit 1
trap 'rm -rf "$reports"' EXIT
options="log_path=$reports/report"
export ASAN_OPTIONS="$options:detect_leaks=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="$options:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export LSAN_OPTIONS="$options${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
"$@"
status=$?
for report in "$reports"/report*; do
    [ -s "$report" ] || continue
    echo "---- a sanitizer's report of '$*'"
    cat "$report"
    status=1
done
exit $status
