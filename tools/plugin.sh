#!/bin/sh
# Compiles one style's source file into a shared object for `plugin load`.
# Usage: tools/plugin.sh FILE.c [FILE.so]
# ADELE_INCLUDE: folder of the headers (default: src beside this script, or
# the installed include/adele).
set -eu
[ $# -ge 1 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 1; }
source=$1 object=${2:-$(basename "$1" .c).so}
here=$(cd "$(dirname "$0")" && pwd)
include=${ADELE_INCLUDE:-}
for d in "$here/../src" "$here/../include/adele" "$here/../../include/adele"; do
    [ -n "$include" ] || [ ! -f "$d/plug/style.h" ] || include=$d
done
symbol=$(sed -n 's/^const struct \([a-z]*\)_style \([a-z_0-9]*\) = {.*/\1 \2/p' "$source" | tail -n 1)
[ -n "$symbol" ] || { echo "$source: no \`const struct KIND_style NAME = {'" >&2; exit 1; }
kind=${symbol% *} name=${symbol#* }
table=$(mktemp "${TMPDIR:-/tmp}/adele_plugin.XXXXXX.c")
trap 'rm -f "$table"' EXIT
header=$kind
[ "$kind" = lattice ] && header=lattice_style
cat >"$table" <<C
#include "plug/$header.h"
extern const struct ${kind}_style $name;
extern const struct style *const adele_plugin[];
const struct style *const adele_plugin[] = {&$name.style, 0};
C
${CC:-cc} -std=gnu11 -O2 -shared -fPIC -fopenmp -I"$include" -o "$object" "$source" "$table"
echo "$object"
