/* Checkpoints: everything that a training carries from step to step.

       "adele checkpoint\n", version, then the state as numbers, and at the end
       the CRC-32 of all that stands before it

   The file is replaced in one step, so that there is always a whole one.  It
   belongs to a configuration and to data: their words and hashes stand in it
   and are compared. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "plug/trainer_state.h"

enum { VERSION = 1 };
static const char magic[] = "adele checkpoint\n";

static char *checkpoint_path(const struct trainer *t)
{
    struct text path = {0};
    text_addf(&path, "%s.checkpoint", t->c.output);
    return path.failed ? NULL : path.s;
}

/* The configuration's words and the data's hashes. */
static void identify(const struct trainer *t, struct text *out)
{
    text_add(out, t->c.identity);
    text_addf(out, "parameters: %lld\n", (long long)t->nparam);
    for (int k = 0; k < t->samples->nfile; k++)
        text_addf(out, "data file: %s\n", t->samples->hash[k]);
    for (int k = 0; t->held && k < t->held->nfile; k++)
        text_addf(out, "validation file: %s\n", t->held->hash[k]);
}

static void put_text(struct blob *b, const char *s)
{
    blob_put_int(b, (int64_t)strlen(s));
    blob_put(b, s, strlen(s));
}

/* The numbers of struct trainer that a checkpoint holds. */
struct numbers {
    int64_t whole[8];
    double real[5];
    struct train_error running;
};

static struct numbers get_numbers(const struct trainer *t)
{
    return (struct numbers){.whole = {t->epoch, t->at, t->step,
                                      t->since_lowered, t->best_epoch,
                                      t->best_step, t->done, t->nrow},
                            .real = {t->lowered, t->best_error, t->rate,
                                     t->seconds + wall_time() - t->started, 0},
                            .running = t->running};
}

static void set_numbers(struct trainer *t, const struct numbers *n)
{
    t->epoch = n->whole[0];
    t->at = n->whole[1];
    t->step = n->whole[2];
    t->since_lowered = n->whole[3];
    t->best_epoch = n->whole[4];
    t->best_step = n->whole[5];
    t->done = n->whole[6] != 0;
    t->lowered = n->real[0];
    t->best_error = n->real[1];
    t->rate = n->real[2];
    t->seconds = n->real[3];
    t->running = n->running;
}

static int save_state(struct adele *ctx, struct trainer *t, struct blob *b)
{
    const struct style *style = t->o->head.style;
    struct numbers n = get_numbers(t);
    struct text identity = {0};
    identify(t, &identity);
    blob_put(b, magic, sizeof magic - 1);
    blob_put_int(b, VERSION);
    put_text(b, identity.s ? identity.s : "");
    b->failed = b->failed || identity.failed;
    text_free(&identity);
    blob_put(b, &n, sizeof n);
    blob_put_numbers(b, t->p->param, t->nparam);
    if (t->average)
        blob_put_numbers(b, t->average, t->nparam);
    blob_put_numbers(b, t->best, t->nparam);
    for (int64_t k = 0; k < t->nrow; k++)
        blob_put(b, &t->row[k], sizeof t->row[k]);
    if (style->save && style->save(ctx, t->o, b))
        return ctx->error.status;
    return b->failed ? err_memory(ctx, "a checkpoint", (double)b->length) : 0;
}

int trainer_checkpoint_write(struct adele *ctx, struct trainer *t)
{
    struct blob b = {0};
    char *path = checkpoint_path(t);
    int error = 0;
    int status =
        path ? save_state(ctx, t, &b) : err_memory(ctx, "a file name", 256);
    if (!status) {
        uint32_t crc = (uint32_t)crc32_z(0, b.byte, b.length);
        struct file *f = file_open(path, FILE_ATOMIC, &error);
        if (f) {
            file_write(f, b.byte, b.length);
            file_write(f, &crc, sizeof crc);
            error = file_close(f);
        }
        if (error)
            status =
                err_run(ctx, "cannot write '%s': %s", path, strerror(error));
    }
    blob_free(&b);
    text_free(&(struct text){.s = path});
    return status;
}

static int fail_file(struct adele *ctx, const char *path, const char *why)
{
    return err_run(ctx,
                   "the checkpoint '%s' %s; remove it to train from the "
                   "beginning",
                   path, why);
}

/* The first line in which two identities differ. */
static int fail_identity(struct adele *ctx, const char *path, const char *there,
                         const char *here)
{
    struct text why = {0};
    while (*there && *here) {
        size_t n = strcspn(there, "\n"), m = strcspn(here, "\n");
        if (n != m || strncmp(there, here, n))
            break;
        there += n + (there[n] != 0);
        here += m + (here[m] != 0);
    }
    text_addf(&why,
              "is that of another training: `%.*s` there, `%.*s` in the "
              "configuration",
              (int)strcspn(there, "\n"), there, (int)strcspn(here, "\n"), here);
    fail_file(ctx, path, why.s ? why.s : "is that of another training");
    text_free(&why);
    return ctx->error.status;
}

static int check_identity(struct adele *ctx, const struct trainer *t,
                          struct blob *b, const char *path)
{
    struct text here = {0};
    int64_t n;
    char *there = NULL;
    identify(t, &here);
    if (!blob_get_int(b, &n) && n >= 0 && (size_t)n <= b->length - b->at)
        there = mem_strndup((const char *)b->byte + b->at, (size_t)n);
    int status = 0;
    if (!there || here.failed)
        status = fail_file(ctx, path, "is damaged");
    else if (strcmp(there, here.s))
        status = fail_identity(ctx, path, there, here.s);
    else
        b->at += (size_t)n;
    mem_free(there);
    text_free(&here);
    return status;
}

static int load_rows(struct trainer *t, struct blob *b, int64_t n)
{
    for (t->nrow = 0; t->nrow < n; t->nrow++) {
        if (t->nrow == t->row_capacity) {
            int more = t->row_capacity ? 2 * t->row_capacity : 64;
            struct train_row *grown =
                mem_resize(t->row, (size_t)more, sizeof *grown);
            if (!grown)
                return -1;
            t->row = grown;
            t->row_capacity = more;
        }
        if (blob_get(b, &t->row[t->nrow], sizeof *t->row))
            return -1;
    }
    return 0;
}

static int load_state(struct adele *ctx, struct trainer *t, struct blob *b,
                      const char *path)
{
    const struct style *style = t->o->head.style;
    struct numbers n;
    int64_t version;
    b->at = sizeof magic - 1;
    if (blob_get_int(b, &version) || version != VERSION)
        return fail_file(ctx, path, "is of another version of adele");
    if (check_identity(ctx, t, b, path))
        return ctx->error.status;
    if (blob_get(b, &n, sizeof n) ||
        blob_get_numbers(b, t->p->param, t->nparam) ||
        (t->average && blob_get_numbers(b, t->average, t->nparam)) ||
        blob_get_numbers(b, t->best, t->nparam) || load_rows(t, b, n.whole[7]))
        return fail_file(ctx, path, "is damaged");
    set_numbers(t, &n);
    if (style->load && style->load(ctx, t->o, b))
        return ctx->error.status ? ctx->error.status
                                 : fail_file(ctx, path, "is damaged");
    t->resumed = true;
    return 0;
}

int trainer_checkpoint_read(struct adele *ctx, struct trainer *t)
{
    char *path = checkpoint_path(t);
    size_t length = 0;
    uint32_t crc;
    int error = 0, status = 0;
    if (!path)
        return err_memory(ctx, "a file name", 256);
    char *bytes =
        access(path, F_OK) ? NULL : file_read_all(path, &length, &error);
    if (error) {
        status = fail_file(ctx, path, strerror(error));
    } else if (bytes) {
        struct blob b = {.byte = (unsigned char *)bytes,
                         .length = length - sizeof crc,
                         .capacity = length};
        bool whole = length > sizeof magic + sizeof crc &&
                     !memcmp(bytes, magic, sizeof magic - 1);
        if (whole) {
            memcpy(&crc, bytes + b.length, sizeof crc);
            whole = crc == (uint32_t)crc32_z(0, b.byte, b.length);
        }
        status = whole ? load_state(ctx, t, &b, path)
                       : fail_file(ctx, path, "is damaged");
    }
    mem_free(bytes);
    text_free(&(struct text){.s = path});
    return status;
}

void trainer_checkpoint_remove(struct trainer *t)
{
    char *path = checkpoint_path(t);
    if (path)
        unlink(path);
    text_free(&(struct text){.s = path});
}
