#!/bin/bash
# Weights that PyTorch saved: import.sh RONDO SOURCE
# The program answers what the module of reference/make_import.py answers, and lists what does not fit.
set -u
rondo=$(readlink -f "$1") source=$(readlink -f "$2")
. "$(dirname "$0")/../shell.sh"
tested=./imported
cp "$source"/tests/reference/import.* .
run out "$rondo" build "$source/tests/reference/models/imported.rondo"

right "m: 19 tensors" import --weights import.safetensors --vocab import.vocab --model m
cut -f1 import.tsv >texts
run answers ./imported predict --json --model m texts
sed 's/.*"pos":\([0-9.e-]*\).*/\1/' answers | paste import.tsv - >both
awk -F '\t' '{ d = $2 - $3; if (d < -2e-6 || d > 2e-6) exit 1 } END { exit NR != 4 }' both ||
    fail "other answers than PyTorch's: $(cat both)"
right "vocabulary 10" info --model m
right "" import --weights import.safetensors --vocab text=import.vocab --model m2
same m m2 "the column is named"
wrong 1 "holds no training" train --train import.tsv --model m --resume

# What does not fit is told, all of it.
wrong 1 "which word is which row? --vocab FILE lists those of 'text'" import --weights import.safetensors --model m2
head -8 import.vocab >short.vocab
sed 2d short.vocab >known.vocab
wrong 1 "known.vocab: has no line '<unk>'" import --weights import.safetensors --vocab known.vocab --model m2
./imported import --weights import.safetensors --vocab short.vocab --model m3 >out 2>err && fail "a short vocabulary"
has err "^imported: import.safetensors: 'embedding.weight' is \[10, 4\]; expected \[8, 4\]$"
has err "^imported: import.safetensors: 1 tensor does not fit the model$"
sed 's/"fc.bias"/"ff.bias"/' import.safetensors >renamed.safetensors
./imported import --weights renamed.safetensors --vocab short.vocab --model m3 >out 2>err && fail "renamed"
printf "imported: renamed.safetensors: %s\n" "'embedding.weight' is [10, 4]; expected [8, 4]" \
    "no 'fc.bias' [2]" "'ff.bias' [2] has no place" "3 tensors do not fit the model" >wanted
same wanted err "what does not fit"
[ ! -e m3 ] || fail "a model of weights that do not fit"
sed 1s/.*/the/ import.vocab >twice.vocab
sed 3s/.*// import.vocab >gap.vocab
{ cat import.vocab; seq 20; } >many.vocab
wrong 1 "twice.vocab: the vocabulary has the word 'the' twice" import --weights import.safetensors --vocab twice.vocab --model m3
wrong 1 "gap.vocab:3: an empty line" import --weights import.safetensors --vocab gap.vocab --model m3
wrong 1 "many.vocab: has 30 lines; 'text' has room for 20: max_vocab = 30" import --weights import.safetensors --vocab many.vocab --model m3
wrong 1 "'text' has a vocabulary already" import --weights import.safetensors --vocab import.vocab --vocab import.vocab --model m3
wrong 1 "nothing: cannot open" import --weights nothing --vocab import.vocab --model m3
wrong 1 "not a safetensors file" import --weights import.vocab --vocab import.vocab --model m3
wrong 1 "would overwrite the weights" import --weights import.safetensors --vocab import.vocab --model import.safetensors
wrong 2 "import needs --weights FILE" import --model m

finish
