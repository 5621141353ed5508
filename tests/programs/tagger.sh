#!/bin/bash
# A small tagger in every use: tagger.sh RONDO
set -u
rondo=$(readlink -f "$1")
. "$(dirname "$0")/../shell.sh"

cat >tagger.rondo <<'END'
model tagger {
  input  text:    words
  input  letters: chars(of = text)
  target tag:     tags(over = text, max_tags = 6)
  spelled = scan gru(8) over embedding(letters, 8)
  states  = scan gru(16) over concat(embedding(text, 8), spelled.final.h)
  logits  = linear(states.h, tag.size)
  loss   weighted_cross_entropy(logits, tag, sqrt(balanced(tag)))
  output argmax(logits), softmax(logits)
  metric accuracy, entity_f1
  train { optimizer = adam(rate = 0.02)  epochs = 6  batch = 4 }
}
END

# What a name is, its own letters and the word before it tell.
awk 'BEGIN {
    srand(3); split("Ann Bob Eve Mia", person); split("Oslo Rome Bonn Kyiv", place)
    for (i = 0; i < 60; i++) {
        p = person[1 + int(rand() * 4)]; q = place[1 + int(rand() * 4)]
        if (i % 3 == 0) printf "%s\tB-per\nLee\tI-per\nleft\tO\n\n", p
        else if (i % 3 == 1) printf "%s\tB-per\nis\tO\nin\tO\n%s\tB-loc\n.\tO\n\n", p, q
        else printf "the\tO\nrain\tO\nin\tO\nNew\tB-loc\n%s\tI-loc\nfell\tO\n\n", q
    }
}' >all.conll
awk -v RS= -v ORS='\n\n' 'NR <= 48' all.conll >train.conll
awk -v RS= -v ORS='\n\n' 'NR > 48' all.conll >valid.conll
awk -v RS= '{ line = ""; for (i = 1; i <= NF; i += 2) line = line (i > 1 ? " " : "") $i; print line }' \
    valid.conll >lines.txt

run out "$rondo" build tagger.rondo
run out ./tagger gradcheck
run out ./tagger gradcheck --data train.conll --examples 5
run out ./tagger train --train train.conll --valid valid.conll --model m --quiet --threads 1
run out ./tagger train --train train.conll --valid valid.conll --model m2 --quiet --threads 2
same m m2 "trained on two threads"
run out ./tagger train --train train.conll --valid valid.conll --model m3 --quiet --epochs 2
run out ./tagger train --train train.conll --valid valid.conll --model m3 --quiet --epochs 6 --resume
same m m3 "training that was resumed"

run whole ./tagger predict --model m lines.txt --batch 64 --threads 1
for batch in 1 5; do
    run out ./tagger predict --model m lines.txt --batch $batch --threads 2
    same whole out "batches of $batch"
done
same <(cut -f1 whole) <(cut -f1 valid.conll) "the words of the answers"
run out ./tagger predict --model m valid.conll
same whole out "sentences in columns"
cut -f1 valid.conll | gzip >words.conll.gz
run out ./tagger predict --model m words.conll.gz
same whole out "words alone"
head -1 lines.txt | ./tagger predict --model m - >out
same <(awk -v RS= -v ORS='\n\n' 'NR == 1' whole) out "a sentence alone"
right=$(paste whole valid.conll | awk '$2 { n++; r += $2 == $4 } END { print (r > 0.9 * n) }')
[ "$right" = 1 ] || fail "learned nothing: $(paste whole valid.conll | head)"

run out ./tagger eval --model m --data valid.conll
has out '^entity  *[01]\.'
has out '^per  *[01]\.'
has out '^B-loc  *[01]\.'
run out ./tagger eval --json --model m --data valid.conll
has out '"entities":\[{"name":"loc"'
run out ./tagger predict --json --model m "Ann left"
has out '^{"words":\["Ann","left"\],"tags":\["[^"]*","[^"]*"\],"probabilities":\['
run out ./tagger explain --model m "Ann left"
has out '^  Ann   *[BO][^ ]*  *[01]\.[0-9]*  #'
run out ./tagger info --model m
has out 'tags over text, one of O, '
has out 'characters, at most 40 a word'
has out 'tag.balanced  *\[6\]'
run out ./tagger info
has out 'tags over text, those of the training data, at most 5'

printf 'a\tO\nb\n' >bad.conll
./tagger eval --model m --data bad.conll >out 2>err
[ $? = 1 ] || fail "bad data: status $?"
same err <(echo "tagger: bad.conll:2: 1 column; expected 2 as in line 1") "bad data"
printf 'a\tNOUN\nb\tVERB\n' >plain.conll
./tagger train --train plain.conll --model m4 >out 2>err
[ $? = 1 ] || fail "tags without entities: status $?"
same err <(echo "tagger: plain.conll: entity_f1 counts entities, which tags such as B-person, I-person and O mark;" \
    "'tag' has NOUN, VERB: take accuracy instead, or another column") "tags without entities"
printf 'a A\nb B\nc C\nd D\ne E\nf F\n' >many.conll
./tagger train --train many.conll --model m4 >out 2>err
[ $? = 1 ] || fail "many tags: status $?"
same err <(echo "tagger: many.conll: 'tag' has 6 different tags; the model has room for 5: max_tags = 7") \
    "many tags"

finish
