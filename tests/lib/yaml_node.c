/* YAML documents as trees of nodes: see yaml_node.h. */

#include "yaml_node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int yaml_file_read(const char *path, struct yaml_file *out, char why[256])
{
    *out = (struct yaml_file){0};
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(why, 256, "%s: cannot be read", path);
        return -1;
    }
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_file(&parser, file);
    int status = 0;
    for (;;) {
        yaml_document_t doc;
        if (!yaml_parser_load(&parser, &doc)) {
            snprintf(why, 256, "%s:%zu: %s", path, parser.problem_mark.line + 1,
                     parser.problem);
            status = -1;
            break;
        }
        if (!yaml_document_get_root_node(&doc)) {
            yaml_document_delete(&doc);
            break;
        }
        out->doc = realloc(out->doc, (size_t)(out->n + 1) * sizeof doc);
        if (!out->doc)
            abort();
        out->doc[out->n++] = doc;
    }
    yaml_parser_delete(&parser);
    fclose(file);
    return status;
}

void yaml_file_free(struct yaml_file *f)
{
    for (int k = 0; k < f->n; k++)
        yaml_document_delete(&f->doc[k]);
    free(f->doc);
    *f = (struct yaml_file){0};
}

struct node yaml_root(const struct yaml_file *f, int k)
{
    return (struct node){&f->doc[k], yaml_document_get_root_node(&f->doc[k])};
}

static struct node node_at(struct node n, int id)
{
    return (struct node){n.doc, yaml_document_get_node(n.doc, id)};
}

bool node_is_list(struct node n)
{
    return n.at && n.at->type == YAML_SEQUENCE_NODE;
}

bool node_is_map(struct node n)
{
    return n.at && n.at->type == YAML_MAPPING_NODE;
}

bool node_is_text(struct node n)
{
    return n.at && n.at->type == YAML_SCALAR_NODE;
}

int node_count(struct node n)
{
    if (node_is_list(n))
        return (int)(n.at->data.sequence.items.top -
                     n.at->data.sequence.items.start);
    if (node_is_map(n))
        return (int)(n.at->data.mapping.pairs.top -
                     n.at->data.mapping.pairs.start);
    return 0;
}

struct node node_item(struct node n, int k)
{
    if (k < 0 || k >= node_count(n))
        return (struct node){0};
    if (node_is_list(n))
        return node_at(n, n.at->data.sequence.items.start[k]);
    return node_at(n, n.at->data.mapping.pairs.start[k].value);
}

struct node node_key(struct node map, int k)
{
    if (!node_is_map(map) || k < 0 || k >= node_count(map))
        return (struct node){0};
    return node_at(map, map.at->data.mapping.pairs.start[k].key);
}

struct node node_get(struct node map, const char *key)
{
    for (int k = 0; node_is_map(map) && k < node_count(map); k++)
        if (!strcmp(node_text(node_key(map, k), ""), key))
            return node_item(map, k);
    return (struct node){0};
}

const char *node_text(struct node n, const char *otherwise)
{
    return node_is_text(n) ? (const char *)n.at->data.scalar.value : otherwise;
}

size_t node_length(struct node n)
{
    return node_is_text(n) ? n.at->data.scalar.length : 0;
}

bool node_is_binary(struct node n)
{
    return n.at && n.at->tag &&
           !strcmp((const char *)n.at->tag, "tag:yaml.org,2002:binary");
}

double node_number(struct node n, double otherwise)
{
    const char *text = node_text(n, NULL);
    if (!text)
        return otherwise;
    if (!strcmp(text, ".nan"))
        return NAN;
    char *end;
    double v = strtod(text, &end);
    return *end || end == text ? otherwise : v;
}

long node_integer(struct node n, long otherwise)
{
    const char *text = node_text(n, NULL);
    if (!text)
        return otherwise;
    char *end;
    long v = strtol(text, &end, 10);
    return *end || end == text ? otherwise : v;
}

bool node_bool(struct node n, bool otherwise)
{
    const char *text = node_text(n, NULL);
    if (!text)
        return otherwise;
    return !strcmp(text, "true") || !strcmp(text, "yes");
}

int node_line(struct node n)
{
    return n.at ? (int)n.at->start_mark.line + 1 : 0;
}
