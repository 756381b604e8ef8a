/* Writing potential files: doc/developer/potential_file.md. */

#include "plug/potential_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "plug/config.h"

enum { BASE64_BYTES = 57 }; /* of a line of 76 characters */

const char *const potential_electrons_name[] = {"any", "filling", "mu",
                                                "midgap", NULL};
const char *const potential_precision_name[] = {"float32", "float64", NULL};

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(const unsigned char *bytes, size_t n, int indent,
                  struct text *t)
{
    for (size_t k = 0; k < n; k += 3) {
        unsigned have = n - k < 3 ? (unsigned)(n - k) : 3;
        unsigned bits = (unsigned)bytes[k] << 16;

        if (have > 1)
            bits |= (unsigned)bytes[k + 1] << 8;
        if (have > 2)
            bits |= bytes[k + 2];
        if (k % BASE64_BYTES == 0)
            text_addf(t, "%s%*s", k ? "\n" : "", indent, "");
        text_addc(t, digits[bits >> 18]);
        text_addc(t, digits[bits >> 12 & 63]);
        text_addc(t, have > 1 ? digits[bits >> 6 & 63] : '=');
        text_addc(t, have > 2 ? digits[bits & 63] : '=');
    }
    text_addc(t, '\n');
}

int base64_read(const char *s, unsigned char *bytes, size_t n)
{
    size_t count = 0, at = 0, padding = 0;
    unsigned bits = 0;

    for (; *s; s++) {
        const char *digit;

        if (strchr(" \n\r\t", *s))
            continue;
        if (*s == '=') {
            padding++;
            continue;
        }
        digit = strchr(digits, *s);
        if (!digit || padding)
            return -1;
        bits = bits << 6 | (unsigned)(digit - digits);
        count++;
        if (count % 4 == 1)
            continue;
        if (at == n)
            return -3;
        bytes[at++] = (unsigned char)(bits >> (6 - 2 * ((count - 1) % 4)));
    }
    if (at < n)
        return -2;
    if (bits & (count % 4 == 2 ? 15 : count % 4 == 3 ? 3 : 0))
        return -1;
    return (count + padding) % 4 || padding > 2 ? -1 : 0;
}

uint32_t potential_crc(const void *bytes, size_t n)
{
    uLong crc = crc32(0, NULL, 0);
    const unsigned char *at = bytes;

    while (n > 0) {
        uInt part = n < (1u << 30) ? (uInt)n : 1u << 30;

        crc = crc32(crc, at, part);
        at += part;
        n -= part;
    }
    return (uint32_t)crc;
}

static void put_little(uint64_t bits, int n, unsigned char *to)
{
    for (int k = 0; k < n; k++)
        to[k] = (unsigned char)(bits >> 8 * k);
}

unsigned char *potential_weight_bytes(const struct potential *p, size_t *n)
{
    int size = p->precision == PRECISION_SINGLE ? 4 : 8;
    unsigned char *bytes = mem_alloc((size_t)p->net.nparam, (size_t)size);

    *n = (size_t)p->net.nparam * (size_t)size;
    for (int64_t k = 0; bytes && k < p->net.nparam; k++) {
        float single = (float)p->param[k];
        uint32_t low;
        uint64_t all;

        memcpy(&low, &single, sizeof low);
        memcpy(&all, &p->param[k], sizeof all);
        put_little(size == 4 ? low : all, size, bytes + k * size);
    }
    return bytes;
}

static void put_text(struct text *t, const char *key, const char *value)
{
    if (!value)
        return;
    text_addf(t, "%s: ", key);
    config_scalar(value, t);
    text_addc(t, '\n');
}

static void put_numbers(struct text *t, const char *key, const double *a, int n)
{
    text_addf(t, "  %s: [", key);
    for (int k = 0; k < n; k++) {
        text_add(t, k == 0 ? "" : k % 4 ? ", " : ",\n    ");
        text_add_number(t, a[k]);
    }
    text_add(t, "]\n");
}

static bool any(const double *a, int n)
{
    for (int k = 0; k < n; k++)
        if (a[k] != 0)
            return true;
    return false;
}

static bool all_finite(const double *a, int n)
{
    for (int k = 0; k < n; k++) {
        if (!isfinite(a[k]))
            return false;
    }
    return true;
}

static void put_model(const struct potential_origin *o, struct text *t)
{
    text_add(t, "model: {style: ");
    config_scalar(o->model ? o->model : "none", t);
    for (int k = 0; k < o->nparameter; k++) {
        text_addf(t, ", %s: ", o->parameter[k].name);
        text_add_number(t, o->parameter[k].value);
    }
    text_add(t, "}\n");
}

static void put_electrons(const struct potential_origin *o, struct text *t)
{
    text_addf(t, "electrons: {mode: %s",
              potential_electrons_name[o->electrons]);
    if (o->electrons == ELECTRONS_FILLING || o->electrons == ELECTRONS_MU) {
        text_add(t, ", value: ");
        text_add_number(t, o->electrons_value);
    }
    text_add(t, ", temp: ");
    text_add_number(t, o->temp);
    text_add(t, "}\n");
}

/* Nothing where all places are alike. */
static void put_geometry(const struct potential *p, struct text *t)
{
    const int *cells = p->origin.cells[p->position.axis];
    bool first = true;

    for (int axis = 0; axis < 3; axis++) {
        if (!p->shape.polar[axis])
            continue;
        text_addf(t, "%s%c", first ? "polar: [" : ", ", "xyz"[axis]);
        first = false;
    }
    text_add(t, first ? "" : "]\n");
    if (!p->position.given)
        return;
    text_add(t, "position: ");
    potential_position_text(&p->position, t);
    text_addf(t, "\nextent: [%d, %d]\n", cells[0], cells[1]);
}

void potential_write_binding(const struct potential *p, struct text *t)
{
    const struct potential_origin *o = &p->origin;

    put_model(o, t);
    put_text(t, "lattice", o->lattice ? o->lattice : "none");
    text_addf(t, "boundary: [%c, %c, %c]\n", o->periodic[0] ? 'p' : 'f',
              o->periodic[1] ? 'p' : 'f', o->periodic[2] ? 'p' : 'f');
    put_electrons(o, t);
    text_add(t, "mu_range: [");
    text_add_number(t, o->mu_low);
    text_add(t, ", ");
    text_add_number(t, o->mu_high);
    text_add(t, "]\n");
    lead_list_write(&o->leads, t);
    text_addf(t, "target: %s\nmu: %s\n", potential_target_name[p->target],
              potential_mu_name[p->mu]);
    put_geometry(p, t);
    text_addf(t, "descriptor: %s\nnetwork: %s\n", p->descriptor_text,
              p->network_text);
    text_addf(t, "inputs:\n  count: %d\n", p->nin);
    put_numbers(t, "shift", p->in_shift, p->nin);
    put_numbers(t, "scale", p->in_scale, p->nin);
    if (any(p->linear, p->nin))
        put_numbers(t, "linear", p->linear, p->nin);
    if (all_finite(p->in_low, p->nin) && all_finite(p->in_high, p->nin)) {
        put_numbers(t, "low", p->in_low, p->nin);
        put_numbers(t, "high", p->in_high, p->nin);
    }
    text_addf(t, "outputs:\n  count: %d\n", p->nout);
    put_numbers(t, "shift", p->out_shift, p->nout);
    put_numbers(t, "scale", p->out_scale, p->nout);
}

static void put_units(const struct potential *p, struct text *t)
{
    static const char *const of[] = {"energy/length", "electrons a site",
                                     "energy"};

    text_addf(t,
              "units: {energy: hopping, length: lattice constant, "
              "prediction: %s}\n",
              of[p->target]);
}

static void put_validation(const struct potential_note *n, struct text *t)
{
    if (!isfinite(n->rmse) || !isfinite(n->mae) || !isfinite(n->max))
        return;
    text_addf(t, "validation: {rmse: %.6g, mae: %.6g, max: %.6g", n->rmse,
              n->mae, n->max);
    if (isfinite(n->r2))
        text_addf(t, ", r2: %.9g", n->r2);
    text_add(t, "}\n");
}

/* Text that a literal block gives back as it is. */
static bool is_block(const char *s)
{
    size_t n = strlen(s);

    if (n == 0 || s[n - 1] != '\n' || s[0] == '\n' ||
        (n > 1 && s[n - 2] == '\n'))
        return false;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if ((c < ' ' && c != '\n') || c == 127)
            return false;
    }
    return true;
}

static void put_training(const char *s, struct text *t)
{
    if (!s)
        return;
    if (!is_block(s)) {
        put_text(t, "training", s);
        return;
    }
    text_add(t, "training: |2\n");
    while (*s) {
        size_t n = strcspn(s, "\n");

        if (n)
            text_add(t, "  ");
        text_addn(t, s, n);
        text_addc(t, '\n');
        s += n + 1;
    }
}

static void put_notes(const struct potential *p, struct text *t)
{
    const struct potential_note *n = &p->note;

    put_text(t, "date", n->date);
    put_text(t, "contributor", n->contributor);
    put_text(t, "citation", n->citation);
    put_text(t, "adele_version", n->adele_version);
    put_units(p, t);
    put_validation(n, t);
    if (p->origin.pair) {
        text_add(t, "exact: {pair_style: ");
        config_scalar(p->origin.pair, t);
        text_addf(t, ", error: %.6g}\n", p->origin.pair_error);
    }
    if (n->ndata > 0)
        text_add(t, "data:\n");
    for (int k = 0; k < n->ndata; k++) {
        text_add(t, "  - ");
        config_scalar(n->data[k], t);
        text_addc(t, '\n');
    }
    put_training(n->training, t);
}

static int put_weights(struct adele *ctx, const struct potential *p,
                       uint32_t head, struct text *t)
{
    size_t n;
    unsigned char *bytes = potential_weight_bytes(p, &n);

    if (!bytes)
        return err_memory(ctx, "the weights of a potential", (double)n);
    text_addf(t, "checksum: {head: \"%08x\", weights: \"%08x\"}\n", head,
              potential_crc(bytes, n));
    text_addf(t, "weights:\n  type: %s\n  count: %lld\n  base64: |\n",
              potential_precision_name[p->precision], (long long)p->net.nparam);
    base64_write(bytes, n, 4, t);
    mem_free(bytes);
    text_add(t, "complete: yes\n");
    return 0;
}

static int write_all(struct adele *ctx, const struct text *t, const char *path)
{
    int error;
    struct file *f = file_open(path, FILE_ATOMIC, &error);

    if (f) {
        file_write(f, t->s, t->length);
        error = file_close(f);
    }
    if (error)
        return err_run(ctx, "cannot write the potential %s: %s", path,
                       strerror(error));
    return 0;
}

int potential_save(struct adele *ctx, const struct potential *p,
                   const char *path)
{
    struct text binding = {0}, all = {0};
    int status;

    potential_write_binding(p, &binding);
    text_addf(&all,
              "# Learned forces: pair_style ml FILE\n"
              "format: adele potential\nversion: %d\n",
              POTENTIAL_VERSION);
    put_notes(p, &all);
    if (binding.s)
        text_add(&all, binding.s);
    status =
        put_weights(ctx, p, potential_crc(binding.s, binding.length), &all);
    if (!status && (binding.failed || all.failed))
        status = err_memory(ctx, "a potential file", (double)all.length);
    if (!status)
        status = write_all(ctx, &all, path);
    text_free(&binding);
    text_free(&all);
    return status;
}
