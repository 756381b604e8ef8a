/* Groups of sites: one bit per group in a mask per site. */

#include "core/group.h"

#include <string.h>

#include "base/mem.h"

int groups_init(struct groups *g, int64_t nlocal)
{
    *g = (struct groups){.nlocal = nlocal};
    g->name[0] = mem_strdup("all");
    return g->name[0] ? 0 : -1;
}

void groups_fini(struct groups *g)
{
    for (int i = 0; i < GROUP_MAX; i++)
        mem_free(g->name[i]);
    mem_free(g->mask);
    *g = (struct groups){0};
}

int groups_find(const struct groups *g, const char *name)
{
    for (int i = 0; i < GROUP_MAX; i++)
        if (g->name[i] && strcmp(g->name[i], name) == 0)
            return i;
    return -1;
}

int groups_add(struct groups *g, const char *name)
{
    int index = 1;
    while (index < GROUP_MAX && g->name[index])
        index++;
    if (index == GROUP_MAX)
        return -1;
    char *copy = mem_strdup(name);
    if (copy && !g->mask)
        g->mask = mem_zalloc((size_t)g->nlocal, sizeof *g->mask);
    if (!copy || !g->mask) {
        mem_free(copy);
        return -2;
    }
    g->name[index] = copy;
    return index;
}

void groups_remove(struct groups *g, int index)
{
    if (index <= 0 || index >= GROUP_MAX || !g->name[index])
        return;
    mem_free(g->name[index]);
    g->name[index] = NULL;
    for (int64_t i = 0; i < g->nlocal; i++)
        g->mask[i] &= ~(UINT64_C(1) << index);
}

bool groups_has(const struct groups *g, int index, int64_t site)
{
    return index == 0 || (g->mask && g->mask[site] >> index & 1);
}

void groups_assign(struct groups *g, int index, int64_t site, bool member)
{
    uint64_t bit = UINT64_C(1) << index;
    if (index > 0)
        g->mask[site] = member ? g->mask[site] | bit : g->mask[site] & ~bit;
}

int64_t groups_count(const struct groups *g, int index)
{
    if (index == 0)
        return g->nlocal;
    int64_t n = 0;
    for (int64_t i = 0; i < g->nlocal; i++)
        n += groups_has(g, index, i);
    return n;
}
