/* Inside potential files: shared by potential_file.c (reading),
   potential_text.c (writing). */

#ifndef ADELE_POTENTIAL_TEXT_H
#define ADELE_POTENTIAL_TEXT_H

#include "base/text.h"
#include "plug/potential.h"

enum { POTENTIAL_VERSION = 1 };

extern const char *const potential_electrons_name[]; /* ended by NULL */
extern const char *const potential_precision_name[];

/* The part of the head that decides about the result: what the checksum of
   the head is taken of. */
void potential_write_binding(const struct potential *p, struct text *t);
/* Weights as bytes of the file; mem_free, NULL: memory. */
unsigned char *potential_weight_bytes(const struct potential *p, size_t *n);
uint32_t potential_crc(const void *bytes, size_t n);

/* base64: the text in lines of 76 characters after `indent` blanks. */
void base64_write(const unsigned char *bytes, size_t n, int indent,
                  struct text *t);
/* Exactly n bytes from text in which blanks and newlines do not count; -1: other
   characters, -2: too short, -3: too long. */
int base64_read(const char *s, unsigned char *bytes, size_t n);

#endif
