/* Numbers as deck text: the formats of $(formula:%fmt), `variable .. format`
   and fix print. */

#ifndef ADELE_NUMBER_H
#define ADELE_NUMBER_H

#include "base/text.h"

/* NULL when `format` is one conversion of a number, as in "%.3f", "%12.5e",
   "%06d"; else a constant sentence that says what is wrong. */
const char *number_format_fault(const char *format);

/* Appends value by a format that has no fault; d, i and x conversions round
   to the nearest integer. */
void number_print(struct text *out, const char *format, double value);

#endif
