#!/bin/bash
# Sequences of numbers, a line a frame, from training to explanation: frames.sh RONDO
set -u
rondo=$(readlink -f "$1")
. "$(dirname "$0")/../shell.sh"
tested=./frames

cat >frames.rondo <<'END'
model frames {
  target kind: class(up, down)
  input  move: frames(a, b, by = take, max_length = 9)
  states           = scan gru(6) over move
  context, weights = attention(states.h)
  logits           = linear(context, kind.size)
  loss   cross_entropy(logits, kind)
  output argmax(logits), softmax(logits), weights
  metric accuracy
  train { optimizer = adam(rate = 0.02)  epochs = 12  batch = 8 }
}
END

# Do the numbers go up or down?
awk 'BEGIN { srand(5); print "take,kind,a,b"
    for (i = 0; i < 60; i++) {
        up = rand() < 0.5; n = 1 + int(rand() * 8); b = rand() * 4
        for (t = 0; t < n; t++) {
            b += up ? 1 : -1
            printf "t%d,%s,%.2f,%.2f\n", i, up ? "up" : "down", up ? 1 + rand() : -rand(), b
        }
    } }' >all.csv
head -8 all.csv >few.csv

run out "$rondo" build frames.rondo
right "" train --train all.csv --model m --quiet
right "accuracy  1.000" eval --model m --data all.csv
right "	t1" predict --model m few.csv
mv out first
right '"take":"t1"' predict --json --model m few.csv
./frames predict --model m - <few.csv >out 2>err || fail "standard input: $(cat err)"
same first out "standard input"
right "	t2" explain --model m few.csv
has out '^  1  *[01]\.[0-9]*  #'
has out '^  5  *[01]\.[0-9]*  #'
right '"weights":[{"frame":1,"weight":' explain --json --model m few.csv
wrong 1 "the model reads frames" explain --model m "some text"

finish
