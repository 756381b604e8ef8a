/* When threads pay.

   Waking a team of threads costs microseconds on an idle machine and a time
   slice on a busy one, so loops over less than PARALLEL_MIN numbers stay with
   one thread:

       #pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)      */

#ifndef ADELE_PARALLEL_H
#define ADELE_PARALLEL_H

enum { PARALLEL_MIN = 16384 };

#endif
