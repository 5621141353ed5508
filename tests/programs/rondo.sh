#!/bin/bash
# The compiler's command line, with good and bad input: rondo.sh RONDO SOURCE [sanitized]
# A sanitized compiler links its programs with the sanitizers, which no other compiler offers.
set -u
rondo=$(readlink -f "$1") source=$(readlink -f "$2") sanitized=${3-}
tested=$rondo
. "$(dirname "$0")/../shell.sh"

cp "$source/tests/golden/leaky.rondo" "$source/tests/golden/pooled.rondo" .
printf 'model broken {\n  input text: wrods\n}\n' >broken.rondo

# ---- the commands ----
right "usage: rondo build" --help
right "usage: rondo build" -h
right "rondo 0." --version
wrong 2 "a command is missing"
wrong 2 "there is no command 'biuld'; did you mean 'build'?" biuld leaky.rondo
wrong 2 "there is no command 'xyzzy'; rondo --help lists them" xyzzy
wrong 2 "there is no command '--verbose'" --verbose
for command in build check emit fmt; do
    right "usage: rondo build" $command --help
    wrong 2 "--nonsense" $command --nonsense leaky.rondo
    wrong 2 "takes" $command
done
wrong 2 "'build' takes one FILE" build leaky.rondo pooled.rondo
wrong 2 "'emit' takes one FILE" emit --stage=ast leaky.rondo pooled.rondo
wrong 2 "the stages are ast graph gradient step packed loops products c, not loop" emit --stage=loop leaky.rondo
wrong 2 "--stage needs a value" emit --stage
wrong 2 "-o needs a value" build leaky.rondo -o
wrong 2 "--weights is f32, bf16 or int8, not fp8" build leaky.rondo --weights=fp8
wrong 2 "--weights is f32, bf16 or int8, not " build leaky.rondo --weights=
wrong 2 "'build' does not take --keep=yes" build --keep=yes leaky.rondo

# ---- files that cannot be read ----
mkdir folder
for command in "build" "check" "emit --stage=graph" "fmt" "fmt --check" "fmt --write"; do
    wrong 1 "nowhere.rondo: cannot read: No such file or directory" $command nowhere.rondo
    wrong 1 "folder: cannot read: Is a directory" $command folder
    wrong 1 "leaky.rondo/x: cannot read: Not a directory" $command leaky.rondo/x
    if [ "$(id -u)" != 0 ]; then
        cp leaky.rondo locked.rondo
        chmod 000 locked.rondo
        wrong 1 "locked.rondo: cannot read: Permission denied" $command locked.rondo
        rm -f locked.rondo
    fi
done

# ---- check ----
right "" check leaky.rondo
right "" check leaky.rondo pooled.rondo
"$rondo" check - <leaky.rondo >out 2>err || fail "check from standard input: $(cat err)"
"$rondo" check broken.rondo >out 2>err
[ $? = 1 ] || fail "check of a broken file"
grep -q "^broken.rondo:2:15: error: " err || fail "check of a broken file: $(cat err)"
"$rondo" check leaky.rondo broken.rondo nowhere.rondo pooled.rondo >out 2>err
[ $? = 1 ] || fail "check of several files: status $?"
grep -q "^broken.rondo:2:15: error: " err || fail "check of several files: $(cat err)"
grep -q "nowhere.rondo: cannot read" err || fail "check goes on behind a broken file: $(cat err)"
: >empty.rondo
"$rondo" check empty.rondo >out 2>err && fail "an empty file is no model"
[ "$(wc -l <err)" -ge 1 ] || fail "an empty file: $(cat err)"
head -c 4096 /dev/urandom >noise.rondo
timeout 20 "$rondo" check noise.rondo >out 2>err
[ $? = 1 ] || fail "noise: status $?"

# ---- emit ----
for stage in ast graph gradient step packed loops products c; do
    right "" emit --stage=$stage leaky.rondo
    mv out first
    right "" emit --stage=$stage leaky.rondo
    cmp -s first out || fail "two runs print two different texts of stage $stage"
    for example in "$source"/examples/*.rondo; do
        [ "$sanitized" = sanitized ] && [[ ${example##*/} = [!a-e]* ]] && continue # a few will do
        right "" emit --stage=$stage "$example"
        [ -s out ] || [ $stage = products ] || # without a recurrence there are none
            fail "emit --stage=$stage $example prints nothing"
    done
done
# layers COUNT: the functions of stages that a model with so many recurrent layers has
layers() {
    cat >layers.rondo <<EOF
model layers {
  target label: class(neg, pos)
  input  text:  words
  h      = stacked(dropout(embedding(text, 10), 0.1), 10, unit = gru, layers = $1, p = 0.1)
  logits = linear(mean(h), label.size)
  loss   cross_entropy(logits, label)
  output argmax(logits)
  train { optimizer = sgd(rate = 0.1)  epochs = 1  batch = 4 }
}
EOF
    right "" emit --stage=c layers.rondo
    grep -c '^static void .*_stage_[0-9]*(' out
}
three=$(layers 3) five=$(layers 5)
[ $((five - three)) -lt 3 ] || fail "five layers have $five functions, three have $three"

right "" emit --stage=c leaky.rondo
mv out first
right "" emit leaky.rondo
cmp -s first out || fail "emit prints the C unless told otherwise"

# ---- fmt ----
right "model leaky {" fmt leaky.rondo
mv out tidy.rondo
right "" fmt --check tidy.rondo
sed 's/  */ /g' tidy.rondo >untidy.rondo
"$rondo" fmt --check tidy.rondo untidy.rondo >out 2>err
[ $? = 1 ] || fail "fmt --check sees no difference"
[ "$(cat out)" = "untidy.rondo is not in canonical form" ] || fail "fmt --check: $(cat out)"
right "" fmt --write untidy.rondo
cmp -s tidy.rondo untidy.rondo || fail "fmt --write: $(diff tidy.rondo untidy.rondo)"
right "" fmt --check untidy.rondo
"$rondo" fmt --write broken.rondo >out 2>err
grep -q wrods broken.rondo || fail "fmt --write harms a broken file"

# ---- a full disk ----
if [ -w /dev/full ]; then
    for arguments in "emit leaky.rondo" "emit --stage=ast leaky.rondo" "fmt leaky.rondo" --help \
        --version "fmt --check untidy2.rondo" "build leaky.rondo"; do
        sed 's/  */ /g' tidy.rondo >untidy2.rondo
        "$rondo" $arguments >/dev/full 2>err
        [ $? = 1 ] || fail "$arguments: a full disk goes unseen"
        grep -q "standard output: .*No space left" err || fail "$arguments: a full disk: $(cat err)"
    done
fi

# ---- build ----
data="$source/examples/demo/sentences.awk"
awk -v pairs=40 -v seed=1 -f "$data" >train.tsv

# works PROGRAM: it trains and answers.
works() {
    ./"$1" train --train train.tsv --model m.safetensors --quiet >out 2>err ||
        fail "$1 does not train: $(cat err)"
    ./"$1" predict --model m.safetensors "the food was not bad" >out 2>err ||
        fail "$1 does not predict: $(cat err)"
    grep -qE '^(neg|pos)	0\.' out || fail "$1 predicts $(cat out)"
}

right "parameters  302 + 10 a word" build leaky.rondo
right "reverse.weight @ gather(embedding.weight, text)" build --report leaky.rondo
[ -x leaky ] || fail "build leaves no ./leaky"
works leaky
mv m.safetensors first
[ "$(ls)" = "$(ls | grep -v partial)" ] || fail "build leaves something behind: $(ls)"
"$rondo" build - -o piped <leaky.rondo >out 2>err || fail "build from standard input: $(cat err)"
cp leaky.rondo copy
right "copy.out" build copy
right "" build leaky.rondo -o folder/program --keep
[ -x folder/program ] || fail "-o folder/program"
[ -s folder/program.c ] || fail "--keep leaves no folder/program.c"
right "" emit leaky.rondo
cmp -s out folder/program.c || fail "--keep leaves other C than emit prints"
"$rondo" build leaky.rondo --verbose --cc=clang -o verbose >out 2>err || fail "--verbose: $(cat err)"
grep -q "^clang .*-march=native" err || fail "--verbose does not show the commands: $(cat err)"
grep -q "^elaborate .* ms" err || fail "--verbose does not show the passes: $(cat err)"
if [ "$sanitized" != sanitized ]; then
    right "" build leaky.rondo --cc=gcc -o by_gcc
    works by_gcc
    cmp -s first m.safetensors || fail "gcc and clang train two different models"
    right "" build leaky.rondo --march=x86-64-v3 -o narrow
    works narrow
    right "" build leaky.rondo --march=x86-64 -o baseline
    works baseline
    "$rondo" build leaky.rondo --static --weights=int8 -o static >out 2>err ||
        fail "--static --weights=int8: $(cat err)"
    grep -qE '^  weights     .* of products, .* as int8$' out || fail "--weights=int8: $(cat out)"
    works static
    cmp -s first m.safetensors || fail "a static program with int8 trains a different model"
    ./static eval --model m.safetensors --data train.tsv >out 2>err || fail "int8: $(cat err)"
    grep -qE '^weights +f32 +int8 +change$' out || fail "eval of int8 says: $(cat out)"
    grep -qE '^loss +0\.[0-9]+ +0\.[0-9]+ +[+-][0-9.e-]+$' out || fail "eval of int8: $(cat out)"
    ./static eval --json --model m.safetensors --data train.tsv >out
    grep -qE '"weights":"int8","f32":{"loss":0.*},"change":{"loss":.*}}$' out ||
        fail "eval of int8 as JSON: $(cat out)"
    ./static info | grep -q '^weights     of products: int8' || fail "info of int8"
    ! ldd static >/dev/null 2>&1 || fail "--static: $(ldd static)"
    ldd leaky | grep -qvE 'libm\.|libc\.|ld-linux|linux-vdso' && fail "leaky needs $(ldd leaky)"
fi

rm -rf leaky
printf 'model' >broken2.rondo
cp broken.rondo leaky2.rondo
"$rondo" build leaky2.rondo >out 2>err
[ $? = 1 ] || fail "build of a broken model: status $?"
[ ! -e leaky2 ] || fail "build of a broken model leaves a program"
wrong 1 "cannot run the C compiler 'no-such-cc'" build leaky.rondo --cc=no-such-cc
[ ! -e leaky ] || fail "a compiler that cannot be run leaves a program"
"$rondo" build leaky.rondo --cc=false >out 2>err
[ $? = 1 ] || fail "a compiler that fails: status $?"
grep -q "the C compiler failed" err || fail "a compiler that fails: $(cat err)"
"$rondo" build leaky.rondo --march=pdp-11 >out 2>err
[ $? = 1 ] || fail "--march=pdp-11: status $?"
wrong 1 "folder: is no regular file" build leaky.rondo -o folder
wrong 1 "/dev/full: is no regular file" build leaky.rondo -o /dev/full
"$rondo" build leaky.rondo -o nowhere/program >out 2>err
[ $? = 1 ] || fail "-o nowhere/program: status $?"
grep -q "nowhere/program" err || fail "-o nowhere/program: $(cat err)"
wrong 1 "nowhere/program.c: cannot write" build leaky.rondo --keep -o nowhere/program
PATH=/nowhere "$rondo" build leaky.rondo >out 2>err
[ $? = 1 ] || fail "no compiler: status $?"
grep -q "cannot run the C compiler 'cc'" err || fail "no compiler: $(cat err)"
[ ! -e leaky ] && ls -- *.partial >out 2>&1 && fail "a failed build leaves $(cat out)"

finish
