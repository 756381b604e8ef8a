/* Thread count of the BLAS and LAPACK library.

   The library keeps its own threads.  They help a large dense solve and hurt
   inside an OpenMP region, so they are raised around the solve only. */

#ifndef ADELE_BLAS_H
#define ADELE_BLAS_H

/* Sets the number of threads and returns the previous one, to be set again
   afterwards.  Inside an OpenMP parallel region it always sets one. */
int blas_threads(int n);

#endif
