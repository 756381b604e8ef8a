/* Simulations driven through the library, for the tests: each call fails the
   test with adele's message when the deck text fails. */

#ifndef TEST_SIMULATION_H
#define TEST_SIMULATION_H

#include <stdint.h>

#include "adele.h"

/* A context that has run the deck text, without log file and screen. */
struct adele *simulation(const char *deck);
/* One more command or several lines, printf-like. */
void simulate(struct adele *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The text must fail; its message contains `part`. */
void simulate_fails(struct adele *sim, const char *text, const char *part);
double simulated(struct adele *sim, const char *formula);
/* A per-site column, [sites]; free. */
double *simulated_column(struct adele *sim, const char *column);

/* Sample moments: mean of x^2 and of x^4, mean of x y. */
double mean_square(const double *x, int64_t n);
double mean_fourth(const double *x, int64_t n);
double mean_product(const double *x, const double *y, int64_t n);

/* The estimate x of a law has standard error sigma.  It must lie within 4
   sigma of the law, and be more than 6 sigma away from the wrong law. */
void assert_law(double x, double law, double wrong, double sigma);

#endif
