/* dump ID GROUP xyz N FILE [columns ..]: extended XYZ, as OVITO and ASE read.

   Every site is of the species X (no element) at its lattice position; the
   other columns follow under their names, by default the displacement.  The
   second line of a snapshot holds Lattice="..", Properties=.. and pbc=... */

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "plug/dump_text.h"
#include "plug/model.h"

static const struct arg args[] = {
    DUMP_ARGS,
    {ARG_LIST, "column", AT(struct dump_text, columns), .min = 0,
     .bounded = true, .syntax = "[column ...]",
     .doc = "as for dump custom; default: the displacement"},
    {0}};

enum { FIRST = 3 }; /* x y z come before the user's columns */

static int add_columns(struct adele *ctx, struct dump_text *t,
                       struct word *word)
{
    char axis[FIRST][2] = {"x", "y", "z"};
    int n = FIRST;
    for (int k = 0; k < FIRST; k++)
        word[k] = (struct word){.text = axis[k], .where = t->dump.head.where};
    for (int k = 0; k < t->columns.n; k++)
        word[n++] = t->columns.word[k];
    char name[MODEL_COMPONENT_MAX][32] = {""};
    for (int k = 0; t->columns.n == 0 && k < ctx->model->ncomp; k++) {
        strncpy(name[k], ctx->model->component[k].displacement, 31);
        word[n++] = (struct word){.text = name[k], .where = t->dump.head.where};
    }
    return dump_columns(ctx, &t->dump, word, n);
}

static int init(struct adele *ctx, void *self)
{
    struct dump_text *t = self;
    int n = FIRST + t->columns.n + MODEL_COMPONENT_MAX;
    struct dump_box box;
    int status = dump_box(ctx, &box);
    if (!status && t->columns.n == 0)
        status = need_model(ctx);
    if (status)
        return status;
    struct word *word = mem_alloc((size_t)n, sizeof *word);
    if (!word)
        return err_memory(ctx, "dump columns", n * (double)sizeof *word);
    t->header = true;
    status = add_columns(ctx, t, word);
    mem_free(word);
    return status;
}

/* A column name as a property name: letters, digits, underscores. */
static void write_property(struct file *f, const struct column *c)
{
    file_printf(f, ":");
    for (const char *s = c->name; *s; s++)
        if (*s != ']')
            file_printf(f, "%c", isalnum((unsigned char)*s) ? *s : '_');
    file_printf(f, ":%c:1", c->integer ? 'I' : 'R');
}

static void write_header(struct adele *ctx, const struct dump_text *t,
                         const struct dump_box *b, int64_t n)
{
    struct file *f = t->dump.file;
    const bool *p = ctx->lat->periodic;
    int dim = ctx->lat->shape.dim;
    file_printf(f,
                "%" PRId64 "\nLattice=\"%.15g 0 0 %.15g %.15g 0 %.15g %.15g "
                "%.15g\" Origin=\"%g %g %g\" pbc=\"%c %c %c\"",
                n, b->hi[0] - b->lo[0], b->xy, b->hi[1] - b->lo[1], b->xz,
                b->yz, b->hi[2] - b->lo[2], b->lo[0], b->lo[1], b->lo[2],
                p[0] ? 'T' : 'F', p[1] && dim > 1 ? 'T' : 'F',
                p[2] && dim > 2 ? 'T' : 'F');
    file_printf(f,
                " Step=%" PRId64 " Time=%.16g "
                "Properties=species:S:1:pos:R:3",
                ctx->step, ctx->time);
    for (int k = FIRST; k < t->dump.ncolumn; k++)
        write_property(f, &t->dump.column[k]);
    file_printf(f, "\n");
}

static int write(struct adele *ctx, struct dump *d, const char *path)
{
    (void)path;
    return dump_text_write(ctx, d, write_header, "X ", " ", "\n");
}

const struct dump_style dump_xyz = {
    .style = {STYLE_HEAD(dump, "xyz", struct dump_text),
              .summary = "extended XYZ of lattice positions and columns",
              .args = args, .init = init, .fini = dump_text_fini},
    .modify = dump_text_modify,
    .write = write,
    .modified = dump_text_modified};
