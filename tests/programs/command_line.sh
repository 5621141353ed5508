#!/bin/bash
# The command line of a generated program, with good and bad input: command_line.sh PROGRAM
# PROGRAM is made from unit/toy_model.c: two classes, an attention over the words.
set -u
program=$(realpath "$1") || exit 1
tested=$program
name=$(basename "$program")
. "$(dirname "$0")/../shell.sh"

# ---- data: the words good, fine, bad and awful decide ----
awk 'BEGIN { srand(1)
    for (i = 0; i < 300; i++) {
        good = rand() < 0.5
        text = ""
        for (n = int(rand() * 8); n > 0; n--) text = text "w" int(rand() * 40) " "
        word = good ? (rand() < 0.5 ? "good" : "fine") : (rand() < 0.5 ? "bad" : "awful")
        print (good ? "positive" : "negative") "\t" text word } }' >all.tsv
head -200 all.tsv >train.tsv
tail -100 all.tsv >valid.tsv
cut -f2 valid.tsv >lines.txt

# ---- help and the command line itself ----
right "Usage: $name VERB" --help
right "Rondo" --version
for verb in train eval predict explain info gradcheck bench; do
    right "Usage: $name $verb" $verb --help
done
wrong 2 "which verb?"
wrong 2 "did you mean 'train'?" trian
wrong 2 "the verb comes first" --model m
wrong 2 "needs --train FILE" train
wrong 2 "needs --model FILE" eval --data train.tsv
wrong 2 "did you mean --epochs?" train --epoch5 3
wrong 2 "eval does not take --epochs" eval --epochs 3
wrong 2 "--epochs 0: must be a whole number from 1" train --train train.tsv --model m --epochs 0
wrong 2 "--shortest 9 is longer than --length 3" bench --length 3 --shortest 9
wrong 2 "--batch 1.5: must be a whole number" train --train train.tsv --model m --batch 1.5
wrong 2 "--threads 65: must be a whole number from 1 to 64" train --threads 65
wrong 2 "--rate nan: must be a number above zero" train --rate nan
wrong 2 "--seed -1: must be a whole number from 0" train --seed -1
wrong 2 "--train needs a value" train --train
wrong 2 "--quiet takes no value" train --quiet=yes
wrong 2 "the name of a file is empty" train --train ""
wrong 2 "predict needs a text" predict --model m
wrong 2 "train does not take 'extra'" train --train train.tsv --model m extra

# ---- training ----
right "best epoch" train --train train.tsv --valid valid.tsv --model m --log log --epochs 8
right '"event":"end"' train --train train.tsv --valid valid.tsv --model m2 --epochs 8 --json \
    --threads 1
same m m2 "the same training on one thread"
[ "$(wc -l <log)" -ge 10 ] || fail "the log is short: $(cat log)"
python3 -c 'import json, sys
for line in open("log"): json.loads(line)' || fail "the log is not JSON"
right "" train --train train.tsv --model m2 --quiet
[ -s out ] && fail "--quiet prints $(cat out)"
gzip -k train.tsv
right "" train --train train.tsv.gz --valid valid.tsv --model m2 --epochs 8 --quiet
same m m2 "training from a .gz"
right "resuming after step" train --train train.tsv --valid valid.tsv --model m2 --resume
same m m2 "a finished training that is resumed"

wrong 1 "nothing.tsv: cannot open" train --train nothing.tsv --model m2
wrong 1 ".: is a directory" train --train . --model m2
: >empty
wrong 1 "empty: " train --train empty --model m2
wrong 1 "does not exist" train --train train.tsv --model nowhere/m
wrong 1 "training would overwrite its own data" train --train train.tsv --model train.tsv
wrong 1 "training would overwrite the model" train --train train.tsv --model m --log m
wrong 1 "cannot be written" train --train train.tsv --model m2 --log nowhere/log
wrong 1 "not a finite number" train --train train.tsv --model m2 --rate 1e30 --quiet
wrong 1 "the training in m has 8" train --train train.tsv --model m --resume --batch 9
wrong 1 "other data than this --train" train --train valid.tsv --valid valid.tsv --model m --resume
wrong 1 "nothing: cannot open" train --train train.tsv --model nothing --resume

# ---- word vectors ----
printf 'good 1 2 3 4 5 6 7 8\nnever 0 0 0 0 0 0 0 0\nbad -1 2 3 4 5 6 7 8\n' >vectors.txt
"$program" train --train train.tsv --model m3 --vectors vectors.txt --epochs 1 >out 2>err || fail "--vectors"
grep -q "^$name: vectors.txt: has 2 of the [0-9]* words; embedding.weight starts from them" err || fail "--vectors: $(cat err)"
right "" train --train train.tsv --model m4 --vectors embedding.weight=vectors.txt --epochs 1 --quiet
same m3 m4 "the parameter is named"
right "" train --train train.tsv --model m4 --epochs 1 --quiet
cmp -s m3 m4 && fail "--vectors changes nothing"
printf 'good 1 2 3 4 5 6 7 8\nbad 1 2 3\n' >short.txt
wrong 1 "short.txt:2: 3 numbers behind 'bad'; embedding.weight has 8 columns" train --train train.tsv --model m4 --vectors short.txt
wrong 1 "no parameter is called 'embeding'; embedding.weight has a row a word" train --train train.tsv --model m4 --vectors embeding=vectors.txt
wrong 1 "the training in m3 began already; resume without" train --train train.tsv --model m3 --vectors vectors.txt --resume
{ cat train.tsv; echo "neutral	a word"; } >bad.tsv
wrong 1 "bad.tsv:201: " train --train bad.tsv --model m2
"$program" train --train bad.tsv --model m2 --skip-bad --quiet 2>err || fail "--skip-bad"
grep -q "1 record left out" err || fail "--skip-bad does not count: $(cat err)"
if [ -w /dev/full ]; then
    wrong 1 "No space left" train --train train.tsv --model m2 --log /dev/full --quiet
    "$program" eval --model m --data valid.tsv >/dev/full 2>err && fail "a full disk goes unseen"
    grep -q "standard output: No space left" err || fail "a full disk: $(cat err)"
fi
cp m kept
(ulimit -f 4 && "$program" train --train train.tsv --model kept --quiet 2>err) && fail "no room"
[ "$(wc -l <err)" = 1 ] && grep -q "kept: .*File too large" err || fail "no room: $(cat err)"
same m kept "a model that could not be overwritten"
[ "$(ls | grep -c kept)" = 1 ] || fail "what could not be written stays: $(ls)"
"$program" info >&- 2>err && fail "a closed output goes unseen"
grep -q "standard output: Bad file descriptor" err || fail "a closed output: $(cat err)"
"$program" predict --model m - <&- >out 2>err && fail "a closed input goes unseen"
grep -q "standard input: Bad file descriptor" err || fail "a closed input: $(cat err)"

# Interrupted again and again, it ends with the same bits.
right "" train --train train.tsv --valid valid.tsv --model whole --epochs 600 --quiet
tries=0 resume=
while [ $tries -lt 200 ]; do
    "$program" train --train train.tsv --valid valid.tsv --model parts --epochs 600 --quiet \
        $resume >out 2>err &
    child=$!
    sleep 0.05
    kill -INT $child 2>/dev/null || kill -TERM $child 2>/dev/null
    wait $child
    got=$?
    [ $got = 0 ] && break
    [ $got = 130 ] || [ $got = 143 ] || { fail "interrupted: status $got: $(cat err)"; break; }
    grep -q -- "--resume goes on" err || fail "interrupted: $(cat err)"
    resume=--resume tries=$((tries + 1))
done
same whole parts "a training that was interrupted $tries times"

# ---- evaluation ----
right "accuracy  1.000" eval --model m --data valid.tsv
right '"accuracy":1.0' eval --model m --data valid.tsv --json
mv out first
for batch in 1 7 32 100; do
    for threads in 1 2; do
        right "" eval --model m --data valid.tsv --json --batch $batch --threads $threads
        same first out "eval with batches of $batch and $threads threads"
    done
done
wrong 1 "cannot open" eval --model m --data nothing.tsv
wrong 1 "no target for each word" eval --model m --data valid.tsv --ngram 3 --train train.tsv
wrong 2 "together" eval --model m --data valid.tsv --ngram 3
wrong 2 "together" eval --model m --data valid.tsv --train train.tsv
wrong 2 "from 1 to 10" eval --model m --data valid.tsv --ngram 11 --train train.tsv
wrong 2 "counts of --ngram" eval --model m --data valid.tsv --add-k 1
wrong 1 "cannot open" eval --model nothing --data valid.tsv
wrong 1 "not a safetensors file" eval --model train.tsv --data valid.tsv
head -c 1000 m >short
wrong 1 "short: " eval --model short --data valid.tsv
wrong 1 "is a directory" eval --model . --data valid.tsv

# ---- answers ----
right "positive	" predict --model m "a good one"
right "negative	" predict --model m "an awful one"
right '"label":"positive"' predict --model m --json "a good one"
right "good" explain --model m "a good one"
grep -q "  good  *0\.[0-9]*  ###" out || fail "explain: $(cat out)"
right '"weights":[{"word":"a","weight":0.' explain --model m --json "a good one"
right "" predict --model m lines.txt
mv out first
for batch in 1 7 100; do
    right "" predict --model m lines.txt --batch $batch --threads 2
    same first out "predict with batches of $batch"
done
"$program" predict --model m - <lines.txt >out || fail "predict from standard input"
same first out "predict from standard input"
right "" predict --model m valid.tsv
same first out "predict on a file with labels"
[ "$("$program" predict --model m "a good one" lines.txt | wc -l)" = 101 ] || fail "mixed arguments"
wrong 1 "text 1: " predict --model m ""
printf 'good\n\nbad\n' >gap
wrong 1 "gap:2: " predict --model m gap
"$program" predict --model m - <gap >out 2>err && fail "an empty line goes unseen"
grep -q "standard input:2: " err || fail "an empty line: $(cat err)"
wrong 1 "standard input: is empty" predict --model m -
"$program" predict --model m nothing.txt >out 2>err || fail "a text that looks like a file"
grep -q "no such file; it is taken as a text" err || fail "a text like a file: $(cat err)"
yes "a good one" | head -5000 | "$program" predict --model m - 2>err | head -1 >out
grep -q positive out || fail "predict into head: $(cat out)"

# ---- the rest ----
right "parameters" info
right "(kept)" info --model m
right '"history":[' info --model m --json
right "PASS" gradcheck
right "bound by" bench --repeat 1 --batch 3 --length 5
right "peak" bench --repeat 2 --batch 3 --length 5 --shortest 2
right "train_seconds" bench --json --repeat 1 --batch 1
right "PASS" gradcheck --data train.tsv --examples 7
right '"pass":true' gradcheck --json

finish
