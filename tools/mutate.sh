#!/bin/sh
# Do the tests notice when a style does nothing, or the wrong thing?
# For each style under src/styles each function of its const struct is replaced
# by NULL, in turn, and in models and force styles each sign of the arithmetic
# is flipped, in turn; the tests that name the style must then fail.  Lists the
# survivors and ends with status 1 if there are any.
# fini is left alone: what it forgets is found by `make check SAN=1`.
# Usage: tools/mutate.sh O [regular expression of style paths]
set -u
cd "$(dirname "$0")/.." || exit 1
O=${1:?usage: tools/mutate.sh O [expression]}
part=${2:-}
root=$(pwd)
M=$root/$O/mutate
LIMIT=${ADELE_MUTANT_LIMIT:-120} # seconds for the tests of one mutant
mkdir -p "$M"
cp -a -u Makefile src tests tools doc "$M/" || exit 1
for copy in $(cd "$M" && find src tests -name '*.[ch]' -o -path 'tests/cases/*.yaml'); do
    if [ ! -f "$copy" ]; then rm "$M/$copy"
    elif ! cmp -s "$copy" "$M/$copy"; then cp "$copy" "$M/$copy"; fi
done
cd "$M" || exit 1
# Later changes of the sources do not mix into a tree that is being tested.
rm -rf styles
cp -a src/styles styles
file=
: >survivors
: >log
tried=0 survived=0
OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive CMOCKA_MESSAGE_OUTPUT=TAP
export OMP_NUM_THREADS OMP_WAIT_POLICY CMOCKA_MESSAGE_OUTPUT

# The pattern by which a test names the style, as in tests/styles.sh.
use_of() { # kind deck-name
    case $1 in
    fix | compute) echo "$1 +[^ ]+ +[^ ]+ +$2([^a-zA-Z0-9_/]|\$)" ;;
    dump) echo "(dump +[^ ]+ +[^ ]+|write_dump +[^ ]+) +$2([^a-zA-Z0-9_/]|\$)" ;;
    pair) echo "pair_style +$2([^a-zA-Z0-9_/]|\$)" ;;
    region) echo "region +[^ ]+ +$2([^a-zA-Z0-9_/]|\$)" ;;
    command) echo "(^|[\" ;'])$2([^a-zA-Z0-9_/]|\$)" ;;
    *) echo "$1 +$2([^a-zA-Z0-9_/]|\$)" ;;
    esac
}

build() { # targets; quietly
    make -s -j"${ADELE_JOBS:-2}" BUILD=out CFLAGS=-O1 "$@" >>log 2>&1
}

# 0: all tests pass.  The decks come first since they need one link only, then
# the programs one after the other until one fails; the runner of the decks
# does not depend on the styles and is kept aside.
run_tests() {
    if [ -n "$cases" ]; then
        ADELE_CASES_STOP=1 ADELE_CASES_USING=$use ADELE=out/adele \
            timeout "$LIMIT" ./runner $cases >>log 2>&1 || return 1
    fi
    for program in $programs; do
        build "$program" || return 1
        timeout "$LIMIT" "$program" >>log 2>&1 || return 1
    done
}

try() { # description; the mutant is in place
    tried=$((tried + 1))
    echo "== $1" >>log
    if ! build out/adele; then
        echo "not built   $1"
        return
    fi
    if run_tests; then
        survived=$((survived + 1))
        echo "SURVIVED    $1" | tee -a survivors
    else
        echo "noticed     $1"
    fi
}

restore() { [ -z "$file" ] || cp "${file#src/}" "$file"; }
trap 'restore; exit 130' INT TERM

# "line member function" of each function in the const struct at the end.
functions() {
    awk '/^const struct [a-z_]*_style / {inside = 1}
        inside {
            rest = $0
            while (match(rest, /\.[a-z_]+ = [a-z_][a-z0-9_]*/)) {
                split(substr(rest, RSTART + 1, RLENGTH - 1), part, " = ")
                print NR, part[1], part[2]
                rest = substr(rest, RSTART + RLENGTH)
            }
        }' "$1" | while read -r line member name; do
        case $member in fini | args | outputs | modify | cite) continue ;; esac
        grep -qE "^(static |[a-z_]+ )[^;=]*[ *]$name\(|^$name\(" "$1" &&
            echo "$line $member $name"
    done
}

# "line column from to" of each sign in arithmetic.
signs() {
    awk '/^\/\*/ {comment = 1}
        !comment && /^[ ]/ && !/["#]|for \(|ptrdiff_t|int64_t|size_t| int |\/\*/ {
            rest = $0; at = 0
            while (match(rest, / [-+]= | [-+] |= -|return -|\(-/)) {
                piece = substr(rest, RSTART, RLENGTH)
                to = piece
                if (piece ~ /\+/) sub(/\+/, "-", to)
                else if (piece ~ / -= | - /) sub(/-/, "+", to)
                else sub(/-/, "+", to)
                print NR "|" at + RSTART "|" piece "|" to
                at += RSTART + RLENGTH - 1
                rest = substr(rest, RSTART + RLENGTH)
            }
        }
        /\*\// {comment = 0}' "$1"
}

build out/adele out/tests/test_cases || exit 1
cp out/tests/test_cases runner
# Physics first.
for file in src/styles/model/*.c src/styles/pair/*.c src/styles/fix/*.c \
    src/styles/compute/*.c $(ls src/styles/*/*.c | grep -vE "/(model|pair|fix|compute)/"); do
    echo "$file" | grep -qE -- "$part" || continue
    kind=$(basename "$(dirname "$file")") base=$(basename "$file" .c)
    name=$(sed -n 's/.*STYLE_HEAD([a-z_]*, *"\([^"]*\)".*/\1/p' "$file" |
        tail -n 1)
    : "${name:=$base}"
    use=$(use_of "$kind" "$name")
    # What bears the name of the style comes first.
    programs= cases=$(grep -lE "$use" tests/cases/*.yaml |
        awk -v b="$base" '{print index($0, b) ? 0 : 1, $0}' | sort -s -n |
        cut -d" " -f2)
    for test in $({ grep -lE "$use" tests/unit/*.c
        grep -lF "\"$name\"" tests/unit/*.c; } | sort -u |
        awk -v b="$base" '{print index($0, b) ? 0 : 1, $0}' | sort -s -n |
        cut -d" " -f2); do
        case $test in */test_cases.c) continue ;; esac
        programs="$programs out/tests/$(basename "$test" .c)"
    done
    echo "== $file unchanged" >>log
    if [ -z "$programs$cases" ]; then
        echo "SURVIVED    $file: no test names $kind $name" | tee -a survivors
        survived=$((survived + 1))
        continue
    fi
    if ! build out/adele || ! run_tests; then
        echo "SKIPPED     $file: its tests fail without any change" |
            tee -a survivors
        survived=$((survived + 1))
        continue
    fi
    functions "$file" >functions
    while read -r line member function; do
        sed "${line}s/\\.$member = $function\\b/.$member = NULL/" \
            "${file#src/}" >"$file"
        try "$file: .$member = NULL"
    done <functions
    case $kind in
    model | pair)
        signs "$file" >signs
        while IFS='|' read -r line column from to; do
            awk -v l="$line" -v c="$column" -v n="${#from}" -v to="$to" '
                NR == l {$0 = substr($0, 1, c - 1) to substr($0, c + n)}
                {print}' "${file#src/}" >"$file"
            try "$file:$line: '$from' becomes '$to'"
        done <signs
        ;;
    esac
    restore
done

echo
echo "$tried mutants, $survived survived"
[ "$survived" -gt 0 ] && cat survivors
[ "$survived" -eq 0 ] && [ "$tried" -gt 0 ]
