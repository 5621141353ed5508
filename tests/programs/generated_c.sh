#!/bin/bash
# The C that is emitted, under both compilers and for every vector width, without a warning:
# generated_c.sh RONDO SOURCE RUNTIME_ARCHIVE
set -u
rondo=$(readlink -f "$1") source=$(readlink -f "$2") archive=$(readlink -f "$3")
. "$(dirname "$0")/../shell.sh"

# Says what the compiler says, if it says anything: quiet CC ARGUMENT…
quiet() {
    "$@" -std=c11 -Wall -Wextra -Werror -I "$source/runtime" >said 2>&1 && [ ! -s said ] && return
    fail "$*: $(head -20 said)"
}

float='' double='-DRD_REAL=double -DRD_DOUBLE' alone='-DRD_REAL=double -DRD_DOUBLE -DRD_TRAIN_ALONE'

# every_way FILE TARGET…: both compilers, both kinds of numbers
every_way() {
    local file=$1 target
    shift
    for target; do
        for cc in clang gcc; do
            quiet $cc $target $float -fsyntax-only "$file"
            quiet $cc $target $double -fsyntax-only "$file"
            quiet $cc $target $alone -fsyntax-only "$file"
        done
    done
}

for model in "$source"/tests/golden/*.rondo "$source"/examples/*.rondo; do
    name=$(basename "$model" .rondo)
    "$rondo" emit --stage=c "$model" >"$name.c" || fail "emit $model"
    every_way "$name.c" -march=native
done
for name in leaky pooled; do
    every_way $name.c -march=x86-64-v3 -march=x86-64 "-march=native -DRD_VECTOR_BYTES=16"
    for cc in clang gcc; do
        quiet $cc -march=native -DRD_VECTOR_BYTES=4 $float -fsyntax-only $name.c
        quiet $cc -march=native -DRD_VECTOR_BYTES=8 $double -fsyntax-only $name.c
    done
done

# gcc sees some mistakes only as it optimizes.
for name in leaky pooled; do
    quiet gcc -O2 -march=x86-64-v3 -c $name.c -o $name.o
done

# One number at a time: what remains where there are no vectors.
awk -v pairs=40 -v seed=1 -f "$source/examples/demo/sentences.awk" >train.tsv
for cc in clang gcc; do
    for march in native x86-64; do
        quiet $cc -O1 -march=$march -DRD_VECTOR_BYTES=4 $float -c leaky.c -o single.o
        quiet $cc -O1 -march=$march -DRD_VECTOR_BYTES=8 $double -c leaky.c -o double.o
        $cc single.o double.o "$archive" -lm -lpthread -o scalar || exit 1
        ./scalar gradcheck >out 2>&1 || fail "scalar, $cc $march: $(cat out)"
        ./scalar train --train train.tsv --model m --quiet || fail "scalar, $cc $march"
        ./scalar predict --model m "the food was bad" >out || fail "scalar, $cc $march"
        grep -qE '^(neg|pos)	0\.' out || fail "scalar, $cc $march: $(cat out)"
    done
done

finish
