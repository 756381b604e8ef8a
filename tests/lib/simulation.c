#include "simulation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void run_text(struct adele *sim, const char *text)
{
    if (adele_command(sim, text))
        fail_msg("%s", adele_error(sim));
}

struct adele *simulation(const char *deck)
{
    struct adele *sim = adele_new(NULL, NULL);

    assert_non_null(sim);
    run_text(sim, "log none");
    run_text(sim, deck);
    return sim;
}

void simulate(struct adele *sim, const char *format, ...)
{
    char text[2000];
    va_list ap;

    va_start(ap, format);
    assert_true(vsnprintf(text, sizeof text, format, ap) < (int)sizeof text);
    va_end(ap);
    run_text(sim, text);
}

void simulate_fails(struct adele *sim, const char *text, const char *part)
{
    if (!adele_command(sim, text))
        fail_msg("'%s' does not fail", text);
    if (!strstr(adele_error(sim), part))
        fail_msg("'%s' fails with\n%s\nwithout '%s'", text, adele_error(sim),
                 part);
}

double simulated(struct adele *sim, const char *formula)
{
    double x = NAN;

    if (adele_evaluate(sim, formula, &x))
        fail_msg("%s", adele_error(sim));
    return x;
}

double *simulated_column(struct adele *sim, const char *column)
{
    double *x = malloc((size_t)adele_sites(sim) * sizeof *x);

    assert_non_null(x);
    if (adele_gather(sim, column, x))
        fail_msg("%s", adele_error(sim));
    return x;
}

double mean_product(const double *x, const double *y, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum / (double)n;
}

double mean_square(const double *x, int64_t n)
{
    return mean_product(x, x, n);
}

double mean_fourth(const double *x, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i] * x[i] * x[i];
    return sum / (double)n;
}

void assert_law(double x, double law, double wrong, double sigma)
{
    if (!(fabs(x - law) <= 4 * sigma))
        fail_msg("found %.6g, law %.6g: %.1f sigma away", x, law,
                 (x - law) / sigma);
    if (!(fabs(x - wrong) > 6 * sigma))
        fail_msg("found %.6g, wrong law %.6g: only %.1f sigma away", x, wrong,
                 (x - wrong) / sigma);
}
