/* Densities at further chemical potentials: pole_density_at of
   elec/pole_density.h.

   The Green's functions of the last solution answer for every mu at which their
   refitted weights are within tol.  What is left is taken in ascending order
   and cut into runs that one further set of Green's functions each can answer
   for; several sets are solved at once, so that no lane stays empty. */

#include <math.h>

#include <gsl/gsl_sort.h>

#include "base/mem.h"
#include "elec/pole_set.h"

enum { SHIFTS_MAX = POLES_MAX + 8 /* solved at once */ };
/* .. unless that takes more bytes, and more than the last solution took. */
static const double ROOM = 256e6;

/* Chemical potentials list[first .. first + count - 1] that are answered for
   from Green's functions at mu. */
struct station {
    double mu;
    int first, count;
};

struct near {
    struct pole_density *p;
    double temp;
    int nthread;
    const double *mu;
    double *n, *error;
    size_t *list; /* of those not answered yet, ascending */
    int nlist;
    struct pole_set *set; /* for all of these */
};

static void answer(const struct near *s, size_t k, const struct pole_set *set,
                   double at, const struct lanes *diagonal, int first)
{
    struct density_weights w =
        pole_set_weights(set, (s->mu[k] - at) / s->temp, &s->error[k]);

    s->error[k] += set->fit.error;
    pole_set_sites(s->p, &w, diagonal, first, s->temp, at,
                   s->n + k * (size_t)s->p->nsite);
}

static bool within(const struct pole_density *p, const struct pole_set *set,
                   double d)
{
    struct shift_weights w;

    return d == 0 || pole_shift_weights(&set->shift, d, &w) <=
                         fmax(pole_set_slack(set), p->tol - set->fit.error);
}

/* What the last solution's Green's functions answer for; the rest to the list.
 */
static void answer_near(struct near *s, int nmu)
{
    const struct pole_density *p = s->p;
    bool shifts = p->used->shift.n && p->green.nshift == p->used->shift.n;
    bool one = !p->memory; /* mu for all of them */

    gsl_sort_index(s->list, s->mu, 1, (size_t)nmu);
    for (int i = 0; i < nmu; i++) {
        size_t k = s->list[i];
        double d = (s->mu[k] - p->reference) / s->temp;

        if (one && (d == 0 || (shifts && within(p, p->used, d))))
            answer(s, k, p->used, p->reference, p->green.diagonal, 0);
        else
            s->list[s->nlist++] = k;
    }
}

static struct station next_station(const struct near *s, int first)
{
    double lo = s->mu[s->list[first]];
    struct station at = {.mu = lo, .first = first, .count = 1};

    while (first + at.count < s->nlist) {
        double hi = s->mu[s->list[first + at.count]];

        if (!within(s->p, s->set, 0.5 * (hi - lo) / s->temp))
            break;
        at.mu = 0.5 * (lo + hi);
        at.count++;
    }
    return at;
}

static int solve_stations(const struct near *s, const struct station *station,
                          int count, const int *width,
                          struct selinv_result *green)
{
    struct pole_density *p = s->p;
    double re[SHIFTS_MAX], im[SHIFTS_MAX];
    int total = 0, status;

    for (int i = 0; i < count; total += width[i++])
        pole_set_shifts(s->set, station[i].mu, s->temp, width[i], re + total,
                        im + total);
    status = p->tile ? tile_set_solve(p->tiles, p->onsite, p->hopping, total,
                                      re, im, false, s->nthread, green)
                     : selinv_solve(p->selinv, p->onsite, p->hopping, total, re,
                                    im, false, s->nthread, green);
    p->further += count;
    if (status)
        return status == -1 ? POLE_MEMORY : POLE_PIVOT;
    total = 0;
    for (int i = 0; i < count; total += width[i++])
        for (int j = 0; j < station[i].count; j++)
            answer(s, s->list[station[i].first + j], s->set, station[i].mu,
                   green->diagonal, total);
    return POLE_OK;
}

static double bytes(const struct pole_density *p, int nshift, int nthread)
{
    int batches = (nshift + LANES - 1) / LANES;

    return p->selinv ? selinv_bytes(p->selinv, nshift, nthread)
                     : batches * (double)p->nsite * sizeof(struct lanes);
}

static int shifts_at_once(const struct pole_density *p, int nthread)
{
    int most = SHIFTS_MAX;

    while (most > p->green.nshift && bytes(p, most, nthread) > ROOM)
        most -= LANES;
    return most;
}

static int answer_far(struct near *s)
{
    int most = shifts_at_once(s->p, s->nthread);
    struct selinv_result green = {0};
    int status = POLE_OK, first = 0;

    while (first < s->nlist && !status) {
        struct station station[SHIFTS_MAX];
        int width[SHIFTS_MAX], count = 0, total = 0;

        while (first < s->nlist) {
            struct station at = next_station(s, first);
            int n = at.count > 1 ? s->set->shift.n : s->set->fit.n;

            if (count > 0 && total + n > most)
                break;
            station[count] = at;
            width[count++] = n;
            total += n;
            first += at.count;
        }
        status = solve_stations(s, station, count, width, &green);
    }
    selinv_result_free(&green);
    return status;
}

/* One set of poles for all, so that none makes room for another. */
static int find_set(struct near *s, struct terms *t)
{
    double lo, hi, first = s->mu[s->list[0]],
                   last = s->mu[s->list[s->nlist - 1]];
    int status;

    terms_bounds(t, &lo, &hi);
    status =
        pole_set_at(s->p, pole_set_rung(fmax(hi - first, last - lo) / s->temp),
                    s->p->tol, POLE_SOME, &s->set);
    return status ? status : pole_set_extend(s->set);
}

int pole_density_at(struct pole_density *p, struct terms *t, double temp,
                    const double *mu, int nmu, int nthread, double *n,
                    double *error)
{
    struct near s = {.p = p,
                     .temp = temp,
                     .nthread = nthread,
                     .mu = mu,
                     .n = n,
                     .error = error};
    int status = POLE_OK;

    s.list = mem_alloc((size_t)nmu, sizeof *s.list);
    if (!s.list)
        return POLE_MEMORY;
    answer_near(&s, nmu);
    if (s.nlist > 0)
        status = find_set(&s, t);
    if (s.nlist > 0 && !status)
        status = answer_far(&s);
    mem_free(s.list);
    return status;
}
