/* HDF5 datasets of configurations; the layout is in dataset.h.

   Files use HDF5's oldest format version, whose super block holds no "open
   for writing" mark: after a flush the file can be read even when the program
   was killed.  Before a frame is written the room on the disk is asked for,
   since a full disk in the middle of a flush would spoil the frames before. */

#include "plug/dataset.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "plug/dataset_file.h"

enum { CHUNK_DOUBLES = 32768 };

static const char *const series_name[DATASET_SERIES] = {"step", "time",
                                                        "energy", "mu"};

static int fail_write(struct adele *ctx, const struct dataset *s,
                      const char *why)
{
    return err_run_at(ctx, s->where.line ? &s->where : NULL,
                      "cannot write '%s': %s", s->path, why);
}

static void close_ids(struct dataset *s)
{
    for (int k = 0; k < s->ncolumn; k++)
        if (s->column && s->column[k] > 0)
            H5Dclose(s->column[k]);
    for (int k = 0; k < DATASET_SERIES; k++)
        if (s->series[k] > 0)
            H5Dclose(s->series[k]);
    if (s->mu_grid > 0)
        H5Dclose(s->mu_grid);
    if (s->n_mu > 0)
        H5Dclose(s->n_mu);
    if (s->lead > 0)
        H5Dclose(s->lead);
    s->mu_grid = s->n_mu = s->lead = 0;
    memset(s->series, 0, sizeof s->series);
    mem_free(s->column);
    s->column = NULL;
}

static void dataset_free(struct dataset *s)
{
    if (!s)
        return;
    close_ids(s);
    if (s->file > 0)
        H5Fclose(s->file);
    text_free(&s->mismatch);
    text_free(&s->columns);
    where_release(&s->where);
    mem_free(s->path);
    mem_free(s);
}

static struct dataset *dataset_alloc(struct adele *ctx, const char *path,
                                     const struct where *where)
{
    struct dataset *s = mem_zalloc(1, sizeof *s);
    if (!s || !(s->path = mem_strdup(path))) {
        mem_free(s);
        err_memory(ctx, "a dataset", 4096);
        return NULL;
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    if (where && where->line)
        s->where = where_hold(*where);
    return s;
}

/* The extendable arrays. */

static hid_t create_series(struct dataset *s, const char *name, hid_t type)
{
    hsize_t now = 0, most = H5S_UNLIMITED, chunk = 512;
    hid_t space = H5Screate_simple(1, &now, &most);
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plist, 1, &chunk);
    hid_t d =
        H5Dcreate2(s->file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    H5Pclose(plist);
    H5Sclose(space);
    return d;
}

/* [frames][wide], or [frames][deep][wide] when deep > 0. */
static hid_t create_rows(struct dataset *s, const char *name, int64_t deep,
                         int64_t width)
{
    hsize_t n = (hsize_t)width;
    hsize_t wide = n < CHUNK_DOUBLES ? n : CHUNK_DOUBLES;
    hsize_t rows = CHUNK_DOUBLES / wide, frames = rows < 64 ? rows : 64;
    hsize_t now[3] = {0, n}, most[3] = {H5S_UNLIMITED, n};
    hsize_t chunk[3] = {frames, wide};
    int rank = deep > 0 ? 3 : 2;
    if (deep > 0) {
        now[1] = most[1] = (hsize_t)deep;
        now[2] = most[2] = n;
        chunk[1] = (hsize_t)deep < rows ? (hsize_t)deep : rows;
        chunk[2] = wide;
        chunk[0] = rows / chunk[1] < 64 ? rows / chunk[1] : 64;
    }
    hid_t space = H5Screate_simple(rank, now, most);
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plist, rank, chunk);
    hid_t d = H5Dcreate2(s->file, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT,
                         plist, H5P_DEFAULT);
    H5Pclose(plist);
    H5Sclose(space);
    return d;
}

/* Extents of an array; 0 where it has fewer dimensions. */
static int extents(hid_t d, hsize_t size[3])
{
    hid_t space = H5Dget_space(d);
    int rank = H5Sget_simple_extent_ndims(space);
    hsize_t all[H5S_MAX_RANK] = {0};
    H5Sget_simple_extent_dims(space, all, NULL);
    H5Sclose(space);
    for (int k = 0; k < 3; k++)
        size[k] = all[k];
    return rank;
}

/* The arrays of further chemical potentials; a file that is read has them or
   not. */
static bool make_mu_arrays(struct dataset *s, enum dataset_mode mode)
{
    hsize_t grid[3], n[3];
    if (mode == DATASET_WRITE && s->nmu > 0) {
        s->mu_grid = create_rows(s, "mu_grid", 0, s->nmu);
        s->n_mu = create_rows(s, "n_mu", s->nmu, s->nsite);
        return s->mu_grid >= 0 && s->n_mu >= 0;
    }
    if (mode == DATASET_WRITE)
        return true;
    if (H5Lexists(s->file, "n_mu", H5P_DEFAULT) <= 0) {
        if (s->nmu > 0)
            dataset_differs(s, "", "n_mu", "missing", "wanted");
        return s->nmu == 0;
    }
    s->mu_grid = H5Dopen2(s->file, "mu_grid", H5P_DEFAULT);
    s->n_mu = H5Dopen2(s->file, "n_mu", H5P_DEFAULT);
    if (s->mu_grid < 0 || s->n_mu < 0 || extents(s->mu_grid, grid) != 2 ||
        extents(s->n_mu, n) != 3 || n[1] != grid[1] || n[1] > INT_MAX ||
        n[2] != (hsize_t)s->nsite)
        return false;
    s->nmu = (int)n[1];
    return true;
}

/* Numbers of the leads. */
static bool make_lead_array(struct dataset *s, enum dataset_mode mode)
{
    hsize_t size[3];
    if (mode == DATASET_WRITE && s->nlead > 0)
        s->lead = create_rows(s, "lead", 0, 3 * s->nlead);
    if (mode == DATASET_WRITE)
        return s->lead >= 0;
    if (H5Lexists(s->file, "lead", H5P_DEFAULT) <= 0)
        return s->nlead == 0;
    s->lead = H5Dopen2(s->file, "lead", H5P_DEFAULT);
    if (s->lead < 0 || extents(s->lead, size) != 2 || size[1] % 3 ||
        size[1] > INT_MAX)
        return false;
    s->nlead = (int)size[1] / 3;
    return true;
}

static bool make_arrays(struct dataset *s, const char *const *column,
                        enum dataset_mode mode)
{
    bool ok = true;
    for (int k = 0; ok && k < DATASET_SERIES; k++) {
        hid_t type = k ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
        s->series[k] = mode == DATASET_WRITE
                           ? create_series(s, series_name[k], type)
                           : H5Dopen2(s->file, series_name[k], H5P_DEFAULT);
        ok = s->series[k] >= 0;
    }
    for (int k = 0; ok && column && k < s->ncolumn; k++) {
        s->column[k] = mode == DATASET_WRITE
                           ? create_rows(s, column[k], 0, s->nsite)
                           : H5Dopen2(s->file, column[k], H5P_DEFAULT);
        ok = s->column[k] >= 0;
        if (!ok && mode == DATASET_COMPARE)
            dataset_differs(s, "column", column[k], "missing", "wanted");
    }
    return ok && make_mu_arrays(s, mode) && make_lead_array(s, mode);
}

/* The length of the shortest array: what a frame cut short leaves behind is
   written over. */
static int64_t count_frames(const struct dataset *s)
{
    int64_t frames = INT64_MAX;
    hsize_t size[3];
    for (int k = 0; k < DATASET_SERIES + s->ncolumn + 3; k++) {
        int c = k - DATASET_SERIES;
        hid_t d = c < 0                 ? s->series[k]
                  : c < s->ncolumn      ? s->column[c]
                  : c == s->ncolumn     ? s->mu_grid
                  : c == s->ncolumn + 1 ? s->n_mu
                                        : s->lead;
        if (d <= 0)
            continue;
        extents(d, size);
        if ((int64_t)size[0] < frames)
            frames = (int64_t)size[0];
    }
    return frames;
}

/* Without locks, so that h5py can look at the file of a run in progress. */
static hid_t open_file(const char *path, unsigned flags)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(access, 0, 1);
    hid_t file = flags & H5F_ACC_TRUNC
                     ? H5Fcreate(path, flags, H5P_DEFAULT, access)
                     : H5Fopen(path, flags, access);
    H5Pclose(access);
    return file;
}

static int create_new(struct adele *ctx, struct dataset *s,
                      const char *const *column, const char *command)
{
    errno = 0;
    s->file = open_file(s->path, H5F_ACC_TRUNC);
    if (s->file < 0)
        return fail_write(
            ctx, s, errno ? strerror(errno) : "the file cannot be created");
    if (dataset_describe(ctx, s, DATASET_WRITE) &&
        dataset_provenance(ctx, s, command) &&
        make_arrays(s, column, DATASET_WRITE))
        return ADELE_OK;
    return fail_write(ctx, s, errno ? strerror(errno) : "HDF5 write error");
}

static int continue_old(struct adele *ctx, struct dataset *s,
                        const char *const *column)
{
    if (!dataset_is(s->path))
        return fail_write(ctx, s,
                          "it exists and is not an HDF5 file; remove "
                          "it, or leave `append yes` away");
    s->file = open_file(s->path, H5F_ACC_RDWR);
    if (s->file < 0)
        return fail_write(ctx, s,
                          "it exists and is no readable HDF5 file "
                          "(truncated, or open elsewhere)");
    char *format = dataset_string(s->file, "format");
    bool ours = format && !strcmp(format, "adele dataset");
    mem_free(format);
    if (!ours)
        return fail_write(ctx, s,
                          "it is an HDF5 file, but not of dump "
                          "dataset; nothing is appended");
    dataset_describe(ctx, s, DATASET_COMPARE);
    if (s->mismatch.length == 0)
        make_arrays(s, column, DATASET_COMPARE);
    if (s->mismatch.length)
        return err_run_at(ctx, s->where.line ? &s->where : NULL,
                          "cannot append to '%s': it was made for another "
                          "simulation: %s",
                          s->path, s->mismatch.s);
    s->frames = count_frames(s);
    return ADELE_OK;
}

struct dataset *dataset_create(struct adele *ctx, const char *path,
                               const struct dataset_plan *plan, bool append)
{
    struct dataset *s = dataset_alloc(ctx, path, plan->where);
    if (!s)
        return NULL;
    s->nsite = ctx->lat->nsite;
    s->ncolumn = plan->ncolumn;
    s->nmu = plan->nmu;
    s->nlead = dataset_leads_of(ctx);
    s->mu = plan->nmu ? plan->mu : "";
    s->column = mem_zalloc((size_t)s->ncolumn, sizeof *s->column);
    for (int k = 0; k < s->ncolumn; k++)
        text_addf(&s->columns, "%s%s", k ? " " : "", plan->column[k]);
    int status = ADELE_ERUN;
    if (!s->column || s->columns.failed)
        err_memory(ctx, "a dataset", 1024);
    else
        status = append && access(path, F_OK) == 0
                     ? continue_old(ctx, s, plan->column)
                     : create_new(ctx, s, plan->column, plan->command);
    s->mu = NULL;
    if (!status)
        return s;
    dataset_free(s);
    return NULL;
}

/* Frames. */

/* One frame of an array [frames], [frames][width] or [frames][deep][width]:
   width, deep 0 for the axes that it does not have. */
struct block {
    hsize_t start[3], count[3];
    int rank;
};

static struct block frame_block(int64_t frame, int64_t deep, int64_t width)
{
    struct block b = {.start = {(hsize_t)frame}, .count = {1}, .rank = 1};
    if (deep > 0)
        b.count[b.rank++] = (hsize_t)deep;
    if (width > 0)
        b.count[b.rank++] = (hsize_t)width;
    return b;
}

static bool write_at(hid_t d, hid_t type, const struct block *b,
                     const void *value)
{
    hsize_t size[3];
    for (int k = 0; k < b->rank; k++)
        size[k] = b->start[k] + b->count[k];
    if (H5Dset_extent(d, size) < 0)
        return false;
    hid_t space = H5Dget_space(d);
    hid_t memory = H5Screate_simple(b->rank, b->count, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, b->start, NULL, b->count, NULL);
    bool ok = H5Dwrite(d, type, memory, space, H5P_DEFAULT, value) >= 0;
    H5Sclose(memory);
    H5Sclose(space);
    return ok;
}

static bool write_sites(struct dataset *s, const struct dataset_frame *frame)
{
    struct block b = frame_block(s->frames, 0, s->nsite);
    bool ok = true;
    for (int k = 0; ok && k < s->ncolumn; k++)
        ok = write_at(s->column[k], H5T_NATIVE_DOUBLE, &b,
                      frame->value + k * s->nsite);
    if (ok && s->nlead > 0) {
        b = frame_block(s->frames, 0, 3 * s->nlead);
        ok = write_at(s->lead, H5T_NATIVE_DOUBLE, &b, frame->lead);
    }
    if (!ok || s->nmu == 0)
        return ok;
    b = frame_block(s->frames, s->nmu, s->nsite);
    ok = write_at(s->n_mu, H5T_NATIVE_DOUBLE, &b, frame->n_mu);
    b = frame_block(s->frames, 0, s->nmu);
    return ok && write_at(s->mu_grid, H5T_NATIVE_DOUBLE, &b, frame->mu_grid);
}

/* Room for a frame, a fresh chunk of every array, and HDF5's own tables. */
static bool disk_has_room(const struct dataset *s)
{
    struct statvfs v;
    double arrays =
        s->ncolumn + DATASET_SERIES + 2.0 * (s->nmu > 0) + (s->nlead > 0);
    double chunks = arrays * CHUNK_DOUBLES * 8;
    double frame = (double)(s->ncolumn + s->nmu) * (double)s->nsite * 8;
    if (statvfs(s->path, &v) || v.f_blocks == 0)
        return true;
    return (double)v.f_bavail * (double)v.f_frsize > chunks + 2 * frame + 65536;
}

int dataset_append(struct adele *ctx, struct dataset *s,
                   const struct dataset_frame *frame, bool flush)
{
    const double number[DATASET_SERIES] = {0, frame->time, frame->energy,
                                           frame->mu};
    if (!disk_has_room(s))
        return fail_write(ctx, s,
                          "no space left on the disk; the frames "
                          "before are complete");
    errno = 0;
    struct block at = frame_block(s->frames, 0, 0);
    bool ok = write_sites(s, frame);
    for (int k = DATASET_SERIES - 1; ok && k > 0; k--)
        ok = write_at(s->series[k], H5T_NATIVE_DOUBLE, &at, &number[k]);
    ok = ok && write_at(s->series[0], H5T_NATIVE_INT64, &at, &frame->step);
    if (ok && flush)
        ok = H5Fflush(s->file, H5F_SCOPE_GLOBAL) >= 0;
    if (!ok)
        return fail_write(ctx, s, errno ? strerror(errno) : "HDF5 write error");
    s->frames++;
    return ADELE_OK;
}

int dataset_close(struct adele *ctx, struct dataset *s)
{
    if (!s)
        return ADELE_OK;
    errno = 0;
    close_ids(s);
    bool ok = s->file <= 0 || H5Fclose(s->file) >= 0;
    s->file = 0;
    int status =
        ok || !ctx
            ? ADELE_OK
            : fail_write(ctx, s, errno ? strerror(errno) : "HDF5 write error");
    dataset_free(s);
    return status;
}

/* Reading. */

bool dataset_is(const char *path)
{
    static const unsigned char magic[8] = {0x89, 'H',  'D',  'F',
                                           '\r', '\n', 0x1a, '\n'};
    unsigned char head[8] = {0};
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    size_t n = fread(head, 1, sizeof head, f);
    fclose(f);
    return n == sizeof head && !memcmp(head, magic, sizeof head);
}

struct dataset *dataset_open(struct adele *ctx, const char *path,
                             const struct where *where)
{
    struct dataset *s = dataset_alloc(ctx, path, where);
    if (!s)
        return NULL;
    s->file = open_file(path, H5F_ACC_RDONLY);
    char *format = s->file >= 0 ? dataset_string(s->file, "format") : NULL;
    bool ours = format && !strcmp(format, "adele dataset");
    mem_free(format);
    if (ours &&
        dataset_numbers(s->file, "sites", H5T_NATIVE_INT64, &s->nsite, 1) &&
        make_arrays(s, NULL, DATASET_COMPARE)) {
        s->frames = count_frames(s);
        return s;
    }
    err_deck(ctx, where, "cannot read '%s': %s", path,
             s->file < 0 ? "it is a damaged or truncated HDF5 file"
                         : "it is an HDF5 file, but not of dump dataset");
    dataset_free(s);
    return NULL;
}

int64_t dataset_frames(const struct dataset *s)
{
    return s->frames;
}

int64_t dataset_sites(const struct dataset *s)
{
    return s->nsite;
}

static bool read_at(hid_t d, hid_t type, const struct block *b, void *value)
{
    hid_t space = H5Dget_space(d);
    hid_t memory = H5Screate_simple(b->rank, b->count, NULL);
    bool ok = H5Sget_simple_extent_ndims(space) == b->rank &&
              H5Sselect_hyperslab(space, H5S_SELECT_SET, b->start, NULL,
                                  b->count, NULL) >= 0 &&
              H5Dread(d, type, memory, space, H5P_DEFAULT, value) >= 0;
    H5Sclose(memory);
    H5Sclose(space);
    return ok;
}

int dataset_head(struct adele *ctx, struct dataset *s, int64_t frame,
                 int64_t *step, double *time)
{
    struct block b = frame_block(frame, 0, 0);
    if (read_at(s->series[0], H5T_NATIVE_INT64, &b, step) &&
        read_at(s->series[1], H5T_NATIVE_DOUBLE, &b, time))
        return ADELE_OK;
    return err_deck(ctx, &s->where, "cannot read frame %" PRId64 " of '%s'",
                    frame, s->path);
}

int dataset_energy(struct adele *ctx, struct dataset *s, int64_t frame,
                   double *energy, double *mu)
{
    struct block b = frame_block(frame, 0, 0);
    if (read_at(s->series[2], H5T_NATIVE_DOUBLE, &b, energy) &&
        read_at(s->series[3], H5T_NATIVE_DOUBLE, &b, mu))
        return ADELE_OK;
    return err_deck(ctx, &s->where, "cannot read frame %" PRId64 " of '%s'",
                    frame, s->path);
}

static bool all_finite(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static int fail_frame(struct adele *ctx, const struct dataset *s,
                      const struct where *where, int64_t frame)
{
    return err_deck(ctx, where,
                    "cannot read frame %" PRId64 " of '%s': it is cut short or "
                    "holds numbers that are not finite",
                    frame, s->path);
}

int dataset_column(struct adele *ctx, struct dataset *s, int64_t frame,
                   const struct word *column, double *out)
{
    hid_t d = H5Dopen2(s->file, column->text, H5P_DEFAULT);
    if (d < 0)
        return err_deck(ctx, &column->where, "'%s' has no column '%s'", s->path,
                        column->text);
    struct block b = frame_block(frame, 0, s->nsite);
    bool ok = read_at(d, H5T_NATIVE_DOUBLE, &b, out);
    H5Dclose(d);
    return ok && all_finite(out, s->nsite)
               ? ADELE_OK
               : fail_frame(ctx, s, &column->where, frame);
}

int dataset_nmu(const struct dataset *s)
{
    return s->nmu;
}

int dataset_mu_grid(struct adele *ctx, struct dataset *s, int64_t frame,
                    double *mu)
{
    struct block b = frame_block(frame, 0, s->nmu);
    bool ok = read_at(s->mu_grid, H5T_NATIVE_DOUBLE, &b, mu);
    return ok && all_finite(mu, s->nmu) ? ADELE_OK
                                        : fail_frame(ctx, s, &s->where, frame);
}

int dataset_nlead(const struct dataset *s)
{
    return s->nlead;
}

int dataset_lead(struct adele *ctx, const struct dataset *s, int64_t frame,
                 double *value)
{
    struct block b = frame_block(frame, 0, 3 * s->nlead);
    bool ok = read_at(s->lead, H5T_NATIVE_DOUBLE, &b, value);
    return ok && all_finite(value, 3 * s->nlead)
               ? ADELE_OK
               : fail_frame(ctx, s, &s->where, frame);
}

int dataset_density_at(struct adele *ctx, struct dataset *s, int64_t frame,
                       int k, double *out)
{
    struct block b = frame_block(frame, 1, s->nsite);
    b.start[1] = (hsize_t)k;
    bool ok = read_at(s->n_mu, H5T_NATIVE_DOUBLE, &b, out);
    return ok && all_finite(out, s->nsite)
               ? ADELE_OK
               : fail_frame(ctx, s, &s->where, frame);
}
