/* What a training tells: table, progress line, learning curve.  See
   plug/trainer_state.h. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "plug/trainer_state.h"

static const double progress_interval = 0.2; /* seconds */

void trainer_report_start(struct adele *ctx, struct trainer *t)
{
    static const char *const precision[] = {"single", "double"};
    char size[16];
    double bytes = 0, sites = 0;
    for (int k = 0; k < t->nplace; k++)
        bytes += (double)net_run_bytes(t->place[k].run);
    for (int64_t k = 0; k < t->train.n; k++)
        sites += (double)t->place[t->train.item[k].place].lat->nsite;
    log_printf(&ctx->log,
               "Training %s\n"
               "  data        %d file%s, %" PRId64 " configurations of %.0f "
               "sites; %" PRId64 " to validate\n"
               "  network     %" PRId64 " parameters, %.0f multiply-adds a "
               "site, %s precision\n"
               "  steps       %" PRId64 " of %" PRId64 " epochs; %d threads, "
               "%s\n",
               t->c.output, t->samples->nfile,
               t->samples->nfile == 1 ? "" : "s", t->train.n, sites, t->valid.n,
               t->nparam, net_work(&t->p->net), precision[t->c.precision],
               t->steps, t->c.epochs, t->nthread, text_bytes(size, bytes));
    if (t->resumed)
        log_printf(&ctx->log,
                   "  continued from a checkpoint in epoch %" PRId64
                   ", step %" PRId64 "\n",
                   t->epoch + 1, t->step);
    log_write(&ctx->log, "   Epoch       Step  TrainRMSE   TrainMAE  "
                         "ValidRMSE   ValidMAE       Rate    Seconds\n");
}

static void row_text(const struct train_row *r, char line[160])
{
    snprintf(line, 160,
             "%8" PRId64 " %10" PRId64 " %10.4g %10.4g %10.4g %10.4g %10.3g "
             "%10.1f\n",
             r->epoch, r->step, r->train_rmse, r->train_mae, r->valid_rmse,
             r->valid_mae, r->rate, r->seconds);
}

int trainer_report_row(struct adele *ctx, struct trainer *t,
                       const struct train_row *row)
{
    char line[160];
    if (t->nrow == t->row_capacity) {
        int more = t->row_capacity ? 2 * t->row_capacity : 64;
        struct train_row *grown =
            mem_resize(t->row, (size_t)more, sizeof *grown);
        if (!grown)
            return err_memory(ctx, "a learning curve", 64.0 * more);
        t->row = grown;
        t->row_capacity = more;
    }
    t->row[t->nrow++] = *row;
    row_text(row, line);
    log_write(&ctx->log, line);
    log_flush(&ctx->log);
    return 0;
}

void trainer_report_progress(struct adele *ctx, struct trainer *t)
{
    char line[128], clock[24];
    double now = wall_time(), spent = now - t->started + t->seconds;
    if (!ctx->log.terminal || now - t->shown < progress_interval ||
        t->step == 0)
        return;
    t->shown = now;
    double left = spent * (double)(t->steps - t->step) / (double)t->step;
    snprintf(line, sizeof line,
             "epoch %" PRId64 " of %" PRId64 "  %3.0f %%  RMSE %.4g  %s left",
             t->epoch + 1, t->c.epochs,
             100.0 * (double)t->step / (double)t->steps,
             trainer_rmse(t, &t->running), text_clock(clock, left));
    log_progress(&ctx->log, line);
}

int trainer_curve_write(struct adele *ctx, struct trainer *t)
{
    int error = 0;
    struct file *f = file_open(t->c.curve, FILE_ATOMIC, &error);
    if (f) {
        file_printf(f, "epoch,step,train_rmse,train_mae,validation_rmse,"
                       "validation_mae,rate,seconds\n");
        for (int64_t k = 0; k < t->nrow; k++) {
            const struct train_row *r = &t->row[k];
            file_printf(f,
                        "%" PRId64 ",%" PRId64 ",%.10g,%.10g,%.10g,%.10g,"
                        "%.6g,%.2f\n",
                        r->epoch, r->step, r->train_rmse, r->train_mae,
                        r->valid_rmse, r->valid_mae, r->rate, r->seconds);
        }
        error = file_close(f);
    }
    return error ? err_run(ctx, "cannot write '%s': %s", t->c.curve,
                           strerror(error))
                 : 0;
}
