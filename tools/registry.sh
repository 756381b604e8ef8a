#!/bin/sh
# Writes the table of styles from the names of the files src/styles/KIND/NAME.c:
# each must define `const struct KIND_style KIND_NAME`.
cat <<'C'
/* Made by tools/registry.sh. */
#include "plug/command.h"
#include "plug/compute.h"
#include "plug/descriptor.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/lattice_style.h"
#include "plug/model.h"
#include "plug/network.h"
#include "plug/network.h"
#include "plug/optimizer.h"
#include "plug/pair.h"
#include "plug/region.h"
#include "plug/registry_table.h"

C
for f in "$@"; do
    kind=$(basename "$(dirname "$f")") name=$(basename "$f" .c)
    echo "extern const struct ${kind}_style ${kind}_${name};"
done
echo
echo "const struct style *const registry_built_in[] = {"
for f in "$@"; do
    kind=$(basename "$(dirname "$f")") name=$(basename "$f" .c)
    echo "    &${kind}_${name}.style,"
done
echo "    NULL};"
