#!/bin/sh
# Times what matters against a yardstick in the same process and prints ratios:
# a bare time says nothing about the program without the machine.
# Usage: tools/bench.sh O [part of a name]; status 1 when a goal is missed.
set -u
O=${1:?usage: tools/bench.sh O [part of a name]}
part=${2:-}
bad=0
: "${OMP_NUM_THREADS:=$(nproc)}"
export OMP_NUM_THREADS
echo "Ratios to a yardstick, shortest of several times, $OMP_NUM_THREADS threads:"
for source in tests/bench/*.c; do
    name=$(basename "$source" .c)
    case $name in *"$part"*) ;; *) continue ;; esac
    "$O/bench/$name" "$O/adele" || bad=1
done
exit $bad
