/* Simulations for the tests: see sim.h. */

#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/rng.h"
#include "plug/args.h"
#include "plug/lattice_style.h"
#include "plug/registry.h"

enum { STYLES_MAX = 64 };

static int run_text(struct adele *sim, const char *format, va_list ap)
{
    struct text deck = {0};
    text_vaddf(&deck, format, ap);
    assert_false(deck.failed);
    int status = adele_command(sim, deck.s ? deck.s : "");
    text_free(&deck);
    return status;
}

struct adele *sim_new(const char *format, ...)
{
    struct adele *sim = adele_new(NULL, NULL);
    assert_non_null(sim);
    va_list ap;
    va_start(ap, format);
    int status = run_text(sim, format, ap);
    va_end(ap);
    if (status)
        fail_msg("%s", adele_error(sim));
    return sim;
}

void sim_free(struct adele *sim)
{
    adele_free(sim);
}

void sim_run(struct adele *sim, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int status = run_text(sim, format, ap);
    va_end(ap);
    if (status)
        fail_msg("%s", adele_error(sim));
}

bool sim_try(struct adele *sim, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int status = run_text(sim, format, ap);
    va_end(ap);
    error_clear(sim);
    return status == 0;
}

double sim_random(uint32_t stream, int64_t k)
{
    struct rng_key key = {.seed = stream, .purpose = RNG_VARIABLE};
    return 2 * rng_uniform(key, (uint64_t)k) - 1;
}

void sim_set(struct adele *sim, int comp, const double *q)
{
    field_scatter(sim->state.displacement, comp, q);
}

void sim_randomise(struct adele *sim, double amplitude, uint32_t stream)
{
    int64_t n = sim->lat->nsite;
    double *q = calloc((size_t)n, sizeof *q);
    assert_non_null(q);
    for (int c = 0; c < sim->state.displacement->ncomp; c++) {
        for (int64_t i = 0; i < n; i++)
            q[i] = amplitude * sim_random(stream, c * n + i);
        sim_set(sim, c, q);
    }
    free(q);
}

bool sim_lattice(int k, struct text *deck)
{
    static const int size[][3] = {{5, 4, 2}, {2, 3, 3}, {1, 4, 2}, {4, 2, 1}};
    const char *name[STYLES_MAX];
    int nstyle = registry_names("lattice", name, STYLES_MAX);
    for (int s = 0; s < nstyle; s++) {
        const struct lattice_style *style =
            (const struct lattice_style *)registry_find(NULL, "lattice",
                                                        name[s]);
        int dim = style->shape.dim, mixes = 1 << dim;
        int count = mixes * (int)(sizeof size / sizeof *size);
        if (k >= count) {
            k -= count;
            continue;
        }
        text_add(deck, "boundary");
        for (int axis = 0; axis < dim; axis++)
            text_add(deck, k >> axis & 1 ? " f" : " p");
        text_addf(deck, "\nlattice %s", name[s]);
        for (int axis = 0; axis < dim; axis++)
            text_addf(deck, " %d", size[k / mixes][axis]);
        text_add(deck, "\n");
        return true;
    }
    return false;
}

void sim_model(const char *style, struct text *out)
{
    const struct style *s = registry_find(NULL, "model", style);
    assert_non_null(s);
    text_add(out, style);
    int k = 0;
    for (const struct arg *a = s->args; a && a->kind; a++) {
        if (a->key && a->kind == ARG_NUMBER)
            text_addf(out, " %s %.4f", a->name,
                      1.1 + 0.37 * sim_random(77, k++));
    }
}
