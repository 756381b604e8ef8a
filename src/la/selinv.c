/* Selected inversion by nested dissection, the batches: see la/selinv.h. */

#include "la/selinv.h"

#include <math.h>

#include "base/mem.h"
#include "la/selinv_front.h"

struct selinv *selinv_new(const struct dissection_graph *g)
{
    struct selinv *s = mem_zalloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->n = g->n;
    s->nedge = g->nedge;
    if (dissection_new(g, &s->tree) || selinv_lay_out(s)) {
        selinv_free(s);
        return NULL;
    }
    return s;
}

void selinv_free(struct selinv *s)
{
    if (!s)
        return;
    dissection_free(&s->tree);
    mem_free(s->run);
    mem_free(s->piece);
    mem_free(s->first_run);
    mem_free(s->first_piece);
    mem_free(s->kept);
    mem_free(s->place);
    mem_free(s->room);
    mem_free(s->logdet);
    mem_free(s);
}

double selinv_work(const struct selinv *s)
{
    return s->tree.work;
}

/* Bytes of workspace beyond which batches wait for each other. */
static const double ROOM = 6e8;

static int batches(int nshift)
{
    return (nshift + LANES - 1) / LANES;
}

/* Batches in flight: threads that have no batch help others with theirs, so
   more than threads only fill the caches; fewer where memory is short. */
static int in_flight(const struct selinv *s, int nshift, int nthread)
{
    double most = ROOM / ((double)(s->nkept + s->nplace) * sizeof *s->room);
    int n = nthread < batches(nshift) ? nthread : batches(nshift);

    return most >= n ? n : most > 1 ? (int)most : 1;
}

static size_t room(const struct selinv *s, int nshift, int nthread)
{
    return (size_t)(s->nkept + s->nplace) *
               (size_t)in_flight(s, nshift, nthread) +
           (size_t)s->nstack * (size_t)nthread;
}

double selinv_bytes(const struct selinv *s, int nshift, int nthread)
{
    return (double)room(s, nshift, nthread) * sizeof(struct lanes) +
           (double)batches(nshift) *
               ((double)(s->n + s->nedge) * sizeof(struct lanes) +
                (double)s->tree.nfront * sizeof *s->logdet);
}

static void sum_logdet(const struct batch *b, int first,
                       struct selinv_result *r)
{
    for (int l = 0; l < LANES && first + l < r->nshift; l++) {
        r->logdet_re[first + l] = r->logdet_im[first + l] = 0;
        for (int i = 0; i < b->s->tree.nfront; i++) {
            r->logdet_re[first + l] += b->logdet[i][2 * l];
            r->logdet_im[first + l] += b->logdet[i][2 * l + 1];
        }
    }
}

static bool finite_result(const struct selinv *s, const struct lanes *diagonal)
{
    double sum = 0;

    for (int64_t i = 0; i < s->n; i++)
        for (int l = 0; l < LANES; l++)
            sum += fabs(diagonal[i].re[l]) + fabs(diagonal[i].im[l]);
    return isfinite(sum);
}

int selinv_result_reserve(struct selinv_result *r, int64_t nsite, int64_t nedge,
                          int nshift, bool want_logdet)
{
    size_t count = (size_t)batches(nshift);

    if (r->diagonal && batches(r->nshift) == batches(nshift) &&
        r->nsite == nsite && r->nedge == nedge &&
        (r->logdet_re || !want_logdet)) {
        r->nshift = nshift;
        return 0;
    }
    selinv_result_free(r);
    r->nshift = nshift;
    r->nsite = nsite;
    r->nedge = nedge;
    r->diagonal = mem_alloc(count * (size_t)nsite, sizeof *r->diagonal);
    r->edge = mem_alloc(count * (size_t)nedge, sizeof *r->edge);
    r->logdet_re = mem_zalloc(count * LANES, sizeof *r->logdet_re);
    r->logdet_im = mem_zalloc(count * LANES, sizeof *r->logdet_im);
    return r->diagonal && r->edge && r->logdet_re && r->logdet_im ? 0 : -1;
}

static int reserve_room(struct selinv *s, int nshift, int nthread,
                        bool want_logdet)
{
    size_t wanted = room(s, nshift, nthread);
    int count = want_logdet ? batches(nshift) : 0;

    if (s->nroom < wanted) {
        mem_free(s->room);
        s->nroom = 0;
        s->room = mem_alloc(wanted, sizeof *s->room);
        if (!s->room)
            return -1;
        s->nroom = wanted;
    }
    if (s->nlogdet < count) {
        mem_free(s->logdet);
        s->nlogdet = 0;
        s->logdet = mem_alloc((size_t)s->tree.nfront * (size_t)count,
                              sizeof *s->logdet);
        if (!s->logdet)
            return -1;
        s->nlogdet = count;
    }
    return 0;
}

static void set_shifts(struct batch *b, int nshift, const double *re,
                       const double *im, int first)
{
    for (int l = 0; l < LANES; l++) {
        int at = first + l < nshift ? first + l : nshift - 1;

        b->shift.re[l] = re[at];
        b->shift.im[l] = im[at];
    }
}

size_t selinv_room(const struct selinv *s)
{
    return (size_t)(s->nkept + s->nplace + s->nstack);
}

void selinv_batch(const struct selinv *s, const double *onsite,
                  const double *hopping, int nshift, const double *re,
                  const double *im, int batch, struct lanes *at,
                  struct lanes *diagonal, struct lanes *edge)
{
    struct batch b = {.s = s,
                      .onsite = onsite,
                      .hopping = hopping,
                      .kept = at,
                      .place = at + s->nkept,
                      .stack = at + s->nkept + s->nplace,
                      .shared = true,
                      .diagonal = diagonal,
                      .edge = edge};

    set_shifts(&b, nshift, re, im, batch * LANES);
    selinv_batch_solve(&b);
}

/* Batches first, first + flight, .. in one workspace. */
static void solve_in_turn(struct batch b, int first, int flight,
                          const double *re, const double *im,
                          struct selinv_result *r)
{
    const struct selinv *s = b.s;
    double(*logdet)[2 * LANES] = b.logdet;

    b.kept = s->room + first * (s->nkept + s->nplace);
    b.place = b.kept + s->nkept;
    for (int k = first; k < batches(r->nshift); k += flight) {
        b.diagonal = r->diagonal + k * s->n;
        b.edge = r->edge + k * s->nedge;
        b.logdet = b.want_logdet ? logdet + (int64_t)k * s->tree.nfront : NULL;
        set_shifts(&b, r->nshift, re, im, k * LANES);
        selinv_batch_solve(&b);
        if (b.want_logdet)
            sum_logdet(&b, k * LANES, r);
    }
}

int selinv_solve(struct selinv *s, const double *onsite, const double *hopping,
                 int nshift, const double *re, const double *im,
                 bool want_logdet, int nthread, struct selinv_result *r)
{
    int flight = in_flight(s, nshift, nthread), status = 0;
    struct batch b = {.s = s,
                      .onsite = onsite,
                      .hopping = hopping,
                      .want_logdet = want_logdet};

    if (selinv_result_reserve(r, s->n, s->nedge, nshift, want_logdet) ||
        reserve_room(s, nshift, nthread, want_logdet))
        return -1;
    b.logdet = s->logdet;
    b.stack = s->room + flight * (s->nkept + s->nplace);
#pragma omp parallel num_threads(nthread)
#pragma omp single
    for (int k = 0; k < flight; k++) {
#pragma omp task firstprivate(k)
        solve_in_turn(b, k, flight, re, im, r);
    }
    for (int k = 0; k < batches(nshift) && !status; k++)
        status = finite_result(s, r->diagonal + k * s->n) ? 0 : -2;
    return status;
}

void selinv_result_free(struct selinv_result *r)
{
    mem_free(r->diagonal);
    mem_free(r->edge);
    mem_free(r->logdet_re);
    mem_free(r->logdet_im);
    *r = (struct selinv_result){0};
}
