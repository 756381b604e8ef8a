#!/bin/sh
# holes.sh A B [SITES]: holes of the runs of in.holes named A and B, step by step, over
# all seeds: how many, how many at the same site, the fraction of A's that B has,
# and the fraction expected of as many holes anywhere.
echo "  step   holes A   holes B   in both  fraction  by chance"
awk -v sites="${3:-1600}" '
    FNR == 1 {first = FILENAME ~ "holes_'"$1"'_"; seed = FILENAME
        sub(/^.*_/, "", seed); runs[first]++}
    /^ITEM: TIMESTEP/ {getline; step = $1; steps[step]; next}
    /^ITEM: ATOMS/ {inside = 1; next}
    /^ITEM/ {inside = 0; next}
    inside && NF == 3 {
        count[first, step]++
        if (first)
            here[seed, step, $1]
        else if ((seed, step, $1) in here)
            both[step]++
    }
    END {
        for (s in steps)
            if (count[1, s] > 0)
                printf "%6d %9d %9d %9d %9.3f %10.3f\n", s, count[1, s],
                    count[0, s], both[s], both[s] / count[1, s],
                    count[0, s] / (runs[0] * sites)
    }' holes_"$1"_*.dump holes_"$2"_*.dump | sort -n
