/* electrons: how many, and how hot.

   f = 1/(exp((e - mu)/T) + 1), k_B = 1.  The number of electrons or their
   chemical potential is held; midgap puts mu half-way between the levels N/2
   and N/2 + 1 of every configuration.

       electrons filling 0.5 temp 0.1 */

#include "plug/command.h"

struct electrons_command {
    struct instance head;
    int mode;
    struct electrons electrons;
};

static const struct arg filling_args[] = {
    {ARG_NUMBER, "F", AT(struct electrons_command, electrons.filling),
     .bounded = true, .min = 0, .max = 1, .unit = "electrons/site",
     .doc = "electrons a site"},
    {0}};

static const struct arg mu_args[] = {
    {ARG_NUMBER, "M", AT(struct electrons_command, electrons.mu),
     .unit = "energy", .doc = "chemical potential"},
    {0}};

static const struct arg_case modes[] = {
    {"filling", filling_args, "mu such that <N> = F times the sites"},
    {"mu", mu_args, "fixed chemical potential"},
    {"midgap", NULL, "mu half-way between levels N/2 and N/2 + 1"},
    {0}};

static const struct arg args[] = {
    {ARG_ONEOF, "MODE", AT(struct electrons_command, mode), .cases = modes,
     .doc = "what is held"},
    {ARG_NUMBER, "temp", AT(struct electrons_command, electrons.temp),
     .key = true, .required = true, .nonnegative = true, .unit = "energy",
     .doc = "temperature of the electrons"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    static const enum electrons_mode mode[] = {ELECTRONS_FILLING, ELECTRONS_MU,
                                               ELECTRONS_MIDGAP};
    struct electrons_command *c = self;
    (void)words;
    c->electrons.mode = mode[c->mode];
    ctx->electrons = c->electrons;
    adele_touch_parameters(ctx);
    return 0;
}

const struct command_style command_electrons = {
    .style = {STYLE_HEAD(command, "electrons", struct electrons_command),
              .summary = "hold the filling or the chemical potential of the "
                         "electrons, and their temperature",
              .args = args},
    .run = run};
