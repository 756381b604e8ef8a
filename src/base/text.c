/* Growing strings, strict number parsing, nearest word: see text.h. */

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Room for n more characters and the terminator; false when out of memory. */
static bool reserve(struct text *t, size_t n)
{
    if (t->failed)
        return false;
    size_t want;
    if (__builtin_add_overflow(t->length, n, &want) || want >= SIZE_MAX / 2) {
        t->failed = true;
        return false;
    }
    if (t->s && want < t->capacity)
        return true;
    size_t capacity = t->capacity < 32 ? 32 : t->capacity;
    while (capacity <= want)
        capacity *= 2;
    char *s = mem_resize(t->s, capacity, 1);
    if (!s) {
        t->failed = true;
        return false;
    }
    t->s = s;
    t->capacity = capacity;
    return true;
}

void text_addn(struct text *t, const char *s, size_t n)
{
    if (!reserve(t, n))
        return;
    if (n)
        memcpy(t->s + t->length, s, n);
    t->length += n;
    t->s[t->length] = '\0';
}

void text_add(struct text *t, const char *s)
{
    text_addn(t, s, strlen(s));
}

void text_addc(struct text *t, char c)
{
    text_addn(t, &c, 1);
}

void text_vaddf(struct text *t, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    if (n < 0)
        t->failed = true;
    else if (reserve(t, (size_t)n)) {
        vsnprintf(t->s + t->length, (size_t)n + 1, format, again);
        t->length += (size_t)n;
    }
    va_end(again);
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    text_vaddf(t, format, ap);
    va_end(ap);
}

void text_clear(struct text *t)
{
    t->length = 0;
    t->failed = false;
    if (t->s)
        t->s[0] = '\0';
}

void text_free(struct text *t)
{
    mem_free(t->s);
    *t = (struct text){0};
}

static const char *skip_digits(const char *s)
{
    while (isdigit((unsigned char)*s))
        s++;
    return s;
}

/* [+-] digits [. digits] [e [+-] digits], at least one digit before the e:
   keeps out what strtod takes besides (blanks, hexadecimal, nan, inf). */
static bool looks_decimal(const char *s)
{
    if (*s == '+' || *s == '-')
        s++;
    const char *from = s;
    s = skip_digits(s);
    ptrdiff_t digits = s - from;
    if (*s == '.') {
        from = ++s;
        s = skip_digits(s);
        digits += s - from;
    }
    if (!digits)
        return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        if (*s == '+' || *s == '-')
            s++;
        if (!isdigit((unsigned char)*s))
            return false;
        s = skip_digits(s);
    }
    return *s == '\0';
}

bool text_number(const char *s, double *value)
{
    if (!looks_decimal(s))
        return false;
    double v = strtod(s, NULL);
    if (!isfinite(v))
        return false;
    *value = v;
    return true;
}

bool text_integer(const char *s, int64_t *value)
{
    const char *digits = s + (*s == '+' || *s == '-');
    if (!*digits || *skip_digits(digits))
        return false;
    errno = 0;
    long long v = strtoll(s, NULL, 10);
    if (errno)
        return false;
    *value = v;
    return true;
}

enum { WORD_MAX = 63 }; /* longer words are nobody's slip of a name */

/* Edit distance where insertion, deletion, replacement and the exchange of
   two neighbours cost one; case does not count.  Lengths at most WORD_MAX. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[3][WORD_MAX + 1];
    size_t *before = row[0], *last = row[1], *now = row[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = j;
    for (size_t i = 1; i <= na; i++) {
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            int x = tolower((unsigned char)a[i - 1]);
            int y = tolower((unsigned char)b[j - 1]);
            size_t d = last[j - 1] + (x != y);
            if (last[j] + 1 < d)
                d = last[j] + 1;
            if (now[j - 1] + 1 < d)
                d = now[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < d)
                d = before[j - 2] + 1;
            now[j] = d;
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[nb];
}

const char *text_nearest(const char *s, const char *const *names, size_t n)
{
    size_t length = strlen(s);
    if (length > WORD_MAX)
        return NULL;
    size_t best = 1 + length / 4;
    const char *found = NULL;
    for (size_t k = 0; k < n; k++) {
        size_t other = strlen(names[k]);
        if (other > WORD_MAX)
            continue;
        size_t d = distance(s, length, names[k], other);
        size_t longer = length > other ? length : other;
        if (d < longer && (d < best || (d == best && !found))) {
            best = d;
            found = names[k];
        }
    }
    return found;
}

void text_add_number(struct text *t, double value)
{
    char digits[40];

    for (int n = 15; n <= 17; n++) {
        snprintf(digits, sizeof digits, "%.*g", n, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_add(t, digits);
}

const char *text_bytes(char buffer[16], double bytes)
{
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB",
                                       "TiB",   "PiB", "EiB"};
    size_t k = 0;
    while (bytes >= 1023.5 && k + 1 < sizeof unit / sizeof *unit) {
        bytes /= 1024;
        k++;
    }
    const char *format = bytes < 9.95 || bytes >= 1e5 ? "%.2g %s" : "%.0f %s";
    snprintf(buffer, 16, format, bytes, unit[k]);
    return buffer;
}

const char *text_clock(char buffer[24], double seconds)
{
    if (!(seconds < 1e15))
        return strcpy(buffer, "-:--:--");
    uint64_t s = seconds > 0 ? (uint64_t)llround(seconds) : 0;
    snprintf(buffer, 24, "%" PRIu64 ":%02u:%02u", s / 3600,
             (unsigned)(s / 60 % 60), (unsigned)(s % 60));
    return buffer;
}
