#!/bin/bash
# What the compiler prints at every stage, compared with NAME.STAGE.txt: golden.sh RONDO [--update]
# --update writes those files; the difference is to be read before it is committed.
set -uo pipefail
rondo=$(readlink -f "$1") update=${2-}
cd "$(dirname "$(readlink -f "$0")")" || exit 1
got=$(mktemp) || exit 1
trap 'rm -f "$got"' EXIT
failures=0

for model in *.rondo; do
    for stage in ast graph gradient packed loops c; do
        expected=${model%.rondo}.$stage.txt
        "$rondo" emit --stage=$stage "$model" >"$got" || exit 1
        if [ "$update" = --update ]; then
            cmp -s "$got" "$expected" || { cat "$got" >"$expected" && echo "updated $expected"; }
        elif ! diff -u "$expected" "$got"; then
            failures=$((failures + 1))
        fi
    done
done
[ $failures = 0 ] || echo "$failures texts differ; ./dev test --update takes them over"
exit $((failures > 0))
