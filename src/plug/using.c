/* Measurements with a force style of their own: see plug/using.h. */

#include "plug/using.h"

unsigned using_need(const struct using *u, unsigned need)
{
    return u->pair ? 0 : need;
}

int using_require(struct adele *ctx, struct using *u, unsigned need,
                  const struct pair_result **r)
{
    *r = u->pair ? &u->own : ctx->forces;
    return u->pair ? pair_require(ctx, (struct pair *)u->pair, need, &u->own)
                   : forces_require(ctx, need);
}

void using_fini(struct using *u)
{
    pair_result_fini(&u->own);
}
