/* Restart files: how their content comes back, and when they are written.

   The set-up is executed as deck text, fields and groups are put in place, and
   what fixes, force style, computes and dumps saved waits until the deck gives
   them again. */

#include "run/restart.h"

#include <dirent.h>
#include <string.h>

#include "base/mem.h"
#include "plug/model.h"
#include "run/restart_file.h"
#include "run/schedule.h"

/* The number that stands for the * in name, or -1. */
static int64_t matched_step(const char *name, const char *head, size_t nhead,
                            const char *tail)
{
    size_t n = strlen(name), ntail = strlen(tail);
    char digits[24] = "";
    int64_t step;

    if (n <= nhead + ntail || strncmp(name, head, nhead) ||
        strcmp(name + n - ntail, tail) || n - nhead - ntail >= sizeof digits)
        return -1;
    memcpy(digits, name + nhead, n - nhead - ntail);
    return text_integer(digits, &step) && step >= 0 ? step : -1;
}

/* The file with the largest step for the one * of the path, which is freed. */
static int latest(struct adele *ctx, char **path)
{
    char *star = strchr(*path, '*'), *slash = strrchr(*path, '/');
    const char *head = slash ? slash + 1 : *path;
    char *folder, *found;
    int64_t best = -1;
    struct dirent *entry;
    DIR *dir;

    if (strchr(star + 1, '*') || (slash && slash > star))
        return err_deck(ctx, NULL,
                        "read_restart: one * in the name of the file, found "
                        "'%s'",
                        *path);
    folder = slash ? mem_strndup(*path, (size_t)(slash - *path) + 1)
                   : mem_strdup(".");
    if (!folder)
        return err_memory(ctx, "a file name", 256);
    dir = opendir(folder);
    mem_free(folder);
    while (dir && (entry = readdir(dir))) {
        int64_t step =
            matched_step(entry->d_name, head, (size_t)(star - head), star + 1);

        best = step > best ? step : best;
    }
    if (dir)
        closedir(dir);
    if (best < 0)
        return err_deck(ctx, NULL,
                        "read_restart: no file matches '%s' with a step for "
                        "the *",
                        *path);
    found = restart_path_of_step(*path, best);
    if (!found)
        return err_memory(ctx, "a file name", 256);
    mem_free(*path);
    *path = found;
    return 0;
}

/* Reading back. */

static int get_int(const struct items *from, const char *name, int64_t *v)
{
    const struct item *t = items_find(from, name, ITEM_INT);

    if (!t || t->n != 1)
        return -1;
    *v = *(const int64_t *)t->data;
    return 0;
}

static int get_number(const struct items *from, const char *name, double *v)
{
    const struct item *t = items_find(from, name, ITEM_NUMBER);

    if (!t || t->n != 1)
        return -1;
    *v = *(const double *)t->data;
    return 0;
}

static int damaged(struct adele *ctx, const char *path, const char *part)
{
    return err_deck(ctx, NULL, "the restart file '%s' lacks a right '%s'", path,
                    part);
}

static int restore_clock(struct adele *ctx, const char *path,
                         const struct items *from)
{
    struct schedule *s = schedule_of(ctx);
    int64_t step, tick, base_step;
    double time, dt, base_time;

    if (!s)
        return ctx->error.status;
    if (get_int(from, "run/step", &step) || get_int(from, "run/tick", &tick) ||
        get_number(from, "run/time", &time) ||
        get_number(from, "run/dt", &dt) ||
        get_int(from, "run/base_step", &base_step) ||
        get_number(from, "run/base_time", &base_time))
        return damaged(ctx, path, "run");
    adele_set_step(ctx, step);
    ctx->tick = tick;
    ctx->time = s->last_time = time;
    ctx->dt = s->base_dt = dt;
    s->last_step = step;
    s->base_step = base_step;
    s->base_time = base_time;
    s->prepared = false;
    return 0;
}

static int restore_group(struct adele *ctx, const char *name, int bit,
                         const uint64_t *mask)
{
    struct groups *g = &ctx->groups;
    int index = bit == 0 ? 0 : groups_add(g, name);

    if (index < 0)
        return err_memory(ctx, "groups", (double)ctx->lat->nlocal * 8);
    for (int64_t i = 0; index > 0 && i < ctx->lat->nlocal; i++)
        groups_assign(g, index, i, (mask[i] >> bit) & 1);
    return 0;
}

static int restore_groups(struct adele *ctx, const char *path,
                          const struct items *from)
{
    const struct item *names = items_find(from, "groups/names", ITEM_BYTE);
    const struct item *mask = items_find(from, "groups/mask", ITEM_MASK);
    const char *p;

    if (!names && !mask)
        return 0;
    if (!names || !mask || mask->n != (size_t)ctx->lat->nlocal)
        return damaged(ctx, path, "groups");
    p = names->data;
    for (int bit = 0; bit < GROUP_MAX; bit++) {
        size_t left = names->n - (size_t)(p - (const char *)names->data);
        const char *end = memchr(p, '\n', left);
        char *name;
        int status = 0;

        if (!end)
            return damaged(ctx, path, "groups/names");
        name = mem_strndup(p, (size_t)(end - p));
        if (!name)
            return err_memory(ctx, "groups", 64);
        if (*name)
            status = restore_group(ctx, name, bit, mask->data);
        mem_free(name);
        if (status)
            return status;
        p = end + 1;
    }
    return 0;
}

static int restore_field(struct adele *ctx, const char *path,
                         const struct items *from, const char *name,
                         struct field *f, int comp)
{
    struct text full = {0};
    const struct item *t = NULL;
    int status = 0;

    text_addf(&full, "state/%s", name);
    if (!full.failed)
        t = items_find(from, full.s, ITEM_NUMBER);
    if (!t || t->n != (size_t)ctx->lat->nlocal)
        status = damaged(ctx, path, full.s ? full.s : name);
    else
        field_scatter(f, comp, t->data);
    text_free(&full);
    return status;
}

static int restore_state(struct adele *ctx, const char *path,
                         const struct items *from)
{
    const struct model *m = ctx->model;

    for (int c = 0; m && c < m->ncomp; c++) {
        const struct component *name = &m->component[c];

        if (restore_field(ctx, path, from, name->displacement,
                          ctx->state.displacement, c) ||
            restore_field(ctx, path, from, name->velocity, ctx->state.velocity,
                          c))
            return ctx->error.status;
    }
    if (!items_find(from, "state/onsite", ITEM_NUMBER))
        return 0;
    if (!ctx->state.onsite)
        ctx->state.onsite = field_new(ctx->lat, 1, &ctx->clock);
    if (!ctx->state.onsite)
        return err_memory(ctx, "onsite", (double)ctx->lat->nlocal * 8);
    return restore_field(ctx, path, from, "onsite", ctx->state.onsite, 0);
}

static int keep_saved(struct adele *ctx, const struct items *from)
{
    struct schedule *s = schedule_of(ctx);

    if (!s)
        return ctx->error.status;
    for (int i = 0; i < from->n; i++) {
        const struct item *t = &from->item[i];
        struct saved *grown, *new;

        if (t->type != ITEM_BYTE || strncmp(t->name, "saved/", 6))
            continue;
        grown = mem_resize(s->saved, (size_t)s->nsaved + 1, sizeof *grown);
        if (!grown)
            return err_memory(ctx, "saved state", (double)t->n);
        s->saved = grown;
        new = &grown[s->nsaved];
        *new = (struct saved){.name = mem_strdup(t->name)};
        blob_put(&new->blob, t->data, t->n);
        s->nsaved++;
        if (!new->name || new->blob.failed)
            return err_memory(ctx, "saved state", (double)t->n);
    }
    return 0;
}

static int execute_item(struct adele *ctx, const char *path,
                        const struct item *item)
{
    struct text place = {0};
    char *text = mem_strndup(item->data, item->n);
    int status;

    text_addf(&place, "(restart %s)", path);
    if (!text || place.failed)
        status = err_memory(ctx, "a restart file", (double)item->n);
    else
        status = ctx->execute(ctx, text, place.s);
    mem_free(text);
    text_free(&place);
    return status;
}

static int restore(struct adele *ctx, const char *path,
                   const struct items *from)
{
    const struct item *setup = items_find(from, "setup", ITEM_BYTE);
    const struct item *leads = items_find(from, "leads", ITEM_BYTE);
    int status;

    if (!setup)
        return damaged(ctx, path, "setup");
    status = execute_item(ctx, path, setup);
    if (!status)
        status = restore_groups(ctx, path, from);
    if (!status && leads)
        status = execute_item(ctx, path, leads);
    if (!status)
        status = restore_state(ctx, path, from);
    if (!status)
        status = keep_saved(ctx, from);
    if (!status)
        status = restore_clock(ctx, path, from);
    return status;
}

/* There was no lattice before: clearing gives back what was. */
static void undo(struct adele *ctx)
{
    struct error kept = ctx->error;

    ctx->error = (struct error){0};
    ctx->execute(ctx, "clear", "(read_restart)");
    error_clear(ctx);
    ctx->error = kept;
}

int restart_read(struct adele *ctx, const char *path)
{
    struct items items = {0};
    char *name;
    int status = 0;

    if (ctx->lat)
        return err_deck(ctx, NULL,
                        "read_restart makes the lattice itself and cannot "
                        "follow one; write `clear` before it");
    name = mem_strdup(path);
    if (!name)
        return err_memory(ctx, "a file name", 256);
    if (strchr(name, '*'))
        status = latest(ctx, &name);
    if (!status)
        status = restart_file_read(ctx, name, &items);
    if (!status) {
        status = restore(ctx, name, &items);
        if (status)
            undo(ctx);
        else
            log_printf(&ctx->log,
                       "Read restart file %s: step %lld, %lld sites\n", name,
                       (long long)ctx->step, (long long)ctx->lat->nsite);
    }
    items_free(&items);
    mem_free(name);
    return status;
}

static void drop_saved(struct schedule *s, int k)
{
    mem_free(s->saved[k].name);
    blob_free(&s->saved[k].blob);
    s->saved[k] = s->saved[--s->nsaved];
}

int restart_hand_back(struct adele *ctx, struct instance *self)
{
    struct schedule *s = ctx->schedule;
    struct text name = {0};
    int k = 0, status = 0;

    if (!s || s->nsaved == 0 || !self->style->load)
        return 0;
    restart_saved_name(self, &name);
    while (!name.failed && k < s->nsaved && strcmp(s->saved[k].name, name.s))
        k++;
    text_free(&name);
    if (k == s->nsaved)
        return 0;
    s->saved[k].blob.at = 0;
    status = self->style->load(ctx, self, &s->saved[k].blob);
    if (status && !ctx->error.status)
        err_deck(ctx, NULL,
                 "%s %s: the state in the restart file does not fit; with "
                 "another ID it starts afresh",
                 self->style->kind, self->id ? self->id : self->style->name);
    if (status)
        return ctx->error.status;
    log_printf(&ctx->log, "%s %s goes on from the restart file\n",
               self->style->kind, self->id ? self->id : self->style->name);
    drop_saved(s, k);
    return 0;
}

/* Timed writing. */

/* A single name without * gets the step behind it, as in LAMMPS. */
static char *single_path(const char *path, bool alone)
{
    struct text t = {0};

    text_add(&t, path);
    if (alone && !strchr(path, '*'))
        text_add(&t, ".*");
    if (!t.failed)
        return t.s;
    text_free(&t);
    return NULL;
}

int restart_schedule(struct adele *ctx, int64_t every, const char *path1,
                     const char *path2)
{
    struct schedule *s = schedule_of(ctx);
    char *first = NULL, *second = NULL;

    if (!s)
        return ctx->error.status;
    if (every > 0) {
        first = single_path(path1, !path2);
        second = path2 ? mem_strdup(path2) : NULL;
        if (!first || (path2 && !second)) {
            mem_free(first);
            mem_free(second);
            return err_memory(ctx, "a file name", 256);
        }
    }
    mem_free(s->restart_path[0]);
    mem_free(s->restart_path[1]);
    s->restart_path[0] = first;
    s->restart_path[1] = second;
    s->restart_every = every;
    s->restart_turn = 0;
    return 0;
}

int64_t restart_next(const struct adele *ctx)
{
    const struct schedule *s = ctx->schedule;

    if (!s || s->restart_every <= 0 || ctx->step > INT64_MAX - s->restart_every)
        return INT64_MAX;
    return (ctx->step / s->restart_every + 1) * s->restart_every;
}

int restart_due(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;
    int turn = s->restart_turn;

    if (restart_write(ctx, s->restart_path[turn]))
        return ctx->error.status;
    if (s->restart_path[1])
        s->restart_turn = 1 - turn;
    return 0;
}

void restart_free(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;

    if (!s)
        return;
    while (s->nsaved > 0)
        drop_saved(s, 0);
    mem_free(s->saved);
    mem_free(s->restart_path[0]);
    mem_free(s->restart_path[1]);
    mem_free(s->dump_time);
    mem_free(s->old);
    mem_free(s);
    ctx->schedule = NULL;
}
