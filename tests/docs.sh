#!/bin/sh
# The pages hold what they promise.  For each style src/styles/KIND/NAME.c and
# each control command there is a page doc/KIND/NAME.md with the fixed
# headings; its Syntax block is the usage that `adele -help KIND NAME` prints;
# it names every argument of that help; each ```adele block under Examples is
# run with -check.  Citation keys are those of doc/references.bib.
# Usage: tests/docs.sh O [part of a page's path]; prints TAP.
cd "$(dirname "$0")/.." || exit 1
O=${1:-build}
part=${2:-}
adele=${ADELE:-$(cd "$O" && pwd)/adele}
root=$(pwd)
export ADELE_POTENTIALS="$root/potentials:$root/tests/data"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0

report() { # title; complaints in $tmp/why
    n=$((n + 1))
    if [ -s "$tmp/why" ]; then
        bad=$((bad + 1))
        echo "not ok $n - $1"
        sed 's/^/# /' "$tmp/why"
    else
        echo "ok $n - $1"
    fi
    : >"$tmp/why"
}
complain() { echo "$*" >>"$tmp/why"; }
: >"$tmp/why"

section() { # page heading: the lines below it
    awk -v want="## $2" '/^```/ {code = !code}
        !code && /^#/ {inside = ($0 == want); next} inside' "$1"
}

check_headings() {
    want=$(printf '## %s\n' Syntax Examples Description Output Restrictions \
        Related Default)
    have=$(awk '/^```/ {code = !code} !code && /^## /' "$1")
    [ "$want" = "$have" ] ||
        complain "$1: the headings are not Syntax, Examples, Description, Output, Restrictions, Related, Default"
    [ "$(head -n 1 "$1")" = "# $2" ] || complain "$1: the title is not '# $2'"
}

words() { tr -s ' \n' '  ' | sed 's/^ //; s/ $//'; }

check_syntax() { # page, words after -help
    page=$1
    shift
    if ! "$adele" -help "$@" >"$tmp/help" 2>"$tmp/error"; then
        complain "adele -help $* fails:"
        cat "$tmp/error" >>"$tmp/why"
        return
    fi
    usage=$(head -n 1 "$tmp/help" | words)
    block=$(section "$page" Syntax |
        awk '/^```/ {if (inside) exit; inside = 1; next} inside' | words)
    [ "$usage" = "$block" ] ||
        complain "$page: the Syntax block is
  $block
but adele -help $* prints
  $usage"
    # Arguments by name; of a choice its cases count, not its own name.
    sed -n '/^Arguments:/,/^[^ ]*$/p' "$tmp/help" | grep '^    ' |
        grep -v '^ *[^ ]* *one of' | awk '{print $1}' | sort -u |
        while read -r name; do
            grep -qF -- "$name" "$page" ||
                complain "$page: says nothing of the argument $name"
        done
}

check_examples() {
    rm -rf "$tmp/block"* "$tmp/run"
    section "$1" Examples | awk -v to="$tmp/block" '
        /^```adele/ {k++; inside = 1; printf "" >(to k); next}
        /^```/ {inside = 0} inside {print >(to k)}'
    [ -f "$tmp/block1" ] || complain "$1: no \`\`\`adele block under Examples"
    for block in "$tmp"/block*; do
        [ -f "$block" ] || continue
        mkdir "$tmp/run"
        grep -qE '^ *lattice ' "$block" ||
            cat "$root/tests/doc/preamble.in" >"$tmp/run/in.example"
        cat "$block" >>"$tmp/run/in.example"
        ! grep -q width.so "$block" ||
            sh "$root/tools/plugin.sh" "$root/examples/plugin/compute_width.c" \
                "$tmp/run/width.so" >/dev/null
        (cd "$tmp/run" && timeout 60 "$adele" -check in.example </dev/null \
            >out 2>err) || {
            complain "$1: this example fails with status $?:"
            cat "$block" "$tmp/run/err" >>"$tmp/why"
        }
        rm -rf "$tmp/run"
    done
}

check_page() { # kind, file name, deck name, words after -help
    page=doc/$1/$2.md title="$1 $3"
    case $page in *"$part"*) ;; *) return ;; esac
    case $1 in
    command | control) title=$3 ;;
    pair) title="pair_style $3" ;;
    esac
    if [ -f "$page" ]; then
        check_headings "$page" "$title"
        check_syntax "$page" "$1" "$3"
        check_examples "$page"
    else
        complain "$page is missing"
    fi
    report "$page"
}

for file in src/styles/*/*.c; do
    kind=$(basename "$(dirname "$file")") base=$(basename "$file" .c)
    name=$(sed -n 's/.*STYLE_HEAD([a-z_]*, *"\([^"]*\)".*/\1/p' "$file" |
        tail -n 1)
    check_page "$kind" "$base" "${name:-$base}"
done
for name in $("$adele" -help control 2>/dev/null | awk '/^  [^ ]/ {print $1}'); do
    check_page control "$name" "$name"
done

# No page without its style.
for page in doc/model/*.md doc/pair/*.md doc/fix/*.md doc/compute/*.md \
    doc/dump/*.md doc/command/*.md doc/lattice/*.md doc/region/*.md \
    doc/descriptor/*.md doc/network/*.md doc/optimizer/*.md; do
    [ -f "$page" ] || continue
    style=src/styles/${page#doc/}
    [ -f "${style%.md}.c" ] || complain "$page describes no style"
done
report "no page without its style"

# [Key2023], [Key2023, Other2024b] in text; .cite = "Key2023 Other2024b".
{
    grep -rhoE '\[[A-Z][A-Za-z]+[0-9]{4}[a-z]?(, *[A-Z][A-Za-z]+[0-9]{4}[a-z]?)*\]' \
        src doc README.md 2>/dev/null
    sed -n 's/.*\.cite = "\([^"]*\)".*/\1/p' src/styles/*/*.c
} | tr -s '[], ' '\n' | grep . | grep -vx 'Key2023' | sort -u >"$tmp/cited"
sed -n 's/^@[a-z]*{\([^,]*\),.*/\1/p' doc/references.bib | sort >"$tmp/keys"
while read -r key; do
    grep -qx "$key" "$tmp/keys" || complain "$key is not in doc/references.bib"
done <"$tmp/cited"
uniq -d "$tmp/keys" | while read -r key; do
    complain "$key stands twice in doc/references.bib"
done
report "citation keys are in doc/references.bib"

echo "1..$n"
[ $bad -eq 0 ]
