/* What a potential that does not see the chemical potential cannot learn.

   At fixed filling mu differs from trajectory to trajectory at the same time.
   Whoever does not know it is wrong by

       floor = sd(mu) |dF/dn| rms(dn/dmu),

   sd(mu) the standard deviation over trajectories of the frames of one step,
   dn/dmu at fixed displacements, from the densities that `dump dataset .. mu`
   wrote beside those of each frame (the nearest mu below and above), dF/dn
   the model's (holstein: g).  Squares are averaged over steps. */

#ifndef ADELE_MU_FLOOR_H
#define ADELE_MU_FLOOR_H

#include "plug/samples.h"

struct mu_floor {
    double spread; /* rms over steps of sd(mu); nan: the data do not tell */
    double floor;  /* of the force; nan likewise */
};

/* Of the steps at times from < t <= until that two trajectories at least have;
   `slope`: dF/dn.  0, or an error (memory). */
int mu_floor_find(struct adele *ctx, const struct samples *s, double slope,
                  double from, double until, struct mu_floor *out);

#endif
