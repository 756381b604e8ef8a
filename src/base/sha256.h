/* SHA-256 of bytes and files [FIPS180]: names the data that a potential was
   trained on. */

#ifndef ADELE_SHA256_H
#define ADELE_SHA256_H

#include <stddef.h>

enum { SHA256_TEXT = 65 }; /* 64 hexadecimal digits and the end */

void sha256_bytes(const void *bytes, size_t n, char hex[SHA256_TEXT]);
/* 0 or an errno value. */
int sha256_file(const char *path, char hex[SHA256_TEXT]);

#endif
