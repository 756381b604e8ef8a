/* Leads: reservoirs that the electrons exchange particles with (`lead`).

   A lead couples each of its sites to a wide band: the retarded self-energy is
   -i gamma there, at every energy, and the reservoir is filled to a chemical
   potential at a temperature.  The numbers may be references; they are read
   again before forces are evaluated, and a change raises the parameter tag, so
   that a bias can follow a formula.  What is not given comes from `electrons`.

   Force styles that know leads set pair.leads; the others leave them out, with
   one warning. */

#ifndef ADELE_LEAD_H
#define ADELE_LEAD_H

#include "plug/value.h"

struct text;

enum lead_place { LEAD_GROUP, LEAD_LEFT, LEAD_RIGHT };

struct lead {
    char *id;
    enum lead_place place;
    int group; /* of LEAD_GROUP; 0: all sites, a bath that may overlap others */
    struct value gamma, mu, temp; /* as given */
    bool mu_given, temp_given;
    struct {
        double gamma, mu, temp;
        bool known;
    } now; /* what they were when last read */
    struct where where;
};

struct lead *lead_find(const struct adele *ctx, const char *id);
int lead_unknown(struct adele *ctx, const struct word *w);
void lead_free(struct lead *l);
void leads_free(struct adele *ctx);

/* Whether the local site, site order, is one of the lead's. */
bool lead_has(const struct adele *ctx, const struct lead *l, int64_t site);
/* A lead that acts on this group, or NULL. */
const struct lead *lead_of_group(const struct adele *ctx, int group);
/* "left", "right" or the name of the group. */
const char *lead_place_name(const struct adele *ctx, const struct lead *l);

/* Whether the lead can stand beside those there are: open boundary, no site of
   another electrode (`old`, which it replaces, apart). */
int lead_check(struct adele *ctx, const struct lead *l, const struct lead *old);

/* Reads all numbers again.  An error when one is out of range or missing. */
int leads_update(struct adele *ctx);

/* The leads as solvers see them, with the values they have now; freed by
   leads_release. */
struct negf_lead;
int leads_resolve(struct adele *ctx, struct negf_lead **out, int *n);
void leads_release(struct negf_lead *lead, int n);

/* Energies of `E ..` or `range LO HI N`: *e [*ne], freed by the caller. */
struct arg_list;
int lead_energies(struct adele *ctx, const struct arg_list *list, double **e,
                  int64_t *ne);
/* The array [ne][2] of a compute whose vector [ne] belongs to energies:
   energy, value. */
struct compute;
int lead_energy_table(struct adele *ctx, struct compute *compute,
                      const double *e, int64_t ne);
/* A status of elec/negf.h that is not 0, as an error of `what`. */
int lead_error(struct adele *ctx, const char *what, int status);

/* Deck lines that make the leads with the values they have now. */
void leads_describe(const struct adele *ctx, struct text *out);

#endif
