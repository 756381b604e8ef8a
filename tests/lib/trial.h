/* One case of tests/cases while it runs: its folder and what is wrong. */

#ifndef TEST_TRIAL_H
#define TEST_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "yaml_node.h"

struct trial {
    struct node spec;
    const char *adele;
    char *folder;
    int threads;
    struct text why; /* complaints, a line each; empty: passed */
    bool skipped;
};

void trial_complain(struct trial *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A file of the folder, or NULL with a complaint; mem_free. */
char *trial_read(struct trial *t, const char *name, size_t *length);
/* The keys thermo, dump and table. */
void trial_check_numbers(struct trial *t);

char *path_join(const char *folder, const char *name); /* free */

#endif
