#!/bin/sh
# Mean C(r) of several runs at one step, with the standard error of the mean, from
# the files that in.correlation wrote.
# Usage: sh correlate.sh STEP FILE.correlation.txt ..
# Prints r, C, its error and C/2, the mean over the two components.
step=${1:?usage: correlate.sh STEP FILE ..}
shift
awk -v step="$step" '
    /^#/ {next}
    NF == 2 {inside = $1 == step; next}
    inside {n[$1]++; r[$1] = $2; s[$1] += $3; q[$1] += $3 * $3
            if ($1 > last) last = $1}
    END {
        print "# r C error C/2 runs"
        for (k = 1; k <= last; k++) {
            m = s[k] / n[k]
            v = n[k] > 1 ? (q[k] / n[k] - m * m) / (n[k] - 1) : 0
            e = v > 0 ? sqrt(v) : 0
            printf "%.6g %.6g %.2g %.6g %d\n", r[k], m, e, m / 2, n[k]
        }
    }' "$@"
