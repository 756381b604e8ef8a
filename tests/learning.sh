#!/bin/sh
# The chain of examples/learning on a small lattice: data, training, validation,
# a quench with the potential, its error.  The files that each step promises are
# there, and the learned forces are as good as the cluster that they start from.
# Usage: tests/learning.sh O; prints TAP.
cd "$(dirname "$0")/.." || exit 1
O=${1:-build}
adele=${ADELE:-$(cd "$O" && pwd)/adele}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0

cp examples/learning/* "$tmp"
cd "$tmp" || exit 1
sed -i -E 's/^( *run +)300/\140/; s/every 185/every 10/; s/^(epochs: +)[0-9]{1,2}$/\12/; s/^(epochs: +)500/\12/
           s/radius: 2.9/radius: 1.5/; s/(widths: \[)512, 256, 64, 16/\116, 8/' in.* train*.yaml
sed -i 's/^output: .*/output: mu0_end.yaml/' train_mu0_mlp.yaml

step() { # title, file that must come, command ..
    title=$1 file=$2
    shift 2
    n=$((n + 1))
    if timeout 100 "$adele" -log none "$@" >out 2>err </dev/null && [ -s "$file" ]; then
        echo "ok $n - $title"
    else
        bad=$((bad + 1))
        echo "not ok $n - $title"
        tail -n 20 out err | sed 's/^/# /'
    fi
}

step "quenches at mu = 0" quench_mu0_2.h5 -in in.dataset_quench \
    -var electrons "mu 0.0" -var name mu0 -var L 8 -var late 20 -var n 1 2
step "quenches at filling 0.5" quench_f050_1.h5 -in in.dataset_quench \
    -var L 8 -var late 20 -var n 1
step "many quenches of a small lattice" q_A_20002.h5 -in in.dataset_small \
    -var L 6 -var early 20 -var count 2
step "first steps of more" q_C_40001.h5 -in in.dataset_small -var name C \
    -var first 40000 -var L 6 -var early 20 -var count 1
step "whole first times of more" q_D_50001.h5 -in in.dataset_small -var name D \
    -var first 50000 -var L 6 -var early 20 -var count 1
step "times at which the order settles" q_E_60001.h5 -in in.dataset_small -var name E \
    -var first 60000 -var L 6 -var early 50 -var every 25 -var count 1
step "late times of others" q_B_30001.h5 -in in.dataset_small -var name B \
    -var first 30000 -var L 6 -var early 0 -var late 20 -var count 1
step "random configurations" random_mu0.h5 -in in.dataset_random \
    -var electrons "mu 0.0" -var name mu0 -var L 8 -var count 3
for what in "mu0:mu 0.0" "f040:filling 0.4"; do
    step "held-out quench, ${what#*:}" "quench_heldout_${what%%:*}_1001.h5" \
        -in in.dataset_quench -var electrons "${what#*:}" \
        -var name "heldout_${what%%:*}" -var first 1000 -var L 8 -var late 20 -var n 1
done
step "training of the compact potential" holstein_square_conv.yaml -in in.train
step "training of a faster one" holstein_square_conv_fast.yaml \
    -in in.train -var config train_conv_fast.yaml
step "training of the published architecture" holstein_square_mu0_mlp.yaml \
    -in in.train -var config train_published.yaml
step "training by a shorter schedule" mu0_short.yaml \
    -in in.train -var config train_mu0_short.yaml
for next in long more last early again; do
    step "and on from there, $next" mu0_$next.yaml \
        -in in.train -var config train_mu0_$next.yaml
done
step "and on from there, to the end" mu0_end.yaml \
    -in in.train -var config train_mu0_mlp.yaml
step "quenches driven by the potential, densities at other mu" \
    quench_floor_f050_2002.h5 -in in.dataset_driven -var L 8 -var late 20 \
    -var name floor_f050 -var first 2000 -var n 1 2 -var more "mu around 0.1 2"
step "what is missed without mu" floor.times.csv -in in.validate \
    -var data "quench_floor_f050_*.h5 prefix floor"
n=$((n + 1))
if head -n 1 floor.times.csv | grep -q ',floor$'; then
    echo "ok $n - as a column"
else
    bad=$((bad + 1))
    echo "not ok $n - as a column"
fi
step "validation" holstein_square_conv.parity.png -in in.validate
step "quench with learned forces" correlation.txt -in in.ml_quench \
    -var L 8 -var steps 20 -var every 10
sed -i -E 's/^( *run +)[0-9]+/\15/' in.dynamics
for style in "ml holstein_square_conv.yaml:ml" "pole tol 1e-8:exact"; do
    step "quenches for comparison, ${style#*:}" "dynamics_${style#*:}.txt" \
        -in in.dynamics -var L 12 -var runs 2 -var style "${style%%:*}" \
        -var name "${style#*:}"
done
n=$((n + 1))
if [ "$(sh compare.sh ml exact | grep -c 'r = ')" -eq 18 ]; then
    echo "ok $n - means and errors of both"
else
    bad=$((bad + 1))
    echo "not ok $n - means and errors of both"
fi
step "a device under bias" device_wave_2.5_9.h5 -in in.dataset_device \
    -var width 4 -var steps 10 -var seed 1 9
step "a device from a random start" device_uniform_3_2.h5 -in in.dataset_device \
    -var start uniform -var bias 3 -var width 2 -var steps 5 -var seed 2
step "training for the device" holstein_device.yaml -in in.train \
    -var config train_device.yaml
for style in "ml holstein_device.yaml:ml" "negf tol 1e-4:negf"; do
    step "switching, ${style#*:}" "device_${style#*:}_1.txt" -in in.switching \
        -var width 4 -var steps 4 -var every 2 -var style "${style%%:*}" -var name "${style#*:}"
done
for style in "ml holstein_square_conv.yaml:conv" "pole tol 1e-8:exact"; do
    step "holes, ${style#*:}" "holes_${style#*:}_6001.dump" -in in.holes \
        -var L 12 -var steps 40 -var every 20 -var n 1 -var style "${style%%:*}" \
        -var name "${style#*:}"
done
n=$((n + 1))
if sh holes.sh exact conv 144 |
    awk '$1 == 40 {found = 1; good = $5 > 0.8 && $6 < 0.5} END {exit !(found && good)}'; then
    echo "ok $n - most holes coincide after 40 steps"
else
    bad=$((bad + 1))
    echo "not ok $n - most holes coincide after 40 steps"
    sh holes.sh exact conv 144 | sed 's/^/# /'
fi
sed -i 's/-var L 20/-var L 8/; s/late 700/late 20/; s/count 6/count 3/' active.sh
ADELE=$adele OPTIONS="-var steps 60" sh active.sh 1 >out 2>err
n=$((n + 1))
# The largest error falls when the configurations that were unsure are learned.
if [ -s active_1.h5 ] && awk '/^round/ {largest[n++] = $NF} END {
        exit !(n == 2 && largest[1] < largest[0])}' out; then
    echo "ok $n - active learning lowers the worst error"
else
    bad=$((bad + 1))
    echo "not ok $n - active learning lowers the worst error"
    cat out err | tail -n 20 | sed 's/^/# /'
fi
step "error along a learned quench" out -in in.ml_error -var L 8 -var steps 50

n=$((n + 1))
error=$(awk '$1 == 50 {print $4}' out)
if awk -v e="$error" 'BEGIN {exit !(e > 0 && e < 0.1)}'; then
    echo "ok $n - its rms error is below 0.1 ($error)"
else
    bad=$((bad + 1))
    echo "not ok $n - its rms error is below 0.1 ($error)"
fi
echo "1..$n"
[ $bad -eq 0 ]
