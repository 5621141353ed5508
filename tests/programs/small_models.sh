#!/bin/bash
# Small models, built and used in every way: small_models.sh RONDO SOURCE
# Sanitized programs run it too, so what it trains on is little.
set -u
rondo=$(readlink -f "$1") source=$(readlink -f "$2")
. "$(dirname "$0")/../shell.sh"

# Lengths from one word to 24: both ends of a tile of rows, and some between.
awk -v pairs=30 -v seed=1 -f "$source/examples/demo/sentences.awk" >train.tsv
printf 'pos\tgood\nneg\tbad\nneg\tnot good\npos\t%s\n' \
    "the food was not bad , not bad at all , although the service was bad , quite bad really" \
    >>train.tsv
awk -v pairs=10 -v seed=2 -f "$source/examples/demo/sentences.awk" >valid.tsv
printf 'pos\tfresh\n' >>valid.tsv
cut -f2 valid.tsv >lines.txt

for model in "$source"/tests/golden/*.rondo; do
    name=$(basename "$model" .rondo)
    grep -q "class(neg, pos)" "$model" || continue # others are for the golden files alone
    run out "$rondo" build "$model" -o "$name"
    run out ./$name gradcheck
    run out ./$name gradcheck --data train.tsv --examples 9
    run out ./$name train --train train.tsv --valid valid.tsv --model m --quiet --threads 1
    for threads in 2 3; do
        run out ./$name train --train train.tsv --valid valid.tsv --model m2 --quiet \
            --threads $threads
        same m m2 "$name trained on $threads threads"
    done
    run whole ./$name predict --model m lines.txt --batch 64 --threads 1
    for batch in 1 7; do
        for threads in 1 2; do
            run out ./$name predict --model m lines.txt --batch $batch --threads $threads
            same whole out "$name with batches of $batch on $threads threads"
        done
    done
    head -1 lines.txt >line.txt
    run out ./$name predict --model m line.txt
    same <(head -1 whole) out "$name on one line alone"
    run out ./$name eval --model m --data valid.tsv --json
    run out ./$name info --model m
    if grep -q weights "$model"; then
        run out ./$name explain --model m "the food was not bad"
        grep -q '^  food  *[01]\.' out || fail "$name explain: $(cat out)"
    fi
done

finish
