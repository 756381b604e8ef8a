#!/bin/sh
# Tables of the theory pages come from the decks beside them: each ```adele
# block of doc/theory/*.md that begins with `# in.NAME` is run, and every line
# that it appends to NAME.txt must stand as a row of a table in the page.
# Usage: tests/theory.sh O; prints TAP.
cd "$(dirname "$0")/.." || exit 1
O=${1:-build}
adele=${ADELE:-$(cd "$O" && pwd)/adele}
root=$(pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export OMP_NUM_THREADS=1 # small runs, beside other tests
n=0

decks() { # page: its decks as files in.NAME here
    awk '/^```adele/ {block = 1; next} /^```/ {block = 0}
        block && /^# in\./ {name = $2; sub(":", "", name)}
        block && name {print > name}
        !block {name = ""}' "$1"
}

rows() { # lines of numbers as rows of a table
    awk '{line = "|"; for (i = 1; i <= NF; i++) line = line " " $i " |"
        print line}' "$1"
}

for page in doc/theory/*.md; do
    mkdir "$tmp/$(basename "$page" .md)" || exit 1
    cd "$tmp/$(basename "$page" .md)" || exit 1
    decks "$root/$page"
    for deck in in.*; do
        [ -f "$deck" ] || continue
        n=$((n + 1))
        table=${deck#in.}.txt
        why=
        if ! "$adele" -log none -screen none "$deck" >why.txt 2>&1; then
            why="$deck fails: $(head -n 1 why.txt)"
        elif [ ! -s "$table" ]; then
            why="$deck writes no $table"
        else
            rows "$table" >want.txt
            while IFS= read -r row; do
                grep -qxF -- "$row" "$root/$page" || why="no row $row"
            done <want.txt
        fi
        if [ -z "$why" ]; then
            echo "ok $n - $page $deck"
        else
            echo "not ok $n - $page $deck"
            echo "# $why"
        fi
    done
    cd "$root" || exit 1
done
echo "1..$n"
