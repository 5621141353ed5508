#!/bin/bash
# Rondo beside PyTorch on the same work, in turn, in one run. Prints ratios and writes results.md.
#
#   bench/run.sh RONDO [--data FOLDER] [--seeds N] [--threads N]
#
# The work is the whole job of examples/sentiment.rondo on SST-2: read, train five epochs with
# validation after each, keep the best, evaluate on the test set. Times are those of the whole
# process, so they hold what a user waits for.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
rondo=$1
shift
python=${PYTHON:-/usr/bin/python3}
data=$here/../../shared/data/sst2 seeds=3 threads=2
while [ $# -gt 0 ]; do
    case $1 in
        --data) data=$2 ;;
        --seeds) seeds=$2 ;;
        --threads) threads=$2 ;;
        *)
            echo "bench: there is no option $1; see the head of bench/run.sh" >&2
            exit 2
            ;;
    esac
    shift 2
done
[ -r "$data/train.tsv" ] || {
    echo "bench: $data: no train.tsv here; name the folder of SST-2 with --data" >&2
    exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$rondo" build "$here/../examples/sentiment.rondo" -o "$scratch/sentiment" >/dev/null

seconds() { # the wall time of a command
    local start end
    start=$(date +%s.%N)
    "$@"
    end=$(date +%s.%N)
    awk -v a="$start" -v b="$end" 'BEGIN { printf "%.2f", b - a }'
}

job() { # train and evaluate with one seed
    "$scratch/sentiment" train --train "$data/train.tsv" --valid "$data/dev.tsv" --seed "$1" \
        --threads "$threads" --model "$scratch/model" --quiet >/dev/null &&
        "$scratch/sentiment" eval --model "$scratch/model" --data "$data/test.tsv" --json \
            >"$scratch/eval.json"
}

peer() {
    "$python" "$here/pytorch_sst2.py" --train "$data/train.tsv" --valid "$data/dev.tsv" \
        --test "$data/test.tsv" --threads "$threads" --seed "$1" --mode "$2" --flush-denormals \
        >"$scratch/peer.json" 2>/dev/null
}

field() { # FILE NAME: a number in a JSON file
    "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"
}

{
    echo "# Rondo beside PyTorch"
    echo
    echo "The whole SST-2 job, $threads threads, $(date +%F), $(nproc) cores of" \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)."
    echo
    echo "| seed | Rondo s | test accuracy | PyTorch padded s | packed s | test accuracy | ratio |"
    echo "| --- | --- | --- | --- | --- | --- | --- |"
} | tee "$here/results.md"
for seed in $(seq "$seeds"); do
    ours=$(seconds job "$seed")
    accuracy=$(field "$scratch/eval.json" accuracy)
    padded=$(seconds peer "$seed" padded)
    theirs=$(field "$scratch/peer.json" test_accuracy)
    packed=$(seconds peer "$seed" packed)
    awk -v seed="$seed" -v a="$ours" -v acc="$accuracy" -v b="$padded" -v c="$packed" \
        -v acc2="$theirs" 'BEGIN {
            best = b < c ? b : c
            printf "| %d | %.2f | %.4f | %.2f | %.2f | %.4f | %.1f× |\n", seed, a, acc, b, c, acc2, best / a
        }' | tee -a "$here/results.md"
done
