/* pair_style: how forces are obtained.  May be given again at any time.

       pair_style ed */

#include "plug/pair.h"

#include "base/mem.h"
#include "plug/command.h"
#include "plug/registry.h"
#include "run/restart.h"

struct pair_command {
    struct instance head;
    struct instance *pair;
};

static const struct arg args[] = {
    {ARG_STYLE, "STYLE args", AT(struct pair_command, pair),
     .style_kind = "pair",
     .doc = "force style and its arguments: help pair_style lists them"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct pair_command *c = self;
    (void)words;
    int status = need_model(ctx);
    if (!status)
        status = restart_hand_back(ctx, c->pair);
    if (status)
        return status;
    struct pair_result *result = mem_zalloc(1, sizeof *result);
    if (!result)
        return err_memory(ctx, "forces", sizeof *result);
    status = pair_result_init(ctx, result);
    if (status) {
        mem_free(result);
        return status;
    }
    if (ctx->forces)
        pair_result_fini(ctx->forces);
    mem_free(ctx->forces);
    if (ctx->pair)
        instance_free(ctx, &ctx->pair->head);
    ctx->forces = result;
    ctx->pair = (struct pair *)c->pair;
    c->pair = NULL;
    adele_touch_parameters(ctx);
    return 0;
}

const struct command_style command_pair_style = {
    .style = {STYLE_HEAD(command, "pair_style", struct pair_command),
              .summary = "choose how forces are obtained", .args = args},
    .run = run};
