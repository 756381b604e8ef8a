/* Discrete Fourier transforms of real blocks (FFTW, FFTW_ESTIMATE: the same
   bits every time), any sizes.

       wave[k] = sum_x real[x] exp(-i 2 pi (k0 x0/n0 + k1 x1/n1 + k2 x2/n2))

   real [n2][n1][n0];  wave [n2][n1][n0/2 + 1], the rest by wave[-k] = its
   conjugate.  backward is the unnormalised inverse and destroys wave. */

#ifndef ADELE_FOURIER_H
#define ADELE_FOURIER_H

#include <complex.h>
#include <stdint.h>

struct fourier {
    int n[3];
    int64_t nreal, nwave;
    double *real;
    double complex *wave;
    void *forward, *backward; /* plans */
};

int fourier_init(struct fourier *f, const int n[3]); /* 0 or -1 (memory) */
void fourier_fini(struct fourier *f); /* also of a zeroed struct */
void fourier_forward(struct fourier *f);
void fourier_backward(struct fourier *f);

/* wave at any k (each 0 .. n-1), from the half that is stored. */
double complex fourier_at(const struct fourier *f, const double complex *wave,
                          int k0, int k1, int k2);

#endif
