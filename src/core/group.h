/* Groups of sites: up to 64 named bits over one mask per site.
   Group 0 is `all`. */

#ifndef ADELE_GROUP_H
#define ADELE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

enum { GROUP_MAX = 64 };

struct groups {
    char *name[GROUP_MAX]; /* NULL: free */
    uint64_t *mask;        /* [nlocal], site order; NULL while only `all` exists */
    int64_t nlocal;
};

int groups_init(struct groups *g, int64_t nlocal); /* 0 or -1 (memory) */
void groups_fini(struct groups *g);
int groups_find(const struct groups *g, const char *name); /* index or -1 */
int groups_add(struct groups *g, const char *name); /* index, -1 full, -2 memory */
void groups_remove(struct groups *g, int index);
bool groups_has(const struct groups *g, int index, int64_t site);
void groups_assign(struct groups *g, int index, int64_t site, bool member);
int64_t groups_count(const struct groups *g, int index);

#endif
