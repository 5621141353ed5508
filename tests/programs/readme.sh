#!/bin/bash
# Runs the commands of the README, in its order: readme.sh RONDO DATA
# All blocks marked ```sh are run in one folder that looks like this one. The real data is cut
# short, and replaced by the demo's where DATA/sst2 is missing. Of ./dev only the names are checked.
set -u
rondo=$(readlink -f "$1") data=$2
source=$(readlink -f "$(dirname "$0")/../..")
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

mkdir -p build/demo sst2 tinyshakespeare
ln -s "$rondo" build/rondo
ln -s "$source/examples" examples
seed=1
for part in train valid test; do
    awk -v pairs=100 -v seed=$((seed++)) -f examples/demo/sentences.awk >build/demo/$part.tsv
done
for part in train dev test; do
    head -200 "$data/sst2/$part.tsv" >sst2/$part.tsv 2>/dev/null || cp build/demo/train.tsv sst2/$part.tsv
done

for part in train val; do
    head -c 4000 "$data/tinyshakespeare/$part.txt" >tinyshakespeare/$part.txt 2>/dev/null ||
        cut -f2 build/demo/train.tsv >tinyshakespeare/$part.txt
done

cat >dev <<END
#!/bin/sh
"$source/dev" --help | grep -q "^  \$1 "
END
chmod +x dev
sed -n '/^```sh$/,/^```$/p' "$source/README.md" | grep -v '^```' >commands
[ "$(wc -l <commands)" -ge 10 ] || { echo "the README has no commands"; exit 1; }
bash -e -u -x ./commands
