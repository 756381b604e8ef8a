/* Growing strings, strict number parsing, and the nearest known word. */

#ifndef ADELE_TEXT_H
#define ADELE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing, always terminated string.  Start from {0}.  When memory runs
   out `failed` is set and later additions do nothing, so that a writer
   checks once at the end. */
struct text {
    char *s;
    size_t length, capacity;
    bool failed;
};

void text_addf(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_vaddf(struct text *t, const char *format, va_list ap);
void text_add(struct text *t, const char *s);
void text_addn(struct text *t, const char *s, size_t n);
void text_addc(struct text *t, char c);
/* The shortest decimal number that reads back as the same bits. */
void text_add_number(struct text *t, double value);
void text_clear(struct text *t);
void text_free(struct text *t);

/* The whole of s as a number; false for empty, trailing characters, overflow,
   nan and inf.  text_integer takes decimal digits with an optional sign. */
bool text_number(const char *s, double *value);
bool text_integer(const char *s, int64_t *value);

/* The one of the names closest to s in edit distance, or NULL when none is
   near enough to be a likely slip (distance at most 1 + length/4). */
const char *text_nearest(const char *s, const char *const *names, size_t n);

/* "1.5 GiB", "12 MiB", "640 bytes": into the 16-byte buffer, returned. */
const char *text_bytes(char buffer[16], double bytes);

/* "h:mm:ss" of a time in seconds: into the 24-byte buffer, returned. */
const char *text_clock(char buffer[24], double seconds);

#endif
