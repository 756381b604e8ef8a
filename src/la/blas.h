/* Thread count of the BLAS and LAPACK library.

   The library keeps its own threads.  They help a large dense solve and hurt
   inside an OpenMP region, so they are raised around the solve only. */

#ifndef ADELE_BLAS_H
#define ADELE_BLAS_H

/* Sets the number of threads and returns the previous one, to be set again
   afterwards.  Inside an OpenMP parallel region it always sets one; never more
   than the environment variable OPENBLAS_NUM_THREADS, where that is set: its
   threads wait by yielding, which on a busy machine costs a time slice for each
   of the many short products of a dense solve. */
int blas_threads(int n);

#endif
