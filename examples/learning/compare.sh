#!/bin/sh
# compare.sh A B: mean C(r) over the runs of in.dynamics named A and B, with standard
# errors, and the difference in units of its own.
for what in "$1" "$2"; do
    sed "s/^/$what /" "dynamics_$what.txt"
done | awk -v a="$1" -v b="$2" '
    {
        steps[$2] = 1
        n[$1, $2]++
        for (k = 3; k <= NF; k++) {
            sum[$1, $2, k] += $k
            squares[$1, $2, k] += $k * $k
        }
        columns = NF
    }
    function mean(w, s, k) { return sum[w, s, k] / n[w, s] }
    function error(w, s, k,    v) {
        v = squares[w, s, k] / n[w, s] - mean(w, s, k) ^ 2
        return sqrt((v > 0 ? v : 0) / (n[w, s] - 1))
    }
    END {
        split("0 1 2 3 4 6", r, " ")
        for (s in steps)
            for (k = 3; k <= columns; k++) {
                e = sqrt(error(a, s, k) ^ 2 + error(b, s, k) ^ 2)
                d = mean(a, s, k) - mean(b, s, k)
                printf "%6d  r = %d  %9.5f +- %.5f  %9.5f +- %.5f  %5.2f\n", s,
                    r[k - 2], mean(a, s, k), error(a, s, k), mean(b, s, k),
                    error(b, s, k), (e > 0 ? d / e : 0)
            }
    }' | sort -n
