/* The training loop: see plug/trainer.h.

   A step: loss and gradient of a batch, clipping, decay, optimiser, average of
   weights.  At the end of an epoch the validation error of the averaged (or
   present) weights; the best are what is saved. */

#include "plug/trainer.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/sum.h"
#include "plug/registry.h"
#include "plug/trainer_plan.h"
#include "plug/trainer_state.h"

static const double write_interval = 2; /* seconds */

/* Set-up. */

/* Biases do not decay: their weight stands for a constant, not for a slope. */
static void mark_decays(struct trainer *t)
{
    const struct net *net = &t->p->net;
    memset(t->decays, 1, (size_t)t->nparam);
    for (int l = 0; l < net->nlayer; l++) {
        const struct net_layer *a = &net->layer[l];
        int slots = a->stencil < 0 ? 1 : net->stencil[a->stencil].nslot;
        int64_t in = a->kind == NET_DEPTHWISE ? 1 : a->in;
        int64_t weights = slots * in * a->out;
        if (!a->bias)
            continue;
        if (!a->tie) {
            memset(t->decays + a->first + weights, 0, (size_t)a->out);
            continue;
        }
        for (int64_t e = a->tie->first[weights];
             e < a->tie->first[weights + a->out]; e++)
            t->decays[a->first + a->tie->index[e]] = 0;
    }
}

static int make_optimizer(struct adele *ctx, struct trainer *t)
{
    struct word adam = {.text = (char *)"adam"};
    struct words fallback = {.word = &adam, .n = 1};
    t->o = (struct optimizer *)instance_new(
        ctx, "optimizer", t->c.optimizer.n ? &t->c.optimizer : &fallback, NULL,
        NULL);
    if (!t->o)
        return ctx->error.status;
    const struct optimizer_style *style =
        (const struct optimizer_style *)t->o->head.style;
    if (t->o->whole && !t->c.has_schedule)
        t->c.schedule.style = SCHEDULE_CONSTANT;
    if (t->o->whole && (t->c.clip > 0 || t->c.decay > 0))
        return err_deck(ctx, &config_root(t->c.tree)->where,
                        "train: clip and decay change single steps; optimizer "
                        "%s searches along lines of the whole loss",
                        t->o->head.style->name);
    return style->setup(ctx, t->o, t->nparam);
}

static int make_arrays(struct adele *ctx, struct trainer *t)
{
    size_t n = (size_t)t->nparam;
    t->gradient = mem_alloc(n, sizeof *t->gradient);
    t->best = mem_zalloc(n, sizeof *t->best);
    t->decays = mem_alloc(n, 1);
    t->narrow = mem_alloc(n, trainer_number(t));
    t->narrow_gradient = mem_alloc(n, trainer_number(t));
    if (t->c.average > 0)
        t->average = mem_alloc(n, sizeof *t->average);
    if (!t->gradient || !t->best || !t->decays || !t->narrow ||
        !t->narrow_gradient || (t->c.average > 0 && !t->average))
        return err_memory(ctx, "the training", 48.0 * (double)n);
    mark_decays(t);
    return 0;
}

static int start_weights(struct adele *ctx, struct trainer *t)
{
    if (t->average)
        memcpy(t->average, t->p->param, (size_t)t->nparam * 8);
    t->lowered = 1;
    t->best_error = INFINITY;
    return trainer_checkpoint_read(ctx, t);
}

static int check_output(struct adele *ctx, const struct trainer *t)
{
    const char *slash = strrchr(t->c.output, '/');
    const struct config_node *node =
        config_find(config_root(t->c.tree), "output");
    char *folder =
        slash ? mem_strndup(t->c.output, (size_t)(slash - t->c.output) + 1)
              : mem_strdup(".");
    int status = 0;
    if (!folder)
        return err_memory(ctx, "a file name", 256);
    if (access(folder, W_OK))
        status = err_deck(ctx, &node->where,
                          "train: cannot write to the folder of '%s': %s",
                          t->c.output, strerror(errno));
    mem_free(folder);
    return status;
}

static int set_up(struct adele *ctx, struct trainer *t)
{
    if (check_output(ctx, t) || trainer_data(ctx, t) ||
        make_optimizer(ctx, t) || make_arrays(ctx, t) ||
        start_weights(ctx, t) || trainer_plan(ctx, t))
        return ctx->error.status;
    t->steps = t->c.epochs * (t->o->whole ? 1 : t->nbatch);
    return 0;
}

struct trainer *trainer_new(struct adele *ctx, const char *path,
                            const struct where *where)
{
    struct trainer *t = mem_zalloc(1, sizeof *t);
    if (!t) {
        err_memory(ctx, "a training", sizeof *t);
        return NULL;
    }
    t->threads_before = omp_get_max_threads();
    if (train_config_read(ctx, path, where, &t->c)) {
        mem_free(t);
        return NULL;
    }
    t->nthread = t->c.threads ? (int)t->c.threads : ctx->nthread;
    omp_set_num_threads(t->nthread);
    if (!set_up(ctx, t))
        return t;
    trainer_free(ctx, t);
    return NULL;
}

void trainer_free(struct adele *ctx, struct trainer *t)
{
    if (!t)
        return;
    omp_set_num_threads(t->threads_before);
    if (t->o)
        instance_free(ctx, &t->o->head);
    trainer_data_free(ctx, t);
    train_config_free(ctx, &t->c);
    mem_free(t->gradient);
    mem_free(t->average);
    mem_free(t->best);
    mem_free(t->decays);
    mem_free(t->narrow);
    mem_free(t->narrow_gradient);
    mem_free(t->row);
    mem_free(t);
}

/* A step. */

static void clip(struct trainer *t)
{
    if (t->c.clip == 0)
        return;
    double norm = sqrt(sum_squares(t->gradient, t->nparam));
    if (!(norm > t->c.clip))
        return;
    double factor = t->c.clip / norm;
#pragma omp parallel for simd schedule(static) if (t->nparam >= PARALLEL_MIN)
    for (int64_t k = 0; k < t->nparam; k++)
        t->gradient[k] *= factor;
}

static void decay(struct trainer *t, double rate)
{
    double factor = 1 - rate * t->c.decay;
    if (t->c.decay == 0)
        return;
#pragma omp parallel for schedule(static) if (t->nparam >= PARALLEL_MIN)
    for (int64_t k = 0; k < t->nparam; k++)
        t->p->param[k] *= t->decays[k] ? factor : 1;
}

static void take_average(struct trainer *t)
{
    double a = plan_average(t->c.average, t->step);
    if (!t->average)
        return;
#pragma omp parallel for simd schedule(static) if (t->nparam >= PARALLEL_MIN)
    for (int64_t k = 0; k < t->nparam; k++)
        t->average[k] = a * t->average[k] + (1 - a) * t->p->param[k];
}

/* The symmetries of a batch's images. */
static void choose_images(const struct trainer *t, const struct train_batch *b,
                          int *op)
{
    const struct train_place *at = &t->place[b->place];
    struct rng_key key = {.seed = (uint32_t)t->c.seed,
                          .purpose = RNG_TRAINING,
                          .component = TRAIN_AUGMENT,
                          .tick = (uint64_t)t->epoch};
    for (int k = 0; k < b->n; k++) {
        uint64_t sample = (uint64_t)t->order[b->first + k];
        op[k] = t->c.augment && at->nop > 0
                    ? (int)(rng_uniform(key, sample) * at->nop)
                    : -1;
    }
}

static int batch_loss(struct adele *ctx, struct trainer *t,
                      const struct train_batch *b, double share, double *loss,
                      struct train_error *error, double *gradient)
{
    int *op = mem_alloc((size_t)b->n, sizeof *op);
    if (!op)
        return err_memory(ctx, "the training", 4.0 * b->n);
    choose_images(t, b, op);
    int status = trainer_loss(ctx, t, b->place, b->n, t->order + b->first,
                              &t->train, op, share, loss, error, gradient);
    mem_free(op);
    return status;
}

/* The loss of the whole data and its gradient, for line searches. */
struct whole {
    struct adele *ctx;
    struct trainer *t;
};

static int whole_loss(void *data, const double *param, double *loss,
                      double *gradient)
{
    struct whole *w = data;
    struct trainer *t = w->t;
    double sites = 0;
    *loss = 0;
    memset(gradient, 0, (size_t)t->nparam * sizeof *gradient);
    trainer_touch(t, param);
    for (int64_t k = 0; k < t->nbatch; k++)
        sites += (double)t->batch[k].n *
                 (double)t->place[t->batch[k].place].lat->nsite;
    t->running = (struct train_error){0};
    for (int64_t k = 0; k < t->nbatch; k++) {
        const struct train_batch *b = &t->batch[k];
        double share =
            (double)b->n * (double)t->place[b->place].lat->nsite / sites;
        int status =
            batch_loss(w->ctx, t, b, share, loss, &t->running, gradient);
        if (status)
            return status;
        trainer_report_progress(w->ctx, t);
    }
    return 0;
}

static int fail_diverged(struct adele *ctx, const struct trainer *t)
{
    return err_run(ctx,
                   "the loss of step %lld is not finite: a lower rate, warmup "
                   "or clip may help",
                   (long long)t->step + 1);
}

static int step(struct adele *ctx, struct trainer *t)
{
    const struct optimizer_style *style =
        (const struct optimizer_style *)t->o->head.style;
    struct whole whole = {ctx, t};
    double loss = 0;
    int status = 0;
    t->rate =
        t->o->rate * plan_rate(&t->c.schedule, t->step, t->steps, t->lowered);
    if (!t->o->whole) {
        memset(t->gradient, 0, (size_t)t->nparam * sizeof *t->gradient);
        trainer_touch(t, t->p->param);
        status = batch_loss(ctx, t, &t->batch[t->at], 1, &loss, &t->running,
                            t->gradient);
        if (!status && !isfinite(loss))
            status = fail_diverged(ctx, t);
        clip(t);
        decay(t, t->rate);
    }
    if (!status)
        status = style->step(ctx, t->o, t->rate, t->gradient, t->p->param,
                             whole_loss, &whole);
    if (status)
        return status;
    take_average(t);
    t->step++;
    t->at += t->o->whole ? t->nbatch : 1;
    return 0;
}

/* Epochs. */

static const double *saved_weights(const struct trainer *t)
{
    return t->average ? t->average : t->p->param;
}

static double seconds(const struct trainer *t)
{
    return t->seconds + wall_time() - t->started;
}

static void note_best(struct trainer *t, double error)
{
    bool better = t->valid.n == 0 || error < t->best_error;
    if (better) {
        memcpy(t->best, saved_weights(t), (size_t)t->nparam * 8);
        t->best_error = error;
        t->best_epoch = t->epoch;
        t->best_step = t->step;
        t->since_lowered = 0;
        return;
    }
    t->since_lowered++;
    if (t->c.schedule.style == SCHEDULE_PLATEAU &&
        t->since_lowered >= t->c.schedule.patience) {
        t->lowered *= t->c.schedule.factor;
        t->since_lowered = 0;
    }
}

/* Curve and checkpoint, not so often that short epochs wait for the disk. */
static int write_files(struct adele *ctx, struct trainer *t)
{
    double now = wall_time();
    if (!t->done && now - t->written < write_interval)
        return 0;
    t->written = now;
    if (trainer_curve_write(ctx, t))
        return ctx->error.status;
    return t->c.checkpoint > 0 && (t->done || t->epoch % t->c.checkpoint == 0)
               ? trainer_checkpoint_write(ctx, t)
               : 0;
}

static int end_epoch(struct adele *ctx, struct trainer *t)
{
    struct train_error valid;
    trainer_touch(t, saved_weights(t));
    if (trainer_measure(ctx, t, &t->valid, &valid))
        return ctx->error.status;
    t->epoch++;
    t->at = 0;
    struct train_row row = {t->epoch,
                            t->step,
                            trainer_rmse(t, &t->running),
                            trainer_mae(t, &t->running),
                            trainer_rmse(t, &valid),
                            trainer_mae(t, &valid),
                            t->rate,
                            seconds(t)};
    t->running = (struct train_error){0};
    note_best(t, row.valid_rmse);
    if (trainer_report_row(ctx, t, &row))
        return ctx->error.status;
    t->done =
        t->epoch >= t->c.epochs || (t->c.patience > 0 && t->valid.n > 0 &&
                                    t->epoch - t->best_epoch >= t->c.patience);
    return write_files(ctx, t);
}

static int epoch(struct adele *ctx, struct trainer *t)
{
    if (trainer_plan(ctx, t))
        return ctx->error.status;
    while (t->at < t->nbatch && !ctx->interrupt) {
        if (step(ctx, t))
            return ctx->error.status;
        trainer_report_progress(ctx, t);
    }
    return ctx->interrupt && t->at < t->nbatch ? 0 : end_epoch(ctx, t);
}

static int interrupted(struct adele *ctx, struct trainer *t)
{
    log_progress(&ctx->log, NULL);
    if (trainer_curve_write(ctx, t) || trainer_checkpoint_write(ctx, t))
        return ctx->error.status;
    log_printf(&ctx->log,
               "Stopped by %s in epoch %lld; the same command goes on from "
               "'%s.checkpoint'\n",
               ctx->interrupt == SIGTERM ? "SIGTERM" : "an interrupt (SIGINT)",
               (long long)t->epoch + 1, t->c.output);
    return ADELE_EINTERRUPT;
}

/* The end: the best weights, their errors, the file. */

static char *today(void)
{
    char date[16];
    time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    strftime(date, sizeof date, "%Y-%m-%d", &parts);
    return mem_strdup(date);
}

static int add_files(struct adele *ctx, struct potential_note *note,
                     const struct samples *s, const char *what)
{
    char **grown =
        mem_resize(note->data, (size_t)(note->ndata + s->nfile), sizeof *grown);
    if (!grown)
        return err_memory(ctx, "a record of the data", 64);
    note->data = grown;
    for (int k = 0; k < s->nfile; k++) {
        const char *slash = strrchr(s->file[k], '/');
        struct text t = {0};
        text_addf(&t, "%s %s %lld%s", slash ? slash + 1 : s->file[k],
                  s->hash[k], (long long)s->frames[k], what);
        note->data[note->ndata] = t.failed ? NULL : mem_strdup(t.s);
        text_free(&t);
        if (!note->data[note->ndata])
            return err_memory(ctx, "a record of the data", 64);
        note->ndata++;
    }
    return 0;
}

/* Squares of the target about its mean; a density's, where the network learns
   only what its descriptor misses. */
static double target_variation(const struct trainer *t,
                               const struct train_error *e)
{
    const struct train_items *set = t->valid.n ? &t->valid : &t->train;
    double n = 0, sum = 0, squares = 0;
    if (!t->has_base)
        return e->target_squares -
               e->target_sum * e->target_sum / (double)e->count;
    for (int64_t k = 0; k < set->n; k++) {
        const struct sample *s = set->item[k].s;
        for (int64_t i = 0; i < s->q->lat->nsite; i++) {
            double x = s->density[i] - 0.5;
            n++;
            sum += x;
            squares += x * x;
        }
    }
    return squares - sum * sum / n;
}

static int write_note(struct adele *ctx, struct trainer *t,
                      const struct train_error *e)
{
    struct potential_note *note = &t->p->note;
    double n = (double)e->count;
    note->contributor = mem_strdup(t->c.contributor ? t->c.contributor : "");
    note->citation = mem_strdup(t->c.citation ? t->c.citation : "");
    note->date = today();
    note->adele_version = mem_strdup(ADELE_VERSION);
    note->training = mem_strdup(t->c.text);
    if (!note->contributor || !note->citation || !note->date ||
        !note->adele_version || !note->training)
        return err_memory(ctx, "a record of the training", 4096);
    if (e->count > 0) {
        note->rmse = sqrt(e->squares / n);
        note->mae = e->magnitudes / n;
        note->max = e->largest;
        note->r2 = 1 - e->squares / target_variation(t, e);
    }
    if (add_files(ctx, note, t->samples, ""))
        return ctx->error.status;
    return t->held ? add_files(ctx, note, t->held, " validation") : 0;
}

static int finish(struct adele *ctx, struct trainer *t)
{
    struct train_error train, valid;
    memcpy(t->p->param, t->best, (size_t)t->nparam * 8);
    trainer_touch(t, t->p->param);
    if ((t->c.target == TARGET_ENERGY && trainer_energy_shift(ctx, t)) ||
        trainer_measure(ctx, t, &t->train, &train) ||
        trainer_measure(ctx, t, &t->valid, &valid))
        return ctx->error.status;
    struct train_row row = {t->best_epoch,
                            t->best_step,
                            trainer_rmse(t, &train),
                            trainer_mae(t, &train),
                            trainer_rmse(t, &valid),
                            trainer_mae(t, &valid),
                            t->rate,
                            seconds(t)};
    log_progress(&ctx->log, NULL);
    log_printf(&ctx->log, "The weights of epoch %lld are saved in '%s':\n",
               (long long)t->best_epoch, t->c.output);
    if (trainer_report_row(ctx, t, &row) ||
        write_note(ctx, t, t->valid.n ? &valid : &train) ||
        potential_save(ctx, t->p, t->c.output) || trainer_curve_write(ctx, t))
        return ctx->error.status;
    trainer_checkpoint_remove(t);
    return 0;
}

int trainer_run(struct adele *ctx, struct trainer *t)
{
    t->started = t->written = wall_time();
    /* What cannot be written is better known now. */
    if (trainer_curve_write(ctx, t))
        return ctx->error.status;
    trainer_report_start(ctx, t);
    while (!t->done && !ctx->interrupt)
        if (epoch(ctx, t))
            return ctx->error.status;
    return t->done ? finish(ctx, t) : interrupted(ctx, t);
}
