/* Decks with expected results: runs the binary on each case of
   tests/cases, in an empty temporary folder, and compares.

   usage: test_cases [FILE.yaml | part of "file: case name"]..

   The binary is $ADELE, or build/adele beside the folder of this program.
   The keys of a case are described in doc/developer/tests.md. */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "process.h"
#include "trial.h"

enum { TIME_LIMIT = 60, ARGS_MAX = 64 };

struct tally {
    int passed, failed, skipped;
};

static const char *const known_keys[] = {
    "name",          "deck",          "files",        "args",
    "stdin",         "env",           "status",       "stderr",
    "stderr_has",    "stdout_has",    "stdout_lacks", "has_files",
    "lacks_files",   "file_has",      "file_lacks",   "thermo",
    "dump",          "table",         "signal",       "repeat",
    "same_files",    "compare_files", "threads",      "limit_file_size",
    "disk_full",     "time_limit",    "terminal",     "then",
    "skip_sanitized"};

static size_t decode_base64(const char *in, unsigned char *out)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    int have = 0;
    size_t n = 0;
    for (; *in && *in != '='; in++) {
        const char *at = strchr(digit, *in);
        if (!at)
            continue;
        bits = bits << 6 | (unsigned)(at - digit);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (unsigned char)(bits >> have);
        }
    }
    return n;
}

static void write_file(struct trial *t, const char *name, struct node content)
{
    char *path = path_join(t->folder, name);
    for (size_t k = strlen(t->folder) + 1; path[k]; k++)
        if (path[k] == '/') {
            path[k] = '\0';
            mkdir(path, 0777);
            path[k] = '/';
        }
    const char *bytes = node_text(content, "");
    size_t n = node_length(content);
    unsigned char *decoded = NULL;
    if (node_is_binary(content)) {
        decoded = malloc(n + 1);
        if (!decoded)
            abort();
        n = decode_base64(bytes, decoded);
        bytes = (const char *)decoded;
    }
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n)
        trial_complain(t, "%s: %s", path, strerror(errno));
    if (file)
        fclose(file);
    free(decoded);
    free(path);
}

static void strip(char *text, const char *part)
{
    size_t n = strlen(part);
    for (char *at = text; (at = strstr(at, part));)
        memmove(at, at + n, strlen(at + n) + 1);
}

static void trim_end(char *text)
{
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1]))
        text[--n] = '\0';
}

static void each_text(struct trial *t, struct node list,
                      void (*visit)(struct trial *t, const char *text,
                                    void *data),
                      void *data)
{
    if (node_is_text(list))
        visit(t, node_text(list, ""), data);
    for (int k = 0; node_is_list(list) && k < node_count(list); k++)
        visit(t, node_text(node_item(list, k), ""), data);
}

struct place {
    const char *name, *text;
};

static void must_have(struct trial *t, const char *text, void *data)
{
    const struct place *p = data;
    if (!strstr(p->text, text))
        trial_complain(t, "%s lacks: %s\n%s was:\n%s", p->name, text, p->name,
                       p->text);
}

static void must_lack(struct trial *t, const char *text, void *data)
{
    const struct place *p = data;
    if (strstr(p->text, text))
        trial_complain(t, "%s has: %s", p->name, text);
}

static void must_exist(struct trial *t, const char *name, void *data)
{
    bool wanted = *(bool *)data;
    char *path = path_join(t->folder, name);
    struct stat status;
    bool there = !stat(path, &status);
    if (there != wanted)
        trial_complain(t, "file %s is %s", name, there ? "there" : "missing");
    else if (there && status.st_size == 0)
        trial_complain(t, "file %s is empty", name);
    free(path);
}

static void check_contents(struct trial *t, struct node map,
                           void (*visit)(struct trial *, const char *, void *))
{
    for (int k = 0; k < node_count(map); k++) {
        const char *name = node_text(node_key(map, k), "");
        char *text = trial_read(t, name, NULL);
        if (!text)
            continue;
        each_text(t, node_item(map, k), visit, &(struct place){name, text});
        mem_free(text);
    }
}

/* Byte for byte; `a` of this trial's folder, `b` of the other's. */
static void compare_bytes(struct trial *t, const char *a,
                          const char *other_folder, const char *b)
{
    struct trial other = {.folder = (char *)other_folder};
    size_t na = 0, nb = 0;
    char *x = trial_read(t, a, &na), *y = trial_read(&other, b, &nb);
    if (other.why.length)
        trial_complain(t, "%s", other.why.s);
    if (x && y && (na != nb || memcmp(x, y, na))) {
        size_t k = 0;
        while (k < na && k < nb && x[k] == y[k])
            k++;
        trial_complain(t, "%s and %s differ at byte %zu (of %zu and %zu)", a,
                       strcmp(a, b) ? b : "that of the first run", k + 1, na,
                       nb);
    }
    text_free(&other.why);
    mem_free(x);
    mem_free(y);
}

static int signal_number(const char *name)
{
    return !strcmp(name, "INT")    ? SIGINT
           : !strcmp(name, "TERM") ? SIGTERM
           : !strcmp(name, "KILL") ? SIGKILL
                                   : 0;
}

static void set_signal(struct trial *t, struct process *p, struct node spec)
{
    if (!spec.at)
        return;
    struct node after = node_get(spec, "after");
    p->signal = signal_number(node_text(node_get(spec, "send"), "INT"));
    p->signal_after = node_number(after, NAN);
    if (isnan(p->signal_after))
        p->signal_text = node_text(after, NULL);
    if (!p->signal || (isnan(p->signal_after) && !p->signal_text))
        trial_complain(t, "signal: needs `after` and `send: INT|TERM|KILL`");
}

/* argv from a list, or from one text split at blanks. */
static void set_args(struct trial *t, struct node spec, char **argv,
                     char **split)
{
    int n = 0;
    argv[n++] = (char *)t->adele;
    *split = NULL;
    if (node_is_list(spec))
        for (int k = 0; k < node_count(spec) && n < ARGS_MAX; k++)
            argv[n++] = (char *)node_text(node_item(spec, k), "");
    else if (node_is_text(spec)) {
        char *save;
        *split = strdup(node_text(spec, ""));
        for (char *w = strtok_r(*split, " \n", &save); w && n < ARGS_MAX;
             w = strtok_r(NULL, " \n", &save))
            argv[n++] = w;
    } else
        argv[n++] = (char *)"in.test";
    argv[n] = NULL;
}

static char **make_env(struct trial *t, struct node map)
{
    int n = node_count(map), k = 0;
    char **env = calloc((size_t)n + 4, sizeof *env);
    if (!env || asprintf(&env[k++], "HOME=%s", t->folder) < 0 ||
        asprintf(&env[k++], "OMP_NUM_THREADS=%d", t->threads) < 0)
        abort();
    env[k++] = strdup("LC_ALL=C");
    for (int j = 0; j < n; j++)
        if (asprintf(&env[k++], "%s=%s", node_text(node_key(map, j), ""),
                     node_text(node_item(map, j), "")) < 0)
            abort();
    return env;
}

static double time_scale(void)
{
    const char *scale = getenv("ADELE_TIME_SCALE");
    return scale && atof(scale) > 0 ? atof(scale) : 1;
}

static void check_process(struct trial *t, struct node spec, struct process *p)
{
    char *prefix = path_join(t->folder, "");
    strip(p->out, prefix);
    strip(p->err, prefix);
    free(prefix);
    if (p->timed_out)
        trial_complain(t, "did not end within %g s", p->time_limit);
    long status = node_integer(node_get(spec, "status"), 0);
    if (p->status != status)
        trial_complain(t,
                       "exit status %d, expected %ld; standard error was:\n%s",
                       p->status, status, p->err);
    struct node err = node_get(spec, "stderr");
    if (err.at) {
        char *want = strdup(node_text(err, ""));
        trim_end(want);
        char *have = strdup(p->err);
        trim_end(have);
        if (strcmp(want, have))
            trial_complain(t, "standard error:\n%s\nexpected:\n%s", have, want);
        free(want);
        free(have);
    }
    struct place out = {"standard output", p->out};
    each_text(t, node_get(spec, "stderr_has"), must_have,
              &(struct place){"standard error", p->err});
    each_text(t, node_get(spec, "stdout_has"), must_have, &out);
    each_text(t, node_get(spec, "stdout_lacks"), must_lack, &out);
}

/* One run of the program as `spec` says, in the trial's folder. */
static void run_program(struct trial *t, struct node spec)
{
    char *argv[ARGS_MAX + 2], *split;
    set_args(t, node_get(spec, "args"), argv, &split);
    char **env = make_env(t, node_get(spec, "env"));
    struct node input = node_get(spec, "stdin");
    struct process p = {
        .argv = argv,
        .folder = t->folder,
        .env = env,
        .input = node_text(input, ""),
        .input_length = node_length(input),
        .terminal = node_bool(node_get(spec, "terminal"), false),
        .time_limit = time_scale() *
                      node_number(node_get(spec, "time_limit"), TIME_LIMIT),
        .file_size_limit = node_integer(node_get(spec, "limit_file_size"), 0),
        .full_disk = node_integer(node_get(spec, "disk_full"), 0)};
    set_signal(t, &p, node_get(spec, "signal"));
    if (process_run(&p))
        trial_complain(t, "%s could not be started", t->adele);
    else if (p.cannot_limit)
        t->skipped = true;
    else
        check_process(t, spec, &p);
    process_fini(&p);
    for (char **e = env; *e; e++)
        free(*e);
    free(env);
    free(split);
}

static void check_keys(struct trial *t)
{
    for (int k = 0; k < node_count(t->spec); k++) {
        const char *key = node_text(node_key(t->spec, k), "");
        size_t j = 0, n = sizeof known_keys / sizeof *known_keys;
        while (j < n && strcmp(key, known_keys[j]))
            j++;
        if (j == n)
            trial_complain(t, "line %d: unknown key '%s'",
                           node_line(node_key(t->spec, k)), key);
    }
}

static void check_files(struct trial *t)
{
    each_text(t, node_get(t->spec, "has_files"), must_exist, &(bool){true});
    each_text(t, node_get(t->spec, "lacks_files"), must_exist, &(bool){false});
    check_contents(t, node_get(t->spec, "file_has"), must_have);
    check_contents(t, node_get(t->spec, "file_lacks"), must_lack);
    trial_check_numbers(t);
    struct node list = node_get(t->spec, "compare_files");
    for (int k = 1; k < node_count(list); k++)
        compare_bytes(t, node_text(node_item(list, k), ""), t->folder,
                      node_text(node_item(list, 0), ""));
}

/* All of one case in a folder of its own, `threads` threads. */
static void run_once(struct trial *t)
{
    t->folder = folder_new();
    struct node deck = node_get(t->spec, "deck");
    struct node files = node_get(t->spec, "files");
    if (deck.at)
        write_file(t, "in.test", deck);
    for (int k = 0; k < node_count(files); k++)
        write_file(t, node_text(node_key(files, k), ""), node_item(files, k));
    run_program(t, t->spec);
    struct node then = node_get(t->spec, "then");
    for (int k = 0; node_is_list(then) && k < node_count(then); k++)
        run_program(t, node_item(then, k));
    if (!t->skipped)
        check_files(t);
}

/* Runs the case for each count of threads and repetition; the files named in
   same_files must not differ. */
static void run_case(struct trial *t)
{
    struct node threads = node_get(t->spec, "threads");
    struct node same = node_get(t->spec, "same_files");
    int counts = node_is_list(threads) ? node_count(threads) : 1;
    int repeat = (int)node_integer(node_get(t->spec, "repeat"), 1);
    char *first = NULL;
    check_keys(t);
    for (int k = 0; k < counts * repeat && !t->why.length; k++) {
        struct node count =
            node_is_list(threads) ? node_item(threads, k / repeat) : threads;
        t->threads = (int)node_integer(count, 1);
        run_once(t);
        for (int j = 0; first && j < node_count(same); j++) {
            const char *name = node_text(node_item(same, j), "");
            compare_bytes(t, name, first, name);
        }
        if (!first)
            first = t->folder;
        else
            folder_remove(t->folder);
    }
    folder_remove(first);
}

static void report(struct tally *tally, struct trial *t, const char *title)
{
    int number = tally->passed + tally->failed + tally->skipped + 1;
    if (t->why.length) {
        tally->failed++;
        printf("not ok %d - %s\n", number, title);
        char *save;
        for (char *line = strtok_r(t->why.s, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
            printf("# %s\n", line);
    } else if (t->skipped) {
        tally->skipped++;
        printf("ok %d - %s # SKIP not possible here\n", number, title);
    } else {
        tally->passed++;
        printf("ok %d - %s\n", number, title);
    }
    fflush(stdout);
    text_free(&t->why);
}

/* Whether some text of the case matches $ADELE_CASES_USING (a regular
   expression; tools/mutate.sh asks for the cases that use a style). */
static bool is_using(struct node spec)
{
    const char *pattern = getenv("ADELE_CASES_USING");
    regex_t regex;
    bool found = false;
    if (!pattern ||
        regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
        return true;
    yaml_node_t *at = spec.doc->nodes.start;
    for (; at < spec.doc->nodes.top && !found; at++)
        found =
            at->type == YAML_SCALAR_NODE &&
            !regexec(&regex, (const char *)at->data.scalar.value, 0, NULL, 0);
    regfree(&regex);
    return found;
}

/* $ADELE_CASES_STOP: one failure is enough. */
static bool is_over(const struct tally *tally)
{
    return tally->failed && getenv("ADELE_CASES_STOP");
}

static bool selected(const char *title, char **filters, int n)
{
    for (int k = 0; k < n; k++)
        if (strstr(title, filters[k]))
            return true;
    return n == 0;
}

static void run_file(const char *path, const char *adele, struct tally *tally,
                     char **filters, int nfilter)
{
    struct yaml_file file;
    char why[256];
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (yaml_file_read(path, &file, why)) {
        struct trial t = {0};
        trial_complain(&t, "%s", why);
        report(tally, &t, base);
    }
    for (int k = 0; k < file.n && !is_over(tally); k++) {
        struct trial t = {.spec = yaml_root(&file, k), .adele = adele};
        char *title;
        if (asprintf(&title, "%s: %s", base,
                     node_text(node_get(t.spec, "name"), "(no name)")) < 0)
            abort();
        if (selected(title, filters, nfilter) && is_using(t.spec)) {
#ifdef __SANITIZE_ADDRESS__
            t.skipped = node_bool(node_get(t.spec, "skip_sanitized"), false);
#endif
            if (!t.skipped)
                run_case(&t);
            report(tally, &t, title);
        }
        free(title);
    }
    yaml_file_free(&file);
}

/* $ADELE, or ../adele from this program; absolute, since cases run elsewhere.
 */
static char *find_adele(void)
{
    const char *given = getenv("ADELE");
    char self[4096];
    if (given)
        return realpath(given, NULL);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 16);
    if (n < 0)
        return NULL;
    self[n] = '\0';
    strcpy(strrchr(self, '/'), "/../adele");
    return realpath(self, NULL);
}

static bool is_yaml(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && !strcmp(name + n - 5, ".yaml");
}

static int yaml_only(const struct dirent *entry)
{
    return is_yaml(entry->d_name);
}

static void run_folder(const char *folder, const char *adele,
                       struct tally *tally, char **filters, int nfilter)
{
    struct dirent **entry;
    int n = scandir(folder, &entry, yaml_only, alphasort);
    for (int k = 0; k < n; k++) {
        char *path = path_join(folder, entry[k]->d_name);
        run_file(path, adele, tally, filters, nfilter);
        free(path);
        free(entry[k]);
    }
    if (n >= 0)
        free(entry);
}

int main(int argc, char **argv)
{
    struct tally tally = {0};
    char *adele = find_adele();
    if (!adele) {
        printf("Bail out! no adele binary; set ADELE\n");
        return 1;
    }
    char *filters[ARGS_MAX];
    int nfilter = 0, nfile = 0;
    for (int k = 1; k < argc; k++)
        if (is_yaml(argv[k]))
            nfile++;
        else if (nfilter < ARGS_MAX)
            filters[nfilter++] = argv[k];
    for (int k = 1; k < argc; k++)
        if (is_yaml(argv[k]) && !is_over(&tally))
            run_file(argv[k], adele, &tally, filters, nfilter);
    if (!nfile)
        run_folder("tests/cases", adele, &tally, filters, nfilter);
    printf("1..%d\n", tally.passed + tally.failed + tally.skipped);
    free(adele);
    return tally.failed > 0;
}
