/* A value spread over the sites; see plug/value.h. */

#include <string.h>

#include "plug/style.h"
#include "plug/value.h"

int value_sites(struct adele *ctx, const struct value *v, double *out)
{
    int64_t n = ctx->lat->nlocal;
    if (v->is_reference && reference_shapes(ctx, &v->ref) & OUT_SITE) {
        const double *site;
        int status = reference_site(ctx, &v->ref, &site);
        if (!status)
            memcpy(out, site, (size_t)n * sizeof *out);
        return status;
    }
    double number;
    int status = value_get(ctx, v, &number);
    for (int64_t i = 0; !status && i < n; i++)
        out[i] = number;
    return status;
}
