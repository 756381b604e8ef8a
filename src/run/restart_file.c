/* Restart files as HDF5: see restart_file.h.

   Attributes of the root: format, format_version, adele_version, written
   (UTC).  `manifest` lists the other datasets in order, a line each: type and
   name.  Behind the HDF5 file, where readers of HDF5 do not look, stands one
   line with a checksum (FNV-1a on 8-byte words) of all bytes before it.  It is
   verified first, so that HDF5 never meets a damaged file, which it does not
   always survive.  A file is made in memory and written in one go: a full disk
   cannot leave half. */

#include "run/restart_file.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <hdf5.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

static const char format_name[] = "adele restart";
static const char trailer[] = "\nadele restart checksum ";
static const char hdf5_begin[] = "\x89HDF\r\n\x1a\n";
enum { FORMAT_VERSION = 1, DIGITS = 16, TRAILER = sizeof trailer + DIGITS };

static size_t item_size(enum item_type type)
{
    return type == ITEM_BYTE ? 1 : 8;
}

static hid_t item_hid(enum item_type type)
{
    return type == ITEM_BYTE   ? H5T_NATIVE_UCHAR
           : type == ITEM_INT  ? H5T_NATIVE_INT64
           : type == ITEM_MASK ? H5T_NATIVE_UINT64
                               : H5T_NATIVE_DOUBLE;
}

struct item *items_add(struct items *items, const char *name,
                       enum item_type type, size_t n, const void *data)
{
    struct item *grown =
        mem_resize(items->item, (size_t)items->n + 1, sizeof *grown);
    struct item *new;

    if (!grown)
        return NULL;
    items->item = grown;
    new = &grown[items->n];
    *new = (struct item){.name = mem_strdup(name),
                         .type = type,
                         .n = n,
                         .data = mem_zalloc(n, item_size(type))};
    if (!new->name || !new->data) {
        mem_free(new->name);
        mem_free(new->data);
        return NULL;
    }
    if (data && n)
        memcpy(new->data, data, n * item_size(type));
    items->n++;
    return new;
}

const struct item *items_find(const struct items *items, const char *name,
                              enum item_type type)
{
    for (int i = 0; i < items->n; i++) {
        if (items->item[i].type == type &&
            strcmp(items->item[i].name, name) == 0)
            return &items->item[i];
    }
    return NULL;
}

void items_free(struct items *items)
{
    for (int i = 0; i < items->n; i++) {
        mem_free(items->item[i].name);
        mem_free(items->item[i].data);
    }
    mem_free(items->item);
    *items = (struct items){0};
}

static uint64_t checksum(const char *bytes, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u ^ n;

    for (size_t at = 0; at < n; at += 8) {
        uint64_t word = 0;

        memcpy(&word, bytes + at, n - at < 8 ? n - at : 8);
        h = (h ^ word) * 0x100000001b3u;
        h ^= h >> 29;
    }
    return h;
}

/* Writing: every HDF5 status is folded into one flag. */

static bool put_attribute(hid_t at, const char *name, hid_t type,
                          const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = a >= 0 && H5Awrite(a, type, value) >= 0;

    if (a >= 0)
        H5Aclose(a);
    H5Sclose(space);
    return good;
}

static bool put_string(hid_t at, const char *name, const char *value)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    bool good;

    H5Tset_size(type, strlen(value) + 1);
    good = put_attribute(at, name, type, value);
    H5Tclose(type);
    return good;
}

static bool put_dataset(hid_t file, const struct item *t)
{
    hsize_t n = t->n;
    hid_t type = item_hid(t->type);
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    hid_t set;
    bool good;

    H5Pset_create_intermediate_group(links, 1);
    set =
        H5Dcreate2(file, t->name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    good = set >= 0 && (n == 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL,
                                           H5P_DEFAULT, t->data) >= 0);
    if (set >= 0)
        H5Dclose(set);
    H5Pclose(links);
    H5Sclose(space);
    return good;
}

static bool put_manifest(hid_t file, const struct items *items)
{
    struct text list = {0};
    struct item t = {.name = (char[]){"manifest"}, .type = ITEM_BYTE};
    bool good;

    for (int i = 0; i < items->n; i++)
        text_addf(&list, "%d %s\n", (int)items->item[i].type,
                  items->item[i].name);
    t.data = list.s;
    t.n = list.length;
    good = !list.failed && put_dataset(file, &t);
    text_free(&list);
    return good;
}

static bool put_all(hid_t file, const struct items *items)
{
    int version = FORMAT_VERSION;
    time_t now = time(NULL);
    struct tm utc;
    char written[32] = "";
    bool good;

    if (gmtime_r(&now, &utc))
        strftime(written, sizeof written, "%Y-%m-%dT%H:%M:%SZ", &utc);
    good = put_string(file, "format", format_name) &&
           put_attribute(file, "format_version", H5T_NATIVE_INT, &version) &&
           put_string(file, "adele_version", ADELE_VERSION) &&
           put_string(file, "written", written) && put_manifest(file, items);
    for (int i = 0; i < items->n && good; i++)
        good = put_dataset(file, &items->item[i]);
    return good && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
}

/* The bytes of the file, or NULL. */
static void *file_image(const struct items *items, size_t *size)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    void *image = NULL;
    hid_t file;
    ssize_t n;

    H5Pset_fapl_core(access, 1 << 20, 0); /* in memory, no file behind it */
    file = H5Fcreate("adele-restart-in-memory", H5F_ACC_TRUNC, H5P_DEFAULT,
                     access);
    H5Pclose(access);
    if (file < 0)
        return NULL;
    n = put_all(file, items) ? H5Fget_file_image(file, NULL, 0) : -1;
    image = n > 0 ? mem_alloc((size_t)n, 1) : NULL;
    if (image && H5Fget_file_image(file, image, (size_t)n) != n) {
        mem_free(image);
        image = NULL;
    }
    *size = n > 0 ? (size_t)n : 0;
    H5Fclose(file);
    return image;
}

int restart_file_write(struct adele *ctx, const char *path,
                       const struct items *items)
{
    size_t size = 0;
    void *image = file_image(items, &size);
    struct file *file;
    int error = 0;

    if (!image)
        return err_memory(ctx, "a restart file", (double)size);
    file = file_open(path, FILE_ATOMIC, &error);
    if (file) {
        file_write(file, image, size);
        file_printf(file, "%s%016llx\n", trailer,
                    (unsigned long long)checksum(image, size));
        error = file_close(file);
    }
    mem_free(image);
    if (error)
        return err_run(ctx, "cannot write the restart file '%s': %s", path,
                       strerror(error));
    return 0;
}

/* Reading. */

static bool get_attribute(hid_t file, const char *name, hid_t type, void *out)
{
    hid_t a = H5Aopen(file, name, H5P_DEFAULT);
    bool good = a >= 0 && H5Aread(a, type, out) >= 0;

    if (a >= 0)
        H5Aclose(a);
    return good;
}

static bool is_restart(hid_t file)
{
    char name[sizeof format_name] = "";
    hid_t type = H5Tcopy(H5T_C_S1);
    bool good;

    H5Tset_size(type, sizeof name);
    good = get_attribute(file, "format", type, name) &&
           memcmp(name, format_name, sizeof name) == 0;
    H5Tclose(type);
    return good;
}

/* One dataset appended to the items. */
static bool get_dataset(hid_t file, const char *name, enum item_type type,
                        struct items *items)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t space = set >= 0 ? H5Dget_space(set) : -1;
    hssize_t n = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
    struct item *t = NULL;
    bool good;

    if (n >= 0 && H5Sget_simple_extent_ndims(space) == 1)
        t = items_add(items, name, type, (size_t)n, NULL);
    good = t && (n == 0 || H5Dread(set, item_hid(type), H5S_ALL, H5S_ALL,
                                   H5P_DEFAULT, t->data) >= 0);
    if (space >= 0)
        H5Sclose(space);
    if (set >= 0)
        H5Dclose(set);
    return good;
}

static bool get_all(hid_t file, struct items *items)
{
    struct items list = {0};
    bool good = get_dataset(file, "manifest", ITEM_BYTE, &list);
    char *text = good ? mem_strndup(list.item[0].data, list.item[0].n) : NULL;
    char *rest = text, *line;

    items_free(&list);
    good = text != NULL;
    while (good && (line = strtok_r(rest, "\n", &rest))) {
        int type = line[0] - '0';

        good = type >= ITEM_BYTE && type <= ITEM_NUMBER && line[1] == ' ' &&
               get_dataset(file, line + 2, (enum item_type)type, items);
    }
    mem_free(text);
    return good;
}

static int read_open(struct adele *ctx, const char *path, hid_t file,
                     struct items *items)
{
    int version = 0;

    if (!is_restart(file) ||
        !get_attribute(file, "format_version", H5T_NATIVE_INT, &version))
        return err_deck(ctx, NULL, "'%s' is no restart file of adele", path);
    if (version != FORMAT_VERSION)
        return err_deck(ctx, NULL,
                        "the restart file '%s' has format version %d, this "
                        "adele reads version %d",
                        path, version, FORMAT_VERSION);
    if (!get_all(file, items))
        return err_deck(ctx, NULL,
                        "the restart file '%s' cannot be read whole, though "
                        "its checksum is right (is memory short?)",
                        path);
    return 0;
}

/* The line behind the HDF5 file agrees with its bytes. */
static int verify(struct adele *ctx, const char *path, const char *bytes,
                  size_t n)
{
    size_t body = n > TRAILER ? n - TRAILER : 0;
    char line[TRAILER + 1];

    if (n < 8 || memcmp(bytes, hdf5_begin, 8))
        return err_deck(ctx, NULL, "'%s' is no restart file: it is not HDF5",
                        path);
    if (memcmp(bytes + body, trailer, sizeof trailer - 1))
        return err_deck(ctx, NULL,
                        "'%s' is an HDF5 file but no whole restart file of "
                        "adele: it was written by another program, or its end "
                        "is missing",
                        path);
    snprintf(line, sizeof line, "%s%016llx\n", trailer,
             (unsigned long long)checksum(bytes, body));
    if (memcmp(bytes + body, line, TRAILER))
        return err_deck(ctx, NULL,
                        "the restart file '%s' was changed or damaged: its "
                        "checksum does not match",
                        path);
    return 0;
}

int restart_file_read(struct adele *ctx, const char *path, struct items *items)
{
    int error = 0, status;
    size_t n = 0;
    char *bytes = file_read_all(path, &n, &error);
    hid_t file;

    if (!bytes)
        return err_deck(ctx, NULL, "cannot read the restart file '%s': %s",
                        path, strerror(error));
    status = verify(ctx, path, bytes, n);
    mem_free(bytes);
    if (status)
        return status;
    file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
        return err_deck(ctx, NULL, "'%s' cannot be opened as HDF5", path);
    status = read_open(ctx, path, file, items);
    H5Fclose(file);
    if (status)
        items_free(items);
    return status;
}
