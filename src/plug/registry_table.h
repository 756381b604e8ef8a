/* The built-in styles, written by tools/registry.sh; ends with NULL. */

#ifndef ADELE_REGISTRY_TABLE_H
#define ADELE_REGISTRY_TABLE_H

#include "plug/style.h"

extern const struct style *const registry_built_in[];

#endif
