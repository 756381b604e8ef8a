/* dump ID GROUP yaml N FILE columns ..: a YAML document a snapshot, with the
   keys of LAMMPS's dump yaml. */

#include <inttypes.h>
#include <string.h>

#include "plug/dump_text.h"

static const struct arg args[] = {DUMP_ARGS,
                                  {ARG_LIST, "column",
                                   AT(struct dump_text, columns),
                                   .doc = "as for dump custom"},
                                  {0}};

static void write_header(struct adele *ctx, const struct dump_text *t,
                         const struct dump_box *b, int64_t n)
{
    struct file *f = t->dump.file;
    const bool *p = ctx->lat->periodic;
    file_printf(f, "---\ncreator: adele\ntimestep: %" PRId64 "\n", ctx->step);
    if (t->units)
        file_printf(f, "units: lj\n");
    if (t->time)
        file_printf(f, "time: %.16g\n", ctx->time);
    file_printf(f, "natoms: %" PRId64 "\nboundary: [ ", n);
    for (int k = 0; k < 6; k++)
        file_printf(f, "%c, ", p[k / 2] ? 'p' : 'f');
    file_printf(f, "]\nbox:\n");
    for (int k = 0; k < 3; k++)
        file_printf(f, "  - [ %.17g, %.17g ]\n", b->lo[k], b->hi[k]);
    if (b->tilted)
        file_printf(f, "  - [ %.17g, %.17g, %.17g ]\n", b->xy, b->xz, b->yz);
    file_printf(f, "keywords: [ ");
    for (int k = 0; k < t->dump.ncolumn; k++) {
        const char *name = t->dump.column[k].name;
        bool quoted = strpbrk(name, "[]") || !strcmp(name, "y") ||
                      !strcmp(name, "n"); /* booleans of YAML 1.1 */
        file_printf(f, quoted ? "'%s', " : "%s, ", name);
    }
    file_printf(f, "]\ndata:\n");
}

static int write(struct adele *ctx, struct dump *d, const char *path)
{
    struct dump_text *t = (struct dump_text *)(void *)d;
    struct dump_box box;
    struct dump_rows rows;
    (void)path;
    int status = dump_box(ctx, &box);
    if (!status)
        status = dump_rows(ctx, t, &rows);
    if (status)
        return status;
    write_header(ctx, t, &box, rows.n);
    status = dump_rows_write(ctx, t, &rows, "  - [ ", ", ", " ]\n");
    file_printf(d->file, "...\n");
    dump_rows_free(&rows);
    return status;
}

const struct dump_style dump_yaml = {
    .style = {STYLE_HEAD(dump, "yaml", struct dump_text),
              .summary = "columns of per-site values as YAML documents",
              .args = args, .init = dump_text_init, .fini = dump_text_fini},
    .modify = dump_text_modify,
    .write = write,
    .modified = dump_text_modified};
