#!/bin/sh
# The decks of examples/peierls in a short form, with poles and by diagonalisation,
# and the averages made from what they write.
# Usage: tests/peierls.sh O; prints TAP.
cd "$(dirname "$0")/.." || exit 1
O=${1:-build}
adele=${ADELE:-$(cd "$O" && pwd)/adele}
here=$(pwd)/examples/peierls
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
n=0 bad=0

report() { # status text
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $n - $2"
    else
        bad=$((bad + 1))
        echo "not ok $n - $2"
        sed 's/^/# /' err 2>/dev/null | head -n 20
    fi
}

short="-var L 8 -var warm 200 -var steps 300 -var every 50"
for seed in 1 2; do
    # shellcheck disable=SC2086
    "$adele" "$here/in.quench" $short -var seed $seed >out 2>err
    report $? "in.quench, seed $seed"
    "$adele" "$here/in.correlation" -var L 8 -var name quench_$seed >out 2>err
    report $? "in.correlation, seed $seed"
done
# shellcheck disable=SC2086
"$adele" "$here/in.quench" $short -var steps 5 -var every 5 -var style ed \
    -var name by_ed >out 2>err && grep -q "midgap" out
report $? "in.quench, -var style ed holds mu midgap"

# C(0) is the mean square of m, which fix ave/time and the log saw as well.
sh "$here/correlate.sh" 300 quench_1.correlation.txt quench_2.correlation.txt \
    >mean 2>err
awk 'NR == 2 {good = $1 == 0 && $2 > 1e-3 && $5 == 2
              d = $4 - $2 / 2; good = good && d * d < 1e-14}
    END {exit !good}' mean
report $? "correlate.sh: the mean of two runs"
a=$(awk 'NF == 2 {on = $1 == 300} on && $1 == 1 {print $3}' \
    quench_1.correlation.txt)
b=$(awk 'NF == 2 {on = $1 == 300} on && $1 == 1 {print $3}' \
    quench_2.correlation.txt)
awk -v a="$a" -v b="$b" 'NR == 2 {
    m = (a + b) / 2; e = (a - b) / 2; e = e < 0 ? -e : e
    d = $2 - m; f = $3 - e
    good = e > 0 && d * d < 1e-12 && f * f < 0.01 * e * e}
    END {exit !good}' mean
report $? "correlate.sh: mean and error of C(0)"

# The closed form at 12x12 and T = 0.1 (see doc/theory/peierls.md).
"$adele" "$here/in.order" -var L 12 -var temp 0.1 >out 2>err &&
    grep -q "axis: u0 = 0.2" out && grep -q "diagonal: u0 = 0.1" out
report $? "in.order"

echo "1..$n"
[ $bad -eq 0 ]
