#!/bin/bash
# Training built programs: determinism.sh RONDO [COUNTER]
# The same seed gives the same model file, on any number of threads, interrupted or not. With
# COUNTER, made from unit/allocations.c: more epochs take not one allocation more.
set -u
rondo=$(readlink -f "$1") counter=${2:+$(readlink -f "$2")}
. "$(dirname "$0")/../shell.sh"

# model NAME CELLS STATES OPTIMIZER: a program that is called so
model() {
    cat >"$1.rondo" <<END
$2
model $1 {
  target label: class(negative, positive)
  input  text:  words(max_vocab = 60, max_length = 24)
  x        = dropout(embedding(text, 7), 0.1)
  states   = scan $3 over x
  context, weights = attention(states.h)
  logits   = linear(dropout(concat(context, states.final.h), 0.3), label.size)
  loss     cross_entropy(logits, label)
  output   argmax(logits), softmax(logits), weights
  metric   accuracy
  train { optimizer = $4  clip_norm = 0.5  epochs = 6  batch = 8 }
}
END
    "$rondo" build "$1.rondo" -o "$1" >out 2>&1 || fail "building $1: $(cat out)"
}

model library '' 'lstm(9)' 'adam(rate = 0.01)'
# The mask of a state is drawn inside of the loop.
model own 'cell own(x: [I], H) {
  state h: [H]
  param w: [2*H, I], u: [H, H], v: [H, H]
  f, n = split(w @ x, 2)
  gate = sigmoid(f + u @ h)
  new  = tanh(n + v @ (gate * h))
  h'"'"' = h + gate * (new - h) * keep_mask(h, 0.2)
}' 'own(11)' 'rmsprop(rate = 0.003, momentum = 0.5, centered = true, weight_decay = 0.001)
          schedule = linear(total_iters = 30, per_step = true) * plateau(factor = 0.5, patience = 2)
          clip_value = 0.2'

awk 'BEGIN { srand(3)
    for (i = 0; i < 150; i++) {
        good = rand() < 0.5
        text = good ? "good" : "bad"
        for (n = int(rand() * rand() * 22); n > 0; n--) text = text " w" int(rand() * 80)
        print (good ? "positive" : "negative") "\t" text } }' >all.tsv
head -110 all.tsv >train.tsv
tail -40 all.tsv >valid.tsv

# train PROGRAM MODEL OPTION…
train() {
    local program=./$1 model=$2
    shift 2
    "$program" train --train train.tsv --valid valid.tsv --model "$model" --quiet "$@" \
        >out 2>&1 || fail "$program train $*: $(cat out)"
}

for name in library own; do
    train $name first --seed 5 --threads 1
    for threads in 1 2 3; do
        train $name again --seed 5 --threads $threads
        cmp -s first again || fail "$name: the same seed trains another model on $threads threads"
    done
    train $name other --seed 6
    cmp -s first other && fail "$name: the seed changes nothing"
done

# Stopped again and again, on one thread and on two, it ends with the same bits.
train own whole --epochs 1000 --seed 5
tries=0 resume='--seed 5'
while [ $tries -lt 12 ]; do
    # shellcheck disable=SC2086
    ./own train --train train.tsv --valid valid.tsv --model parts --epochs 1000 --quiet \
        --threads $((tries % 2 + 1)) $resume >out 2>&1 &
    child=$!
    sleep 0.1
    kill -INT $child 2>/dev/null
    wait $child
    status=$?
    [ $status = 0 ] && break
    [ $status = 130 ] || { fail "interrupted: status $status: $(cat out)"; break; }
    resume=--resume tries=$((tries + 1))
done
[ $tries -gt 0 ] || fail "training ended before it could be interrupted"
[ $status = 0 ] || train own parts --resume
cmp -s whole parts || fail "a training that was interrupted $tries times ends elsewhere"

if [ -n "$counter" ]; then
    for name in library own; do
        counts=
        for epochs in 2 6; do
            LD_PRELOAD=$counter ./$name train --train train.tsv --valid valid.tsv --model m --quiet \
                --log log --threads 2 --epochs $epochs 9>count >out 2>&1 || fail "$(cat out)"
            counts="$counts $(cat count)"
        done
        read -r few many <<<"$counts"
        [ "${few:-0}" -gt 0 ] && [ "$few" = "${many:-}" ] ||
            fail "$name: $few allocations in 2 epochs, $many in 6"
    done
fi

finish "interrupted $tries times"
