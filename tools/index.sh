#!/bin/sh
# Writes doc/index.md to standard output: every page with its first sentence.
# tests/index.sh compares it with the kept one.
cd "$(dirname "$0")/.." || exit 1

entry() { # page
    title=$(sed -n 's/^# //p;T;q' "$1")
    text=$(awk 'NR > 1 && /^[^#]/ {t = t " " $0; next}
                t && /^ *$/ {exit} END {print t}' "$1" |
        sed 's/^ *//; s/\([.!?]\) .*/\1/')
    echo "| [$title](${1#doc/}) | $text |"
}

list() { # heading, pages..
    printf '\n## %s\n\n| page | what it is |\n|---|---|\n' "$1"
    shift
    for page in "$@"; do [ -f "$page" ] && entry "$page"; done
}

cat <<'T'
# All pages

Made by `tools/index.sh`. In the program, `adele -help` says the same in short.

Start with [your first quench](howto/first_quench.md); the language is on
[one page](language.md), what is printed and written on [another](output.md).
T
list "How to" doc/howto/*.md
list "Commands" doc/command/*.md
list "Control commands" doc/control/*.md
list "Lattices" doc/lattice/*.md
list "Models" doc/model/*.md
list "Force styles" doc/pair/*.md
list "Fixes" doc/fix/*.md
list "Computes" doc/compute/*.md
list "Descriptors of learned forces" doc/descriptor/*.md
list "Networks" doc/network/*.md
list "Optimisers" doc/optimizer/*.md
list "Dumps" doc/dump/*.md
list "Regions" doc/region/*.md
list "Theory" doc/theory/*.md
list "For developers" doc/developer/*.md
