#!/bin/bash
# The demo shows what it is meant to show: demo.sh RONDO
set -u
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
demo=$(dirname "$(readlink -f "$0")")/../../examples/demo/demo.sh
"$demo" "$1" "$folder" >"$folder/out" 2>"$folder/err"
status=$?
cat "$folder/out" "$folder/err"
[ $status = 0 ] || exit 1
accuracy() { tail -2 "$folder/out" | grep "^$1" | grep -o '[01]\.[0-9]*$'; }
[ "$(accuracy "bag of words")" = 0.500 ] || { echo "FAIL: a bag of words knows more"; exit 1; }
awk -v a="$(accuracy bidirectional)" 'BEGIN { exit a < 0.95 }' || { echo "FAIL: too low"; exit 1; }
sort "$folder/train.tsv" | cut -f2 >"$folder/known"
cut -f2 "$folder/test.tsv" | grep -qxFf "$folder/known" && { echo "FAIL: data leaks"; exit 1; }
exit 0
