#!/bin/sh
# Lengths of the order in quenches of in.peierls_coarsening, averaged over runs.
#   sh coarsening.sh NAME ...
# reads NAME.length.txt and NAME.correlation.txt of each and prints, for each step kept,
#   step  L(S) error  L(C) error
# with 1/L(S) = sum S |k - Q| / sum S and C(L(C)) = C(0)/2, and the exponents
# d ln L/d ln t between steps 100-200, 200-600, 600-1500, 1500-3000, from log-log fits of each run that
# goes to the end of the window: mean and standard error over these.
for name in "$@"; do
    for file in "$name.length.txt" "$name.correlation.txt"; do
        [ -f "$file" ] || { echo "coarsening.sh: no file $file" >&2; exit 1; }
    done
    awk -v run="$name" '
        /^#/ {next}
        FILENAME ~ /length.txt$/ {print run, $1, "S", $2; next}
        NF == 2 {step = $1; half = 0; r0 = c0 = 0; next}
        !half && $1 == 1 {top = $3}
        !half && $1 > 1 && $3 < top/2 {
            print run, step, "C", r0 + ($2 - r0)*(c0 - top/2)/(c0 - $3)
            half = 1
        }
        {r0 = $2; c0 = $3}' "$name.length.txt" "$name.correlation.txt"
done | awk '
    function mean(s, n) {return s/n}
    function error(s, q, n,   v) {
        v = n > 1 ? (q - s*s/n)/(n*(n - 1)) : 0
        return sqrt(v > 0 ? v : 0)
    }
    $2 > 0 {
        key = $2 " " $3
        if (!($2 in seen)) {seen[$2] = 1; step[++steps] = $2}
        if (!($1 in known)) {known[$1] = 1; name[++runs] = $1}
        n[key]++; s[key] += $4; q[key] += $4*$4
        L[$1, $2, $3] = $4
        if ($2 > last[$1, $3]) last[$1, $3] = $2
    }
    function exponent(run, kind, lo, hi,   i, x, y, m, sx, sy, sxx, sxy) {
        for (i = 1; i <= steps; i++) {
            if (step[i] < lo || step[i] > hi || !((run, step[i], kind) in L))
                continue
            x = log(step[i]); y = log(L[run, step[i], kind])
            m++; sx += x; sy += y; sxx += x*x; sxy += x*y
        }
        return (m*sxy - sx*sy)/(m*sxx - sx*sx)
    }
    END {
        for (i = 1; i <= steps; i++) for (j = i; j > 1 && step[j-1] > step[j]; j--) {
            t = step[j]; step[j] = step[j-1]; step[j-1] = t
        }
        printf "%6s %9s %8s %9s %8s   %d runs\n", "step", "L(S)", "error", "L(C)", "error", runs
        for (i = 1; i <= steps; i++) {
            a = step[i] " S"; b = step[i] " C"
            printf "%6d %9.4f %8.4f", step[i], mean(s[a], n[a]), error(s[a], q[a], n[a])
            if (n[b]) printf " %9.4f %8.4f", mean(s[b], n[b]), error(s[b], q[b], n[b])
            printf "\n"
        }
        split("100 200 200 600 600 1500 1500 3000", edge, " ")
        for (w = 1; w < 9; w += 2) {
            printf "exponent, steps %d to %d:", edge[w], edge[w + 1]
            for (k = 1; k <= 2; k++) {
                kind = k == 1 ? "S" : "C"
                sum = squares = used = 0
                for (r = 1; r <= runs; r++) {
                    if (last[name[r], kind] < edge[w + 1]) continue
                    e = exponent(name[r], kind, edge[w], edge[w + 1])
                    used++; sum += e; squares += e*e
                }
                if (used)
                    printf "  L(%s) %.3f +- %.3f", kind, sum/used, error(sum, squares, used)
                else
                    printf "  L(%s) in no run", kind
            }
            printf "\n"
        }
    }'
