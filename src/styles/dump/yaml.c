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
    (void)path;
    int status = dump_text_write(ctx, d, write_header, "  - [ ", ", ", " ]\n");
    if (!status)
        file_printf(d->file, "...\n");
    return status;
}

const struct dump_style dump_yaml = {
    .style = {STYLE_HEAD(dump, "yaml", struct dump_text),
              .summary = "columns of per-site values as YAML documents",
              .args = args, .init = dump_text_init, .fini = dump_text_fini},
    .modify = dump_text_modify,
    .write = write,
    .modified = dump_text_modified};
