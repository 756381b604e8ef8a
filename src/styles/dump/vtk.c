/* dump ID GROUP vtk N FILE.*.vti columns ..: VTK's XML files, for ParaView.

   The sites are points.  A rectangular lattice (chain, square, cubic) becomes
   ImageData (.vti), another with one site a cell (triangular) a
   StructuredGrid (.vts), others (honeycomb) PolyData (.vtp).  Values are
   Float64 in base64; sites outside the group are nan; TimeValue is the time. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/dump.h"

struct dump_vtk {
    struct dump dump;
    struct arg_list columns;
};

static const struct arg args[] = {DUMP_ARGS,
                                  {ARG_LIST, "column",
                                   AT(struct dump_vtk, columns),
                                   .doc = "as for dump custom"},
                                  {0}};

enum form { IMAGE, GRID, POINTS };
static const struct {
    const char *name, *extension;
} forms[] = {
    {"ImageData", ".vti"}, {"StructuredGrid", ".vts"}, {"PolyData", ".vtp"}};

static enum form form_of(const struct lattice *lat)
{
    const double(*a)[3] = lat->shape.a;
    if (lat->shape.nbasis > 1)
        return POINTS;
    for (int i = 0; i < lat->shape.dim; i++)
        for (int j = 0; j < 3; j++)
            if (i != j && a[i][j] != 0)
                return GRID;
    return IMAGE;
}

static int init(struct adele *ctx, void *self)
{
    struct dump_vtk *d = self;
    enum form form = form_of(ctx->lat);
    const char *dot = strrchr(d->dump.path, '.');
    if (!dot || strcmp(dot, forms[form].extension))
        return err_deck(ctx, &d->dump.head.where,
                        "dump vtk writes lattice %s as %s: the file name must "
                        "end in %s",
                        ctx->lat->shape.name, forms[form].name,
                        forms[form].extension);
    if (d->dump.head.id && !strchr(d->dump.path, '*'))
        return err_deck(ctx, &d->dump.head.where,
                        "dump vtk writes one file a snapshot: the file name "
                        "needs a *, which becomes the step");
    return dump_columns(ctx, &d->dump, d->columns.word, d->columns.n);
}

/* Base64 with the byte count in front, as VTK wants it. */
struct base64 {
    struct file *f;
    unsigned char held[3];
    int n;
    char out[4096];
    int nout;
};

static void base64_group(struct base64 *b)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned v =
        (unsigned)b->held[0] << 16 | (unsigned)b->held[1] << 8 | b->held[2];
    for (int k = 0; k < 4; k++)
        b->out[b->nout++] = k <= b->n ? digit[v >> (18 - 6 * k) & 63] : '=';
    memset(b->held, 0, sizeof b->held);
    b->n = 0;
    if (b->nout < (int)sizeof b->out)
        return;
    file_write(b->f, b->out, (size_t)b->nout);
    b->nout = 0;
}

static void base64_put(struct base64 *b, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t k = 0; k < n; k++) {
        b->held[b->n++] = p[k];
        if (b->n == 3)
            base64_group(b);
    }
}

static void base64_end(struct base64 *b)
{
    if (b->n)
        base64_group(b);
    file_write(b->f, b->out, (size_t)b->nout);
    b->nout = 0;
}

static void write_numbers(struct file *f, const double *v, int64_t n)
{
    struct base64 b = {.f = f};
    uint64_t bytes = (uint64_t)n * sizeof *v;
    base64_put(&b, &bytes, sizeof bytes);
    base64_end(&b);
    base64_put(&b, v, bytes);
    base64_end(&b);
    file_printf(f, "\n");
}

static void begin_array(struct file *f, const char *type, const char *name,
                        int components)
{
    file_printf(f,
                "<DataArray type=\"%s\" Name=\"%s\" "
                "NumberOfComponents=\"%d\" format=\"binary\">\n",
                type, name, components);
}

static int write_points(struct adele *ctx, struct file *f)
{
    int64_t n = ctx->lat->nlocal;
    double *r = mem_alloc((size_t)n, 3 * sizeof *r);
    if (!r)
        return err_memory(ctx, "the points of a dump", (double)n * 24);
    for (int64_t i = 0; i < n; i++)
        lattice_position(ctx->lat, i, r + 3 * i);
    file_printf(f, "<Points>\n");
    begin_array(f, "Float64", "position", 3);
    write_numbers(f, r, 3 * n);
    file_printf(f, "</DataArray>\n</Points>\n");
    mem_free(r);
    return ADELE_OK;
}

/* One vertex cell a point. */
static void write_vertices(struct file *f, int64_t n)
{
    static const char *const name[] = {"connectivity", "offsets"};
    file_printf(f, "<Verts>\n");
    for (int k = 0; k < 2; k++) {
        struct base64 b = {.f = f};
        uint64_t bytes = (uint64_t)n * sizeof(int64_t);
        begin_array(f, "Int64", name[k], 1);
        base64_put(&b, &bytes, sizeof bytes);
        base64_end(&b);
        for (int64_t i = k; i < n + k; i++)
            base64_put(&b, &i, sizeof i);
        base64_end(&b);
        file_printf(f, "\n</DataArray>\n");
    }
    file_printf(f, "</Verts>\n");
}

static void write_head(struct adele *ctx, struct file *f, enum form form)
{
    const struct lattice *lat = ctx->lat;
    char extent[80];
    snprintf(extent, sizeof extent, "0 %d 0 %d 0 %d", lat->n[0] - 1,
             lat->n[1] - 1, lat->n[2] - 1);
    file_printf(f,
                "<?xml version=\"1.0\"?>\n<VTKFile type=\"%s\" "
                "version=\"1.0\" byte_order=\"LittleEndian\" "
                "header_type=\"UInt64\">\n<%s",
                forms[form].name, forms[form].name);
    if (form != POINTS)
        file_printf(f, " WholeExtent=\"%s\"", extent);
    if (form == IMAGE)
        file_printf(f, " Origin=\"0 0 0\" Spacing=\"%.17g %.17g %.17g\"",
                    lat->shape.a[0][0],
                    lat->shape.dim > 1 ? lat->shape.a[1][1] : 1.0,
                    lat->shape.dim > 2 ? lat->shape.a[2][2] : 1.0);
    file_printf(f,
                ">\n<FieldData>\n<DataArray type=\"Float64\" "
                "Name=\"TimeValue\" NumberOfTuples=\"1\" format=\"ascii\">"
                "%.17g</DataArray>\n<DataArray type=\"Int64\" Name=\"step\" "
                "NumberOfTuples=\"1\" format=\"ascii\">%" PRId64
                "</DataArray>\n</FieldData>\n",
                ctx->time, ctx->step);
    if (form == POINTS)
        file_printf(f,
                    "<Piece NumberOfPoints=\"%" PRId64 "\" NumberOfVerts=\""
                    "%" PRId64 "\" NumberOfLines=\"0\" NumberOfStrips=\"0\" "
                    "NumberOfPolys=\"0\">\n",
                    lat->nsite, lat->nsite);
    else
        file_printf(f, "<Piece Extent=\"%s\">\n", extent);
}

static int write_column(struct adele *ctx, struct dump *d,
                        const struct column *c, const int64_t *site,
                        int64_t chosen)
{
    int64_t n = ctx->lat->nlocal;
    double *v = mem_alloc((size_t)n, 2 * sizeof *v);
    if (!v)
        return err_memory(ctx, "the values of a dump", (double)n * 16);
    double *out = v + n;
    int status = dump_values(ctx, d, c, v);
    for (int64_t i = 0; i < n; i++)
        out[i] = NAN;
    for (int64_t i = 0; !status && i < chosen; i++)
        out[site[i]] = v[site[i]];
    begin_array(d->file, "Float64", c->name, 1);
    write_numbers(d->file, out, n);
    file_printf(d->file, "</DataArray>\n");
    mem_free(v);
    return status;
}

/* The columns, nan outside the chosen sites. */
static int write_values(struct adele *ctx, struct dump *d)
{
    int64_t *site, chosen = dump_sites(ctx, d, &site);
    int status = ADELE_OK;
    if (chosen < 0)
        return ctx->error.status;
    file_printf(d->file, "<PointData>\n");
    for (int k = 0; !status && k < d->ncolumn; k++)
        status = write_column(ctx, d, &d->column[k], site, chosen);
    file_printf(d->file, "</PointData>\n");
    mem_free(site);
    return status;
}

static int write(struct adele *ctx, struct dump *d, const char *path)
{
    enum form form = form_of(ctx->lat);
    int status = ADELE_OK;
    (void)path;
    write_head(ctx, d->file, form);
    if (form != IMAGE)
        status = write_points(ctx, d->file);
    if (!status && form == POINTS)
        write_vertices(d->file, ctx->lat->nsite);
    if (!status)
        status = write_values(ctx, d);
    file_printf(d->file, "</Piece>\n</%s>\n</VTKFile>\n", forms[form].name);
    return status;
}

const struct dump_style dump_vtk = {
    .style = {STYLE_HEAD(dump, "vtk", struct dump_vtk),
              .summary = "per-site values as VTK XML files for ParaView",
              .args = args, .init = init, .fini = dump_fini},
    .write = write};
