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

# A configuration in the layout of the published ones comes back through frames.sh,
# and tiles whose buffers reach further are closer to the whole lattice.
"$adele" "$here/in.quench" -var L 24 -var warm 200 -var steps 30 -var every 30 \
    -var name small >out 2>err
report $? "in.quench, 24 x 24"
cat >in.frame <<'END'
boundary     p p
lattice      square 24 24
model        ssh t 2.5 t2 0.5 alpha 4 k 30 kappa 4
electrons    filling 0.5 temp 1e-3
pair_style   pole tol 1e-6
read_dump    ${from} 30 ux uy timestep no
run          0
write_dump   all custom ${to} id ux uy fx fy modify format float %.17g sort id
END
"$adele" in.frame -var from small.h5 -var to whole.txt >out 2>err
awk 'on {i = $1 - 1; print i % 24, int(i / 24), $2, $3, $4, $5} /^ITEM: ATOMS/ {on = 1
    print "# x y ux uy fx fy"}' whole.txt >frame_030.txt
sh "$here/frames.sh" frame_030.txt >frames.dump 2>err &&
    "$adele" in.frame -var from frames.dump -var to again.txt >out 2>err &&
    [ "$(wc -l <again.txt)" -eq 585 ] && cmp whole.txt again.txt >err 2>&1
report $? "frames.sh: forces of a configuration that was written and read"
"$adele" "$here/in.tiles" -var L 24 -var core 4 -var buffers "4 8" \
    -var file frames.dump -var step 30 >out 2>err
awk '{e[NR] = $3; m[NR] = $4; f = $5} END {
    exit !(NR == 2 && e[2] > 0 && e[2] < e[1] && e[1] < m[1] && e[1] < f)}' tiles.txt
report $? "in.tiles"
echo "1 2 3" >bad_001.txt
sh "$here/frames.sh" bad_001.txt >out 2>err
[ $? -eq 1 ] && grep -q "bad_001.txt:1: six numbers expected" err
report $? "frames.sh refuses another layout"

# Learned forces: the two configurations, from these quenches, and coarsening.
learning=$(dirname "$here")/learning
cp "$learning/in.peierls_coarsening" "$learning/coarsening.sh" \
    "$learning/in.train" "$learning"/train_peierls_*.yaml .
sed -i -E 's/^data: .*/data: [quench_1.h5]/; s/^(validation: ).*/\1[quench_2.h5]/
           s/^(epochs: +).*/\11/; s/(widths: \[).*\]/\14]/' train_peierls_*.yaml
for kind in conv bp; do
    "$adele" in.train -var config train_peierls_$kind.yaml >out 2>err &&
        [ -s peierls_square_$kind.yaml ]
    report $? "train_peierls_$kind.yaml"
done
for seed in 1 2; do
    "$adele" in.peierls_coarsening -var L 16 -var warm 100 -var steps 40 \
        -var every 10 -var seed $seed \
        -var potential "$learning/../../potentials/peierls_square_conv.yaml" \
        >out 2>err
    report $? "in.peierls_coarsening, seed $seed"
done
sh coarsening.sh coarsening_1 coarsening_2 >lengths 2>err
awk 'NR > 1 && $1 == 10 * (NR - 1) && $2 > 0.3 && $3 > 0 {good++}
    END {exit !(good == 4 && $1 == "exponent,")}' lengths
report $? "coarsening.sh: lengths of two runs"

# L(S) = 0.1 t^0.7, and C(r) = 1 - r/2L with L(C) = 2 t^0.25 (factors do not matter).
for k in 1 2; do
    awk -v k=$k -v name=law_$k 'BEGIN {
        for (t = 50; t <= 3000; t += 50) {
            print t, k * 0.1 * t^0.7 >(name ".length.txt")
            print t, 60 >(name ".correlation.txt")
            for (r = 0; r < 60; r++)
                print r + 1, r, k - r * k / (4 * t^0.25) >(name ".correlation.txt")
        }}'
done
sh coarsening.sh law_1 law_2 >lengths 2>err
awk '/^exponent/ {s = $7 - 0.7; c = $11 - 0.25; good += s * s < 1e-5 && c * c < 1e-5}
    END {exit good != 4}' lengths
report $? "coarsening.sh: exponents of power laws"


# Lengths 2 L(S)(50 + 100 n) of the mean run are recognised as such.
cp "$learning/lengths.sh" .
awk 'BEGIN {for (n = 1; n < 30; n++) print 0.3 * (50 + 100 * n)^0.7}' >published.txt
sh lengths.sh published.txt law_1 law_2 >out 2>err
grep -qF "L(S), n = 1 to 29: D = 100, t0 = 50, c = 2.000, rms of ln L 0.0000" out
report $? "lengths.sh finds spacing, origin and factor"
awk 'BEGIN {for (n = 1; n < 30; n++) print n^0.6}' >published.txt
sh lengths.sh published.txt law_1 law_2 >out 2>err
[ "$(grep -c 'exponent 0.600' out)" -eq 4 ]
report $? "lengths.sh: exponents"

echo "1..$n"
[ $bad -eq 0 ]
