/* The graph of pole_density: bonds merged to edges, and the symbolic work of
   the whole lattice or of its tiles. */

#ifndef ADELE_POLE_GRAPH_H
#define ADELE_POLE_GRAPH_H

#include "elec/pole_density.h"

/* Idempotent while the bonds stay.  POLE_OK or POLE_MEMORY. */
int pole_graph_make(struct pole_density *p, const struct terms *t,
                    const struct lattice *lat);
/* Some tiles with larger buffers, made once. */
int pole_graph_probes(struct pole_density *p, const struct terms *t,
                      const struct lattice *lat);
/* The numbers of a configuration. */
void pole_graph_fill(struct pole_density *p, const struct terms *t);
void pole_graph_free(struct pole_density *p);

#endif
