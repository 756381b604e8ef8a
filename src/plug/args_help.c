/* What an argument table says to a reader: the usage line and the list of
   arguments.  Conventions: lower-case words stand as they are, N is an
   integer, X a number, X|v_name a number or a reference; [..] may be left
   out, a|b is a choice, {a .. | b ..} a choice with arguments of its own,
   ... repeats. */

#include "plug/args.h"

#include <string.h>

static void add_placeholder(const struct arg *a, struct text *out)
{
    if (a->syntax) {
        text_add(out, a->syntax);
        return;
    }
    switch (a->kind) {
    case ARG_INT:
        text_add(out, "N");
        break;
    case ARG_NUMBER:
        text_add(out, "X");
        break;
    case ARG_BOOL:
        text_add(out, "yes|no");
        break;
    case ARG_FILE:
        text_add(out, "FILE");
        break;
    case ARG_VALUE:
        text_add(out, "X|v_name");
        break;
    case ARG_GROUP:
        text_add(out, "GROUP");
        break;
    case ARG_LIST:
        text_add(out, a->bounded && a->max == 1 ? "WORD" : "word ...");
        break;
    case ARG_STYLE:
        text_add(out, "STYLE args");
        break;
    case ARG_REST:
        text_add(out, "...");
        break;
    case ARG_NUMBERS:
        for (int i = 0; i < a->count; i++)
            text_addf(out, "%sX%d", i ? " " : "", i + 1);
        break;
    default:
        text_add(out, "WORD");
        break;
    }
}

static void add_choices(const struct arg *a, struct text *out)
{
    for (int i = 0; a->choice[i]; i++)
        text_addf(out, "%s%s", i ? "|" : "", a->choice[i]);
}

static void add_cases(const struct arg *a, struct text *out)
{
    text_addc(out, '{');
    for (int i = 0; a->cases[i].name; i++) {
        text_addf(out, "%s%s", i ? " | " : "", a->cases[i].name);
        if (a->cases[i].args && a->cases[i].args->kind) {
            text_addc(out, ' ');
            args_syntax(a->cases[i].args, out);
        }
    }
    text_addc(out, '}');
}

static void add_positional(const struct arg *a, struct text *out)
{
    if (a->def)
        text_addc(out, '[');
    if (a->kind == ARG_ONEOF)
        add_cases(a, out);
    else if (a->kind == ARG_CHOICE)
        add_choices(a, out);
    else
        text_add(out, a->syntax ? a->syntax : a->name);
    bool one = a->syntax || (a->bounded && a->max == 1);
    if ((a->kind == ARG_LIST || a->kind == ARG_REST) && !one)
        text_add(out, " ...");
    if (a->def)
        text_addc(out, ']');
}

static void add_keyword(const struct arg *a, struct text *out)
{
    if (!a->required)
        text_addc(out, '[');
    text_add(out, a->name);
    if (a->kind != ARG_FLAG)
        text_addc(out, ' ');
    if (a->kind == ARG_ONEOF)
        add_cases(a, out);
    else if (a->kind == ARG_CHOICE)
        add_choices(a, out);
    else if (a->kind != ARG_FLAG)
        add_placeholder(a, out);
    if (!a->required)
        text_addc(out, ']');
}

void args_syntax(const struct arg *table, struct text *out)
{
    bool first = true;

    for (int key = 0; key < 2; key++) {
        for (const struct arg *a = table; a && a->kind; a++) {
            if (a->key != key)
                continue;
            if (!first)
                text_addc(out, ' ');
            first = false;
            if (key)
                add_keyword(a, out);
            else
                add_positional(a, out);
        }
    }
}

static void add_range(const struct arg *a, struct text *out)
{
    if (a->positive)
        text_add(out, " > 0");
    else if (a->nonnegative)
        text_add(out, " >= 0");
    else if (a->bounded && a->kind != ARG_LIST && a->kind != ARG_REST)
        text_addf(out, " %.10g to %.10g", a->min, a->max);
}

static void help_table(const struct arg *table, int indent, struct text *out)
{
    for (const struct arg *a = table; a && a->kind; a++) {
        text_addf(out, "%*s%-*s ", indent, "", 14 - (indent > 4 ? 4 : 0),
                  a->name);
        if (a->kind == ARG_CHOICE)
            add_choices(a, out);
        else if (a->kind == ARG_FLAG)
            text_add(out, "(no value)");
        else if (a->kind == ARG_ONEOF)
            text_add(out, "one of");
        else
            add_placeholder(a, out);
        add_range(a, out);
        if (a->unit && a->unit[0])
            text_addf(out, " [%s]", a->unit);
        if (a->doc)
            text_addf(out, "  %s", a->doc);
        if (a->def && a->def[0])
            text_addf(out, " (default %s)", a->def);
        text_addc(out, '\n');
        for (int i = 0; a->kind == ARG_ONEOF && a->cases[i].name; i++) {
            text_addf(out, "%*s%s", indent + 4, "", a->cases[i].name);
            if (a->cases[i].doc)
                text_addf(out, "  %s", a->cases[i].doc);
            text_addc(out, '\n');
            help_table(a->cases[i].args, indent + 8, out);
        }
    }
}

void args_help(const struct arg *table, struct text *out)
{
    help_table(table, 4, out);
}
