#!/bin/sh
# What the README, the how-tos and the examples say works: each example deck in a
# short form with every force style, each ```adele block of how-tos and theory in a
# short form, the README's deck, commands and message, and an installed copy.
# Usage: tests/examples.sh O; prints TAP.
cd "$(dirname "$0")/.." || exit 1
O=${1:-build}
adele=${ADELE:-$(cd "$O" && pwd)/adele}
root=$(pwd)
export ADELE_POTENTIALS="$root/potentials"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
: >"$tmp/why"

report() {
    n=$((n + 1))
    if [ -s "$tmp/why" ]; then
        bad=$((bad + 1))
        echo "not ok $n - $1"
        head -n 30 "$tmp/why" | sed 's/^/# /'
    else
        echo "ok $n - $1"
    fi
    : >"$tmp/why"
}

# Runs the deck in.test in an empty folder; further words go to adele.
run_deck() { # deck-file
    rm -rf "$tmp/run"
    mkdir "$tmp/run"
    cp "$1" "$tmp/run/in.test"
    shift
    (cd "$tmp/run" && timeout 120 "$adele" "$@" in.test </dev/null >out 2>err) ||
        { echo "status $?:"; cat "$tmp/run/err"; } >>"$tmp/why"
}

# At most 3 steps a run, on a lattice of at most 8 cells along an axis.
shorten() {
    sed -E 's/^( *run +)[^ ]+/\13/; /^ *lattice/s/ [0-9]{2,}/ 8/g
            /^ *variable +L[a-z]* +index/s/ [0-9]{2,}/ 8/g' "$1"
}

styles=$("$adele" -help pair | awk '/^  [^ ]/ {print $1}')
for deck in examples/in.*; do
    for style in own $styles; do
        [ $style = negf ] && continue # needs leads, which these have not
        shorten "$deck" >"$tmp/deck"
        words=$style
        [ $style = ml ] && words="ml holstein_square_conv.yaml"
        [ $style = own ] ||
            sed -i -E "s/^( *pair_style +).*/\\1$words/" "$tmp/deck"
        run_deck "$tmp/deck"
        report "$deck, short, with pair_style $style"
    done
done

# Devices have leads, which only their own force style takes account of.
for deck in examples/device/in.*; do
    shorten "$deck" >"$tmp/deck"
    run_deck "$tmp/deck"
    report "$deck, short"
done

for page in doc/howto/*.md doc/theory/*.md doc/*.md; do
    [ -f "$page" ] || continue
    rm -f "$tmp"/block*
    awk -v to="$tmp/block" '/^```adele/ {k++; inside = 1; printf "" >(to k); next}
        /^```/ {inside = 0} inside {print >(to k)}' "$page"
    [ -f "$tmp/block1" ] || continue
    for block in "$tmp"/block*; do
        { grep -qE '^ *lattice ' "$block" || cat tests/doc/preamble.in
          cat "$block"; } >"$tmp/whole"
        shorten "$tmp/whole" >"$tmp/deck"
        run_deck "$tmp/deck"
    done
    report "decks of $page"
done

# The README: its deck, the message of a slip, the command lines.
awk '/^    # in\.quench/ {inside = 1} inside && /^[^ ]/ {exit} inside' README.md |
    sed 's/^    //' >"$tmp/readme"
run_deck "$tmp/readme" -check
report "README: the deck"

awk '/^    \$ / {inside = 1; next} inside && !/^    / {exit} inside' README.md |
    sed 's/^    //' >"$tmp/expected"
mkdir -p "$tmp/slip"
sed 's/langevin/langevn/' "$tmp/readme" >"$tmp/slip/in.quench"
(cd "$tmp/slip" && "$adele" -screen none in.quench 2>err </dev/null)
cmp -s "$tmp/expected" "$tmp/slip/err" ||
    { echo "expected:"; cat "$tmp/expected"; echo "found:"; cat "$tmp/slip/err"; } \
        >>"$tmp/why"
report "README: the message of a slip"

mkdir "$tmp/work" "$tmp/work/examples"
shorten "$tmp/readme" >"$tmp/work/in.quench"
for deck in examples/in.*; do
    shorten "$deck" >"$tmp/work/$deck"
done
sed -n 's/^    build\/adele *\([^#]*\).*/\1/p' README.md |
    while read -r words; do
        # shellcheck disable=SC2086
        (cd "$tmp/work" && timeout 120 "$adele" $words </dev/null \
            >out 2>err) || { echo "build/adele $words: status $?"
            cat "$tmp/work/err"; } >>"$tmp/why"
    done
report "README: the command lines"

if make -s install BUILD="${O%/san}" DESTDIR="$tmp/root" PREFIX=/opt/adele \
    ${ADELE_MAKE:-} >"$tmp/install" 2>&1; then
    "$tmp/root/opt/adele/bin/adele" -version >"$tmp/version" 2>&1 &&
        grep -q '^adele ' "$tmp/version" || cat "$tmp/version" >>"$tmp/why"
    for file in include/adele.h lib/libadele.a share/adele/doc; do
        [ -e "$tmp/root/opt/adele/$file" ] || echo "$file is missing" >>"$tmp/why"
    done
else
    cat "$tmp/install" >>"$tmp/why"
fi
report "make install"

echo "1..$n"
[ $bad -eq 0 ]
