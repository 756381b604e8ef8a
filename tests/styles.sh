#!/bin/sh
# Every style has a test that uses it, a page, and a help text.  A test of a
# style is a deck in tests/cases or a program in tests/unit or tests in which its name
# stands behind its kind's command ("fix 1 all nve", "compute phi all cdw"),
# or as a quoted string.
# Usage: tests/styles.sh O; prints TAP.
cd "$(dirname "$0")/.." || exit 1
O=${1:-build}
adele=${ADELE:-$(cd "$O" && pwd)/adele}
n=0 bad=0

tested() { # kind name
    case $1 in
    fix | compute) use="$1 +[^ ]+ +[^ ]+ +$2" ;;
    dump) use="(dump +[^ ]+ +[^ ]+ +|write_dump +[^ ]+ +)$2" ;;
    pair) use="pair_style +$2" ;;
    region) use="region +[^ ]+ +$2" ;;
    command) use="(^|[\" ])$2" ;;
    *) use="$1 +$2" ;;
    esac
    grep -qE "$use([^a-zA-Z0-9_/]|$)" tests/cases/*.yaml \
        tests/unit/*.c tests/*.sh ||
        grep -qF "\"$2\"" tests/unit/*.c
}

for file in src/styles/*/*.c; do
    kind=$(basename "$(dirname "$file")") base=$(basename "$file" .c)
    name=$(sed -n 's/.*STYLE_HEAD([a-z_]*, *"\([^"]*\)".*/\1/p' "$file" |
        tail -n 1)
    : "${name:=$base}"
    why=
    [ "$(echo "$name" | tr / _)" = "$base" ] ||
        why="$why
# the deck name is $name"
    tested "$kind" "$name" || why="$why
# no case in tests/cases and no program in tests/unit uses it"
    [ -f "doc/$kind/$base.md" ] || why="$why
# doc/$kind/$base.md is missing"
    "$adele" -help "$kind" "$name" >/dev/null 2>&1 || why="$why
# adele -help $kind $name fails"
    n=$((n + 1))
    if [ -n "$why" ]; then
        bad=$((bad + 1))
        echo "not ok $n - $kind $name$why"
    else
        echo "ok $n - $kind $name"
    fi
done
echo "1..$n"
[ $bad -eq 0 ]
