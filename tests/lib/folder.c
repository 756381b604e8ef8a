/* A folder for a test program: see folder.h. */

#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "process.h"

char *folder;
static char *before; /* where folder_enter came from */

int folder_make(void **state)
{
    (void)state;
    folder = folder_new();
    return folder ? 0 : -1;
}

int folder_drop(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

int folder_enter(void **state)
{
    before = getcwd(NULL, 0);
    return !before || folder_make(state) || chdir(folder) ? -1 : 0;
}

int folder_leave(void **state)
{
    int status = chdir(before);

    free(before);
    return folder_drop(state) || status;
}

char *folder_path(const char *file)
{
    static char path[4][512];
    static int k;

    k = (k + 1) % 4;
    snprintf(path[k], sizeof path[k], "%s/%s", folder, file);
    return path[k];
}
