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


# What is said in the frames: each letter is a frame or several, with silence between them or not.
cat >speak.rondo <<'END'
model speak {
  input  sound: frames[2, by = take]
  target said:  chars(max_length = 5)

  states = scan gru(12) over sound
  scores = linear(states.h, said.size)

  loss   ctc(scores, said)
  decode said from scores
  output argmax(scores)
  metric cer, wer
  train { optimizer = adam(rate = 0.02)  epochs = 12  batch = 8 }
}
END
awk 'BEGIN { srand(3); print "take,said,sound0,sound1"
    for (i = 0; i < 80; i++) {
        n = 1 + int(rand() * 4); said = ""; lines = 0
        for (k = 0; k < n; k++) {
            letter = rand() < 0.5; silence = 1 + int(rand() * 2); long = 1 + int(rand() * 3)
            said = said (letter ? "a" : "b")
            for (t = 0; t < silence; t++) frame[lines++] = "0,0"
            for (t = 0; t < long; t++) frame[lines++] = letter ? "1,0" : "0,1"
        }
        for (t = 0; t < lines; t++) printf "t%d,%s,%s\n", i, said, frame[t]
    } }' >said.csv
sed -n '1p;/^t1,/p;/^t2,/p' said.csv >two.csv
cut -d, -f1,3,4 two.csv >heard.csv
awk -F, 'NR > 1 && $1 != id { print $2 "\t" $1; id = $1 }' two.csv >wanted

run out "$rondo" build speak.rondo
tested=./speak
right "" train --train said.csv --model m --quiet
right "cer       0.000" eval --model m --data said.csv
right '"cer":0.0,"wer":0.0' eval --model m --data said.csv --beam 5 --json
has out '"targets":80'
right "" predict --model m heard.csv
same wanted out "what is said"
right "" predict --model m --beam 4 --threads 2 heard.csv
same wanted out "what is said, with a beam"
right "\"text\":\"$(head -1 wanted | cut -f1)\",\"score\":-0.0" predict --json --model m heard.csv
has out '"take":"t2"'
sed '3s/,[ab]*,/,c,/' two.csv >changed.csv
wrong 1 "changed.csv:3: column 'said' has 'c' here, but another value at the sequence's start in line 2" \
    eval --model m --data changed.csv
wrong 1 "the model puts out no weight" explain --model m heard.csv
printf 'take,sound0,sound1\nx,0,0\n' >silent.csv
right "	x" predict --model m silent.csv

finish
