/* dump ID GROUP custom N FILE columns ..: LAMMPS's text format.

       ITEM: TIMESTEP
       100
       ITEM: NUMBER OF ATOMS
       1600
       ITEM: BOX BOUNDS pp pp pp          (xy xz yz pp pp pp when tilted)
       0 40 ..
       ITEM: ATOMS id x y q
       1 0 0 -0.31 ..                                                       */

#include <inttypes.h>
#include <math.h>

#include "plug/dump_text.h"

static const struct arg args[] = {
    DUMP_ARGS,
    {ARG_LIST, "column", AT(struct dump_text, columns),
     .doc = "id type ix iy iz x y z, the model's components (q vq fq), n, "
            "onsite, c_ID, c_ID[i], f_ID, f_ID[i], v_name"},
    {0}};

/* The bounding box of the tilted cell, as LAMMPS writes it. */
static void write_tilted(struct file *f, const struct dump_box *b)
{
    double xlo = fmin(fmin(0, b->xy), fmin(b->xz, b->xy + b->xz));
    double xhi = fmax(fmax(0, b->xy), fmax(b->xz, b->xy + b->xz));
    file_printf(f, "%-1.16e %-1.16e %-1.16e\n", b->lo[0] + xlo, b->hi[0] + xhi,
                b->xy);
    file_printf(f, "%-1.16e %-1.16e %-1.16e\n", b->lo[1] + fmin(0, b->yz),
                b->hi[1] + fmax(0, b->yz), b->xz);
    file_printf(f, "%-1.16e %-1.16e %-1.16e\n", b->lo[2], b->hi[2], b->yz);
}

static void write_header(struct adele *ctx, const struct dump_text *t,
                         const struct dump_box *b, int64_t n)
{
    struct file *f = t->dump.file;
    if (!t->header)
        return;
    const bool *p = ctx->lat->periodic;
    if (t->units && t->dump.written == 0)
        file_printf(f, "ITEM: UNITS\nlj\n");
    if (t->time)
        file_printf(f, "ITEM: TIME\n%.16g\n", ctx->time);
    file_printf(f, "ITEM: TIMESTEP\n%" PRId64 "\n", ctx->step);
    file_printf(f, "ITEM: NUMBER OF ATOMS\n%" PRId64 "\n", n);
    file_printf(f, "ITEM: BOX BOUNDS %s%s %s %s\n",
                b->tilted ? "xy xz yz " : "", p[0] ? "pp" : "ff",
                p[1] ? "pp" : "ff", p[2] ? "pp" : "ff");
    if (b->tilted)
        write_tilted(f, b);
    for (int k = 0; k < 3 && !b->tilted; k++)
        file_printf(f, "%-1.16e %-1.16e\n", b->lo[k], b->hi[k]);
    file_printf(f, "ITEM: ATOMS");
    for (int k = 0; k < t->dump.ncolumn; k++)
        file_printf(f, " %s", t->dump.column[k].name);
    file_printf(f, "\n");
}

static int write(struct adele *ctx, struct dump *d, const char *path)
{
    (void)path;
    return dump_text_write(ctx, d, write_header, "", " ", "\n");
}

const struct dump_style dump_custom = {
    .style = {STYLE_HEAD(dump, "custom", struct dump_text),
              .summary = "columns of per-site values in LAMMPS's text format",
              .args = args, .init = dump_text_init, .fini = dump_text_fini},
    .modify = dump_text_modify,
    .write = write,
    .modified = dump_text_modified};
