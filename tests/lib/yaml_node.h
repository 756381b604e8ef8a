/* YAML documents as trees of nodes, for the tests.  A node that is not there
   has .at = NULL, and every function below accepts it. */

#ifndef TEST_YAML_NODE_H
#define TEST_YAML_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct node {
    yaml_document_t *doc;
    yaml_node_t *at;
};

struct yaml_file {
    yaml_document_t *doc; /* [n] */
    int n;
};

/* All documents of a file; on failure -1 with the place and the problem. */
int yaml_file_read(const char *path, struct yaml_file *out, char why[256]);
void yaml_file_free(struct yaml_file *f);
struct node yaml_root(const struct yaml_file *f, int k);

struct node node_get(struct node map, const char *key);
int node_count(struct node n);             /* entries of a list or a map */
struct node node_item(struct node n, int k); /* of a list, value of a map */
struct node node_key(struct node map, int k);
bool node_is_list(struct node n);
bool node_is_map(struct node n);
bool node_is_text(struct node n);
/* The scalar as text, or `otherwise`; its length in bytes. */
const char *node_text(struct node n, const char *otherwise);
size_t node_length(struct node n);
bool node_is_binary(struct node n); /* tagged !!binary */
double node_number(struct node n, double otherwise); /* also .nan */
long node_integer(struct node n, long otherwise);
bool node_bool(struct node n, bool otherwise);
int node_line(struct node n); /* from 1 */

#endif
