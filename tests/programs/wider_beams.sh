#!/bin/bash
# Whether a wider beam never finds a text with a lower score, and one of width 1 what greedy search
# finds: wider_beams.sh PROGRAM MODEL FILE [WIDTH…]
#
#   head -200 test2016.de >some.de; tests/programs/wider_beams.sh ./translate translate.safetensors some.de
set -eu
program=$1 model=$2 texts=$3
shift 3
[ $# -gt 0 ] || set -- 1 2 3 5 10
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" generate --model "$model" --json "$texts" >"$folder/greedy"
"$program" generate --model "$model" --json --beam 1 "$texts" >"$folder/one"
cmp "$folder/greedy" "$folder/one" || { echo "a beam of 1 is not greedy"; exit 1; }
sed 's/.*"score":\([-0-9.e+]*\).*/\1/' "$folder/greedy" >"$folder/before"
for width; do
    "$program" generate --model "$model" --json --beam "$width" "$texts" |
        sed 's/.*"score":\([-0-9.e+]*\).*/\1/' >"$folder/scores"
    paste "$folder/before" "$folder/scores" | awk -v width="$width" '{
            if ($2 < $1) { worse++; print "text " NR ": " $2 ", a narrower beam has " $1 }
            better += $2 > $1; sum += $2
        } END {
            printf "beam %3d: mean score %.4f, %d of %d texts better than before\n", width, sum / NR, better, NR
            exit worse > 0
        }' || exit 1
    mv "$folder/scores" "$folder/before"
done
