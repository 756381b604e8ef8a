#!/bin/sh
# Lengths of the order in runs of in.peierls_coarsening beside published ones.
# Usage: sh lengths.sh PUBLISHED NAME ..
# PUBLISHED has a length a line (# comments), in the order of time, at times not told:
# equal steps are assumed. NAME .. as for coarsening.sh, which makes the means.
# Local exponents d ln L/d ln n of the published lengths, n counting them from 1; then
# spacing D, origin t0 (steps) and factor c for which c L(t0 + n D) of the mean run is closest,
# for all n, for n >= 6, and for t0 = 0: with the rms difference of ln L. Times after the last
# of the runs are left out.
[ $# -gt 1 ] || { echo "usage: lengths.sh PUBLISHED NAME .." >&2; exit 1; }
published=$1
shift
[ -f "$published" ] || { echo "lengths.sh: no file $published" >&2; exit 1; }
table=$(sh "$(dirname "$0")/coarsening.sh" "$@") || exit 1
echo "$table" | awk -v file="$published" '
    function at(kind, t,   i) { # ln L, between the two steps around t
        i = int(t/gap)
        if (i < 1 || i >= steps) return "none"
        return L[kind, i] + (L[kind, i + 1] - L[kind, i])*(t/gap - i)
    }
    function slope(lo, hi,   i, m, x, sx, sy, sxx, sxy) {
        for (i = lo; i <= hi; i++) {
            x = log(i); m++; sx += x; sxx += x*x; sy += P[i]; sxy += x*P[i]
        }
        return (m*sxy - sx*sy)/(m*sxx - sx*sx)
    }
    # The closest for origins between lo and hi: at least three quarters of the
    # lengths from the first on must lie within the runs.
    function fit(kind, first, lo, hi,   D, t0, i, m, d, s, q, l, rms) {
        best = 9
        for (D = 10; D <= 200; D += 2)
            for (t0 = lo; t0 <= hi; t0 += 10) {
                m = s = q = 0
                if (t0 + first*D < gap) continue
                for (i = first; i <= n; i++) {
                    l = at(kind, t0 + i*D)
                    if (l == "none") break
                    d = P[i] - l; m++; s += d; q += d*d
                }
                if (m < 0.75*(n - first + 1)) continue
                rms = q/m - s*s/(m*m)
                rms = rms > 0 ? sqrt(rms) : 0
                if (rms < best) {
                    best = rms; bestD = D; best0 = t0; bestc = exp(s/m); bestm = m
                }
            }
        if (best < 9)
            printf "L(%s), n = %d to %d: D = %d, t0 = %d, c = %.3f, rms of ln L %.4f\n",
                kind, first, first + bestm - 1, bestD, best0, bestc, best
    }
    BEGIN {
        while ((getline line < file) > 0)
            if (line !~ /^#/ && line + 0 > 0) P[++n] = log(line + 0)
        if (n < 12) {print "lengths.sh: fewer than 12 lengths in " file; exit 1}
    }
    $1 + 0 > 0 && NF == 5 {
        if (!gap) gap = $1
        steps++
        L["S", steps] = log($2); L["C", steps] = log($4)
    }
    END {
        if (n < 12) exit 1
        split("1 3 2 8 8 16 16 " n, edge, " ")
        for (w = 1; w < 9; w += 2)
            printf "published, n = %d to %d: exponent %.3f\n", edge[w], edge[w + 1],
                slope(edge[w], edge[w + 1])
        for (k = 1; k <= 2; k++) {
            kind = k == 1 ? "S" : "C"
            fit(kind, 1, -300, 300); fit(kind, 6, -300, 300); fit(kind, 1, 0, 0)
        }
    }'
