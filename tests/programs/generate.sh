#!/bin/bash
# Models that write texts, in every use: generate.sh RONDO
set -u
rondo=$(readlink -f "$1") script=$(readlink -f "$0")
. "$(dirname "$0")/../shell.sh"

# ---- a language model ----
cat >lm.rondo <<'END'
model lm {
  target y: words(max_vocab = 500, max_length = 20)

  written = scan lstm(20) over embedding(previous(y), 10)
  h       = written.h
  context, weights = past_attention(h, position(h), h, h)
  logits  = linear(concat(h, context), y.size)

  loss     cross_entropy(logits, y)
  generate y from logits
  output   argmax(logits), weights
  train {
    scheduled_sampling = linear(end = 0.25, total_iters = 10)
    optimizer = adam(rate = 0.02)  epochs = 30  batch = 8
  }
}
END
awk 'BEGIN {
    srand(5); split("cat dog bird fish", a); split("sees likes eats", v)
    for (i = 0; i < 100; i++)
        print "the " a[1 + int(rand() * 4)] " " v[1 + int(rand() * 3)] " the " a[1 + int(rand() * 4)]
}' >train.txt
run out "$rondo" build lm.rondo
run out ./lm train --train train.txt --model lm.safetensors --quiet
# Fed its own words: the same on any number of threads, and when interrupted.
run out ./lm train --train train.txt --model other.safetensors --quiet --threads 1 --epochs 7
run out ./lm train --train train.txt --model other.safetensors --quiet --threads 2 --epochs 30 --resume
cmp -s lm.safetensors other.safetensors || fail "scheduled sampling gives other bits"
# Greedy: the same each time, and a sentence as the training data have them.
run greedy ./lm generate --model lm.safetensors
run again ./lm generate --model lm.safetensors --threads 1
cmp -s greedy again || fail "greedy gives $(cat greedy), then $(cat again)"
grep -qE '^the (cat|dog|bird|fish) (sees|likes|eats) the (cat|dog|bird|fish)$' greedy ||
    fail "greedy: $(cat greedy)"
run one ./lm generate --model lm.safetensors --beam 1
cmp -s greedy one || fail "a beam of 1 gives $(cat one), greedy $(cat greedy)"
# Drawn: by the seed alone.
run drawn ./lm generate --model lm.safetensors --temperature 1.5 --seed 7 --prompt "the bird" --threads 1
run again ./lm generate --model lm.safetensors --temperature 1.5 --seed 7 --prompt "the bird" --threads 2
cmp -s drawn again || fail "one seed gives $(cat drawn), then $(cat again)"
grep -q '^the bird' drawn || fail "a prompt is continued: $(cat drawn)"
for seed in 1 2 3 4 5 6; do
    run out ./lm generate --model lm.safetensors --temperature 1.5 --seed $seed
    cat out
done | sort -u >several
[ "$(wc -l <several)" -gt 1 ] || fail "six seeds give one text: $(cat several)"
run out ./lm generate --model lm.safetensors --seed 5 --top-k 1
cmp -s greedy out || fail "the best of one: $(cat out)"
run out ./lm generate --model lm.safetensors --seed 5 --top-p 1e-9
cmp -s greedy out || fail "the fewest tokens are one: $(cat out)"
run out ./lm generate --model lm.safetensors --length 2
[ "$(wc -w <out)" = 2 ] || fail "two tokens: $(cat out)"
run out ./lm generate --model lm.safetensors --beam 3 --json --prompt the
grep -qE '^\{"text":"the [a-z ]+","score":-[0-9.e-]+\}$' out || fail "as JSON: $(cat out)"

# Attention of a text to itself: each step to itself and what stands before it.
run out ./lm explain --model lm.safetensors "the cat sees"
printf '%s\n' "the cat sees" "         the   cat  sees  </s>" "  the   1.00  0.00  0.00  0.00" >expected
head -3 out | cmp -s - expected || fail "explain: $(cat out)"
[ "$(wc -l <out)" = 7 ] || fail "a row for each of 4 steps: $(cat out)"
run out ./lm explain --model lm.safetensors --json "the cat"
grep -qE '^\{"text":"the cat","alignments":\[\{"output":"weights","rows":\["the","cat","</s>"\],"columns":\["the","cat","</s>"\],"weights":\[\[1.0,0.0,0.0\],\[0[.0-9e-]+,0[.0-9e-]+,0.0\],' out ||
    fail "explain as JSON: $(cat out)"

run out ./lm bench --length 10 --repeat 2 --words 50
has out '^generate  [0-9]* tokens/s, each reading 0.0[0-9]* MB of weights: '
# ---- what is wrong is said ----
tested=./lm
wrong 1 "generate: the model reads no text; --prompt says how to begin" \
    generate --model lm.safetensors text
wrong 1 "--prompt: byte 0 is not valid UTF-8" generate --model lm.safetensors --prompt $'\xff'
wrong 2 "--top-p 2: is a probability, at most 1" generate --model lm.safetensors --top-p 2
wrong 2 "--temperature 0: must be a number above zero" \
    generate --model lm.safetensors --temperature 0
wrong 2 "--length-penalty -1: must be a number, at least zero" \
    generate --model lm.safetensors --length-penalty -1
wrong 2 "--beam looks for the best text; it does not go with drawing tokens" \
    generate --model lm.safetensors --beam 2 --seed 1

# ---- a translation, by an encoder, a decoder and attention ----
cat >reverse.rondo <<'END'
cell attending_gru(y: [E], keys: [S, K], H) {
  state s: [H]
  context, weights = additive_attention(s, keys, H)
  new = step gru(H) on concat(y, context) from s
  s'  = new
}

model reverse {
  input  source: words(max_vocab = 100, max_length = 10)
  target y:      words(max_vocab = 100, max_length = 10)

  read    = scan gru(16) over embedding(source, 16) backward
  decoder = scan attending_gru(read.h, 16) over embedding(previous(y), 16) from s = read.final.h
  logits  = linear(decoder.s, y.size)

  loss     cross_entropy(logits, y)
  generate y from logits
  output   decoder.weights
  metric   perplexity, bleu, wer, cer
  train { optimizer = adam(rate = 0.01)  epochs = 12  batch = 8 }
}
END
awk '{ s = ""; for (i = NF; i >= 1; i--) s = s (i < NF ? " " : "") toupper($i); print $0 "\t" s }' train.txt >pairs.tsv
run out "$rondo" build reverse.rondo
run out ./reverse train --train pairs.tsv --model reverse.safetensors --quiet
run greedy ./reverse generate --model reverse.safetensors train.txt
[ "$(wc -l <greedy)" = 100 ] || fail "a line for each of 100 texts: $(wc -l <greedy)"
run out ./reverse generate --model reverse.safetensors --batch 7 --threads 1 - <train.txt
cmp -s greedy out || fail "other texts in other batches"
run out ./reverse predict --model reverse.safetensors --beam 1 train.txt
cmp -s greedy out || fail "predict with a beam of 1 differs"
# What eval compares is what generate writes.
run out ./reverse eval --model reverse.safetensors --data pairs.tsv
paste greedy <(cut -f2 pairs.tsv | tr '[:upper:]' '[:lower:]') | awk -F '\t' '{
    split($1, a, " "); m = split($2, b, " "); words += m
    for (i = 1; i <= m; i++) wrong += a[i] != b[i]
    } END { printf "wer       %.3f\n", wrong / words }' >expected
grep -qF "$(cat expected)" out || fail "expected $(cat expected): $(cat out)"
grep -qE '^bleu      [0-9.]+$' out && grep -qE '^cer       [0-9.]+$' out || fail "no bleu, no cer: $(cat out)"
run out ./reverse eval --model reverse.safetensors --data pairs.tsv --beam 2 --json
grep -qE '"bleu":[0-9.]+,"wer":[0-9.e-]+,"cer":' out || fail "as JSON: $(cat out)"
# A wider beam never ends with a lower score.
run out "$(dirname "$script")/wider_beams.sh" ./reverse reverse.safetensors train.txt 1 2 3 5
[ "$(wc -l <out)" = 4 ] || fail "beams: $(cat out)"
# The same of a model that has hardly learned, and prefers nothing.
run out ./reverse train --train pairs.tsv --model early.safetensors --epochs 1 --quiet
run out "$(dirname "$script")/wider_beams.sh" ./reverse early.safetensors train.txt 1 2 4 8
# The alignment: a row for each word that is produced and its end, a column for each of the source.
run out ./reverse explain --model reverse.safetensors "the cat sees the dog"
head -1 out | cmp -s - <(paste <(./reverse predict --model reverse.safetensors "the cat sees the dog") \
    <(echo "the cat sees the dog")) || fail "explain of what is found: $(cat out)"
sed -n 2p out | grep -qx '         the   cat  sees   the   dog' || fail "its columns: $(cat out)"
awk 'NR > 2 && NF { rows++; sum = 0; for (k = 2; k <= NF; k++) sum += $k
    wrong += NF != 6 || sum < 0.97 || sum > 1.03 } END { exit rows != 6 || wrong }' out ||
    fail "6 rows of 5 weights, which are 1 together: $(cat out)"
# Of a text that is given; the same as when it is found.
head -20 train.txt >some.src
paste some.src <(head -20 greedy) | head -20 >some.tsv
head -20 greedy >some.tgt
run out ./reverse explain --model reverse.safetensors some.src
run again ./reverse explain --model reverse.safetensors --batch 3 --threads 1 some.tsv
cmp -s out again || fail "what is found and what is given differ: $(diff out again | head -5)"
run again ./reverse explain --model reverse.safetensors some.src,some.tgt
cmp -s out again || fail "what is found and what is given beside it differ"
printf 'y\tsource\nDOG\tthe cat\n' >named.tsv
run out ./reverse explain --model reverse.safetensors --json named.tsv
grep -qE '^\{"text":"DOG","source":"the cat","alignments":\[\{"output":"weights","rows":\["dog","</s>"\],"columns":\["the","cat"\],"weights":\[\[[0-9.e-]+,[0-9.e-]+\],\[[0-9.e-]+,[0-9.e-]+\]\]\}\]\}$' out ||
    fail "explain of a named text, as JSON: $(cat out)"
run out ./reverse explain --model reverse.safetensors --beam 3 --json "the cat"
grep -qE '"score":-[0-9.e-]+,"source":"the cat","alignments":' out || fail "explain with a beam: $(cat out)"
run out ./reverse bench --length 5 --repeat 1 --words 20 --batch 2 --json
has out '"generate":{"tokens_per_second":[0-9.e]*,"weight_bytes":[0-9.]*,"memory_bytes_per_second":'
tested=./reverse
wrong 1 "generate: the model needs a text, a file with a text a line, or -" \
    generate --model reverse.safetensors

tested=./lm
wrong 2 "unknown verb 'generat'; did you mean 'generate'?" generat
finish
