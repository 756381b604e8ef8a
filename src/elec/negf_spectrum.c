/* Spectral functions of leads at given energies: see elec/negf.h.

       T_ab(E) = 4 Tr[Gamma_a G Gamma_b G+],   rho_i(E) = -Im G_ii(E)/pi. */

#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "elec/negf.h"
#include "la/blas.h"

struct spectrum {
    const struct terms *t;
    struct block_chain *c;
    double *broadening;
    struct lanes *work;
    size_t room, result;
    int nthread;
};

static void spectrum_free(struct spectrum *s)
{
    block_chain_free(s->c);
    mem_free(s->broadening);
    mem_free(s->work);
}

/* Layers around these sites; room for `result` elements a thread. */
static int spectrum_make(struct spectrum *s, const struct negf_lead *lead,
                         int nlead, int64_t nroot, const int64_t *root,
                         size_t result)
{
    const struct terms *t = s->t;
    int64_t(*edge)[2] = mem_alloc((size_t)t->nbond, sizeof *edge);

    s->broadening = mem_zalloc((size_t)t->nsite, sizeof *s->broadening);
    if (!edge || !s->broadening) {
        mem_free(edge);
        return NEGF_MEMORY;
    }
    for (int64_t b = 0; b < t->nbond; b++) {
        edge[b][0] = t->bond[b].i;
        edge[b][1] = t->bond[b].j;
    }
    for (int a = 0; a < nlead; a++)
        for (int64_t k = 0; k < lead[a].nsite; k++)
            s->broadening[lead[a].site[k]] += lead[a].gamma;
    s->c = block_chain_new(t->nsite, t->nbond, (const int64_t(*)[2])edge, nroot,
                           root);
    mem_free(edge);
    if (!s->c)
        return NEGF_MEMORY;
    s->room = block_room(s->c);
    s->result = result;
    s->work =
        mem_alloc((size_t)s->nthread * (s->room + result), sizeof *s->work);
    return s->work ? 0 : NEGF_MEMORY;
}

/* Four energies from number k on; columns, or the diagonal. */
static int solve(const struct spectrum *s, const double *e, int64_t ne,
                 int64_t k, bool columns, struct lanes **result)
{
    struct block_matrix m = {s->t->onsite, s->broadening, s->t->hopping, 0};
    struct lanes *room =
        s->work + (size_t)omp_get_thread_num() * (s->room + s->result);
    struct block_result r = {0};
    double re[LANES], im[LANES] = {0};

    for (int l = 0; l < LANES; l++)
        re[l] = e[k + l < ne ? k + l : ne - 1];
    *result = room + s->room;
    if (columns) {
        r.column = *result;
    } else {
        r.diagonal = *result;
        r.edge = *result + s->t->nsite;
    }
    int status = block_solve(s->c, &m, re, im, room, &r, NULL);
    return status == 0 ? 0 : status == -1 ? NEGF_MEMORY : NEGF_SINGULAR;
}

static double transmitted(const struct spectrum *s, const struct negf_lead *a,
                          const struct negf_lead *b, const bool *in_b,
                          const struct lanes *column, int l)
{
    double sum = 0;

    for (int64_t i = 0; i < s->c->n; i++) {
        const struct lanes *g = column + i * a->nsite;

        if (!in_b[s->c->site[i]])
            continue;
        for (int64_t k = 0; k < a->nsite; k++)
            sum += g[k].re[l] * g[k].re[l] + g[k].im[l] * g[k].im[l];
    }
    return 4 * a->gamma * b->gamma * sum;
}

int negf_transmission(const struct terms *t, const struct negf_lead *lead,
                      int nlead, int a, int b, const double *e, int64_t ne,
                      int nthread, double *out)
{
    /* Columns of the smaller lead: T_ab = T_ba. */
    bool turn = lead[b].nsite < lead[a].nsite;
    const struct negf_lead *from = &lead[turn ? b : a],
                           *to = &lead[turn ? a : b];
    struct spectrum s = {.t = t, .nthread = nthread};
    bool *in = mem_zalloc((size_t)t->nsite, sizeof *in);
    int blas = blas_threads(1), failed = 0;
    int status = in ? spectrum_make(&s, lead, nlead, from->nsite, from->site,
                                    (size_t)(t->nsite * from->nsite))
                    : NEGF_MEMORY;

    for (int64_t k = 0; !status && k < to->nsite; k++)
        in[to->site[k]] = true;
    if (!status) {
#pragma omp parallel for num_threads(nthread) schedule(dynamic, 1)
        for (int64_t k = 0; k < ne; k += LANES) {
            struct lanes *column;
            int wrong = solve(&s, e, ne, k, true, &column);

            for (int l = 0; !wrong && l < LANES && k + l < ne; l++)
                out[k + l] = transmitted(&s, from, to, in, column, l);
            if (wrong) {
#pragma omp critical
                failed = wrong;
            }
        }
    }
    spectrum_free(&s);
    mem_free(in);
    blas_threads(blas);
    return status ? status : failed;
}

int negf_ldos(const struct terms *t, const struct negf_lead *lead, int nlead,
              const double *e, int64_t ne, int nthread, double *out)
{
    const int64_t first = 0;
    struct spectrum s = {.t = t, .nthread = nthread};
    int64_t nroot = 1;
    const int64_t *root = &first;
    int blas = blas_threads(1), failed = 0, status;

    /* The end of a strip makes the narrowest layers. */
    for (int a = 0; a < nlead; a++)
        if (lead[a].nsite < t->nsite) {
            nroot = lead[a].nsite;
            root = lead[a].site;
            break;
        }
    status = spectrum_make(&s, lead, nlead, nroot, root,
                           (size_t)(t->nsite + t->nbond));
    if (!status) {
#pragma omp parallel for num_threads(nthread) schedule(dynamic, 1)
        for (int64_t k = 0; k < ne; k += LANES) {
            struct lanes *diagonal;
            int wrong = solve(&s, e, ne, k, false, &diagonal);

            for (int l = 0; !wrong && l < LANES && k + l < ne; l++)
                for (int64_t i = 0; i < t->nsite; i++)
                    out[(k + l) * t->nsite + i] = -diagonal[i].im[l] / M_PI;
            if (wrong) {
#pragma omp critical
                failed = wrong;
            }
        }
    }
    spectrum_free(&s);
    blas_threads(blas);
    return status ? status : failed;
}
