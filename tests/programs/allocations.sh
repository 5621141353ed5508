#!/bin/sh
# Training more epochs, with their saves and their log, takes not one allocation more:
# allocations.sh PROGRAM COUNTER
# PROGRAM is made from unit/toy_model.c, COUNTER from unit/allocations.c.
set -u
program=$(realpath "$1") counter=$(realpath "$2") || exit 1
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
ln -s "$counter" counter.so # LD_PRELOAD takes no spaces
awk 'BEGIN { for (i = 0; i < 200; i++) print (i % 2 ? "positive\tgood" : "negative\tbad") " w" i % 7 }' >data.tsv

# count EPOCHS OPTION…
count() {
    epochs=$1
    shift
    LD_PRELOAD=./counter.so "$program" train --train data.tsv --valid data.tsv --model m --log log \
        --threads 2 --epochs "$epochs" "$@" 9>count >out || exit 1
    cat count
}

for option in --json --quiet; do
    few=$(count 2 $option) many=$(count 6 $option)
    [ "$few" -gt 0 ] && [ "$few" = "$many" ] && continue
    echo "FAIL: $option: $few allocations in 2 epochs, $many in 6"
    exit 1
done
