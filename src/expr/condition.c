/* The condition of `if`.

   LAMMPS compares numbers and words; here a condition is a formula in which
   == and != may also compare two words as text:

       if "${phase} == cdw && step > 100" then ..

   A word is a plain name (letters, digits, . _ - / +, beginning with a
   letter or _) that is no reference, or anything in quotes.  Such a
   comparison is replaced by its value before the formula is read, padded
   with blanks so that places stay right. */

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "expr/formula.h"

struct token {
    const char *s; /* inside of the quotes */
    size_t n;
    const char *end; /* behind the token, quotes included */
};

static const char *skip_blank(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* What may stand before or behind a comparison of words. */
static bool boundary(const char *s)
{
    return !*s || *s == ')' || !strncmp(s, "&&", 2) || !strncmp(s, "||", 2) ||
           !strncmp(s, "|^", 2);
}

static bool opens(const char *text, const char *s)
{
    while (s > text && strchr(" \t\r\n", s[-1]))
        s--;
    if (s == text || s[-1] == '(' || s[-1] == '!')
        return true;
    return s - text >= 2 &&
           (!strncmp(s - 2, "&&", 2) || !strncmp(s - 2, "||", 2) ||
            !strncmp(s - 2, "|^", 2));
}

static bool word_token(const char *s, struct token *t)
{
    if (*s == '\'' || *s == '"') {
        const char *close = strchr(s + 1, *s);
        if (!close)
            return false;
        *t = (struct token){s + 1, (size_t)(close - s - 1), close + 1};
        return true;
    }
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    if (strchr("cfv", *s) && s[1] == '_')
        return false;
    size_t n = 1;
    while (isalnum((unsigned char)s[n]) || (s[n] && strchr("._-/+", s[n])))
        n++;
    *t = (struct token){s, n, s + n};
    return true;
}

/* A comparison of two words at s: its result, and where it ends. */
static bool compare_words(const char *text, const char *s, bool *equal,
                          const char **end)
{
    struct token a, b;
    if (!opens(text, s) || !word_token(s, &a))
        return false;
    const char *op = skip_blank(a.end);
    bool same = !strncmp(op, "==", 2);
    if (!same && strncmp(op, "!=", 2))
        return false;
    if (!word_token(skip_blank(op + 2), &b) || !boundary(skip_blank(b.end)))
        return false;
    *equal = (a.n == b.n && !memcmp(a.s, b.s, a.n)) == same;
    *end = b.end;
    return true;
}

int formula_condition(struct adele *ctx, const char *text,
                      const struct where *where, bool *out)
{
    char *copy = mem_strdup(text);
    if (!copy)
        return err_memory(ctx, "a condition", (double)strlen(text));
    for (char *s = copy; *s; s++) {
        const char *end;
        bool equal;
        if (!compare_words(copy, s, &equal, &end))
            continue;
        memset(s, ' ', (size_t)(end - s));
        *s = equal ? '1' : '0';
    }
    struct formula *f = formula_new(ctx, copy, where);
    double value = 0;
    int status = f ? formula_scalar(ctx, f, &value) : ctx->error.status;
    formula_free(f);
    mem_free(copy);
    *out = value != 0;
    return status;
}
