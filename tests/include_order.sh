#!/bin/sh
# A module includes only headers of modules at or before its own in the order
# of doc/developer/design.md; elec and ml do not see each other, nor do input
# and styles, and no style includes another.  Prints TAP.
cd "$(dirname "$0")/.." || exit 1
grep -n '^#include "' $(find src -name '*.[ch]') /dev/null |
    awk -F: '
    BEGIN {
        n = split("base la core elec ml plug expr run input styles top", m, " ")
        for (i = 1; i <= n; i++) rank[m[i]] = i
        rank["ml"] = rank["elec"]        # side by side
        rank["styles"] = rank["input"]
    }
    function module(path) { # "plug/fix.h" -> plug; "adele.h", main.c -> top
        return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "top"
    }
    {
        file = substr($1, 5)             # without src/
        split($3, quoted, "\"")
        header = quoted[2]
        from = module(file); to = module(header)
        seen[from] = 1
        if (!(from in rank)) wrong[from] = wrong[from] "\n# src/" file " is in no module of the design"
        else if (!(to in rank)) wrong[from] = wrong[from] "\n# src/" file ":" $2 ": " header " is in no module"
        else if (rank[to] > rank[from] || (rank[to] == rank[from] && to != from))
            wrong[from] = wrong[from] "\n# src/" file ":" $2 ": " from " must not include " header
        else if (to == "styles")
            wrong[from] = wrong[from] "\n# src/" file ":" $2 ": no style includes another: " header
    }
    END {
        for (f in seen) {
            k++
            text = k " - includes of " f " keep the order of the modules"
            if (f in wrong) { bad = 1; print "not ok " text wrong[f] }
            else print "ok " text
        }
        print "1.." k
        exit bad
    }'
