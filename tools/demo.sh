#!/bin/sh
# The demonstration: examples/in.quench in its own folder, then what it left.
# Usage: tools/demo.sh build/adele
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
deck=$(cd "$(dirname "$0")/../examples" && pwd)/in.quench
folder=demo
mkdir -p "$folder"
cd "$folder"
rm -f phi.*.png
echo "Running examples/in.quench in $folder/"
"$program" -in "$deck"
echo
echo "Thermo table (the whole is in $folder/log.adele):"
awk '/^ *Step /{n = 0; on = 1} /^Loop time/{on = 0} on{line[n++] = $0}
     END{for (i = 0; i < n; i++) if (i < 3 || i >= n - 2) print line[i];
         else if (i == 3) print "  ..."}' log.adele
echo
echo "Written:"
echo "  log and thermo table   $folder/log.adele"
for f in phi.*.png; do echo "  order parameter        $folder/$f"; done
echo "  restart file           $folder/quench.restart"
