/* Comparison of doubles for the tests (cmocka's own compares floats). */

#ifndef TEST_CLOSE_H
#define TEST_CLOSE_H

#include <math.h>

/* |a - b| <= tolerance, also false for nan; both shown with all digits. */
#define assert_close(a, b, tolerance)                                          \
    do {                                                                       \
        double a_ = (a), b_ = (b), t_ = (tolerance);                           \
        if (!(fabs(a_ - b_) <= t_))                                            \
            fail_msg("%s = %.17g, expected %.17g, tolerance %g", #a, a_, b_,   \
                     t_);                                                      \
    } while (0)

#endif
