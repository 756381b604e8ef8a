/* Joining and substitution of deck lines: see substitute.h.

   The text is built together with a map of origins, one offset into the raw
   line for each character, so that an error anywhere later can show the
   place in the file: characters that stand in the file map to themselves,
   those of a substituted value to its `$`. */

#include "expr/substitute.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "expr/formula.h"
#include "expr/number.h"
#include "expr/variable.h"

/* $( inside $( .. : deeper than anybody writes, shallower than the stack. */
enum { DEPTH_MAX = 200 };

struct mapped {
    struct text text;
    size_t *origin;
    size_t capacity;
};

static void mapped_addn(struct mapped *m, const char *s, size_t n,
                        const size_t *origin, size_t fixed)
{
    size_t need = m->text.length + n + 1;
    if (need > m->capacity && !m->text.failed) {
        size_t capacity = need > 2 * m->capacity ? need : 2 * m->capacity;
        size_t *p = mem_resize(m->origin, capacity, sizeof *p);
        if (!p) {
            m->text.failed = true;
            return;
        }
        m->origin = p;
        m->capacity = capacity;
    }
    size_t at = m->text.length;
    text_addn(&m->text, s, n);
    for (size_t k = 0; k < n && !m->text.failed; k++)
        m->origin[at + k] = origin ? origin[k] : fixed;
}

static void mapped_free(struct mapped *m)
{
    text_free(&m->text);
    mem_free(m->origin);
    m->origin = NULL;
}

/* Hands text and origins over to the line; `end` is the origin of its end. */
static int mapped_into(struct adele *ctx, struct mapped *m, struct line *line,
                       size_t end)
{
    size_t n = m->text.length;
    mapped_addn(m, "", 0, NULL, 0);
    text_add(&m->text, "");
    if (m->text.failed) {
        mapped_free(m);
        return err_memory(ctx, "a deck line", 9.0 * (double)n);
    }
    m->origin[n] = end;
    mem_free(line->text);
    mem_free(line->origin);
    line->text = m->text.s;
    line->origin = m->origin;
    return ADELE_OK;
}

/* ---- quotes, comments and continuation ---- */

/* One step of the reading state over s[k], k < n; returns how many characters
   belong together (3 for a triple quote). */
static size_t scan_step(struct line_scan *scan, const char *s, size_t k,
                        size_t n)
{
    char c = s[k];
    bool triple = c == '"' && n - k >= 3 && s[k + 1] == '"' && s[k + 2] == '"';
    if (scan->quote) {
        bool closes = scan->quote == '3' ? triple : c == scan->quote;
        size_t taken = scan->quote == '3' && triple ? 3 : 1;
        if (closes)
            scan->quote = 0;
        return taken;
    }
    if (isspace((unsigned char)c)) {
        scan->in_word = false;
        return 1;
    }
    if (c == '#') {
        scan->comment = true;
        return 1;
    }
    bool starts = !scan->in_word && (c == '\'' || c == '"');
    scan->in_word = true;
    if (!starts)
        return 1;
    scan->quote = triple ? '3' : c;
    return triple ? 3 : 1;
}

/* Feeds one physical line; appends what stays of it to out unless NULL. */
static bool feed(struct line_scan *scan, const char *s, size_t n,
                 const size_t *origin, struct mapped *out)
{
    if (n && s[n - 1] == '\n')
        n--;
    size_t newline = n;
    if (n && s[n - 1] == '\r')
        n--;
    size_t last = n;
    while (last && isspace((unsigned char)s[last - 1]))
        last--;
    bool joined = last && s[last - 1] == '&';
    size_t end = joined ? last - 1 : n;
    for (size_t k = 0; k < end && !scan->comment;) {
        size_t taken = scan_step(scan, s, k, end);
        if (out && !scan->comment)
            mapped_addn(out, s + k, taken, origin + k, 0);
        k += taken;
    }
    if (joined)
        return true;
    if (scan->quote != '3' || scan->comment)
        return false;
    if (out)
        mapped_addn(out, "\n", 1, origin + newline, 0);
    return true;
}

bool line_continues(struct line_scan *scan, const char *physical, size_t n)
{
    return feed(scan, physical, n, NULL, NULL);
}

int join_line(struct adele *ctx, struct line *line)
{
    struct mapped m = {0};
    struct line_scan scan = {0};
    size_t size = strlen(line->text);
    for (size_t at = 0; at < size;) {
        const char *s = line->text + at, *newline = strchr(s, '\n');
        size_t n = newline ? (size_t)(newline - s) + 1 : size - at;
        if (!feed(&scan, s, n, line->origin + at, &m))
            break;
        at += n;
    }
    return mapped_into(ctx, &m, line, line->origin[size]);
}

struct line *line_part(const struct where *where, const char *text)
{
    const struct line *parent = where->line;
    size_t n = strlen(text);
    struct line *line =
        line_new(parent ? parent->file : "(command)",
                 parent ? parent->number : 1, parent ? parent->raw : text);
    if (!line || !parent)
        return line;
    size_t *origin = mem_resize(line->origin, n + 1, sizeof *origin);
    char *copy = mem_strdup(text);
    if (origin)
        line->origin = origin;
    if (!origin || !copy) {
        mem_free(copy);
        line_release(line);
        return NULL;
    }
    size_t limit = strlen(parent->text);
    for (size_t k = 0; k <= n; k++) {
        size_t at = where->column + k;
        origin[k] = parent->origin[at < limit ? at : limit];
    }
    mem_free(line->text);
    line->text = copy;
    line->substituted = parent->substituted;
    return line;
}

/* ---- substitution ---- */

/* A text and the place of its first character. */
struct source {
    const char *s;
    size_t n;
    size_t last; /* the length of where.line->text */
    struct where where;
};

static struct where place(const struct source *from, size_t at, size_t length)
{
    return (struct where){from->where.line, from->where.column + at, length};
}

static struct source source_of(const char *s, size_t n,
                               const struct where *where)
{
    struct source from = {s, n, 0, where ? *where : (struct where){0}};
    if (from.where.line)
        from.last = strlen(from.where.line->text);
    return from;
}

static size_t raw_offset(const struct source *from, size_t at)
{
    const struct line *line = from->where.line;
    size_t k = from->where.column + at;
    return line ? line->origin[k < from->last ? k : from->last] : 0;
}

static int expand(struct adele *ctx, const struct source *from,
                  bool skip_quotes, int depth, struct mapped *out);

/* The index of the closing partner of from->s[open], or n. */
static size_t find_close(const struct source *from, size_t open)
{
    char opens = from->s[open], closes = opens == '(' ? ')' : '}';
    size_t level = 0;
    for (size_t k = open; k < from->n; k++) {
        if (from->s[k] == opens)
            level++;
        else if (from->s[k] == closes && --level == 0)
            return k;
    }
    return from->n;
}

/* Cuts "formula:%fmt": the format, or NULL. */
static char *split_format(char *inner)
{
    char *colon = strstr(inner, ":%");
    if (!colon)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static int immediate(struct adele *ctx, char *inner, const struct where *where,
                     struct text *out)
{
    char *format = split_format(inner);
    const char *fault = format ? number_format_fault(format) : NULL;
    if (fault) {
        size_t skip = (size_t)(format - inner);
        inner[skip - 1] = ':'; /* whole again, for the place to count in */
        struct where w = {where->line, where->column + skip, strlen(format)};
        return err_deck(ctx, &w, "format '%s': %s", format, fault);
    }
    struct formula *f = formula_new(ctx, inner, where);
    double value = 0;
    int status = f ? formula_scalar(ctx, f, &value) : ctx->error.status;
    formula_free(f);
    if (!status)
        number_print(out, format ? format : "%.20g", value);
    return status;
}

/* The inside of ${ } or $( ), itself expanded, as a line whose places still
   lead to the file. */
static struct line *inside(struct adele *ctx, const struct source *from,
                           size_t begin, size_t end, int depth)
{
    struct source part = {from->s + begin, end - begin, from->last,
                          place(from, begin, end - begin)};
    struct mapped m = {0};
    if (expand(ctx, &part, false, depth + 1, &m)) {
        mapped_free(&m);
        return NULL;
    }
    text_add(&m.text, "");
    struct where w = part.where;
    struct line *line = m.text.failed ? NULL : line_part(&w, m.text.s);
    /* Origins of the expanded text, not those of the stretch. */
    if (line && w.line && m.origin) {
        for (size_t k = 0; k < m.text.length; k++)
            line->origin[k] = m.origin[k];
        line->origin[m.text.length] = raw_offset(from, end);
        line->substituted = m.text.length != part.n ||
                            memcmp(m.text.s, part.s, part.n) != 0 ||
                            w.line->substituted;
    }
    mapped_free(&m);
    if (!line)
        err_memory(ctx, "a substitution", (double)part.n);
    return line;
}

/* The value of what stands between the brackets; `all` is the whole
   construct. */
static int replace(struct adele *ctx, bool formula, char *inner,
                   const struct where *where, const struct where *all,
                   struct text *value)
{
    if (formula)
        return immediate(ctx, inner, where, value);
    if (!*inner)
        return err_deck(ctx, all, "expected a variable name inside ${}");
    return variable_string(ctx, inner, all, value);
}

/* The same with more substitutions between the brackets. */
static int nested(struct adele *ctx, const struct source *from, size_t open,
                  size_t close, int depth, struct text *value)
{
    struct where all = place(from, open - 1, close - open + 2);
    struct line *line = inside(ctx, from, open + 1, close, depth);
    if (!line)
        return ctx->error.status;
    struct where w = {line, 0, strlen(line->text)};
    int status =
        replace(ctx, from->s[open] == '(', line->text, &w, &all, value);
    line_release(line);
    return status;
}

/* $( .. ) or ${ .. } with its bracket at `open`. */
static int bracketed(struct adele *ctx, const struct source *from, size_t open,
                     int depth, size_t *after, struct text *value)
{
    bool formula = from->s[open] == '(';
    size_t close = find_close(from, open);
    struct where all = place(from, open - 1, close - open + 2);
    if (close == from->n) {
        all.length = 2;
        return err_deck(ctx, &all, "%s without its closing %s",
                        formula ? "$(" : "${", formula ? ")" : "}");
    }
    if (depth == DEPTH_MAX)
        return err_deck(ctx, &all, "substitutions nested more than %d deep",
                        DEPTH_MAX);
    *after = close + 1;
    size_t n = close - open - 1;
    if (memchr(from->s + open + 1, '$', n))
        return nested(ctx, from, open, close, depth, value);
    char *inner = mem_strndup(from->s + open + 1, n);
    if (!inner)
        return err_memory(ctx, "a substitution", (double)n);
    struct where w = place(from, open + 1, n);
    int status = replace(ctx, formula, inner, &w, &all, value);
    mem_free(inner);
    return status;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* $x.  The likely slip is $name for ${name}. */
static int single(struct adele *ctx, const struct source *from, size_t at,
                  struct text *value)
{
    char name[2] = {from->s[at + 1], '\0'};
    struct where w = place(from, at, 2);
    size_t n = 1;
    while (at + 1 + n < from->n && is_name_char(from->s[at + 1 + n]))
        n++;
    if (n > 1 && !variable_exists(ctx, name))
        return err_deck(ctx, &w,
                        "unknown variable '%s': $%.*s means ${%s} followed by "
                        "'%.*s'; write ${%.*s} for the variable '%.*s'",
                        name, (int)n, from->s + at + 1, name, (int)n - 1,
                        from->s + at + 2, (int)n, from->s + at + 1, (int)n,
                        from->s + at + 1);
    return variable_string(ctx, name, &w, value);
}

static int dollar(struct adele *ctx, const struct source *from, size_t at,
                  int depth, size_t *after, struct text *value)
{
    char next = at + 1 < from->n ? from->s[at + 1] : '\0';
    if (next == '(' || next == '{')
        return bracketed(ctx, from, at + 1, depth, after, value);
    *after = at + 2;
    if (is_name_char(next))
        return single(ctx, from, at, value);
    struct where w = place(from, at, 1);
    return err_deck(ctx, &w,
                    "expected a variable after $: $x, ${name} or $(formula)");
}

static int expand(struct adele *ctx, const struct source *from,
                  bool skip_quotes, int depth, struct mapped *out)
{
    struct line_scan scan = {0};
    for (size_t k = 0; k < from->n;) {
        if (from->s[k] == '$' && !(skip_quotes && scan.quote)) {
            struct text value = {0};
            size_t after = k;
            int status = dollar(ctx, from, k, depth, &after, &value);
            if (!status)
                mapped_addn(out, value.s ? value.s : "", value.length, NULL,
                            raw_offset(from, k));
            out->text.failed |= value.failed;
            text_free(&value);
            if (status)
                return status;
            scan.in_word = true;
            k = after;
            continue;
        }
        size_t taken = scan_step(&scan, from->s, k, from->n);
        for (size_t j = 0; j < taken; j++)
            mapped_addn(out, from->s + k + j, 1, NULL, raw_offset(from, k + j));
        k += taken;
    }
    return ADELE_OK;
}

int substitute_line(struct adele *ctx, struct line *line)
{
    int status = join_line(ctx, line);
    if (status || !strchr(line->text, '$'))
        return status;
    struct where start = {line, 0, 0};
    struct source from = source_of(line->text, strlen(line->text), &start);
    struct mapped m = {0};
    status = expand(ctx, &from, true, 0, &m);
    if (status) {
        mapped_free(&m);
        return status;
    }
    if (m.text.length != from.n || memcmp(m.text.s, from.s, from.n) != 0)
        line->substituted = true;
    return mapped_into(ctx, &m, line, line->origin[from.n]);
}

int substitute_text(struct adele *ctx, const char *in,
                    const struct where *where, struct text *out)
{
    struct source from = source_of(in, strlen(in), where);
    struct mapped m = {0};
    int status = expand(ctx, &from, false, 0, &m);
    if (!status)
        text_addn(out, m.text.s ? m.text.s : "", m.text.length);
    if (!status && (m.text.failed || out->failed))
        status = err_memory(ctx, "a substitution", (double)from.n);
    mapped_free(&m);
    return status;
}

struct line *substitute_word(struct adele *ctx, const struct word *word)
{
    size_t n = strlen(word->text);
    if (word->quote) {
        struct source from = source_of(word->text, n, &word->where);
        return inside(ctx, &from, 0, n, 0);
    }
    struct line *line = line_part(&word->where, word->text);
    if (!line)
        err_memory(ctx, "a word", (double)n);
    return line;
}
