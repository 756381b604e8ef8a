/* The operators and numeric functions of formulas.

   Each maps numbers to a number, or says in one constant sentence why it
   cannot.  The functions of the step number (stagger, logfreq, stride ..)
   give the next step at which something happens, as in LAMMPS; STEP_NEVER is
   a step that no run reaches. */

#include <math.h>
#include <string.h>

#include "base/sum.h"
#include "expr/formula_ops.h"
#include "expr/formula_words.h"

#define STEP_NEVER ((double)(INT64_MAX - 511))

/* ---- operators ---- */

#define MAP(name)                                                              \
    static const char *name(const struct adele *ctx, const double *a, int n,   \
                            double *out)
#define UNUSED (void)ctx, (void)n

#define SIMPLE(name, value)                                                    \
    MAP(name)                                                                  \
    {                                                                          \
        UNUSED;                                                                \
        *out = (value);                                                        \
        return NULL;                                                           \
    }

SIMPLE(negate, -a[0])
SIMPLE(logical_not, a[0] == 0)
SIMPLE(add, a[0] + a[1])
SIMPLE(subtract, a[0] - a[1])
SIMPLE(multiply, a[0] * a[1])
SIMPLE(less, a[0] < a[1])
SIMPLE(less_equal, a[0] <= a[1])
SIMPLE(greater, a[0] > a[1])
SIMPLE(greater_equal, a[0] >= a[1])
SIMPLE(equal, a[0] == a[1])
SIMPLE(not_equal, a[0] != a[1])
SIMPLE(logical_and, a[0] != 0 && a[1] != 0)
SIMPLE(logical_or, a[0] != 0 || a[1] != 0)
SIMPLE(logical_xor, (a[0] != 0) != (a[1] != 0))

MAP(divide)
{
    UNUSED;
    if (a[1] == 0)
        return "division by zero";
    *out = a[0] / a[1];
    return NULL;
}

MAP(modulo)
{
    UNUSED;
    if (a[1] == 0)
        return "division by zero in %";
    *out = fmod(a[0], a[1]);
    return NULL;
}

MAP(power)
{
    UNUSED;
    if (a[0] == 0 && a[1] < 0)
        return "division by zero: 0 to a negative power";
    if (a[0] < 0 && a[1] != floor(a[1]))
        return "a negative number to a fractional power";
    *out = pow(a[0], a[1]);
    return NULL;
}

#define BINARY(text, order, fn)                                                \
    {                                                                          \
        text, order,                                                           \
        {                                                                      \
            text, FUNCTION_MAP, 2, 2, .map = fn, .usage = text                 \
        }                                                                      \
    }

const struct operator operator_negate = {
    "-", 8, {"-", FUNCTION_MAP, 1, 1, .map = negate, .usage = "-x"}};
const struct operator operator_not = {
    "!", 8, {"!", FUNCTION_MAP, 1, 1, .map = logical_not, .usage = "!x"}};

/* Longer names before those that they begin with. */
static const struct operator operators[] = {BINARY("^", 7, power),
                                            BINARY("*", 6, multiply),
                                            BINARY("/", 6, divide),
                                            BINARY("%", 6, modulo),
                                            BINARY("+", 5, add),
                                            BINARY("-", 5, subtract),
                                            BINARY("<=", 4, less_equal),
                                            BINARY("<", 4, less),
                                            BINARY(">=", 4, greater_equal),
                                            BINARY(">", 4, greater),
                                            BINARY("==", 3, equal),
                                            BINARY("!=", 3, not_equal),
                                            BINARY("&&", 2, logical_and),
                                            BINARY("||", 1, logical_or),
                                            BINARY("|^", 1, logical_xor)};

const struct operator* operator_at(const char *s)
{
    for (size_t k = 0; k < sizeof operators / sizeof *operators; k++) {
        const struct operator* o = & operators[k];
        if (!strncmp(s, o->name, strlen(o->name)))
            return o;
    }
    return NULL;
}

/* ---- functions of numbers ---- */

SIMPLE(exponential, exp(a[0]))
SIMPLE(absolute, fabs(a[0]))
SIMPLE(sign, a[0] > 0 ? 1 : a[0] < 0 ? -1 : 0)
SIMPLE(sine, sin(a[0]))
SIMPLE(cosine, cos(a[0]))
SIMPLE(tangent, tan(a[0]))
SIMPLE(arctangent, atan(a[0]))
SIMPLE(arctangent2, atan2(a[0], a[1]))
SIMPLE(hyperbolic_sine, sinh(a[0]))
SIMPLE(hyperbolic_cosine, cosh(a[0]))
SIMPLE(hyperbolic_tangent, tanh(a[0]))
SIMPLE(round_up, ceil(a[0]))
SIMPLE(round_down, floor(a[0]))
SIMPLE(round_half_away, round(a[0]))
SIMPLE(ternary, a[0] != 0 ? a[1] : a[2])

MAP(square_root)
{
    UNUSED;
    if (a[0] < 0)
        return "square root of a negative number";
    *out = sqrt(a[0]);
    return NULL;
}

MAP(logarithm)
{
    UNUSED;
    if (a[0] <= 0)
        return "logarithm of a number that is not positive";
    *out = log(a[0]);
    return NULL;
}

MAP(logarithm10)
{
    const char *fault = logarithm(ctx, a, n, out);
    if (!fault)
        *out = log10(a[0]);
    return fault;
}

MAP(arcsine)
{
    UNUSED;
    if (!(fabs(a[0]) <= 1))
        return "arc sine of a number outside [-1, 1]";
    *out = asin(a[0]);
    return NULL;
}

MAP(arccosine)
{
    UNUSED;
    if (!(fabs(a[0]) <= 1))
        return "arc cosine of a number outside [-1, 1]";
    *out = acos(a[0]);
    return NULL;
}

MAP(minimum)
{
    (void)ctx;
    *out = a[0];
    for (int k = 1; k < n; k++)
        *out = a[k] < *out ? a[k] : *out;
    return NULL;
}

MAP(maximum)
{
    (void)ctx;
    *out = a[0];
    for (int k = 1; k < n; k++)
        *out = a[k] > *out ? a[k] : *out;
    return NULL;
}

/* ---- functions of the step ---- */

static double elapsed(const struct adele *ctx)
{
    return ctx->running ? (double)(ctx->step - ctx->run_begin) : 0;
}

/* Before the first run of a ramp its value is the start. */
MAP(ramp)
{
    (void)n;
    double length = (double)(ctx->run_end - ctx->run_begin);
    double part = length > 0 ? elapsed(ctx) / length : 0;
    *out = a[0] + part * (a[1] - a[0]);
    return NULL;
}

SIMPLE(vdisplace, a[0] + a[1] * elapsed(ctx) * ctx->dt)

MAP(swiggle)
{
    (void)n;
    if (a[2] == 0)
        return "the period (third argument) is zero";
    *out = a[0] + a[1] * sin(2 * M_PI / a[2] * elapsed(ctx) * ctx->dt);
    return NULL;
}

MAP(cwiggle)
{
    (void)n;
    if (a[2] == 0)
        return "the period (third argument) is zero";
    *out = a[0] + a[1] * (1 - cos(2 * M_PI / a[2] * elapsed(ctx) * ctx->dt));
    return NULL;
}

/* Arguments as whole numbers, the fraction dropped; false beyond the range
   in which products below fit 128 bits. */
static bool whole(const double *a, int n, int64_t *out)
{
    for (int k = 0; k < n; k++) {
        if (!(fabs(a[k]) < 9.2e18))
            return false;
        out[k] = (int64_t)a[k];
    }
    return true;
}

MAP(stagger)
{
    int64_t i[2] = {0};
    if (!whole(a, n, i) || i[1] <= 0 || i[0] <= i[1])
        return "stagger(x,y) needs x > y > 0";
    int64_t lower = ctx->step / i[0] * i[0];
    *out = (double)lower + (double)(ctx->step - lower < i[1] ? i[1] : i[0]);
    return NULL;
}

MAP(logfreq)
{
    int64_t i[3] = {0}, step = ctx->step;
    if (!whole(a, n, i) || i[0] <= 0 || i[1] <= 0 || i[1] >= i[2])
        return "logfreq(x,y,z) needs x > 0 and 0 < y < z";
    *out = (double)i[0];
    if (step < i[0])
        return NULL;
    int64_t lower = i[0];
    while (step / i[2] >= lower)
        lower *= i[2];
    int64_t multiple = step / lower;
    *out = (double)lower * (double)(multiple < i[1] ? multiple + 1 : i[2]);
    return NULL;
}

/* y equal intervals from x z^k to x z^(k+1); the m-th point of the decade is
   x z^k (y + m (z-1)) / y, rounded up, in exact integers. */
MAP(logfreq2)
{
    int64_t i[3] = {0}, step = ctx->step;
    if (!whole(a, n, i) || i[0] <= 0 || i[1] <= 0 || i[2] <= 1 ||
        i[1] > 1000000000 || i[2] > 1000000000)
        return "logfreq2(x,y,z) needs x > 0, 0 < y <= 10^9, 1 < z <= 10^9";
    *out = (double)i[0];
    if (step < i[0])
        return NULL;
    __extension__ typedef __int128 wide;
    wide lower = i[0], y = i[1], z = i[2];
    while (step >= lower * z)
        lower *= z;
    wide m = (step - lower) * y / (lower * (z - 1)) + 1;
    wide next = (lower * (y + m * (z - 1)) + y - 1) / y;
    *out = (double)next;
    return NULL;
}

/* y points from x to z, equally spaced on a logarithmic scale, at least one
   step apart. */
MAP(logfreq3)
{
    int64_t i[3] = {0};
    if (!whole(a, n, i) || i[0] <= 0 || i[1] <= 1 || i[1] > 1000000 ||
        i[2] - i[0] + 1 < i[1])
        return "logfreq3(x,y,z) needs x > 0, 1 < y <= 10^6 and at least y "
               "steps from x to z";
    double first = (double)i[0], last = (double)i[2], next = first;
    for (int64_t k = 1; (double)ctx->step >= next && k < i[1]; k++) {
        double part = (double)k / (double)(i[1] - 1);
        /* a power that should be whole must not be rounded up for its error */
        double at = ceil(first * pow(last / first, part) * (1 - 1e-13));
        next = fmax(first + (double)k, fmin(at, last));
    }
    *out = (double)ctx->step >= next ? STEP_NEVER : next;
    return NULL;
}

static int64_t next_stride(int64_t step, int64_t first, int64_t every)
{
    return first + ((step - first) / every + 1) * every;
}

MAP(stride)
{
    int64_t i[3] = {0};
    if (!whole(a, n, i) || i[0] < 0 || i[2] <= 0 || i[0] > i[1])
        return "stride(x,y,z) needs 0 <= x <= y and z > 0";
    *out = (double)i[0];
    if (ctx->step < i[0])
        return NULL;
    double next = i[2] > i[1] - i[0]
                      ? STEP_NEVER
                      : (double)next_stride(ctx->step, i[0], i[2]);
    *out = ctx->step < i[1] && next <= (double)i[1] ? next : STEP_NEVER;
    return NULL;
}

MAP(stride2)
{
    int64_t i[6] = {0}, step = ctx->step;
    if (!whole(a, n, i) || i[0] < 0 || i[2] <= 0 || i[3] < i[0] || i[5] <= 0 ||
        i[4] < i[3] || i[1] < i[4])
        return "stride2(x,y,z,a,b,c) needs 0 <= x <= a <= b <= y, z > 0, c > 0";
    *out = (double)i[0];
    if (step < i[0])
        return NULL;
    int64_t outer = i[1] - i[0] + 1 < i[2] ? i[1] - i[0] + 1 : i[2];
    int64_t inner = i[4] - i[3] + 1 < i[5] ? i[4] - i[3] + 1 : i[5];
    int64_t next = INT64_MAX;
    if (step < i[3] && step < i[1]) {
        next = next_stride(step, i[0], outer);
        next = next > i[3] ? i[3] : next;
    } else if (step < i[1]) {
        if (step <= i[4])
            next = next_stride(step, i[3], inner);
        if (step > i[4] || next > i[4])
            next = next_stride(step > i[4] ? step : i[4], i[0], outer);
    }
    *out = next <= i[1] ? (double)next : STEP_NEVER;
    return NULL;
}

/* ---- reductions of a vector ---- */

#define REDUCE(name)                                                           \
    static const char *name(const double *v, int64_t n, double *out)

REDUCE(reduce_sum)
{
    *out = sum_array(v, n);
    return NULL;
}

REDUCE(reduce_average)
{
    if (n == 0)
        return "average of an empty vector";
    *out = sum_array(v, n) / (double)n;
    return NULL;
}

REDUCE(reduce_minimum)
{
    if (n == 0)
        return "minimum of an empty vector";
    *out = v[0];
    for (int64_t k = 1; k < n; k++)
        *out = v[k] < *out ? v[k] : *out;
    return NULL;
}

REDUCE(reduce_maximum)
{
    if (n == 0)
        return "maximum of an empty vector";
    *out = v[0];
    for (int64_t k = 1; k < n; k++)
        *out = v[k] > *out ? v[k] : *out;
    return NULL;
}

/* Trapezoid rule of unit spacing. */
REDUCE(reduce_trapezoid)
{
    if (n == 0)
        return "integral of an empty vector";
    *out = sum_array(v, n) - 0.5 * (v[0] + v[n - 1]);
    return NULL;
}

/* Least-squares slope against the index; centred, so that large offsets do
   not cancel. */
REDUCE(reduce_slope)
{
    if (n < 2)
        return "the slope needs a vector of at least two values";
    double middle = 0.5 * (double)(n - 1), xy = 0, xx = 0;
    for (int64_t k = 0; k < n; k++) {
        double x = (double)k - middle;
        xy += x * v[k];
        xx += x * x;
    }
    *out = xy / xx;
    return NULL;
}

/* ---- the table ---- */

#define ONE(name, fn)                                                          \
    {                                                                          \
        name, FUNCTION_MAP, 1, 1, .map = fn, .usage = name "(x)"               \
    }
#define SEVERAL(name, count, fn, args)                                         \
    {                                                                          \
        name, FUNCTION_MAP, count, count, .map = fn, .usage = name args        \
    }
#define REDUCES(name, fn)                                                      \
    {                                                                          \
        name, FUNCTION_REDUCE, 1, 1, .reduce = fn, .usage = name "(v)"         \
    }
#define WORDS(name, low, high, fn, args)                                       \
    {                                                                          \
        name, FUNCTION_WORDS, low, high, .words = fn, .usage = name args       \
    }

static const struct function functions[] = {
    ONE("sqrt", square_root),
    ONE("exp", exponential),
    ONE("ln", logarithm),
    ONE("log", logarithm10),
    ONE("abs", absolute),
    ONE("sign", sign),
    ONE("sin", sine),
    ONE("cos", cosine),
    ONE("tan", tangent),
    ONE("asin", arcsine),
    ONE("acos", arccosine),
    ONE("atan", arctangent),
    SEVERAL("atan2", 2, arctangent2, "(y,x)"),
    ONE("sinh", hyperbolic_sine),
    ONE("cosh", hyperbolic_cosine),
    ONE("tanh", hyperbolic_tangent),
    ONE("ceil", round_up),
    ONE("floor", round_down),
    ONE("round", round_half_away),
    SEVERAL("ternary", 3, ternary, "(x,a,b)"),
    SEVERAL("ramp", 2, ramp, "(x,y)"),
    SEVERAL("stagger", 2, stagger, "(x,y)"),
    SEVERAL("logfreq", 3, logfreq, "(x,y,z)"),
    SEVERAL("logfreq2", 3, logfreq2, "(x,y,z)"),
    SEVERAL("logfreq3", 3, logfreq3, "(x,y,z)"),
    SEVERAL("stride", 3, stride, "(x,y,z)"),
    SEVERAL("stride2", 6, stride2, "(x,y,z,a,b,c)"),
    SEVERAL("vdisplace", 2, vdisplace, "(x,y)"),
    SEVERAL("swiggle", 3, swiggle, "(x,y,z)"),
    SEVERAL("cwiggle", 3, cwiggle, "(x,y,z)"),
    {"random", FUNCTION_RANDOM, 3, 3, .usage = "random(lo,hi,seed)"},
    {"normal", FUNCTION_RANDOM, 3, 3, .normal = true,
     .usage = "normal(mean,sigma,seed)"},
    REDUCES("sum", reduce_sum),
    REDUCES("ave", reduce_average),
    REDUCES("trap", reduce_trapezoid),
    REDUCES("slope", reduce_slope),
    {"min", FUNCTION_EITHER, 1, -1, .map = minimum, .reduce = reduce_minimum,
     .usage = "min(v) or min(x,y,..)"},
    {"max", FUNCTION_EITHER, 1, -1, .map = maximum, .reduce = reduce_maximum,
     .usage = "max(v) or max(x,y,..)"},
    WORDS("count", 1, 2, words_count, "(group[,region])"),
    WORDS("ke", 1, 1, words_kinetic, "(group)"),
    WORDS("gmask", 1, 1, words_gmask, "(group)"),
    WORDS("rmask", 1, 1, words_rmask, "(region)"),
    WORDS("grmask", 2, 2, words_grmask, "(group,region)"),
    WORDS("next", 1, 1, words_next, "(name)"),
    WORDS("is_file", 1, 1, words_is_file, "(path)"),
    WORDS("is_defined", 2, 2, words_is_defined, "(category,ID)"),
    WORDS("is_available", 2, 2, words_is_available, "(category,style)"),
    WORDS("extract_setting", 1, 1, words_setting, "(name)")};
enum { NFUNCTION = sizeof functions / sizeof *functions };

const struct function *function_find(const char *name)
{
    for (int k = 0; k < NFUNCTION; k++)
        if (!strcmp(functions[k].name, name))
            return &functions[k];
    return NULL;
}

int function_names(const char **names, int capacity)
{
    int n = NFUNCTION < capacity ? NFUNCTION : capacity;
    for (int k = 0; k < n; k++)
        names[k] = functions[k].name;
    return n;
}
