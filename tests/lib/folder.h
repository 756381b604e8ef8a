/* A folder for the files of a test program, made before its tests and removed
   with all in it after them: setup and teardown of a cmocka group. */

#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

extern char *folder;

int folder_make(void **state);
int folder_drop(void **state);

/* The same, and the tests run in it. */
int folder_enter(void **state);
int folder_leave(void **state);

/* The path of a file in it; good until the fourth call after this one. */
char *folder_path(const char *file);

#endif
