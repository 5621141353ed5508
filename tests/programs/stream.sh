#!/bin/bash
# Answers one step at a time, as they are read: what stream says is what predict says; and so in a
# program of one's own that has two models. stream.sh RONDO
set -u
rondo=$(readlink -f "$1") here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/../shell.sh"

# ---- words, each with its tag ----
cat >tagger.rondo <<'END'
model tagger {
  input  text: words
  target tag:  tags(over = text, max_tags = 6)

  x      = causal_conv(embedding(text, 6), 8, 2)
  past   = transformer(x, 2, F = 8, depth = 2, with = attend_causally)
  states = scan gru(8) over past
  logits = linear(states.h, tag.size)

  loss   cross_entropy(logits, tag)
  output argmax(logits), logits
  train { optimizer = adam(rate = 0.02)  epochs = 4  batch = 4 }
}
END
awk 'BEGIN {
    split("Ann Bob Eve Mia", person); split("Oslo Rome Bonn Kyiv", place)
    for (i = 0; i < 40; i++)
        if (i % 2) printf "%s\tB-per\nLee\tI-per\nleft\tO\n%s\tB-loc\n\n", person[1 + i % 4], place[1 + i % 3]
        else printf "the\tO\nrain\tO\nin\tO\nNew\tB-loc\n%s\tI-loc\nfell\tO\n\n", place[1 + i % 4]
}' >train.conll
run out "$rondo" build tagger.rondo
run out ./tagger train --train train.conll --model m --quiet
cut -f1 train.conll >words
awk -v RS= '{ line = ""; for (i = 1; i <= NF; i += 2) line = line (i > 1 ? " " : "") $i; print line }' train.conll >lines
run streamed ./tagger stream --model m <words
run predicted ./tagger predict --model m lines
same streamed predicted "stream and predict"
# What looks back at all steps keeps so many.
yes Ann | head -257 | ./tagger stream --model m >out 2>err && fail "keeps any number of steps"
[ "$(wc -l <out)" = 256 ] || fail "$(wc -l <out) of 256 answers"
grep -q "standard input:257: the model looks back at all steps of a sequence, and keeps 256 at most" err ||
    fail "too many steps: $(cat err)"
# An answer comes before the next word is asked for.
mkfifo ask answer
./tagger stream --model m <ask >answer 2>err &
exec 3>ask 4<answer
for word in Ann Lee left; do
    echo "$word" >&3
    read -r -t 20 line <&4 || fail "no answer to $word"
    [ "${line%%$'\t'*}" = "$word" ] || fail "the answer to $word is '$line'"
done
exec 3>&- 4<&-
wait

# ---- frames, each with numbers ----
cat >frames.rondo <<'END'
model frames {
  input  x:   frames(a, b, by = id)
  target way: class(up, down)

  states = scan gru(4) over x
  guess  = linear(states.h, way.size)

  loss   cross_entropy(linear(states.final.h, way.size), way)
  output softmax(guess), states.h
  train { epochs = 1  batch = 4 }
}
END
awk 'BEGIN {
    print "id,a,b,way"
    for (i = 0; i < 8; i++) for (t = 0; t < 5; t++)
        printf "%d,%g,%g,%s\n", i, (i % 2 ? t : -t) + i / 10, t * t / 7, i % 2 ? "up" : "down"
}' >train.csv
run out "$rondo" build frames.rondo
run out ./frames train --train train.csv --model f --quiet
awk -F, 'NR > 1 && $1 != id { if (NR > 2) print ""; id = $1 } NR > 1 { print $2 "," $3 }' train.csv >numbers
run streamed ./frames stream --model f <numbers
run predicted ./frames predict --model f --json train.csv
[ "$(grep -c . streamed)" = 40 ] || fail "40 frames: $(grep -c . streamed) answers"
[ "$(sed -n 5p streamed | cut -f2)" = "$(head -1 predicted | sed 's/.*"answer":"\([a-z]*\)".*/\1/')" ] ||
    [ -z "$(grep answer predicted)" ] || fail "the last frame: $(sed -n 5p streamed); $(head -1 predicted)"

# ---- both in one program ----
run out "$rondo" build --library tagger.rondo
run out "$rondo" build --library frames.rondo -o ./frames
cc -std=c11 -Wall -Wextra -Werror -I. "$here/two_models.c" tagger.a frames.a -lm -lpthread -o two 2>err ||
    fail "a program with two models: $(cat err)"
printf 'cut' >cut
run answers ./two m f cut
run predicted ./tagger predict --model m "the rain in New Rome fell"
same answers predicted "a program of one's own"
c++ -fsyntax-only -x c++ tagger.h 2>err || fail "the header in C++: $(cat err)"

# ---- what is wrong is said ----
tested=./frames
# refused TEXT INPUT
refused() {
    printf "$2" | ./frames stream --model f >out 2>err
    [ "${PIPESTATUS[1]}" = 1 ] || fail "$2: no failure"
    has err "^frames: standard input:$1"
}
refused '1: .*x' '1,x\n'
refused '2: ' '1,2\n1\n'
refused '1: is not valid UTF-8' '\377\n'
wrong 2 "stream needs --model FILE" stream
tested=$rondo
wrong 2 "functions cannot begin with the name of the library: ./1st" build --library tagger.rondo -o ./1st
wrong 2 "'build' does not take --library=yes" build --library=yes tagger.rondo
wrong 1 "nowhere/x.h: cannot write: No such file or directory" build --library tagger.rondo -o nowhere/x
cat >end.rondo <<'END'
model end {
  input  text: words
  target mood: class(good, bad)
  logits = linear(mean(embedding(text, 4)), mood.size)
  loss   cross_entropy(logits, mood)
  output argmax(logits)
}
END
[ "$("$rondo" emit --stage=step end.rondo | head -c 17)" = "# no step program" ] || fail "a mean is known at the end"
finish
