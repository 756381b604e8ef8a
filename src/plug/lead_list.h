/* Leads as data files and potentials remember them: where they are, their
   numbers, and the range of their chemical potentials.

   Two lists belong together when they have as many leads at each place (left,
   right, all, a group) with the same gamma and temperature; names do not
   count. */

#ifndef ADELE_LEAD_LIST_H
#define ADELE_LEAD_LIST_H

#include "plug/config.h"
#include "plug/lead.h"

struct lead_record {
    char *id, *place;
    double gamma, temp;
    double mu[2]; /* least, most */
};

struct lead_list {
    struct lead_record *item;
    int n;
};

/* A lead more; NULL: memory. */
struct lead_record *lead_list_add(struct lead_list *l, const char *id,
                                  const char *place);
int lead_list_copy(const struct lead_list *from, struct lead_list *to);
void lead_list_free(struct lead_list *l);

/* The leads of ctx with their present values (leads_update).  0 or -1
   (memory). */
int lead_list_now(const struct adele *ctx, struct lead_list *out);
/* The opposite: ctx, which has none, gets them.  0 or -1. */
int lead_list_place(struct adele *ctx, const struct lead_list *l);

/* The mu that leads of ctx at the places of the list have now, mu [n]; where
   ctx lacks one the middle of its range. */
void lead_list_mu(const struct adele *ctx, const struct lead_list *l,
                  double *mu);

/* Whether lists do not belong together: the first difference, in words for both
   sides.  `order`: the leads must come in the same order; `mu`: they must have
   the same mu. */
bool lead_list_differs(const struct lead_list *a, const struct lead_list *b,
                       bool order, bool mu, struct text *in_a,
                       struct text *in_b);
/* The first lead of `here` whose mu lies outside its range in `made`, or -1;
 *other: the lead there. */
int lead_list_outside(const struct lead_list *made,
                      const struct lead_list *here, int *other);

/* Lines of a potential file, and back. */
void lead_list_write(const struct lead_list *l, struct text *out);
int lead_list_read(struct adele *ctx, const struct config_node *root,
                   struct lead_list *out);

#endif
