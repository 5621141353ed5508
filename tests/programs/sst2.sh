#!/bin/bash
# The sentiment example on real sentences: sst2.sh RONDO SOURCE DATA
# Training gives the same bits on one and on two threads, every sentence of SST-2's dev set the same
# answer in any batch. Exit status 77 where DATA/sst2 is missing.
set -u
rondo=$(readlink -f "$1") source=$(readlink -f "$2") data=$(readlink -f "$3/sst2")
[ -r "$data/train.tsv" ] || { echo "no sst2/train.tsv in $3: skipped"; exit 77; }
. "$(dirname "$0")/../shell.sh"

fail() {
    echo "FAIL: $*"
    exit 1
}

"$rondo" build "$source/examples/sentiment.rondo" -o sentiment || fail "build"
./sentiment train --train "$data/train.tsv" --valid "$data/dev.tsv" --model one --epochs 2 \
    --threads 1 || fail "train"
./sentiment train --train "$data/train.tsv" --valid "$data/dev.tsv" --model two --epochs 2 \
    --threads 2 || fail "train on two threads"
cmp one two || fail "one and two threads train two different models"

accuracy=$(./sentiment eval --model one --data "$data/test.tsv" | sed -n 's/^accuracy *//p')
echo "accuracy on the test set after two epochs: $accuracy"
awk -v a="$accuracy" 'BEGIN { exit a < 0.7 }' || fail "that is too low"

./sentiment predict --model one --json "$data/dev.tsv" --batch 872 --threads 1 >whole || fail "predict"
[ "$(wc -l <whole)" = 872 ] || fail "$(wc -l <whole) answers for 872 sentences"
for batch in 1 7 32 872; do
    for threads in 1 2; do
        ./sentiment predict --model one --json "$data/dev.tsv" --batch $batch --threads $threads \
            >part || fail "predict with batches of $batch"
        cmp whole part || fail "other answers in batches of $batch on $threads threads"
    done
done
