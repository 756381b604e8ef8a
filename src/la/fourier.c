/* Fourier transforms of real blocks; see fourier.h. */

#include "la/fourier.h"

#include <fftw3.h>
#include <string.h>

#include "base/mem.h"

int fourier_init(struct fourier *f, const int n[3])
{
    *f = (struct fourier){.n = {n[0], n[1], n[2]}};
    f->nreal = (int64_t)n[0] * n[1] * n[2];
    f->nwave = (int64_t)(n[0] / 2 + 1) * n[1] * n[2];
    f->real = mem_alloc((size_t)f->nreal, sizeof *f->real);
    f->wave = mem_alloc((size_t)f->nwave, sizeof *f->wave);
    if (!f->real || !f->wave) {
        fourier_fini(f);
        return -1;
    }
    /* FFTW's planner keeps tables of its own and is not reentrant. */
#pragma omp critical(adele_fftw_planner)
    {
        f->forward = fftw_plan_dft_r2c_3d(n[2], n[1], n[0], f->real, f->wave,
                                          FFTW_ESTIMATE);
        f->backward = fftw_plan_dft_c2r_3d(n[2], n[1], n[0], f->wave, f->real,
                                           FFTW_ESTIMATE);
    }
    if (f->forward && f->backward)
        return 0;
    fourier_fini(f);
    return -1;
}

void fourier_fini(struct fourier *f)
{
#pragma omp critical(adele_fftw_planner)
    {
        if (f->forward)
            fftw_destroy_plan(f->forward);
        if (f->backward)
            fftw_destroy_plan(f->backward);
    }
    mem_free(f->real);
    mem_free(f->wave);
    memset(f, 0, sizeof *f);
}

void fourier_forward(struct fourier *f)
{
    fftw_execute(f->forward);
}

void fourier_backward(struct fourier *f)
{
    fftw_execute(f->backward);
}

double complex fourier_at(const struct fourier *f, const double complex *wave,
                          int k0, int k1, int k2)
{
    int64_t half = f->n[0] / 2 + 1;
    if (k0 < half)
        return wave[((int64_t)k2 * f->n[1] + k1) * half + k0];
    k0 = f->n[0] - k0;
    k1 = k1 ? f->n[1] - k1 : 0;
    k2 = k2 ? f->n[2] - k2 : 0;
    return conj(wave[((int64_t)k2 * f->n[1] + k1) * half + k0]);
}
