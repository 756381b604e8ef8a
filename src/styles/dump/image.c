/* dump ID GROUP image N FILE.*.png column ..: pictures of a per-site value.

   Each site is drawn as its Voronoi cell, on every lattice, with a labelled
   colour bar; plug/picture.h.  A path without * is written over each time. */

#include "base/mem.h"
#include "plug/picture.h"

static const struct arg args[] = {
    DUMP_ARGS,
    {ARG_LIST, "column", AT(struct picture, colour), .min = 1, .max = 2,
     .bounded = true, .syntax = "column [column]",
     .doc = "what to draw, as for dump custom; two columns are a vector"},
    PICTURE_MODIFY};

static int write(struct adele *ctx, struct dump *d, const char *path)
{
    struct picture *p = (struct picture *)(void *)d;
    struct canvas c;
    size_t n = 0;
    int error = 0, status = picture_make(ctx, p, &c);
    if (status)
        return status;
    unsigned char *png = canvas_png(&c, p->dpi, &n);
    canvas_fini(&c);
    if (!png)
        return err_memory(ctx, "a picture", 1e6);
    struct file *f = file_open(path, FILE_ATOMIC, &error);
    if (f) {
        file_write(f, png, n);
        error = file_close(f);
    }
    mem_free(png);
    return error ? dump_file_error(ctx, d, path, error) : ADELE_OK;
}

const struct dump_style dump_image = {
    .style = {STYLE_HEAD(dump, "image", struct picture),
              .summary = "PNG pictures of a per-site value", .args = args,
              .init = picture_init, .fini = picture_fini},
    .modify = picture_modify,
    .own_file = true,
    .write = write,
    .modified = picture_modified};
