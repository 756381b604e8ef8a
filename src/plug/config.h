/* YAML files with places: training configurations and the heads of
   potentials.

   A file becomes a tree of maps, lists and scalars, in which every key and
   value keeps where it stands, so that errors show file:line:column, the line
   and a caret, as in decks.  Anchors, aliases, tags and several documents are
   refused, as are keys given twice.

   A map {style: mlp, widths: [512, 256], activation: relu} turns into the words
   `mlp widths 512 256 activation relu`: argument tables are the only parser of
   what they know.

   The tree outlives everything made from it: words, and the places in them. */

#ifndef ADELE_CONFIG_H
#define ADELE_CONFIG_H

#include "core/context.h"

struct config;

enum config_kind { CONFIG_SCALAR, CONFIG_LIST, CONFIG_MAP };

struct config_node {
    enum config_kind kind;
    struct where where; /* of the value; a map's or list's first character */
    char *text;         /* scalar; "" for an empty one */
    bool quoted;        /* scalar in quotes, or a block of text */
    int n;              /* list: items; map: entries */
    struct config_node *item; /* [n], list, or the values of a map */
    struct word *key;         /* [n], map */
};

/* A file, or text with a name for messages; the top level must be a map.
   NULL with a deck error; `where`: of the word that names the file. */
struct config *config_read(struct adele *ctx, const char *path,
                           const struct where *where);
struct config *config_parse(struct adele *ctx, const char *text,
                            const char *name);
void config_free(struct config *c);
const struct config_node *config_root(const struct config *c);

/* The value of a key, or NULL. */
const struct config_node *config_find(const struct config_node *map,
                                      const char *key);

/* Every key of the map is one of these names (ended by NULL): else an error
   with the nearest of them.  `what` stands before it: "train". */
int config_known(struct adele *ctx, const struct config_node *map,
                 const char *what, const char *const *names);

/* Values of keys.  0, or a deck error: missing, of another kind, or not what it
   should be.  A missing key is an error at the map. */
int config_need(struct adele *ctx, const struct config_node *map,
                const char *key, enum config_kind kind,
                const struct config_node **value);
int config_text(struct adele *ctx, const struct config_node *map,
                const char *key, const char **value);
int config_number(struct adele *ctx, const struct config_node *map,
                  const char *key, double *value);
int config_integer(struct adele *ctx, const struct config_node *map,
                   const char *key, int64_t *value);
int config_bool(struct adele *ctx, const struct config_node *map,
                const char *key, bool *value);
int config_choice(struct adele *ctx, const struct config_node *map,
                  const char *key, const char *const *names, int *value);
/* A list of exactly n numbers (.nan and .inf are refused). */
int config_numbers(struct adele *ctx, const struct config_node *map,
                   const char *key, double *value, int n);

/* A map as words: the value of `style` first when it has that key, then key,
   value(s) for each other; a key without value becomes the bare word.  Keys in
   `skip` (ended by NULL; NULL: none) are left out.  Values carry a quote mark,
   so that none of them reads as a keyword.  Maps inside are errors.  A scalar
   (`network: mlp`) gives its text as the one word.  words_free. */
int config_words(struct adele *ctx, const struct config_node *value,
                 const char *const *skip, struct words *out);
/* The reverse, one line: "{style: mlp, widths: [512, 256]}" of words from
   config_words. */
void config_flow(const struct words *words, struct text *out);

/* A scalar as YAML: plain where that is safe, else in double quotes. */
void config_scalar(const char *s, struct text *out);

#endif
