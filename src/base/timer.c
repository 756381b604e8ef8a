/* Wall-clock time split by task: see timer.h. */

#include "base/timer.h"

#include <time.h>

double wall_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void timers_reset(struct timers *t)
{
    *t = (struct timers){.current = TASK_OTHER, .since = wall_time()};
}

enum task timers_enter(struct timers *t, enum task task)
{
    enum task before = t->current;
    double now = wall_time();
    t->spent[before] += now - t->since;
    t->since = now;
    t->current = task;
    return before;
}

const char *task_name(enum task task)
{
    static const char *const name[TASK_COUNT] = {
        [TASK_OTHER] = "Other",           [TASK_PAIR] = "Pair",
        [TASK_BUILD] = "Build",           [TASK_SOLVE] = "Solve",
        [TASK_DENSITY] = "Density",       [TASK_FORCE] = "Force",
        [TASK_DESCRIPTOR] = "Descriptor", [TASK_NETWORK] = "Network",
        [TASK_MODIFY] = "Modify",         [TASK_COMM] = "Comm",
        [TASK_OUTPUT] = "Output"};
    return name[task];
}
