#!/bin/sh
# The example of doc/developer/add_a_compute.md: compiled as a plugin it
# measures, and a foreign or broken object is refused.
# Usage: tests/plugin.sh O
O=$(cd "${1:-build}" && pwd)
top=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
n=0
ok() { # status text
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
flags=
case $O in */san) flags=-fsanitize=address,undefined ;; esac

CC="${CC:-cc} $flags" sh "$top/tools/plugin.sh" \
    "$top/examples/plugin/compute_width.c" width.so >make.out 2>&1
ok $? "tools/plugin.sh compiles the example" || cat make.out

# A checkerboard of amplitude 1.5 has width 1.5 and mean 0.
cat >in.width <<'D'
plugin  load width.so
lattice square 6 4
model   holstein g 1.0
displace all wave pi pi 1.5
compute w all width q
print   "width $(c_w:%.12f)"
D
"$O/adele" -log none -in in.width >out 2>err
ok $? "the plugin loads and runs" || cat err
grep -q '^width 1.500000000000$' out
ok $? "a checkerboard of amplitude 1.5 has width 1.5"
grep -q '^plugin width.so: compute style width$' out
ok $? "the log names the plugin's style"

printf 'plugin load width.so\nplugin load width.so\n' >in.twice
"$O/adele" -log none -in in.twice >out 2>err
test $? = 1 && grep -q "there is already a compute style 'width'" err
ok $? "a name that is taken is refused"

echo 'int nothing; int nothing = 1;' >empty.c
${CC:-cc} -shared -fPIC -o empty.so empty.c
echo 'plugin load empty.so' >in.empty
"$O/adele" -log none -in in.empty >out 2>err
test $? = 1 && grep -q "in.empty:1:13: plugin: 'empty.so' has no table adele_plugin" err
ok $? "an object without a table is refused"

echo 'plugin load missing.so' >in.missing
"$O/adele" -log none -in in.missing >out 2>err
test $? = 1 && grep -q "in.missing:1:13: plugin: cannot load 'missing.so'" err
ok $? "a missing file is named"
echo "1..$n"
