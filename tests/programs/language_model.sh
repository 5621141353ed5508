#!/bin/bash
# A small language model in every use: language_model.sh RONDO
set -u
rondo=$(readlink -f "$1")
. "$(dirname "$0")/../shell.sh"

cat >stream.rondo <<'END'
model talk {
  target text: chars(stream = 20)
  states = scan lstm(16) over embedding(previous(text), 8)
  logits = linear(dropout(states.h, 0.2), text.size)
  loss   cross_entropy(logits, text)
  output argmax(logits)
  metric perplexity, bpc
  train { optimizer = adam(rate = 0.01)  epochs = 4  batch = 6 }
}
END
sed 's/stream = 20/stream = 5000/' stream.rondo >whole.rondo
run out "$rondo" build stream.rondo
run out "$rondo" build whole.rondo

awk 'BEGIN { srand(3); split("tick tock ding dong", w)
    for (i = 0; i < 120; i++) print w[1 + int(rand() * 4)], w[1 + i % 4], "." }' >all.txt
head -100 all.txt >train.txt
tail -20 all.txt | gzip >valid.txt.gz

train() {
    local model=$1
    shift
    run out ./stream train --train train.txt --valid valid.txt.gz --model "$model" --quiet "$@"
}
train m --threads 1
train m2 --threads 2
same m m2 "trained on two threads"
train m3 --epochs 2
train m3 --epochs 4 --resume
same m m3 "training that was resumed"

# Interrupted within an epoch: the states of the streams go on as well.
train long --epochs 600
tries=0
for options in "" --resume --resume --resume; do
    # shellcheck disable=SC2086
    ./stream train --train train.txt --valid valid.txt.gz --model parts --epochs 600 --quiet $options >out 2>&1 &
    child=$!
    sleep 0.2
    kill -INT $child 2>/dev/null
    wait $child
    [ $? = 130 ] || break
    tries=$((tries + 1))
done
[ $tries -gt 0 ] || fail "training ended before it could be interrupted"
train parts --epochs 600 --resume
same long parts "training that was interrupted $tries times"

# One stream is the text as a whole, however it is cut.
loss() { grep -o '"loss":[0-9.]*' | cut -c8-13; }
one=$(./stream eval --model m --data train.txt --batch 1 --json | loss)

run out ./whole eval --model m --data train.txt --batch 1
has out "loss      ${one%?}"
has out "perplexity  "
has out "bpc       "
run out ./stream eval --model m --data valid.txt.gz --json
has out '"perplexity":'
run out ./stream gradcheck --data train.txt
run out ./stream gradcheck
run out ./stream bench --length 20 --repeat 1
run out ./stream info --model m
has out 'target      text: characters, 20 a step of a stream; vocabulary 13'

tested=./stream
: >empty.txt
wrong 1 'empty.txt: the file is empty' train --train empty.txt --model m4
printf 'abc\n\xff\n' >bad.txt
wrong 1 'bad.txt:2: byte 1 (0xFF) is not valid UTF-8' train --train bad.txt --model m4

finish "interrupted $tries times"
