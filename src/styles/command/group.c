/* group: a named set of sites, that commands, fixes, computes and dumps act
   on.  What is selected is added to the group when it exists already.

       group left region edge
       group some id 1 2 5:10 100:1000:10
       group A type 1
       group rest subtract all left
       group large variable v_big                                            */

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "plug/command.h"
#include "plug/compute.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/lead.h"
#include "plug/region.h"
#include "plug/value.h"

struct group_command {
    struct instance head;
    struct arg_list id;
    int how;
    struct arg_list list;
};

#define LIST_ARG(NAME, SYNTAX, DOC)                                            \
    {                                                                          \
        ARG_REST, NAME, AT(struct group_command, list),                        \
            .syntax = SYNTAX, .bounded = true, .min = 1, .doc = DOC            \
    }
#define WORD_ARG(NAME, DOC)                                                    \
    {                                                                          \
        ARG_LIST, NAME, AT(struct group_command, list),                        \
            .bounded = true, .min = 1, .max = 1, .doc = DOC                    \
    }

static const struct arg region_args[] = {
    WORD_ARG("REGION", "sites inside this region"), {0}};
static const struct arg id_args[] = {
    LIST_ARG("ids", "A[:B[:STEP]] ...",
             "site ids, ranges A:B, every STEP-th; or one of "
             "< <= > >= == != and an id, or <> A B"),
    {0}};
static const struct arg type_args[] = {
    LIST_ARG("types", "A[:B[:STEP]] ...",
             "sublattices from 1, given as the ids are"),
    {0}};
static const struct arg union_args[] = {
    LIST_ARG("GROUP", NULL, "sites in any of these groups"), {0}};
static const struct arg subtract_args[] = {
    LIST_ARG("GROUP", NULL, "sites in the first group, not in the others"),
    {0}};
static const struct arg intersect_args[] = {
    LIST_ARG("GROUP", NULL, "sites in all of these groups"), {0}};
static const struct arg variable_args[] = {
    WORD_ARG("v_name", "sites where this atom-style variable is not 0"), {0}};

/* In the order of `select` below. */
enum { EMPTY = 7, CLEAR, DELETE };
static const struct arg_case cases[] = {
    {"region", region_args, "by place"},
    {"id", id_args, "by number"},
    {"type", type_args, "by sublattice"},
    {"union", union_args, "of groups"},
    {"subtract", subtract_args, "of groups"},
    {"intersect", intersect_args, "of groups"},
    {"variable", variable_args, "by a formula"},
    {"empty", NULL, "no site yet"},
    {"clear", NULL, "takes all sites out of an existing group"},
    {"delete", NULL, "removes the group"},
    {0}};

static const struct arg args[] = {
    {ARG_LIST, "ID", AT(struct group_command, id), .bounded = true, .min = 1,
     .max = 1, .doc = "name of the group: letters, digits, underscores"},
    {ARG_ONEOF, "style", AT(struct group_command, how), .cases = cases,
     .doc = "how the sites are chosen"},
    {0}};

static int unknown_group(struct adele *ctx, const struct word *w)
{
    const char *names[GROUP_MAX];
    size_t n = 0;
    for (int i = 0; i < GROUP_MAX; i++)
        if (ctx->groups.name[i])
            names[n++] = ctx->groups.name[i];
    return err_unknown(ctx, &w->where, "group", w->text, names, n);
}

/* Each select_ function marks in[i] for the local sites, site order; `in`
   holds the present members when it is called. */

static int select_region(struct adele *ctx, const struct arg_list *list,
                         unsigned char *in)
{
    const struct region *r = region_find(ctx, list->word[0].text);
    if (!r)
        return region_unknown(ctx, &list->word[0]);
    int64_t nlocal = ctx->lat->nlocal;
#pragma omp parallel for schedule(static) if (nlocal >= PARALLEL_MIN)
    for (int64_t i = 0; i < nlocal; i++) {
        double x[3];
        lattice_position(ctx->lat, i, x);
        if (region_contains(ctx, r, x))
            in[i] = 1;
    }
    return 0;
}

struct range {
    int64_t first, last, step;
};

/* "7", "5:10" or "100:1000:10". */
static bool range_read(const char *s, struct range *r)
{
    char part[3][24];
    int64_t value[3];
    int n = 0;
    for (;; n++) {
        size_t length = strcspn(s, ":");
        if (n == 3 || length >= sizeof part[n])
            return false;
        memcpy(part[n], s, length);
        part[n][length] = 0;
        if (!text_integer(part[n], &value[n]))
            return false;
        if (!s[length])
            break;
        s += length + 1;
    }
    *r = (struct range){value[0], n > 0 ? value[1] : value[0],
                        n > 1 ? value[2] : 1};
    return r->first <= r->last && r->step > 0;
}

/* The numbers from 1 to `most` that a word names. */
static int mark_range(struct adele *ctx, const struct word *w, const char *what,
                      int64_t most, unsigned char *mark)
{
    struct range r;
    if (!range_read(w->text, &r))
        return err_deck(ctx, &w->where,
                        "expected a %s, A:B or A:B:STEP with A <= B, found "
                        "'%s'",
                        what, w->text);
    if (r.first < 1 || r.last > most)
        return err_deck(
            ctx, &w->where, "%s %lld does not exist: they go from 1 to %lld",
            what, (long long)(r.first < 1 ? r.first : r.last), (long long)most);
    for (int64_t k = r.first; k <= r.last; k += r.step)
        mark[k - 1] = 1;
    return 0;
}

static bool holds(const char *op, int64_t k, int64_t a, int64_t b)
{
    bool less = k < a, equal = k == a;
    if (strcmp(op, "<>") == 0)
        return k >= a && k <= b;
    if (op[0] == '<')
        return less || (op[1] && equal);
    if (op[0] == '>')
        return (!less && !equal) || (op[1] && equal);
    return equal == (op[0] == '=');
}

/* `< 10`, `<> 10 20` and so on. */
static int mark_comparison(struct adele *ctx, const struct arg_list *list,
                           const char *what, int64_t most, unsigned char *mark)
{
    const char *op = list->word[0].text;
    int wanted = strcmp(op, "<>") == 0 ? 2 : 1;
    int64_t bound[2] = {0};
    if (list->n != 1 + wanted)
        return err_deck(ctx, &list->word[0].where,
                        "%s must be followed by %d number%s", op, wanted,
                        wanted > 1 ? "s" : "");
    for (int i = 0; i < wanted; i++) {
        int status = arg_integer(ctx, &list->word[1 + i], what, &bound[i]);
        if (status)
            return status;
    }
    for (int64_t k = 1; k <= most; k++)
        if (holds(op, k, bound[0], bound[1]))
            mark[k - 1] = 1;
    return 0;
}

static int mark_numbers(struct adele *ctx, const struct arg_list *list,
                        const char *what, int64_t most, unsigned char *mark)
{
    static const char *const op[] = {"<", "<=", ">", ">=", "==", "!=", "<>"};
    for (size_t i = 0; i < sizeof op / sizeof *op; i++)
        if (strcmp(list->word[0].text, op[i]) == 0)
            return mark_comparison(ctx, list, what, most, mark);
    for (int i = 0; i < list->n; i++) {
        int status = mark_range(ctx, &list->word[i], what, most, mark);
        if (status)
            return status;
    }
    return 0;
}

static int select_id(struct adele *ctx, const struct arg_list *list,
                     unsigned char *in)
{
    return mark_numbers(ctx, list, "site id", ctx->lat->nsite, in);
}

static int select_type(struct adele *ctx, const struct arg_list *list,
                       unsigned char *in)
{
    unsigned char mark[LATTICE_BASIS_MAX] = {0};
    int nb = ctx->lat->shape.nbasis;
    int status = mark_numbers(ctx, list, "type (sublattice)", nb, mark);
    for (int64_t i = 0; !status && i < ctx->lat->nlocal; i++)
        if (mark[i % nb])
            in[i] = 1;
    return status;
}

static int group_indices(struct adele *ctx, const struct arg_list *list,
                         int index[GROUP_MAX])
{
    if (list->n > GROUP_MAX)
        return err_deck(ctx, &list->word[GROUP_MAX].where,
                        "more than %d groups in one list", GROUP_MAX);
    for (int k = 0; k < list->n; k++) {
        index[k] = groups_find(&ctx->groups, list->word[k].text);
        if (index[k] < 0)
            return unknown_group(ctx, &list->word[k]);
    }
    return 0;
}

static int select_union(struct adele *ctx, const struct arg_list *list,
                        unsigned char *in)
{
    int index[GROUP_MAX] = {0}, status = group_indices(ctx, list, index);
    for (int64_t i = 0; !status && i < ctx->lat->nlocal; i++)
        for (int k = 0; k < list->n; k++)
            in[i] |= groups_has(&ctx->groups, index[k], i);
    return status;
}

static int select_subtract(struct adele *ctx, const struct arg_list *list,
                           unsigned char *in)
{
    int index[GROUP_MAX] = {0}, status = group_indices(ctx, list, index);
    for (int64_t i = 0; !status && i < ctx->lat->nlocal; i++) {
        in[i] |= groups_has(&ctx->groups, index[0], i);
        for (int k = 1; k < list->n; k++)
            if (groups_has(&ctx->groups, index[k], i))
                in[i] = 0;
    }
    return status;
}

static int select_intersect(struct adele *ctx, const struct arg_list *list,
                            unsigned char *in)
{
    int index[GROUP_MAX] = {0}, status = group_indices(ctx, list, index);
    for (int64_t i = 0; !status && i < ctx->lat->nlocal; i++) {
        bool every = true;
        for (int k = 0; k < list->n; k++)
            every = every && groups_has(&ctx->groups, index[k], i);
        in[i] |= every;
    }
    return status;
}

static int select_variable(struct adele *ctx, const struct arg_list *list,
                           unsigned char *in)
{
    struct reference ref = {0};
    const double *site = NULL;
    int status = reference_parse(ctx, &list->word[0], false, &ref);
    if (!status)
        status = reference_site(ctx, &ref, &site);
    for (int64_t i = 0; !status && i < ctx->lat->nlocal; i++)
        if (site[i] != 0)
            in[i] = 1;
    reference_free(&ref);
    return status;
}

static int (*const select[])(struct adele *, const struct arg_list *,
                             unsigned char *) = {
    select_region,   select_id,        select_type,    select_union,
    select_subtract, select_intersect, select_variable};

/* What still acts on the group, as "fix move"; false: nothing. */
static bool group_user(const struct adele *ctx, int index, const char **kind,
                       const char **id)
{
    for (int i = 0; i < ctx->fixes.n; i++)
        if (ctx->fixes.item[i]->head.group == index) {
            *kind = "fix", *id = ctx->fixes.item[i]->head.id;
            return true;
        }
    for (int i = 0; i < ctx->computes.n; i++)
        if (ctx->computes.item[i]->head.group == index) {
            *kind = "compute", *id = ctx->computes.item[i]->head.id;
            return true;
        }
    for (int i = 0; i < ctx->dumps.n; i++)
        if (ctx->dumps.item[i]->head.group == index) {
            *kind = "dump", *id = ctx->dumps.item[i]->head.id;
            return true;
        }
    if (lead_of_group(ctx, index)) {
        *kind = "lead", *id = lead_of_group(ctx, index)->id;
        return true;
    }
    return false;
}

static int group_delete(struct adele *ctx, const struct word *w, int index)
{
    const char *kind, *id;
    if (index < 0)
        return unknown_group(ctx, w);
    if (group_user(ctx, index, &kind, &id))
        return err_deck(ctx, &w->where,
                        "group '%s' is in use by %s %s; remove that first",
                        w->text, kind, id);
    groups_remove(&ctx->groups, index);
    return 0;
}

static int check_id(struct adele *ctx, const struct word *w)
{
    for (const char *s = w->text; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return err_deck(ctx, &w->where,
                            "group ID '%s': only letters, digits and "
                            "underscores are allowed",
                            w->text);
    if (strcmp(w->text, "all") == 0)
        return err_deck(ctx, &w->where,
                        "the group all always holds all sites and cannot be "
                        "changed");
    return 0;
}

/* The group's members become `in`; made first when it is new. */
static int commit(struct adele *ctx, const struct word *w, int index,
                  const unsigned char *in)
{
    struct groups *g = &ctx->groups;
    const struct lead *lead = index < 0 ? NULL : lead_of_group(ctx, index);
    if (lead)
        return err_deck(ctx, &w->where,
                        "group '%s' holds the sites of lead %s; `unlead %s` "
                        "first",
                        w->text, lead->id, lead->id);
    if (index < 0)
        index = groups_add(g, w->text);
    if (index == -1)
        return err_deck(ctx, &w->where,
                        "there are %d groups already, as many as there can be; "
                        "`group ID delete` removes one",
                        GROUP_MAX);
    if (index < 0)
        return err_memory(ctx, "the groups", 8.0 * (double)g->nlocal);
    for (int64_t i = 0; i < g->nlocal; i++)
        groups_assign(g, index, i, in[i]);
    ctx->step_tag = ++ctx->clock; /* measurements of the group are stale */
    log_printf(&ctx->log, "%lld sites in group %s\n",
               (long long)groups_count(g, index), w->text);
    return 0;
}

static int change(struct adele *ctx, const struct group_command *c, int index)
{
    int64_t nlocal = ctx->lat->nlocal;
    unsigned char *in = mem_zalloc((size_t)nlocal, 1);
    if (!in)
        return err_memory(ctx, "the groups", (double)nlocal);
    for (int64_t i = 0; index >= 0 && c->how != CLEAR && i < nlocal; i++)
        in[i] = groups_has(&ctx->groups, index, i);
    int status = c->how < EMPTY ? select[c->how](ctx, &c->list, in) : 0;
    if (!status)
        status = commit(ctx, &c->id.word[0], index, in);
    mem_free(in);
    return status;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct group_command *c = self;
    const struct word *id = &c->id.word[0];
    (void)words;
    int status = need_lattice(ctx);
    if (status || (status = check_id(ctx, id)))
        return status;
    int index = groups_find(&ctx->groups, id->text);
    if (c->how == DELETE)
        return group_delete(ctx, id, index);
    if (c->how == CLEAR && index < 0)
        return unknown_group(ctx, id);
    return change(ctx, c, index);
}

const struct command_style command_group = {
    .style = {STYLE_HEAD(command, "group", struct group_command),
              .summary = "name a set of sites", .args = args},
    .run = run};
