/* Reading YAML files into trees that know their places: config.h.

   libyaml gives documents whose nodes carry line and character column.  A
   struct line is made for each physical line on which something begins, so
   that a block of a million weights costs nothing. */

#include "plug/config.h"

#include <inttypes.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/mem.h"

enum { DEPTH_MAX = 16 };

struct config {
    char *name;
    char *text;
    size_t length;
    size_t nline;
    size_t *begin;      /* [nline + 1] offsets of the physical lines */
    struct line **line; /* [nline], made when something stands there */
    struct config_node root;
};

struct reader {
    struct adele *ctx;
    struct config *c;
    yaml_document_t *document;
};

/* Places. */

static int index_lines(struct config *c)
{
    size_t n = 1;
    for (const char *s = c->text; (s = strchr(s, '\n')); s++)
        n++;
    c->begin = mem_alloc(n + 1, sizeof *c->begin);
    c->line = mem_zalloc(n, sizeof *c->line);
    if (!c->begin || !c->line)
        return -1;
    c->nline = n;
    n = 0;
    c->begin[n++] = 0;
    for (const char *s = c->text; (s = strchr(s, '\n')); s++)
        c->begin[n++] = (size_t)(s - c->text) + 1;
    c->begin[n] = strlen(c->text) + 1;
    return 0;
}

static struct line *line_at(struct config *c, size_t k)
{
    if (k >= c->nline)
        k = c->nline - 1;
    if (!c->line[k]) {
        const char *from = c->text + c->begin[k];
        char *raw = mem_strndup(from, strcspn(from, "\r\n"));
        if (raw)
            c->line[k] = line_new(c->name, (long)k + 1, raw);
        mem_free(raw);
    }
    return c->line[k];
}

/* The byte of a character column: continuation bytes do not count. */
static size_t byte_of(const char *s, size_t column)
{
    size_t k = 0;
    if (!strncmp(s, "\xef\xbb\xbf", 3))
        k = 3; /* a byte order mark */
    while (s[k] && (column > 0 || ((unsigned char)s[k] & 0xc0) == 0x80)) {
        column -= ((unsigned char)s[k] & 0xc0) != 0x80;
        k++;
    }
    return k;
}

static struct where place(struct config *c, yaml_mark_t begin, yaml_mark_t end)
{
    struct where w = {.line = line_at(c, begin.line)};
    if (!w.line)
        return w;
    w.column = byte_of(w.line->text, begin.column);
    size_t last = end.line == begin.line ? byte_of(w.line->text, end.column)
                                         : strlen(w.line->text);
    w.length = last > w.column ? last - w.column : 1;
    return w;
}

/* What a map or list shows is its first character, not all of it. */
static struct where place_first(struct config *c, const yaml_node_t *node)
{
    struct where w = place(c, node->start_mark, node->start_mark);
    w.length = 1;
    return w;
}

/* From libyaml's document to the tree. */

static int fail_memory(struct reader *r)
{
    return err_memory(r->ctx, r->c->name, (double)r->c->length);
}

static int read_scalar(struct reader *r, const yaml_node_t *from,
                       struct config_node *to)
{
    to->kind = CONFIG_SCALAR;
    to->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    to->where = place(r->c, from->start_mark, from->end_mark);
    if (strlen((const char *)from->data.scalar.value) !=
        from->data.scalar.length)
        return err_deck(r->ctx, &to->where, "a text holds a zero byte");
    to->text = mem_strndup((const char *)from->data.scalar.value,
                           from->data.scalar.length);
    return to->text ? 0 : fail_memory(r);
}

static int read_node(struct reader *r, int index, int depth,
                     struct config_node *to);

static int read_list(struct reader *r, const yaml_node_t *from, int depth,
                     struct config_node *to)
{
    const yaml_node_item_t *first = from->data.sequence.items.start;
    int n = (int)(from->data.sequence.items.top - first);
    to->kind = CONFIG_LIST;
    to->item = mem_zalloc((size_t)n, sizeof *to->item);
    if (!to->item)
        return fail_memory(r);
    for (to->n = 0; to->n < n; to->n++) {
        if (read_node(r, first[to->n], depth + 1, &to->item[to->n])) {
            to->n++;
            return r->ctx->error.status;
        }
    }
    return 0;
}

static int read_key(struct reader *r, int index, const struct config_node *map,
                    struct word *key)
{
    const yaml_node_t *from = yaml_document_get_node(r->document, index);
    key->where = place(r->c, from->start_mark, from->end_mark);
    if (from->type != YAML_SCALAR_NODE || from->data.scalar.length == 0)
        return err_deck(r->ctx, &key->where, "expected a key, a word");
    key->text = mem_strdup((const char *)from->data.scalar.value);
    if (!key->text)
        return fail_memory(r);
    if (config_find(map, key->text))
        return err_deck(r->ctx, &key->where, "%s is given twice", key->text);
    return 0;
}

static int read_map(struct reader *r, const yaml_node_t *from, int depth,
                    struct config_node *to)
{
    const yaml_node_pair_t *first = from->data.mapping.pairs.start;
    int n = (int)(from->data.mapping.pairs.top - first);
    to->kind = CONFIG_MAP;
    to->item = mem_zalloc((size_t)n, sizeof *to->item);
    to->key = mem_zalloc((size_t)n, sizeof *to->key);
    if (!to->item || !to->key)
        return fail_memory(r);
    for (int k = 0; k < n; k++) {
        int status = read_key(r, first[k].key, to, &to->key[k]);
        to->n = k + 1;
        if (status || read_node(r, first[k].value, depth + 1, &to->item[k]))
            return r->ctx->error.status;
    }
    return 0;
}

static int read_node(struct reader *r, int index, int depth,
                     struct config_node *to)
{
    yaml_node_t *from = yaml_document_get_node(r->document, index);
    to->where = place_first(r->c, from);
    if (depth > DEPTH_MAX)
        return err_deck(r->ctx, &to->where,
                        "maps and lists inside each other: more than %d",
                        DEPTH_MAX);
    switch (from->type) {
    case YAML_SCALAR_NODE:
        return read_scalar(r, from, to);
    case YAML_SEQUENCE_NODE:
        return read_list(r, from, depth, to);
    case YAML_MAPPING_NODE:
        return read_map(r, from, depth, to);
    default:
        return err_deck(r->ctx, &to->where, "expected a value");
    }
}

static int fail_yaml(struct reader *r, const yaml_parser_t *parser)
{
    yaml_mark_t at = parser->problem_mark;
    const char *why = parser->problem ? parser->problem : "not readable";
    if (parser->error == YAML_MEMORY_ERROR)
        return fail_memory(r);
    if (parser->error == YAML_READER_ERROR) {
        size_t line = 0;
        while (line + 1 < r->c->nline &&
               r->c->begin[line + 1] <= parser->problem_offset)
            line++;
        struct where w = {.line = line_at(r->c, line)};
        if (w.line)
            w.column = parser->problem_offset - r->c->begin[line];
        return err_deck(r->ctx, &w, "not a text file in UTF-8: %s", why);
    }
    struct where w = place(r->c, at, at);
    return err_deck(r->ctx, &w, "not valid YAML: %s%s%s", why,
                    parser->context ? " " : "",
                    parser->context ? parser->context : "");
}

/* Aliases would make a tree a graph, without end when one names itself. */
static int refuse_aliases(struct reader *r)
{
    yaml_parser_t parser;
    yaml_event_t event;
    int status = 0;
    bool end = false;
    if (!yaml_parser_initialize(&parser))
        return fail_memory(r);
    yaml_parser_set_input_string(&parser, (const unsigned char *)r->c->text,
                                 r->c->length);
    while (!status && !end) {
        if (!yaml_parser_parse(&parser, &event)) {
            status = fail_yaml(r, &parser);
            break;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_ALIAS_EVENT) {
            struct where w = place(r->c, event.start_mark, event.end_mark);
            status = err_deck(r->ctx, &w,
                              "aliases are not read here: write "
                              "the value out");
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

static int read_document(struct reader *r)
{
    yaml_document_t document;
    yaml_parser_t parser;
    int status;
    if (!yaml_parser_initialize(&parser))
        return fail_memory(r);
    yaml_parser_set_input_string(&parser, (const unsigned char *)r->c->text,
                                 r->c->length);
    if (!yaml_parser_load(&parser, &document)) {
        status = fail_yaml(r, &parser);
        yaml_parser_delete(&parser);
        return status;
    }
    r->document = &document;
    yaml_node_t *root = yaml_document_get_root_node(&document);
    struct where first = {.line = line_at(r->c, 0), .length = 1};
    if (!root || root->type != YAML_MAPPING_NODE)
        status = err_deck(r->ctx, &first,
                          "expected keys and values, as in `epochs: 500`");
    else
        status = read_node(r, 1, 0, &r->c->root);
    r->document = NULL;
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return status;
}

static struct config *config_of(struct adele *ctx, char *text, size_t length,
                                const char *name)
{
    struct config *c = mem_zalloc(1, sizeof *c);
    struct reader r = {ctx, c, NULL};
    if (!c) {
        mem_free(text);
        err_memory(ctx, name, (double)length);
        return NULL;
    }
    c->text = text;
    c->name = mem_strdup(name);
    c->length = length;
    if (!text || !c->name || index_lines(c))
        fail_memory(&r);
    else if (strlen(text) != length)
        err_deck(ctx, NULL, "'%s' holds zero bytes: it is no YAML file", name);
    else if (!refuse_aliases(&r) && !read_document(&r))
        return c;
    config_free(c);
    return NULL;
}

struct config *config_read(struct adele *ctx, const char *path,
                           const struct where *where)
{
    size_t length;
    int error;
    char *text = file_read_all(path, &length, &error);
    if (!text) {
        err_deck(ctx, where, "cannot read '%s': %s", path, strerror(error));
        return NULL;
    }
    return config_of(ctx, text, length, path);
}

struct config *config_parse(struct adele *ctx, const char *text,
                            const char *name)
{
    return config_of(ctx, mem_strdup(text), strlen(text), name);
}

static void node_fini(struct config_node *node)
{
    for (int k = 0; k < node->n; k++) {
        if (node->key)
            mem_free(node->key[k].text);
        node_fini(&node->item[k]);
    }
    mem_free(node->key);
    mem_free(node->item);
    mem_free(node->text);
}

void config_free(struct config *c)
{
    if (!c)
        return;
    node_fini(&c->root);
    for (size_t k = 0; k < c->nline; k++)
        line_release(c->line[k]);
    mem_free(c->line);
    mem_free(c->begin);
    mem_free(c->text);
    mem_free(c->name);
    mem_free(c);
}

const struct config_node *config_root(const struct config *c)
{
    return &c->root;
}
