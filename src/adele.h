/* adele as a library: the public C interface.

   A simulation is an opaque context.  The library never exits, installs no
   signal handlers, and prints only through the callback (or nowhere).  After
   an error the context is as before the command, or, for a failed run, at its
   last complete step; both can be used on. */

#ifndef ADELE_H
#define ADELE_H

#include <stdint.h>

struct adele;

#ifdef __cplusplus
extern "C" {
#endif

/* A new simulation; print may be NULL.  NULL when memory is short. */
struct adele *adele_new(void (*print)(void *user, const char *text),
                        void *user);
void adele_free(struct adele *sim);

/* Runs deck text (one or more lines), or a deck file.  0, or 1 (deck), 2
   (run), 3 (interrupted); then adele_error tells. */
int adele_command(struct adele *sim, const char *text);
int adele_file(struct adele *sim, const char *path);
const char *adele_error(struct adele *sim);

/* Number of sites; one per-site column (q, vq, fq, n, c_ID, ...) to and from
   a dense array [sites] in id order; a formula as a number. */
int64_t adele_sites(const struct adele *sim);
int adele_gather(struct adele *sim, const char *column, double *out);
int adele_scatter(struct adele *sim, const char *column, const double *in);
int adele_evaluate(struct adele *sim, const char *formula, double *out);

/* Asks a run to stop after the present step (safe in a signal handler). */
void adele_interrupt(struct adele *sim, int signal);

const char *adele_version(void);

#ifdef __cplusplus
}
#endif
#endif
