#!/bin/sh
# Published configurations as one dump that read_dump and rerun take.
# Usage: sh frames.sh FILE .. >frames.dump
# A FILE has comments (#) and a line `x y ux uy fx fy` for each site of a periodic
# lattice; the number in its name (peierls_frame_005.txt: 5) becomes the step.
[ $# -gt 0 ] || { echo "usage: frames.sh FILE .. >frames.dump" >&2; exit 1; }
for file in "$@"; do
    step=$(basename "$file" | sed 's/[^0-9]//g; s/^0*\(.\)/\1/')
    awk -v step="${step:-0}" '
        /^#/ || NF == 0 {next}
        NF != 6 {print FILENAME ":" FNR ": six numbers expected, x y ux uy fx fy" \
                     >"/dev/stderr"; bad = 1; exit}
        {n++; x[n] = $1; y[n] = $2; rest[n] = $3 " " $4 " " $5 " " $6
         if ($1 >= lx) lx = $1 + 1
         if ($2 >= ly) ly = $2 + 1}
        END {
            if (bad) exit 1
            print "ITEM: TIMESTEP\n" step "\nITEM: NUMBER OF ATOMS\n" n
            print "ITEM: BOX BOUNDS pp pp pp\n0 " lx "\n0 " ly "\n0 1"
            print "ITEM: ATOMS id ux uy fx fy"
            for (i = 1; i <= n; i++) print y[i] * lx + x[i] + 1, rest[i]
        }' "$file" || exit 1
done
