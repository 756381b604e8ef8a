/* region block: a rectangular box, borders included.

   The bounds of axes that are left out are INF: no bound.

       region left block 0 9 */

#include "plug/region.h"

struct block {
    struct region region;
    struct arg_list lo[3], hi[3];
    bool lo_given[3], hi_given[3];
    struct region_range range[3];
};

#define BOUND(NAME, MEMBER, DEFAULT, GIVEN)                                    \
    {                                                                          \
        ARG_LIST, NAME, AT(struct block, MEMBER),                              \
            .bounded = true, .min = 1, .max = 1, .def = DEFAULT,               \
            .given = AT(struct block, GIVEN), .unit = "lattice constants",     \
            .doc = "number, INF or EDGE"                                       \
    }

static const struct arg args[] = {BOUND("xlo", lo[0], NULL, lo_given[0]),
                                  BOUND("xhi", hi[0], NULL, hi_given[0]),
                                  BOUND("ylo", lo[1], "INF", lo_given[1]),
                                  BOUND("yhi", hi[1], "INF", hi_given[1]),
                                  BOUND("zlo", lo[2], "INF", lo_given[2]),
                                  BOUND("zhi", hi[2], "INF", hi_given[2]),
                                  REGION_SIDE,
                                  {0}};

static int init(struct adele *ctx, void *self)
{
    struct block *b = self;
    for (int i = 0; i < 3; i++) {
        if (b->lo_given[i] && !b->hi_given[i])
            return err_deck(ctx, &b->lo[i].word[0].where,
                            "region block: a lower bound along %c needs an "
                            "upper one after it",
                            "xyz"[i]);
        int status = region_range(ctx, &b->lo[i], &b->hi[i], &b->range[i]);
        if (status)
            return status;
    }
    return 0;
}

static bool inside(const struct adele *ctx, const struct region *r,
                   const double x[3])
{
    const struct block *b = (const struct block *)r;
    (void)ctx;
    for (int i = 0; i < 3; i++)
        if (!region_between(&b->range[i], x[i]))
            return false;
    return true;
}

const struct region_style region_block = {
    .style = {STYLE_HEAD(region, "block", struct block),
              .summary = "rectangular box", .args = args, .init = init},
    .inside = inside};
