#!/bin/bash
# What the order of words is worth: demo.sh RONDO FOLDER trains two models on the same sentences,
# one that reads them and one that counts their words, and leaves all it makes in FOLDER.
set -euo pipefail
rondo=$1 folder=$2
here=$(dirname "$(readlink -f "$0")")
examples=$(dirname "$here")
mkdir -p "$folder"
cd "$folder"

bold= plain=
[ -t 1 ] && bold=$'\e[1m' plain=$'\e[0m'
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { # show COMMAND ARGUMENT…: prints it as one would type it, and runs it
    printf '$'
    for word; do
        [[ $word == "$rondo" ]] && word=rondo
        [[ $word == *[!a-zA-Z0-9_./=-]* ]] && word="\"$word\""
        printf ' %s' "${word/#"$examples/"/examples/}"
    done
    printf '\n'
    "$@"
}

title "Sentences in pairs: the same words in another order, the other label"
awk -v pairs=1500 -v seed=1 -f "$here/sentences.awk" >train.tsv
awk -v pairs=200 -v seed=2 -v without=train.tsv -f "$here/sentences.awk" >valid.tsv
awk -v pairs=500 -v seed=3 -v without=train.tsv -f "$here/sentences.awk" >test.tsv
show head -4 train.tsv

title "Two models, each compiled to a program of its own"
show "$rondo" build "$examples/sentiment.rondo" -o sentiment
show "$rondo" build "$examples/bag_of_words.rondo" -o bag_of_words

title "Train them"
show ./sentiment train --train train.tsv --valid valid.tsv --model sentiment.safetensors --epochs 3
show ./bag_of_words train --train train.tsv --valid valid.tsv --model bag_of_words.safetensors \
    --epochs 3

title "Evaluate them on sentences that neither has seen"
show ./sentiment eval --model sentiment.safetensors --data test.tsv
show ./bag_of_words eval --model bag_of_words.safetensors --data test.tsv

title "Ask"
for text in "the food was not bad at all , but the service was terrible" \
    "the service was terrible , but the food was not bad at all"; do
    show ./sentiment predict --model sentiment.safetensors "$text"
    show ./bag_of_words predict --model bag_of_words.safetensors "$text"
done
show ./sentiment explain --model sentiment.safetensors \
    "although the plot was dull , the acting was never boring"

accuracy() { sed -n 's/^accuracy *//p'; }
title "The same words in another order:"
printf '%-36s accuracy %s\n' \
    "bidirectional LSTM with attention" \
    "$(./sentiment eval --model sentiment.safetensors --data test.tsv | accuracy)" \
    "bag of words" \
    "$(./bag_of_words eval --model bag_of_words.safetensors --data test.tsv | accuracy)"
