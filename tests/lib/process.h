/* Runs a program in a folder and keeps what it prints, for the tests. */

#ifndef TEST_PROCESS_H
#define TEST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct process {
    /* what to run */
    char *const *argv;      /* ended by NULL; argv[0] is the path */
    const char *folder;     /* to run in; NULL: here */
    char *const *env;       /* "NAME=value", ended by NULL, added; or NULL */
    const char *input;      /* standard input; NULL: empty */
    size_t input_length;
    bool terminal;          /* on a pseudo terminal; all output in out */
    double time_limit;      /* seconds, then it is killed */
    long file_size_limit;   /* bytes; 0: none */
    long full_disk;         /* > 0: folder "full" is a file system this big */
    int signal;             /* to send once, 0: none */
    double signal_after;    /* seconds, or when .. */
    const char *signal_text;/* .. this stands on standard output; or NULL */

    /* what came of it */
    char *out, *err;        /* terminated; process_fini frees */
    size_t out_length, err_length;
    int status;             /* exit status, or 128 + signal that ended it */
    bool timed_out;
    bool cannot_limit;      /* full_disk is not possible here: nothing ran */
};

/* 0, or -1 when no process could be started. */
int process_run(struct process *p);
void process_fini(struct process *p);

/* A new empty folder (its path, to be freed) and its removal with all in it. */
char *folder_new(void);
void folder_remove(char *path);

#endif
