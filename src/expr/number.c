/* Numbers as deck text: see number.h. */

#include "expr/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The widest field and precision: the digits of any double fit many times,
   and a slip like %.99999999f does not fill the memory. */
enum { WIDTH_MAX = 1000 };

static const char digits[] = "0123456789";

const char *number_format_fault(const char *format)
{
    const char *s = format;
    if (*s != '%')
        return "a format begins with %, as in %.3f";
    s++;
    s += strspn(s, "-+ #0");
    if (strtol(s, NULL, 10) > WIDTH_MAX)
        return "the field width must be at most 1000";
    s += strspn(s, digits);
    if (*s == '.') {
        s++;
        if (strtol(s, NULL, 10) > WIDTH_MAX)
            return "the precision must be at most 1000";
        s += strspn(s, digits);
    }
    if (!*s || !strchr("eEfFgGdix", *s))
        return "a format ends with one of e f g d i x, as in %.3f";
    return s[1] ? "a format is one conversion and nothing else, as in %.3f"
                : NULL;
}

void number_print(struct text *out, const char *format, double value)
{
    size_t n = strlen(format);
    struct text f = {0};
    if (!n || number_format_fault(format)) {
        out->failed = true;
        return;
    }
    bool whole = strchr("dix", format[n - 1]);
    text_addn(&f, format, n - 1);
    if (whole)
        text_add(&f, "ll");
    text_addc(&f, format[n - 1]);
    if (f.failed)
        out->failed = true;
    else if (whole && !(fabs(value) < 9.2e18))
        text_addf(out, "%g", value);
    else {
/* The format was checked above to be one conversion of the argument's type. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        if (whole)
            text_addf(out, f.s, llround(value));
        else
            text_addf(out, f.s, value);
#pragma GCC diagnostic pop
    }
    text_free(&f);
}
