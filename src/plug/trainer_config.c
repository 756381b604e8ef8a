/* The YAML configuration of a training into struct train_config: its plain
   keys are the words of one argument table, its maps those of others. */

#include "plug/trainer_config.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static const char *const schedules[] = {"constant", "cosine", "plateau", NULL};
static const char *const losses[] = {"mse", "mae", "huber", NULL};
static const char *const precisions[] = {"single", "double", NULL};
/* The keys whose values are maps. */
static const char *const maps[] = {
    "descriptor", "network", "optimizer", "schedule", "loss", "position", NULL};
/* What may stand with the optimiser and belongs to the schedule. */
static const char *const of_schedule[] = {"schedule", "warmup", NULL};

#define IN(member) AT(struct train_config, member)

const struct arg train_config_args[] = {
    {ARG_LIST, "data", IN(data), .key = true, .required = true,
     .syntax = "[FILE, ..]",
     .doc = "files of dump dataset to learn from, names or patterns"},
    {ARG_LIST, "validation", IN(validation), .key = true,
     .syntax = "[FILE, ..]",
     .doc = "files that are not learned from and measure the error"},
    {ARG_NUMBER, "split", IN(split), .key = true, .given = IN(has_split),
     .positive = true,
     .doc = "without validation files: this fraction of the data files, chosen "
            "by the seed, is held out (default 0.1 with several files)"},
    {ARG_CHOICE, "target", IN(target), .key = true, .required = true,
     .choice = potential_target_name, .doc = "what the network predicts"},
    {ARG_CHOICE, "mu", IN(mu), .key = true, .def = "none",
     .choice = potential_mu_name, .doc = "how it sees the chemical potential"},
    {ARG_INT, "epochs", IN(epochs), .key = true, .required = true,
     .positive = true, .doc = "passes over the data"},
    {ARG_INT, "batch", IN(batch), .key = true, .def = "1", .positive = true,
     .doc = "configurations a step"},
    {ARG_INT, "draws", IN(draws), .key = true, .def = "0", .nonnegative = true,
     .doc = "data with several mu: so many of them of each frame, drawn anew "
            "each epoch (0: all)"},
    {ARG_INT, "seed", IN(seed), .key = true, .def = "1", .min = 0,
     .max = 4294967295.0, .bounded = true,
     .doc = "of initial weights, order and split"},
    {ARG_CHOICE, "precision", IN(precision), .key = true, .def = "single",
     .choice = precisions,
     .doc = "of the network; parameters are kept in double precision"},
    {ARG_INT, "threads", IN(threads), .key = true, .def = "0",
     .nonnegative = true, .doc = "0: those of the program"},
    {ARG_NUMBER, "decay", IN(decay), .key = true, .def = "0",
     .nonnegative = true,
     .doc = "weights shrink by rate*decay a step; biases do not"},
    {ARG_NUMBER, "clip", IN(clip), .key = true, .def = "0", .nonnegative = true,
     .doc = "largest norm of a step's gradient (0: any)"},
    {ARG_NUMBER, "average", IN(average), .key = true, .def = "0", .min = 0,
     .max = 0.999999999, .bounded = true,
     .doc = "exponential average of the weights over 1/(1 - average) steps, "
            "which is validated and saved (0: none)"},
    {ARG_NUMBER, "gain", IN(gain), .key = true, .def = "1", .positive = true,
     .doc = "standard deviation of the scaled features"},
    {ARG_INT, "patience", IN(patience), .key = true, .def = "0",
     .nonnegative = true,
     .doc = "stop after so many epochs without a lower validation error (0: "
            "never)"},
    {ARG_LIST, "polar", IN(polar), .key = true, .def = "auto",
     .syntax = "[AXIS, ..]",
     .doc = "axes whose two directions differ, as between electrodes, or none; "
            "auto: that of the position"},
    {ARG_BOOL, "augment", IN(augment), .key = true, .def = "no",
     .doc = "a random point-group image of each configuration"},
    {ARG_BOOL, "linear", IN(linear), .key = true, .def = "no",
     .doc = "target energy: the network adds to the linear function of the "
            "features that fits the forces best"},
    {ARG_INT, "checkpoint", IN(checkpoint), .key = true, .def = "1",
     .nonnegative = true, .doc = "epochs between checkpoints (0: none)"},
    {ARG_NUMBER, "memory", IN(memory), .key = true, .def = "4",
     .nonnegative = true, .unit = "GiB",
     .doc = "for features kept from epoch to epoch; more are made anew"},
    {ARG_FILE, "output", IN(output), .key = true, .required = true,
     .doc = "the potential file"},
    {ARG_FILE, "curve", IN(curve), .key = true,
     .doc = "learning curve, CSV (default: the output's name with .csv)"},
    {ARG_FILE, "start", IN(start), .key = true,
     .doc = "a potential whose weights are the first ones"},
    {ARG_WORD, "contributor", IN(contributor), .key = true,
     .doc = "a line of the potential file"},
    {ARG_WORD, "citation", IN(citation), .key = true,
     .doc = "a line of the potential file"},
    {0}};

const struct arg train_schedule_args[] = {
    {ARG_CHOICE, "style", AT(struct train_schedule, style), .def = "cosine",
     .choice = schedules, .doc = "how the rate goes from its highest value"},
    {ARG_NUMBER, "warmup", AT(struct train_schedule, warmup), .key = true,
     .def = "0", .min = 0, .max = 0.999, .bounded = true,
     .doc = "fraction of all steps over which the rate rises from zero"},
    {ARG_NUMBER, "final", AT(struct train_schedule, final), .key = true,
     .def = "0.01", .min = 0, .max = 1, .bounded = true,
     .doc = "the lowest rate as a fraction of the highest"},
    {ARG_INT, "patience", AT(struct train_schedule, patience), .key = true,
     .def = "10", .positive = true,
     .doc = "plateau: epochs without a lower validation error"},
    {ARG_NUMBER, "factor", AT(struct train_schedule, factor), .key = true,
     .def = "0.5", .min = 0.001, .max = 0.999, .bounded = true,
     .doc = "plateau: what the rate is multiplied by then"},
    {0}};

const struct arg train_loss_args[] = {
    {ARG_CHOICE, "style", AT(struct train_loss, style), .def = "mse",
     .choice = losses,
     .doc = "mean of squares, of magnitudes, or squares up to delta"},
    {ARG_NUMBER, "delta", AT(struct train_loss, delta), .key = true,
     .def = "0.1", .positive = true,
     .doc = "huber: in standard deviations of the target"},
    {ARG_NUMBER, "energy", AT(struct train_loss, energy), .key = true,
     .def = "0", .nonnegative = true,
     .doc = "target energy: weight of the energy a site beside the forces"},
    {ARG_NUMBER, "weight", AT(struct train_loss, weight), .key = true,
     .def = "0", .nonnegative = true,
     .doc = "a site counts 1 + weight*|target - mean|/(standard deviation)"},
    {0}};

/* One table for one map; NULL: not given, all defaults. */
static int read_map(struct adele *ctx, const struct config_node *map,
                    const char *const *skip, const struct arg *table,
                    const char *what, void *self)
{
    struct words words = {0};
    if (map && config_words(ctx, map, skip, &words))
        return ctx->error.status;
    int status = args_parse(ctx, table, what, &words, self);
    words_free(&words);
    return status;
}

/* The optimiser's own words; what belongs to the schedule is left out. */
static int read_optimizer(struct adele *ctx, const struct config_node *root,
                          struct train_config *c)
{
    const struct config_node *o = config_find(root, "optimizer");
    const struct config_node *own = config_find(root, "schedule");
    const struct config_node *inner = o ? config_find(o, "schedule") : NULL;
    const struct config_node *warm = o ? config_find(o, "warmup") : NULL;
    if (own && (inner || warm))
        return err_deck(ctx, &(inner ? inner : warm)->where,
                        "train: the schedule stands in `schedule` already");
    c->has_schedule = own || inner || warm;
    if (o && config_words(ctx, o, of_schedule, &c->optimizer))
        return ctx->error.status;
    if (read_map(ctx, own ? own : inner, NULL, train_schedule_args,
                 "train: schedule", &c->schedule))
        return ctx->error.status;
    if (!warm)
        return 0;
    if (config_number(ctx, o, "warmup", &c->schedule.warmup))
        return ctx->error.status;
    return c->schedule.warmup >= 0 && c->schedule.warmup <= 0.999
               ? 0
               : err_deck(ctx, &warm->where,
                          "train: schedule: expected warmup (number from 0 to "
                          "0.999), found '%s'",
                          warm->text);
}

static int read_position(struct adele *ctx, const struct config_node *root,
                         struct train_config *c)
{
    const struct config_node *node = config_find(root, "position");
    c->has_position = node != NULL;
    return node ? config_words(ctx, node, NULL, &c->position) : 0;
}

static int need_words(struct adele *ctx, const struct config_node *root,
                      const char *key, struct words *out)
{
    const struct config_node *node = config_find(root, key);
    if (!node)
        return err_deck(ctx, &root->where,
                        "train: %s must be given, as in `%s: {style: %s}`", key,
                        key, strcmp(key, "network") ? "field" : "conv");
    return config_words(ctx, node, NULL, out);
}

/* A map where the table of plain keys has nothing of that name says more than
   the table could. */
static int read_plain(struct adele *ctx, const struct config_node *root,
                      struct train_config *c)
{
    const char *names[64];
    int n = 0;
    for (const struct arg *a = train_config_args; a->kind; a++)
        names[n++] = a->name;
    for (int k = 0; maps[k]; k++)
        names[n++] = maps[k];
    names[n] = NULL;
    if (config_known(ctx, root, "train", names))
        return ctx->error.status;
    return read_map(ctx, root, maps, train_config_args, "train", c);
}

static int check(struct adele *ctx, const struct config_node *root,
                 const struct train_config *c)
{
    const struct config_node *split = config_find(root, "split");
    const struct config_node *energy =
        config_find(config_find(root, "loss"), "energy");
    if (split && c->split >= 1)
        return err_deck(ctx, &split->where,
                        "train: split is a fraction of the files, below 1, "
                        "not %s",
                        split->text);
    if (split && c->validation.n)
        return err_deck(ctx, &split->where,
                        "train: validation files are given: nothing is to be "
                        "split off");
    if (c->linear && c->target != TARGET_ENERGY)
        return err_deck(ctx, &config_find(root, "linear")->where,
                        "train: linear goes with target: energy");
    if (energy && c->loss.energy > 0 && c->target != TARGET_ENERGY)
        return err_deck(ctx, &energy->where,
                        "train: loss: energy goes with target: energy");
    return 0;
}

/* What decides the result, a key a line: checkpoints of other trainings are
   known by it. */
static int add_identity(struct adele *ctx, const struct config_node *root,
                        struct text *out)
{
    static const char *const free_to_change[] = {
        "threads", "checkpoint", "memory",      "curve",
        "output",  "citation",   "contributor", NULL};
    for (int k = 0; k < root->n; k++) {
        const struct config_node *value = &root->item[k];
        const char *key = root->key[k].text;
        bool skip = false;
        for (int j = 0; free_to_change[j]; j++)
            skip = skip || !strcmp(key, free_to_change[j]);
        if (skip)
            continue;
        text_addf(out, "%s:", key);
        if (value->kind == CONFIG_SCALAR)
            text_addf(out, " %s", value->text);
        for (int i = 0; value->kind == CONFIG_LIST && i < value->n; i++)
            text_addf(out, " %s", value->item[i].text);
        if (value->kind == CONFIG_MAP) {
            struct words words;
            if (config_words(ctx, value, NULL, &words)) {
                /* a schedule that is a map inside the optimiser */
                error_clear(ctx);
                text_addf(out, " (map of %d)", value->n);
            } else {
                text_addc(out, ' ');
                config_flow(&words, out);
                words_free(&words);
            }
        }
        text_addc(out, '\n');
    }
    return out->failed ? err_memory(ctx, "a configuration", 0) : 0;
}

static int keep_text(struct adele *ctx, const char *path,
                     struct train_config *c)
{
    struct text t = {0};
    int error = 0;
    c->text = file_read_all(path, NULL, &error);
    if (!c->text)
        return err_run(ctx, "cannot read '%s': %s", path, strerror(error));
    if (add_identity(ctx, config_root(c->tree), &t)) {
        text_free(&t);
        return ctx->error.status;
    }
    c->identity = t.s;
    return 0;
}

/* NAME.csv of NAME.yaml. */
static int default_curve(struct adele *ctx, struct train_config *c)
{
    struct text t = {0};
    size_t n = strlen(c->output);
    if (c->curve)
        return 0;
    if (n > 5 && !strcmp(c->output + n - 5, ".yaml"))
        n -= 5;
    text_addn(&t, c->output, n);
    text_add(&t, ".csv");
    c->curve = t.failed ? NULL : mem_strdup(t.s);
    text_free(&t);
    return c->curve ? 0 : err_memory(ctx, "a file name", (double)n);
}

int train_config_read(struct adele *ctx, const char *path,
                      const struct where *where, struct train_config *out)
{
    *out = (struct train_config){.tree = config_read(ctx, path, where)};
    if (!out->tree)
        return ctx->error.status;
    const struct config_node *root = config_root(out->tree);
    if (read_plain(ctx, root, out) ||
        need_words(ctx, root, "descriptor", &out->descriptor) ||
        need_words(ctx, root, "network", &out->network) ||
        read_optimizer(ctx, root, out) || read_position(ctx, root, out) ||
        read_map(ctx, config_find(root, "loss"), NULL, train_loss_args,
                 "train: loss", &out->loss) ||
        check(ctx, root, out) || default_curve(ctx, out) ||
        keep_text(ctx, path, out)) {
        train_config_free(ctx, out);
        return ctx->error.status;
    }
    return 0;
}

void train_config_free(struct adele *ctx, struct train_config *c)
{
    args_free(ctx, train_config_args, c);
    words_free(&c->descriptor);
    words_free(&c->network);
    words_free(&c->optimizer);
    words_free(&c->position);
    mem_free(c->text);
    mem_free(c->identity);
    config_free(c->tree);
    *c = (struct train_config){0};
}
