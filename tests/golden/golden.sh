#!/bin/bash
# What the compiler prints at every stage, compared with NAME.STAGE.txt, and what becomes of the products of every cell of
# the examples, compared with products.txt: golden.sh RONDO [--update]
# --update writes those files; the difference is to be read before it is committed.
set -uo pipefail
rondo=$(readlink -f "$1") update=${2-}
cd "$(dirname "$(readlink -f "$0")")" || exit 1
got=$(mktemp) || exit 1
trap 'rm -f "$got"' EXIT
failures=0

# compare EXPECTED: with what was got
compare() {
    if [ "$update" = --update ]; then
        cmp -s "$got" "$1" || { cat "$got" >"$1" && echo "updated $1"; }
    elif ! diff -u "$1" "$got"; then
        failures=$((failures + 1))
    fi
}

# stages MODEL STAGE...
stages() {
    for stage in "${@:2}"; do
        "$rondo" emit --stage="$stage" "$1.rondo" >"$got" || exit 1
        compare "$1.$stage.txt"
    done
}

stages leaky ast graph gradient step packed loops c
stages pooled ast graph gradient packed loops c
stages causal step
: >"$got"
for model in ../../examples/{custom_cell,questions,sentiment,stacked,splice,step_outputs,entities_crf}.rondo \
    ../../examples/cells/*.rondo ../reference/models/{gru_reset_before,rnn_tanh,attention_pooling}.rondo; do
    printf '%s\n' "$(basename "$model")" >>"$got"
    "$rondo" emit --stage=products "$model" >>"$got" || exit 1
done
compare products.txt
[ $failures = 0 ] || echo "$failures texts differ; ./dev test --update takes them over"
exit $((failures > 0))
