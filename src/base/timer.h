/* Wall-clock time split by task.  One task is current at any moment;
   entering another returns the previous, to be entered again at the end:

       enum task before = timers_enter(&timers, TASK_SOLVE);
       ...
       timers_enter(&timers, before);                                        */

#ifndef ADELE_TIMER_H
#define ADELE_TIMER_H

enum task {
    TASK_OTHER,
    TASK_PAIR,  /* force work that is none of the parts below */
    TASK_BUILD, /* Hamiltonian assembly */
    TASK_SOLVE, /* eigenvalues, factorisations */
    TASK_DENSITY,
    TASK_FORCE, /* densities into forces */
    TASK_DESCRIPTOR,
    TASK_NETWORK,
    TASK_MODIFY, /* fixes */
    TASK_COMM,   /* halo exchange */
    TASK_OUTPUT,
    TASK_COUNT
};

struct timers {
    double spent[TASK_COUNT]; /* seconds */
    enum task current;
    double since;
};

double wall_time(void); /* seconds, monotonic */
void timers_reset(struct timers *t);
enum task timers_enter(struct timers *t, enum task task);
const char *task_name(enum task task);

#endif
