/* Memory, sums and timers. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sum.h"
#include "base/timer.h"

static void blocks_are_aligned_and_counted(void **state)
{
    (void)state;
    size_t before = mem_held();
    void *p = mem_alloc(3, 7), *q = mem_zalloc(0, 8);
    assert_non_null(p);
    assert_non_null(q);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_int_equal(mem_held(), before + 21);
    p = mem_resize(p, 100, 7);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_int_equal(mem_held(), before + 700);
    assert_true(mem_peak() >= before + 700);
    mem_free(p);
    mem_free(q);
    mem_free(NULL);
    assert_int_equal(mem_held(), before);
}

static void resize_keeps_what_was_there(void **state)
{
    (void)state;
    unsigned char *p = mem_resize(NULL, 10, 1);
    for (int k = 0; k < 10; k++)
        p[k] = (unsigned char)k;
    p = mem_resize(p, 1000, 1);
    p = mem_resize(p, 5, 1);
    for (int k = 0; k < 5; k++)
        assert_int_equal(p[k], k);
    mem_free(p);
    double *z = mem_zalloc(1000, sizeof *z);
    for (int k = 0; k < 1000; k++)
        assert_true(z[k] == 0);
    mem_free(z);
}

static void impossible_sizes_give_null(void **state)
{
    (void)state;
    size_t before = mem_held();
    assert_null(mem_alloc(SIZE_MAX, 1));
    assert_null(mem_alloc(SIZE_MAX / 4, 8));
    assert_null(mem_zalloc((size_t)1 << 62, 4));
    assert_null(mem_alloc(PTRDIFF_MAX, 1));
    char *p = mem_strdup("kept");
    assert_null(mem_resize(p, SIZE_MAX / 2, 3));
    assert_string_equal(p, "kept");
    mem_free(p);
    assert_int_equal(mem_held(), before);
}

static void strings_are_copied(void **state)
{
    (void)state;
    char *a = mem_strdup("hello"), *b = mem_strndup("hello", 2);
    char *c = mem_strndup("hi", 100);
    assert_string_equal(a, "hello");
    assert_string_equal(b, "he");
    assert_string_equal(c, "hi");
    assert_null(mem_strdup(NULL));
    mem_free(a);
    mem_free(b);
    mem_free(c);
}

static double integers(const void *data, int64_t begin, int64_t end)
{
    (void)data;
    double s = 0;
    for (int64_t i = begin; i < end; i++)
        s += (double)i;
    return s;
}

static void sums_of_integers_are_exact(void **state)
{
    (void)state;
    const int64_t size[] = {0, 1, 7, 8, 9, 4095, 4096, 4097, 100000, 5000000};
    for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
        int64_t n = size[k];
        double expected = 0.5 * (double)n * ((double)n - 1);
        assert_true(sum_chunks(n, integers, NULL) == expected);
        double *a = mem_alloc((size_t)n, sizeof *a);
        for (int64_t i = 0; i < n; i++)
            a[i] = (double)(i % 1000) - 3;
        double s = 0, s2 = 0;
        for (int64_t i = 0; i < n; i++) {
            s += a[i];
            s2 += a[i] * a[i];
        }
        assert_true(sum_array(a, n) ==
                    s); /* integers below 2^53: no rounding */
        assert_true(sum_squares(a, n) == s2);
        assert_true(sum_product(a, a, n) == s2);
        mem_free(a);
    }
}

/* The error of the sum of n numbers of one sign in chains of 512 additions and
   n/4096 chunks is below (512 + n/4096) roundings of the result. */
static void sums_do_not_depend_on_threads(void **state)
{
    (void)state;
    const int64_t n = 3000001;
    double *a = mem_alloc((size_t)n, sizeof *a);
    rng_uniforms((struct rng_key){1, 1, 1, 1}, 0, 1, a, n);
    long double exact = 0;
    for (int64_t i = 0; i < n; i++)
        exact += a[i];
    double first = 0;
    for (int threads = 1; threads <= 5; threads++) {
        omp_set_num_threads(threads);
        double s = sum_array(a, n);
        if (threads == 1)
            first = s;
        assert_memory_equal(&s, &first, sizeof s);
    }
    double bound = (512 + (double)n / SUM_CHUNK) * DBL_EPSILON * first;
    assert_true(fabs(first - (double)exact) < bound);
    mem_free(a);
}

static void timers_share_out_all_time(void **state)
{
    (void)state;
    struct timers t;
    double begin = wall_time();
    timers_reset(&t);
    assert_int_equal(timers_enter(&t, TASK_SOLVE), TASK_OTHER);
    double until = wall_time() + 0.02;
    while (wall_time() < until)
        ;
    assert_int_equal(timers_enter(&t, TASK_OTHER), TASK_SOLVE);
    double all = wall_time() - begin, sum = 0;
    for (int k = 0; k < TASK_COUNT; k++) {
        sum += t.spent[k];
        assert_non_null(task_name((enum task)k));
    }
    assert_true(t.spent[TASK_SOLVE] >= 0.02);
    assert_true(sum <= all && sum >= 0.02);
    assert_string_equal(task_name(TASK_SOLVE), "Solve");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_counted),
        cmocka_unit_test(resize_keeps_what_was_there),
        cmocka_unit_test(impossible_sizes_give_null),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(sums_of_integers_are_exact),
        cmocka_unit_test(sums_do_not_depend_on_threads),
        cmocka_unit_test(timers_share_out_all_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
