/* The thermo table of a run: checking its columns, its head and its lines.

   Numbers stand under right-justified headings, the first column to the left,
   so that the head begins with `Step` as log readers expect.  Formats: one
   line a step, several lines a step (multi), or YAML. */

#include "run/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "plug/compute.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "run/thermo.h"

enum { WIDTH_INTEGER = 10, WIDTH_NUMBER = 14, NUMBER_SIZE = 512 };

static const char *const default_columns[] = {"step", "time",   "temp", "pe",
                                              "ke",   "etotal", "mu"};

/* LAMMPS's headings where they are not the keyword with a capital. */
static const struct {
    const char *keyword, *heading;
} headings[] = {{"pe", "PotEng"},         {"ke", "KinEng"},
                {"etotal", "TotEng"},     {"cpu", "CPU"},
                {"tpcpu", "T/CPU"},       {"spcpu", "S/CPU"},
                {"cpuremain", "CPULeft"}, {"timeremain", "TimeoutLeft"}};

static const struct {
    unsigned need;
    const char *name;
} needs[] = {{NEED_FORCE, "forces"},
             {NEED_ENERGY, "energies"},
             {NEED_DENSITY, "densities"},
             {NEED_BOND, "bond densities"},
             {NEED_MU, "the chemical potential"},
             {NEED_SPECTRUM, "the spectrum"},
             {NEED_ENTROPY, "the entropy"},
             {NEED_ERROR, "an estimate of its error"},
             {NEED_DEVIATION, "the deviation of a committee"},
             {NEED_OUTSIDE, "a count of unknown sites"}};

static unsigned column_needs(struct adele *ctx, const struct thermo_column *c)
{
    return c->key ? c->key->need : reference_need(ctx, &c->ref);
}

static int out_of_memory(struct adele *ctx)
{
    return err_memory(ctx, "the thermo table", NUMBER_SIZE);
}

/* A column made by the program itself. */
static int add_named(struct adele *ctx, struct thermo *t, const char *name)
{
    struct word word = {.text = mem_strdup(name)};
    int status;

    if (!word.text)
        return out_of_memory(ctx);
    status = table_add_column(ctx, &t->shown, &t->nshown, &word);
    mem_free(word.text);
    return status;
}

static int show_default(struct adele *ctx, struct thermo *t)
{
    size_t n = sizeof default_columns / sizeof *default_columns;

    for (size_t i = 0; i < n; i++) {
        const struct keyword *key = keyword_find(default_columns[i]);

        if (!key || (key->need & ~forces_gives(ctx)))
            continue;
        if (add_named(ctx, t, key->name))
            return ctx->error.status;
    }
    return 0;
}

/* Elements of the vector behind c_ID[*]. */
static int wild_length(struct adele *ctx, const struct reference *ref,
                       int64_t *n)
{
    const struct compute *c =
        ref->kind == REF_COMPUTE ? compute_find(ctx, ref->name) : NULL;
    const double *v;

    if (reference_check(ctx, ref, OUT_VECTOR))
        return ctx->error.status;
    *n = c ? c->out.nvector : 0;
    return *n > 0 ? 0 : reference_vector(ctx, ref, &v, n);
}

static int show_wild(struct adele *ctx, struct thermo *t,
                     const struct thermo_column *c)
{
    int64_t n = 0;
    int status = wild_length(ctx, &c->ref, &n);

    for (int64_t k = 1; k <= n && !status; k++) {
        struct text name = {0};
        struct word word = {.where = c->where};

        text_addn(&name, c->word, strlen(c->word) - 2);
        text_addf(&name, "%lld]", (long long)k);
        word.text = name.s;
        status = name.failed
                     ? out_of_memory(ctx)
                     : table_add_column(ctx, &t->shown, &t->nshown, &word);
        text_free(&name);
    }
    return status;
}

static int show_columns(struct adele *ctx, struct thermo *t)
{
    table_free_columns(&t->shown, &t->nshown);
    if (t->ncolumn == 0)
        return show_default(ctx, t);
    for (int i = 0; i < t->ncolumn; i++) {
        const struct thermo_column *c = &t->column[i];
        struct word word = {.text = c->word, .where = c->where};

        if (c->wild ? show_wild(ctx, t, c)
                    : table_add_column(ctx, &t->shown, &t->nshown, &word))
            return ctx->error.status;
        if (!c->key && !c->wild && reference_check(ctx, &c->ref, OUT_SCALAR))
            return ctx->error.status;
    }
    return 0;
}

/* Whether the force style gives what the column reads; the warning is kept by
   the column as it was given, so that it comes once. */
static int check_available(struct adele *ctx, struct thermo *t,
                           struct thermo_column *c)
{
    unsigned missing = column_needs(ctx, c) & ~forces_gives(ctx);
    const struct style *style = ctx->pair->head.style;
    const char *what = "that", *why = NULL;

    c->available = missing == 0;
    if (c->available)
        return 0;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (missing & needs[i].need) {
            what = needs[i].name;
            break;
        }
    }
    if (missing & NEED_ENERGY)
        why = ctx->pair->why;
    if (t->unavailable_is_error)
        return err_deck(ctx, c->where.line ? &c->where : NULL,
                        "thermo column %s: pair_style %s does not give %s%s%s",
                        c->word, style->name, what, why ? "; " : "",
                        why ? why : "");
    for (int i = 0; i < t->ncolumn; i++) {
        if (strcmp(t->column[i].word, c->word))
            continue;
        if (t->column[i].warned == style)
            return 0;
        t->column[i].warned = style;
    }
    log_warning(&ctx->log,
                "thermo column %s: pair_style %s does not give %s; nan is "
                "printed%s%s",
                c->word, style->name, what, why ? ": " : "", why ? why : "");
    return 0;
}

static bool is_integer(const struct thermo_column *c)
{
    return c->key && c->key->integer;
}

/* Whether a setting's column word names column k (from 0). */
static bool names_column(const struct thermo_setting *s,
                         const struct thermo_column *c, int k)
{
    int64_t number;

    if (text_integer(s->column, &number))
        return number == k + 1;
    if (s->is_format && strcmp(s->column, "int") == 0)
        return is_integer(c);
    if (s->is_format && strcmp(s->column, "float") == 0)
        return !is_integer(c);
    return strcmp(s->column, c->word) == 0;
}

static const char *usual_heading(const struct thermo_column *c, char *made)
{
    for (size_t i = 0; c->key && i < sizeof headings / sizeof *headings; i++) {
        if (strcmp(c->word, headings[i].keyword) == 0)
            return headings[i].heading;
    }
    if (c->key && c->word[0] >= 'a' && c->word[0] <= 'z') {
        made[0] = (char)(c->word[0] - 'a' + 'A');
        return made;
    }
    return c->word;
}

static int apply_settings(struct adele *ctx, struct thermo *t)
{
    for (int i = 0; i < t->nsetting; i++) {
        const struct thermo_setting *s = &t->setting[i];
        bool known = s->is_format && (strcmp(s->column, "int") == 0 ||
                                      strcmp(s->column, "float") == 0);

        for (int k = 0; k < t->nshown; k++) {
            struct thermo_column *c = &t->shown[k];

            if (!names_column(s, c, k))
                continue;
            known = true;
            if (s->is_format)
                c->format = s->text;
            else
                c->heading = s->text;
        }
        if (!known)
            return err_deck(ctx, &s->where,
                            "thermo_modify: the table has no column '%s'",
                            s->column);
    }
    return 0;
}

static void set_widths(struct thermo *t)
{
    for (int k = 0; k < t->nshown; k++) {
        struct thermo_column *c = &t->shown[k];
        int least = is_integer(c) ? WIDTH_INTEGER : WIDTH_NUMBER;

        c->width = c->format ? 1 : least;
        if (c->format) {
            const char *p = strchr(c->format, '%') + 1;

            c->width = atoi(p + strspn(p, "-+ #0"));
        }
        if (c->heading && (int)strlen(c->heading) > c->width)
            c->width = (int)strlen(c->heading);
        if ((int)strlen(c->word) > c->width && !c->heading)
            c->width = (int)strlen(c->word);
    }
}

int thermo_check(struct adele *ctx)
{
    struct thermo *t = ctx->thermo;

    if (t->by_variable && reference_check(ctx, &t->every_at, OUT_SCALAR))
        return ctx->error.status;
    if (show_columns(ctx, t))
        return ctx->error.status;
    for (int k = 0; k < t->nshown; k++) {
        if (check_available(ctx, t, &t->shown[k]))
            return ctx->error.status;
    }
    if (apply_settings(ctx, t))
        return ctx->error.status;
    set_widths(t);
    return 0;
}

unsigned thermo_need(struct adele *ctx)
{
    const struct thermo *t = ctx->thermo;
    unsigned need = 0;

    for (int k = 0; k < t->nshown; k++) {
        if (t->shown[k].available)
            need |= column_needs(ctx, &t->shown[k]);
    }
    return need;
}

/* Whether a reference's value grows with the lattice, by the output table. */
static bool is_extensive(const struct adele *ctx, const struct thermo_column *c)
{
    const struct style *style = NULL;
    const struct compute *compute;
    const struct fix *fix;
    enum shape shape = c->ref.nindex == 0   ? OUT_SCALAR
                       : c->ref.nindex == 1 ? OUT_VECTOR
                                            : OUT_ARRAY;
    const struct output *found = NULL;
    char index[32];

    if (c->key)
        return c->key->extensive;
    if (c->ref.kind == REF_COMPUTE &&
        (compute = compute_find(ctx, c->ref.name)))
        style = compute->head.style;
    if (c->ref.kind == REF_FIX && (fix = fix_find(ctx, c->ref.name)))
        style = fix->head.style;
    snprintf(index, sizeof index, "[%lld]", (long long)c->ref.index[0]);
    for (const struct output *o = style ? style->outputs : NULL; o && o->name;
         o++) {
        if (o->shape == shape && (!found || strcmp(o->index, index) == 0))
            found = o;
    }
    return found && found->extensive;
}

static int column_value(struct adele *ctx, const struct thermo_column *c,
                        double *value)
{
    int status;

    *value = NAN;
    if (!c->available)
        return 0;
    status = c->key ? c->key->get(ctx, value)
                    : reference_scalar(ctx, &c->ref, value);
    if (!status && ctx->thermo->norm && is_extensive(ctx, c))
        *value /= (double)ctx->lat->nsite;
    return status;
}

/* v in a format that may ask for an integer. */
static void print_formatted(char *out, const char *format, double v)
{
    char whole[160];
    const char *p = strchr(format, '%');
    size_t head;
    bool integer;

    if (!table_format_is_good(format, &integer) || !integer) {
        snprintf(out, NUMBER_SIZE, format, v);
        return;
    }
    if (!(fabs(v) < 9e18)) {
        snprintf(out, NUMBER_SIZE, "%g", v);
        return;
    }
    head = (size_t)(p - format) + 1 + strcspn(p + 1, "di");
    snprintf(whole, sizeof whole, "%.*sll%s", (int)head, format, format + head);
    snprintf(out, NUMBER_SIZE, whole, llround(v));
}

static void print_value(char *out, const struct thermo_column *c, double v,
                        const char *number)
{
    if (c->format)
        print_formatted(out, c->format, v);
    else if (is_integer(c) && fabs(v) < 9e18)
        snprintf(out, NUMBER_SIZE, "%lld", llround(v));
    else
        snprintf(out, NUMBER_SIZE, number, v);
}

/* The first column stands at the left edge unless a format says otherwise. */
static void add_cell(struct text *line, const struct thermo_column *c, int k,
                     int n, const char *cell)
{
    if (k == 0 && !c->format && is_integer(c))
        text_addf(line, "%-*s", n > 1 ? c->width : 0, cell);
    else
        text_addf(line, "%s%*s", k ? " " : "", c->width, cell);
}

static const char *heading_of(const struct thermo_column *c, char *made,
                              size_t size)
{
    if (c->heading)
        return c->heading;
    snprintf(made, size, "%s", c->word);
    return usual_heading(c, made);
}

static void head_line(const struct thermo *t, struct text *out)
{
    char made[64];

    for (int k = 0; k < t->nshown; k++)
        add_cell(out, &t->shown[k], k, t->nshown,
                 heading_of(&t->shown[k], made, sizeof made));
    text_addc(out, '\n');
}

static void head_yaml(struct thermo *t, struct text *out)
{
    char made[64];

    text_add(out, "---\nkeywords: [");
    for (int k = 0; k < t->nshown; k++)
        text_addf(out, "'%s', ", heading_of(&t->shown[k], made, sizeof made));
    text_add(out, "]\ndata:\n");
    t->document = true;
}

static int print_text(struct adele *ctx, struct text *out)
{
    int status = out->failed ? out_of_memory(ctx) : 0;

    if (!status && out->s)
        log_write(&ctx->log, out->s);
    text_free(out);
    return status;
}

int thermo_begin(struct adele *ctx)
{
    struct thermo *t = ctx->thermo;
    struct text out = {0};

    if (t->form == FORM_ONE)
        head_line(t, &out);
    if (t->form == FORM_YAML)
        head_yaml(t, &out);
    return print_text(ctx, &out);
}

void thermo_end(struct adele *ctx)
{
    if (ctx->thermo->document)
        log_write(&ctx->log, "...\n");
    ctx->thermo->document = false;
}

static void line_one(const struct thermo *t, const double *v, struct text *out)
{
    char cell[NUMBER_SIZE];

    for (int k = 0; k < t->nshown; k++) {
        print_value(cell, &t->shown[k], v[k], "%.8g");
        add_cell(out, &t->shown[k], k, t->nshown, cell);
    }
    text_addc(out, '\n');
}

static void line_yaml(const struct thermo *t, const double *v, struct text *out)
{
    char cell[NUMBER_SIZE];

    text_add(out, "  - [");
    for (int k = 0; k < t->nshown; k++) {
        print_value(cell, &t->shown[k], v[k], "%.15g");
        text_addf(out, "%s, ",
                  isnan(v[k])   ? ".nan"
                  : isinf(v[k]) ? (v[k] > 0 ? ".inf" : "-.inf")
                                : cell + strspn(cell, " "));
    }
    text_add(out, "]\n");
}

static void line_multi(const struct adele *ctx, const struct thermo *t,
                       const double *v, struct text *out)
{
    char cell[NUMBER_SIZE], made[64];
    int place = 0;

    text_addf(out,
              "------------ Step %14lld ----- CPU = %12.7g (sec) "
              "-------------\n",
              (long long)ctx->step, wall_time() - ctx->run_start_wall);
    for (int k = 0; k < t->nshown; k++) {
        if (t->shown[k].key && strcmp(t->shown[k].word, "step") == 0)
            continue;
        print_value(cell, &t->shown[k], v[k], "%.8g");
        text_addf(out, "%s%-8s = %*s", place ? " " : "",
                  heading_of(&t->shown[k], made, sizeof made), WIDTH_NUMBER,
                  cell);
        place = (place + 1) % 3;
        if (place == 0)
            text_addc(out, '\n');
    }
    if (place)
        text_addc(out, '\n');
}

int thermo_line(struct adele *ctx)
{
    struct thermo *t = ctx->thermo;
    double *v = mem_alloc((size_t)t->nshown, sizeof *v);
    struct text out = {0};
    int status = v ? 0 : out_of_memory(ctx);

    for (int k = 0; k < t->nshown && !status; k++)
        status = column_value(ctx, &t->shown[k], &v[k]);
    if (!status) {
        if (t->form == FORM_YAML)
            line_yaml(t, v, &out);
        else if (t->form == FORM_MULTI)
            line_multi(ctx, t, v, &out);
        else
            line_one(t, v, &out);
    }
    mem_free(v);
    if (!status)
        status = print_text(ctx, &out);
    text_free(&out);
    if (!status && t->flush)
        log_flush(&ctx->log);
    return status;
}
