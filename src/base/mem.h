/* Checked allocation.

   Sizes are products that come from decks, so each product is tested for
   overflow; a request that cannot be met returns NULL and the caller words
   the error.  Blocks are aligned to 64 bytes (a cache line, an AVX-512
   register).  The bytes held through this interface are counted, for the
   memory line of the log. */

#ifndef ADELE_MEM_H
#define ADELE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* An uninitialised or zeroed array of n elements of `size` bytes; NULL when
   n*size overflows or memory is short.  n = 0 gives a valid pointer. */
void *mem_alloc(size_t n, size_t size);
void *mem_zalloc(size_t n, size_t size);

/* Grows or shrinks p (NULL or from here) to n elements; on failure returns
   NULL and p stays as it was. */
void *mem_resize(void *p, size_t n, size_t size);

/* A copy of the string, or of its first n bytes; NULL gives NULL. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

/* Frees a block that came from here; NULL is allowed. */
void mem_free(void *p);

/* Bytes held now, and at most so far, by all callers in this process. */
size_t mem_held(void);
size_t mem_peak(void);

#endif
