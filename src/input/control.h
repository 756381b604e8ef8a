/* The inside of input/: the stack of what is being read, and the table of
   control commands.  Private to input/. */

#ifndef ADELE_CONTROL_H
#define ADELE_CONTROL_H

#include "input/input.h"

enum source_kind {
    SOURCE_FILE,    /* a deck file: can be rewound */
    SOURCE_TEXT,    /* deck text given by a caller */
    SOURCE_PART,    /* commands inside a command: if .. then "..." */
    SOURCE_STREAM,  /* standard input, line by line */
    SOURCE_TERMINAL /* an interactive session */
};

/* One thing being read; lives on the stack of the function that reads it. */
struct source {
    enum source_kind kind;
    struct source *below;
    char *name;         /* for messages; owned */
    char *text;         /* all of it, or of a stream what came so far; owned */
    size_t length, at;  /* read so far */
    long number;        /* of the physical line at `at`, from 1 */
    int fd;             /* STREAM: -1 at its end */
    struct where place; /* PART: of its text in a line */
    char *label;        /* skip to this label; owned */
    struct where label_where;
    long jumps;     /* how often a jump moved it */
    bool abandoned; /* a jump left it: what is left is not run */
};

struct input {
    struct source *top;
    int depth;      /* of the stack */
    int in_style;   /* style commands running, one inside another */
    bool skip_jump; /* `next` ran out: the following jump does nothing */
};

/* Reads and runs all of a source; frees what it owns. */
int source_run(struct adele *ctx, struct source *s);
/* A deck file into *s.  `where` (may be NULL) is the word that named it. */
int source_open(struct adele *ctx, const char *path, const struct where *where,
                struct source *s);
void source_close(struct source *s);
/* Runs the text of a quoted word as commands, in place. */
int source_part(struct adele *ctx, const struct where *place, const char *text);

struct control {
    const char *name, *usage, *doc;
    int least, most; /* words after the command; most -1: any number */
    int (*run)(struct adele *ctx, const struct words *w);
};
const struct control *control_find(const char *name);

/* What to write instead of a LAMMPS command that has no place here, or NULL. */
const char *lammps_advice(const char *command);
/* All names of commands, control and style, sorted into names. */
int command_names(const char **names, int capacity);

int control_if(struct adele *ctx, const struct words *w);
int control_print(struct adele *ctx, const struct words *w);
int control_shell(struct adele *ctx, const struct words *w);
int control_help(struct adele *ctx, const struct words *w);

#endif
