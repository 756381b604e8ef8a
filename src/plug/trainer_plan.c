/* The plan of a training: see plug/trainer_plan.h.

   Rates, as fractions of the highest, at step s of S with w = warmup S:

       s < w      (s + 1)/w
       constant   1
       cosine     final + (1 - final) (1 + cos(pi x))/2,  x = (s - w)/(S - 1 -
   w) plateau    what validation errors have made of it, at least `final`

   [Loshchilov2017] */

#include "plug/trainer_plan.h"

#include <math.h>

#include "base/rng.h"

double plan_rate(const struct train_schedule *s, int64_t step, int64_t steps,
                 double lowered)
{
    int64_t warm = (int64_t)ceil(s->warmup * (double)steps);
    if (step < warm)
        return (double)(step + 1) / (double)warm;
    if (s->style == SCHEDULE_PLATEAU)
        return fmax(lowered, s->final);
    if (s->style == SCHEDULE_CONSTANT)
        return 1;
    int64_t span = steps - 1 - warm;
    double x = span > 0 ? (double)(step - warm) / (double)span : 0;
    return s->final + (1 - s->final) * 0.5 * (1 + cos(M_PI * x));
}

double plan_average(double average, int64_t step)
{
    double n = (double)step;
    return fmin(average, (1 + n) / (10 + n));
}

void plan_shuffle(uint32_t seed, enum train_purpose purpose, uint64_t tick,
                  int64_t *order, int64_t n)
{
    struct rng_key key = {.seed = seed,
                          .purpose = RNG_TRAINING,
                          .component = (uint16_t)purpose,
                          .tick = tick};
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(rng_uniform(key, (uint64_t)i) * (double)(i + 1));
        int64_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}
