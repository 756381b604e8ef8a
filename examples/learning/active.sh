#!/bin/sh
# active.sh [ROUNDS]: active learning.  Three potentials that differ in their seeds
# learn from a few strongly disordered configurations.  In each round they drive
# a quench from weak disorder, which they have not seen; where they disagree, the
# exact forces are found (in.active) and all three learn again from everything.
# Prints for each round the configurations learned from and the errors of the
# first of them on a quench that is never learned from.  Options for adele go in
# OPTIONS.
adele=${ADELE:-adele} rounds=${1:-3}
cd "$(dirname "$0")" || exit 1

run() {
    # shellcheck disable=SC2086
    "$adele" -log none -screen none $OPTIONS "$@" || exit 1
}

learn() { # round
    data=random_active.h5
    for k in $(seq 1 "$1"); do
        [ -f "active_$k.h5" ] && data="$data, active_$k.h5"
    done
    for seed in 1 2 3; do
        sed "s/random_active.h5/$data/; s/SEED/$seed/" train_active.yaml \
            >train_active_$seed.yaml
        run -in in.train -var config train_active_$seed.yaml
    done
}

report() { # round
    run -in in.validate -var potential active_1.yaml \
        -var data "quench_heldout_active_1001.h5 times 1000"
    # The first interval: all times.  from,until,frames,rmse,mae,max,..
    awk -F, -v r="$1" 'NR == 2 {
        printf "round %d: held out, rms %.4f, largest %.3f\n", r, $4, $6}' \
        active_1.times.csv
}

run -in in.dataset_random -var electrons "mu 0.0" -var name active -var L 20 \
    -var amplitude 3.0 -var count 6
run -in in.dataset_quench -var electrons "mu 0.0" -var name heldout_active -var L 20 \
    -var first 1000 -var n 1 -var late 700
learn 0
report 0
for round in $(seq 1 "$rounds"); do
    run -in in.active -var round "$round"
    learn "$round"
    report "$round"
done
