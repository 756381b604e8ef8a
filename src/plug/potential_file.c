/* Reading potential files: doc/developer/potential_file.md. */

#include "plug/potential_text.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/config.h"

static const char *const head_keys[] = {
    "format",        "version", "date",       "contributor", "citation",
    "adele_version", "units",   "validation", "exact",       "data",
    "training",      "model",   "lattice",    "boundary",    "electrons",
    "mu_range",      "target",  "mu",         "descriptor",  "network",
    "inputs",        "outputs", "checksum",   "weights",     "polar",
    "position",      "extent",  "leads",      "complete",    NULL};

static const struct where *place(const struct config_node *map, const char *key)
{
    const struct config_node *node = config_find(map, key);

    return node ? &node->where : &map->where;
}

static int check_format(struct adele *ctx, const struct config_node *root)
{
    const char *format;
    int64_t version;

    if (config_text(ctx, root, "format", &format))
        return ctx->error.status;
    if (strcmp(format, "adele potential"))
        return err_deck(ctx, place(root, "format"),
                        "this is no potential of adele: format is '%s'",
                        format);
    if (config_integer(ctx, root, "version", &version))
        return ctx->error.status;
    if (version != POTENTIAL_VERSION)
        return err_deck(ctx, place(root, "version"),
                        "the file has version %lld of the format, this adele "
                        "reads version %d",
                        (long long)version, POTENTIAL_VERSION);
    return 0;
}

static int check_complete(struct adele *ctx, const struct config_node *root,
                          const char *path, const struct where *where)
{
    const struct config_node *end = config_find(root, "complete");

    if (end && end->kind == CONFIG_SCALAR && !strcmp(end->text, "yes"))
        return config_known(ctx, root, "potential", head_keys);
    return err_deck(ctx, where,
                    "%s is cut off: it does not end with the line "
                    "`complete: yes`",
                    path);
}

static int copy_text(struct adele *ctx, const struct config_node *map,
                     const char *key, bool required, char **out)
{
    const char *value;

    if (!required && !config_find(map, key))
        return 0;
    if (config_text(ctx, map, key, &value))
        return ctx->error.status;
    *out = mem_strdup(value);
    return *out ? 0 : err_memory(ctx, "a potential", (double)strlen(value));
}

static int read_model(struct adele *ctx, const struct config_node *root,
                      struct potential_origin *o)
{
    const struct config_node *model;

    if (config_need(ctx, root, "model", CONFIG_MAP, &model) ||
        copy_text(ctx, model, "style", true, &o->model))
        return ctx->error.status;
    o->parameter = mem_zalloc((size_t)model->n, sizeof *o->parameter);
    if (!o->parameter)
        return err_memory(ctx, "a potential", 0);
    for (int k = 0; k < model->n; k++) {
        struct potential_number *to = &o->parameter[o->nparameter];

        if (!strcmp(model->key[k].text, "style"))
            continue;
        if (config_number(ctx, model, model->key[k].text, &to->value))
            return ctx->error.status;
        to->name = mem_strdup(model->key[k].text);
        if (!to->name)
            return err_memory(ctx, "a potential", 0);
        o->nparameter++;
    }
    return 0;
}

static int read_boundary(struct adele *ctx, const struct config_node *root,
                         struct potential_origin *o)
{
    const struct config_node *list;

    if (config_need(ctx, root, "boundary", CONFIG_LIST, &list))
        return ctx->error.status;
    if (list->n != 3)
        return err_deck(ctx, &list->where,
                        "boundary: expected [p, p, p] with p or f for each "
                        "axis");
    for (int axis = 0; axis < 3; axis++) {
        const struct config_node *item = &list->item[axis];

        if (item->kind != CONFIG_SCALAR ||
            (strcmp(item->text, "p") && strcmp(item->text, "f")))
            return err_deck(ctx, &item->where, "boundary: expected p or f");
        o->periodic[axis] = item->text[0] == 'p';
    }
    return 0;
}

static int read_electrons(struct adele *ctx, const struct config_node *root,
                          struct potential_origin *o)
{
    const struct config_node *map;
    double range[2];
    int mode;

    if (config_need(ctx, root, "electrons", CONFIG_MAP, &map) ||
        config_choice(ctx, map, "mode", potential_electrons_name, &mode) ||
        config_number(ctx, map, "temp", &o->temp) ||
        config_numbers(ctx, root, "mu_range", range, 2))
        return ctx->error.status;
    o->electrons = (enum electrons_mode)mode;
    o->mu_low = range[0];
    o->mu_high = range[1];
    if (mode != ELECTRONS_FILLING && mode != ELECTRONS_MU)
        return 0;
    return config_number(ctx, map, "value", &o->electrons_value);
}

static int read_exact(struct adele *ctx, const struct config_node *root,
                      struct potential_origin *o)
{
    const struct config_node *map = config_find(root, "exact");

    if (!map)
        return 0;
    if (config_need(ctx, root, "exact", CONFIG_MAP, &map) ||
        copy_text(ctx, map, "pair_style", true, &o->pair))
        return ctx->error.status;
    return config_number(ctx, map, "error", &o->pair_error);
}

static int read_origin(struct adele *ctx, const struct config_node *root,
                       struct potential_origin *o)
{
    if (copy_text(ctx, root, "lattice", true, &o->lattice) ||
        read_model(ctx, root, o) || read_boundary(ctx, root, o) ||
        read_electrons(ctx, root, o))
        return ctx->error.status;
    if (lead_list_read(ctx, root, &o->leads))
        return ctx->error.status;
    return read_exact(ctx, root, o);
}

static int read_validation(struct adele *ctx, const struct config_node *root,
                           struct potential_note *n)
{
    const struct config_node *map = config_find(root, "validation");

    if (!map)
        return 0;
    if (config_need(ctx, root, "validation", CONFIG_MAP, &map) ||
        config_number(ctx, map, "rmse", &n->rmse) ||
        config_number(ctx, map, "mae", &n->mae) ||
        config_number(ctx, map, "max", &n->max))
        return ctx->error.status;
    return config_find(map, "r2") ? config_number(ctx, map, "r2", &n->r2) : 0;
}

static int read_data(struct adele *ctx, const struct config_node *root,
                     struct potential_note *n)
{
    const struct config_node *list = config_find(root, "data");

    if (!list)
        return 0;
    if (config_need(ctx, root, "data", CONFIG_LIST, &list))
        return ctx->error.status;
    n->data = mem_zalloc((size_t)list->n, sizeof *n->data);
    if (!n->data)
        return err_memory(ctx, "a potential", 0);
    for (int k = 0; k < list->n; k++) {
        if (list->item[k].kind != CONFIG_SCALAR)
            return err_deck(ctx, &list->item[k].where,
                            "data: expected text for each file");
        n->data[k] = mem_strdup(list->item[k].text);
        if (!n->data[k])
            return err_memory(ctx, "a potential", 0);
        n->ndata++;
    }
    return 0;
}

static int read_notes(struct adele *ctx, const struct config_node *root,
                      struct potential_note *n)
{
    if (copy_text(ctx, root, "date", false, &n->date) ||
        copy_text(ctx, root, "contributor", false, &n->contributor) ||
        copy_text(ctx, root, "citation", false, &n->citation) ||
        copy_text(ctx, root, "adele_version", false, &n->adele_version) ||
        copy_text(ctx, root, "training", false, &n->training) ||
        read_validation(ctx, root, n))
        return ctx->error.status;
    return read_data(ctx, root, n);
}

static int check_count(struct adele *ctx, const struct config_node *map,
                       const char *what, int expected)
{
    int64_t count;

    if (config_integer(ctx, map, "count", &count))
        return ctx->error.status;
    if (count == expected)
        return 0;
    return err_deck(ctx, place(map, "count"),
                    "the %s number %lld in the file, %d with this descriptor, "
                    "model and lattice",
                    what, (long long)count, expected);
}

static int read_linear(struct adele *ctx, const struct config_node *in,
                       struct potential *p)
{
    const struct config_node *node = config_find(in, "linear");

    if (!node)
        return 0;
    if (p->target != TARGET_ENERGY)
        return err_deck(ctx, &node->where,
                        "linear goes with target energy, not %s",
                        potential_target_name[p->target]);
    return config_numbers(ctx, in, "linear", p->linear, p->nin);
}

static int read_scales(struct adele *ctx, const struct config_node *root,
                       struct potential *p)
{
    const struct config_node *in, *out;

    if (config_need(ctx, root, "inputs", CONFIG_MAP, &in) ||
        config_need(ctx, root, "outputs", CONFIG_MAP, &out) ||
        check_count(ctx, in, "inputs", p->nin) ||
        check_count(ctx, out, "outputs", p->nout) ||
        config_numbers(ctx, in, "shift", p->in_shift, p->nin) ||
        config_numbers(ctx, in, "scale", p->in_scale, p->nin) ||
        config_numbers(ctx, out, "shift", p->out_shift, p->nout) ||
        config_numbers(ctx, out, "scale", p->out_scale, p->nout) ||
        read_linear(ctx, in, p))
        return ctx->error.status;
    if (!config_find(in, "low"))
        return 0;
    if (config_numbers(ctx, in, "low", p->in_low, p->nin))
        return ctx->error.status;
    return config_numbers(ctx, in, "high", p->in_high, p->nin);
}

static uint64_t get_little(const unsigned char *from, int n)
{
    uint64_t bits = 0;

    for (int k = 0; k < n; k++)
        bits |= (uint64_t)from[k] << 8 * k;
    return bits;
}

static void set_weights(struct potential *p, const unsigned char *bytes)
{
    int size = p->precision == PRECISION_SINGLE ? 4 : 8;

    for (int64_t k = 0; k < p->net.nparam; k++) {
        uint64_t all = get_little(bytes + k * size, size);
        uint32_t low = (uint32_t)all;
        float single;

        memcpy(&single, &low, sizeof single);
        memcpy(&p->param[k], &all, sizeof all);
        if (size == 4)
            p->param[k] = (double)single;
    }
}

static int check_crc(struct adele *ctx, const struct config_node *root,
                     const char *key, uint32_t found, const char *what)
{
    const struct config_node *map;
    const char *expected;
    char text[9];

    snprintf(text, sizeof text, "%08x", (unsigned)found);
    if (config_need(ctx, root, "checksum", CONFIG_MAP, &map) ||
        config_text(ctx, map, key, &expected))
        return ctx->error.status;
    if (!strcmp(expected, text))
        return 0;
    return err_deck(ctx, place(map, key),
                    "%s changed since the file was written: checksum %s, "
                    "expected %s; get the file anew",
                    what, text, expected);
}

static int decode(struct adele *ctx, const struct config_node *root,
                  const struct config_node *weights, unsigned char *bytes,
                  size_t n)
{
    const char *text;

    if (config_text(ctx, weights, "base64", &text))
        return ctx->error.status;
    switch (base64_read(text, bytes, n)) {
    case 0:
        return check_crc(ctx, root, "weights", potential_crc(bytes, n),
                         "the weights");
    case -1:
        return err_deck(ctx, place(weights, "base64"),
                        "the weights are damaged: this is not base64");
    case -2:
        return err_deck(ctx, place(weights, "base64"),
                        "the weights are cut off: fewer than %zu bytes", n);
    default:
        return err_deck(ctx, place(weights, "base64"),
                        "the weights are too long: more than %zu bytes", n);
    }
}

static int read_weights(struct adele *ctx, const struct config_node *root,
                        struct potential *p)
{
    const struct config_node *map;
    unsigned char *bytes;
    int64_t count;
    int type;
    size_t n;

    if (config_need(ctx, root, "weights", CONFIG_MAP, &map) ||
        config_choice(ctx, map, "type", potential_precision_name, &type) ||
        config_integer(ctx, map, "count", &count))
        return ctx->error.status;
    if (count != p->net.nparam)
        return err_deck(ctx, place(map, "count"),
                        "the file has %lld weights, its network %lld",
                        (long long)count, (long long)p->net.nparam);
    p->precision = (enum precision)type;
    n = (size_t)count * (type == PRECISION_SINGLE ? 4 : 8);
    bytes = mem_alloc(n, 1);
    if (!bytes)
        return err_memory(ctx, "the weights of a potential", (double)n);
    if (!decode(ctx, root, map, bytes, n))
        set_weights(p, bytes);
    mem_free(bytes);
    return ctx->error.status;
}

static int check_head(struct adele *ctx, const struct config_node *root,
                      const struct potential *p)
{
    struct text t = {0};
    int status;

    potential_write_binding(p, &t);
    status = t.failed
                 ? err_memory(ctx, "a potential", (double)t.length)
                 : check_crc(ctx, root, "head", potential_crc(t.s, t.length),
                             "model, electrons, network or scales");
    text_free(&t);
    return status;
}

static int check_lattice(struct adele *ctx, const struct config_node *root)
{
    const char *lattice;

    if (config_text(ctx, root, "lattice", &lattice))
        return ctx->error.status;
    if (!strcmp(lattice, ctx->lat->shape.name))
        return 0;
    return err_deck(ctx, place(root, "lattice"),
                    "the potential is for lattice %s, the lattice here is %s",
                    lattice, ctx->lat->shape.name);
}

static int read_polar(struct adele *ctx, const struct config_node *root,
                      bool polar[3])
{
    const struct config_node *list = config_find(root, "polar");
    bool given;

    if (!list)
        return 0;
    if (config_need(ctx, root, "polar", CONFIG_LIST, &list))
        return ctx->error.status;
    for (int k = 0; k < list->n; k++) {
        const struct config_node *item = &list->item[k];
        struct word word = {.text = item->text ? item->text : (char *)"",
                            .where = item->where};
        struct arg_list one = {.word = &word, .n = 1};
        bool axis[3] = {false};

        if (potential_polar_read(ctx, &one, axis, &given))
            return ctx->error.status;
        for (int i = 0; i < 3; i++)
            polar[i] = polar[i] || axis[i];
    }
    return 0;
}

/* The cells along the axis of the position. */
static int read_extent(struct adele *ctx, const struct config_node *root,
                       struct potential *p)
{
    int *cells = p->origin.cells[p->position.axis];
    double extent[2];

    if (!p->position.given)
        return 0;
    if (config_numbers(ctx, root, "extent", extent, 2))
        return ctx->error.status;
    for (int k = 0; k < 2; k++) {
        if (!(extent[k] >= 1 && extent[k] < 1e9))
            return err_deck(ctx, place(root, "extent"),
                            "extent: expected numbers of cells");
        cells[k] = (int)extent[k];
    }
    return 0;
}

static struct potential *make(struct adele *ctx, const struct config_node *root)
{
    const struct config_node *descriptor = config_find(root, "descriptor");
    const struct config_node *network = config_find(root, "network");
    const struct config_node *position = config_find(root, "position");
    const struct config_node *leads = config_find(root, "leads");
    struct words d = {0}, n = {0}, at = {0};
    struct potential_geometry g = {.position = position ? &at : NULL,
                                   .nlead = leads ? leads->n : 0};
    struct potential *p = NULL;
    int target, mu;

    if (config_choice(ctx, root, "target", potential_target_name, &target) ||
        config_choice(ctx, root, "mu", potential_mu_name, &mu))
        return NULL;
    if (!descriptor || !network) {
        err_deck(ctx, &root->where, "%s is missing",
                 descriptor ? "network" : "descriptor");
        return NULL;
    }
    if (!config_words(ctx, descriptor, NULL, &d) &&
        !config_words(ctx, network, NULL, &n) &&
        !(position && config_words(ctx, position, NULL, &at)) &&
        !read_polar(ctx, root, g.polar))
        p = potential_new(ctx, &d, &n, (enum potential_target)target,
                          (enum potential_mu)mu, &g);
    words_free(&d);
    words_free(&n);
    words_free(&at);
    return p;
}

static int fill(struct adele *ctx, const struct config_node *root,
                const char *path, struct potential *p)
{
    p->path = mem_strdup(path);
    if (!p->path)
        return err_memory(ctx, "a potential", 0);
    if (read_origin(ctx, root, &p->origin) || read_notes(ctx, root, &p->note) ||
        read_extent(ctx, root, p) || read_scales(ctx, root, p) ||
        read_weights(ctx, root, p))
        return ctx->error.status;
    return check_head(ctx, root, p);
}

struct potential *potential_load(struct adele *ctx, const char *path,
                                 const struct where *where)
{
    const struct config_node *root;
    struct potential *p = NULL;
    struct config *c;

    if (need_model(ctx))
        return NULL;
    c = config_read(ctx, path, where);
    if (!c)
        return NULL;
    root = config_root(c);
    if (!check_format(ctx, root) && !check_complete(ctx, root, path, where) &&
        !check_lattice(ctx, root))
        p = make(ctx, root);
    if (p && fill(ctx, root, path, p)) {
        potential_free(ctx, p);
        p = NULL;
    }
    config_free(c);
    return p;
}
