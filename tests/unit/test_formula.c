/* Formulas: values by LAMMPS's rules, and what is refused.

   The values follow from the rules alone (precedence, left association, the
   definition of each function); the tolerance is 4 units in the last place,
   the error of one or two calls of libm. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "adele.h"
#include "base/mem.h"
#include "close.h"
#include "expr/formula.h"
#include "expr/keyword.h"
#include "expr/variable.h"
#include "plug/pair.h"
#include "sim.h"

static double value_of(struct adele *sim, const char *text)
{
    double value = 0;
    if (adele_evaluate(sim, text, &value))
        fail_msg("%s: %s", text, adele_error(sim));
    return value;
}

static void assert_value(const char *text, double found, double expected)
{
    double tolerance = 4 * DBL_EPSILON * fmax(fabs(expected), 1);
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%s: expected %.17g, found %.17g", text, expected, found);
}

struct pair_of {
    const char *text;
    double value;
};

static void assert_all(struct adele *sim, const struct pair_of *p, size_t n)
{
    for (size_t k = 0; k < n; k++)
        assert_value(p[k].text, value_of(sim, p[k].text), p[k].value);
}
#define ASSERT_ALL(sim, p) assert_all(sim, p, sizeof p / sizeof *p)

static void numbers(void **state)
{
    (void)state;
    static const struct pair_of p[] = {
        {"0", 0},           {"7", 7},           {"007", 7},    {"1.5", 1.5},
        {".5", 0.5},        {"5.", 5},          {"1e3", 1000}, {"1E3", 1000},
        {"1.5e-3", 0.0015}, {"2.e+2", 200},     {" 3 ", 3},    {"\t4\n", 4},
        {"1e308", 1e308},   {"4e-320", 4e-320}, {"(5)", 5},    {"((((6))))", 6},
        {"PI", M_PI},       {"yes", 1},         {"no", 0},     {"on", 1},
        {"off", 0},         {"true", 1},        {"false", 0}};
    struct adele *sim = sim_new(" ");
    ASSERT_ALL(sim, p);
    sim_free(sim);
}

/* Each pair of neighbouring levels, both ways round, so that either order of
   evaluation would show. */
static void precedence(void **state)
{
    (void)state;
    static const struct pair_of p[] = {
        /* unary binds tightest, even before ^ */
        {"-2^2", 4},
        {"2^-1", 0.5},
        {"2^-2^2", 0.0625}, /* ((2^-2)^2) */
        {"-2^3", -8},
        {"0-2^2", -4},
        {"!2^2", 0},
        {"!0^2", 1},
        {"--3", 3},
        {"- - 3", 3},
        {"!!5", 1},
        {"-!0", -1},
        {"!-1", 0},
        {"5--3", 8},
        {"5*-3", -15},
        {"6/-2", -3},
        /* ^ before * / %, left-associative */
        {"2^3^2", 64},
        {"2*3^2", 18},
        {"2^3*2", 16},
        {"18/3^2", 2},
        {"3^2%5", 4},
        {"100%3^2", 1},
        /* * / % on one level, from the left */
        {"8/4/2", 1},
        {"8/4*2", 4},
        {"2*7%4", 2},
        {"7%4*2", 6},
        {"20%7/2", 3},
        {"12/5%2", 0.4},
        /* * before +, from the left */
        {"2+3*4", 14},
        {"2*3+4", 10},
        {"10-4-3", 3},
        {"10-4+3", 9},
        {"1+7%4", 4},
        /* + before comparison */
        {"1+1<3", 1},
        {"3>1+1", 1},
        {"1<2+0", 1},
        /* comparisons from the left */
        {"3<2<1", 1}, /* (3<2)<1 = 0<1 */
        {"1<2<2", 1},
        {"5>=5<=0", 0},
        /* < before == */
        {"1==2<3", 1},
        {"2<3==1", 1},
        {"0==1>2", 1},
        {"1==1==1", 1},
        {"2==2==2", 0},
        {"3!=3!=1", 1},
        /* == before && */
        {"1&&2==2", 1},
        {"2==2&&0", 0},
        {"1==1&&2!=3", 1},
        /* && before || and |^, those two on one level */
        {"1||0&&0", 1},
        {"0&&0||1", 1},
        {"1|^1&&0", 1},
        {"1||1|^1", 0},
        {"1|^1||1", 1},
        {"(1||0)&&0", 0},
        {"1+2<4&&2*3==6||!1", 1}};
    struct adele *sim = sim_new(" ");
    ASSERT_ALL(sim, p);
    sim_free(sim);
}

static void operators(void **state)
{
    (void)state;
    static const struct pair_of p[] = {
        {"7%3", 1},     {"-7%3", -1},       {"7%-3", 1},
        {"7.5%2", 1.5}, {"-7.5%2", -1.5},   {"2^0.5", M_SQRT2},
        {"0^0", 1},     {"5^0", 1},         {"0^2", 0},
        {"-2^3", -8},   {"1/3", 1.0 / 3},   {"1<1", 0},
        {"1<=1", 1},    {"1>1", 0},         {"1>=1", 1},
        {"1==1", 1},    {"1!=1", 0},        {"2&&3", 1},
        {"2&&0", 0},    {"0&&0", 0},        {"2||0", 1},
        {"0||0", 0},    {"2|^3", 0},        {"2|^0", 1},
        {"0|^0", 0},    {"!0.5", 0},        {"!0", 1},
        {"!-0", 1},     {"1e300*1e-300", 1}};
    struct adele *sim = sim_new(" ");
    ASSERT_ALL(sim, p);
    sim_free(sim);
}

static void functions(void **state)
{
    (void)state;
    static const struct pair_of p[] = {{"sqrt(2)", M_SQRT2},
                                       {"exp(1)", M_E},
                                       {"ln(exp(2))", 2},
                                       {"log(1000)", 3},
                                       {"abs(-3)", 3},
                                       {"sign(-3)+10*sign(3)+100*sign(0)", 9},
                                       {"sin(PI/6)", 0.5},
                                       {"cos(PI/3)", 0.5},
                                       {"tan(PI/4)", 1},
                                       {"asin(1)", M_PI_2},
                                       {"acos(-1)", M_PI},
                                       {"atan(1)", M_PI_4},
                                       {"atan2(1,-1)", 3 * M_PI_4},
                                       {"atan2(-1,-1)", -3 * M_PI_4},
                                       {"sinh(1)", 1.1752011936438014569},
                                       {"cosh(1)", 1.5430806348152437785},
                                       {"tanh(1)", 0.7615941559557648881},
                                       {"ceil(1.2)", 2},
                                       {"ceil(-1.2)", -1},
                                       {"floor(1.2)", 1},
                                       {"floor(-1.2)", -2},
                                       {"round(1.5)", 2},
                                       {"round(2.5)", 3},
                                       {"round(-2.5)", -3},
                                       {"round(2.4)", 2},
                                       {"ternary(1,2,3)", 2},
                                       {"ternary(0,2,3)", 3},
                                       {"ternary(-0.5,2,3)", 2},
                                       {"min(3,1,2)", 1},
                                       {"max(3,1,2)", 3},
                                       {"min(4)", 4},
                                       {"max(-4,-5)", -4},
                                       {"min(1,2,3,4,5,6,7,8,0.5)", 0.5},
                                       {"sqrt(sqrt(16))*2", 4},
                                       {"sqrt( 2 + 2 )", 2},
                                       {"-sqrt(4)^2", 4},
                                       {"max(1,2)^min(3,2)", 4}};
    struct adele *sim = sim_new(" ");
    ASSERT_ALL(sim, p);
    sim_free(sim);
}

/* Functions of the step against lists written down by hand: at step s the
   value is the next member after s. */
static void assert_sequence(const char *formula, const long *member, int n,
                            long last)
{
    struct adele *sim = sim_new(" ");
    int k = 0;
    for (long step = 0; step < last; step++) {
        sim->step = step;
        while (k < n && member[k] <= step)
            k++;
        double found = value_of(sim, formula);
        double expected = k < n ? (double)member[k] : 9e18;
        if (k < n ? found != expected : found < 9e18)
            fail_msg("%s at step %ld: expected %g, found %g", formula, step,
                     expected, found);
    }
    sim_free(sim);
}
#define ASSERT_SEQUENCE(formula, last, ...)                                    \
    assert_sequence(formula, (const long[]){__VA_ARGS__},                      \
                    sizeof((const long[]){__VA_ARGS__}) / sizeof(long), last)

static void steps(void **state)
{
    (void)state;
    ASSERT_SEQUENCE("stagger(100,20)", 300, 20, 100, 120, 200, 220, 300, 320);
    ASSERT_SEQUENCE("logfreq(10,4,10)", 9000, 10, 20, 30, 40, 100, 200, 300,
                    400, 1000, 2000, 3000, 4000, 10000);
    ASSERT_SEQUENCE("logfreq(1,1,2)", 100, 1, 2, 4, 8, 16, 32, 64, 128);
    ASSERT_SEQUENCE("logfreq2(100,9,10)", 9000, 100, 200, 300, 400, 500, 600,
                    700, 800, 900, 1000, 2000, 3000, 4000, 5000, 6000, 7000,
                    8000, 9000);
    /* 10, 10(1 + m/4): 12.5 and 17.5 are rounded up */
    ASSERT_SEQUENCE("logfreq2(10,4,2)", 75, 10, 13, 15, 18, 20, 25, 30, 35, 40,
                    50, 60, 70, 80);
    /* 1, 10^(1/2), 10, .. rounded up, at least one apart */
    ASSERT_SEQUENCE("logfreq3(1,5,100)", 200, 1, 4, 10, 32, 100);
    ASSERT_SEQUENCE("logfreq3(10,3,12)", 20, 10, 11, 12);
    ASSERT_SEQUENCE("stride(1000,2000,100)", 2500, 1000, 1100, 1200, 1300, 1400,
                    1500, 1600, 1700, 1800, 1900, 2000);
    ASSERT_SEQUENCE("stride(0,10,7)", 20, 7);
    ASSERT_SEQUENCE("stride(5,6,100)", 20, 5);
    ASSERT_SEQUENCE("stride2(0,100,40,50,60,5)", 130, 40, 50, 55, 60, 80);
    ASSERT_SEQUENCE("stride2(10,100,30,40,70,10)", 130, 10, 40, 50, 60, 70,
                    100);
}

static void ramps(void **state)
{
    (void)state;
    struct adele *sim = sim_new("timestep 0.5");
    assert_value("ramp", value_of(sim, "ramp(2,4)"), 2); /* no run: the start */
    sim->running = true;
    sim->run_begin = 100;
    sim->run_end = 200;
    sim->step = 125;
    static const struct pair_of p[] = {{"ramp(2,4)", 2.5},
                                       {"ramp(4,2)", 3.5},
                                       {"vdisplace(1,2)", 26},
                                       {"swiggle(1,2,50)", 3},
                                       {"cwiggle(1,2,25)", 5}};
    ASSERT_ALL(sim, p);
    sim->running = false;
    sim_free(sim);
}

static void vectors(void **state)
{
    (void)state;
    static const struct pair_of p[] = {{"sum(v_v)", 10},
                                       {"ave(v_v)", 2.5},
                                       {"min(v_v)", 1},
                                       {"max(v_v)", 4},
                                       {"trap(v_v)", 7.5},
                                       {"slope(v_v)", 1},
                                       {"slope(v_w)", -2},
                                       {"v_v[2]", 2},
                                       {"v_v[v_v[2]+1]", 3},
                                       {"v_v[1+1]^v_v[3]", 8},
                                       {"sum(v_v*v_v)", 30},
                                       {"sum(v_v+v_w)", 10 + 28},
                                       {"max(-v_v)", -1},
                                       {"max(v_v[2],v_w[4])", 4},
                                       {"max(min(v_v),min(v_w))", 4},
                                       {"sum(v_v>2)", 2},
                                       {"ave(sqrt(v_v^2))", 2.5},
                                       {"sum(v_v)/ave(v_v)", 4},
                                       {"max(v_u)-1", 20},
                                       {"v_u[1]", 3},
                                       {"sum([1,2,3])", 6},
                                       {"slope([1,1,1])", 0},
                                       {"max([1,2]*[3,-4])", 3},
                                       {"trap([5])", 0}};
    struct adele *sim =
        sim_new("variable v vector [1,2,3,4]\n"
                "variable w vector 10-2*[0,1,2,3]\n"
                "variable u vector [3,20,v_v[4]]+ternary(1,0,9)\n"
                "variable one vector 7\n");
    sim_run(sim, "variable u delete\nvariable u vector \"[3, 21 , v_v[4]]\"");
    ASSERT_ALL(sim, p);
    assert_value("one", value_of(sim, "sum(v_one)"), 7);
    sim_free(sim);
}

/* Per-site formulas against loops over the same arrays. */
static void sites(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 6 4\n"
                                "model holstein t 1 g 1 k 1 mass 2\n"
                                "region left block INF 2.5\n"
                                "group left region left\n"
                                "displace all uniform -1 1 77\n"
                                "velocity all create 1 78\n"
                                "pair_style elastic\n"
                                "variable a atom q*vq+x-10*y\n"
                                "variable b atom gmask(left)*rmask(left)\n"
                                "variable c atom \"id > 20 || ix == 3\"\n"
                                "variable s equal 2.5\n"
                                "variable d atom v_a+v_s\n");
    double q[24], v[24], a[24], b[24], c[24], d[24], f[24];
    assert_int_equal(adele_gather(sim, "q", q), 0);
    assert_int_equal(adele_gather(sim, "vq", v), 0);
    assert_int_equal(adele_gather(sim, "fq", f), 0);
    assert_int_equal(adele_gather(sim, "v_a", a), 0);
    assert_int_equal(adele_gather(sim, "v_b", b), 0);
    assert_int_equal(adele_gather(sim, "v_c", c), 0);
    assert_int_equal(adele_gather(sim, "v_d", d), 0);
    double sum = 0, most = 0, kinetic = 0;
    for (int i = 0; i < 24; i++) {
        int x = i % 6, y = i / 6;
        assert_value("a", a[i], q[i] * v[i] + x - 10 * y);
        assert_true(b[i] == (x <= 2));
        assert_true(c[i] == (i + 1 > 20 || x == 3));
        assert_value("d", d[i], a[i] + 2.5);
        sum += q[i];
        most = fmax(most, fabs(q[i]));
        kinetic += v[i] * v[i]; /* m/2 = 1 */
    }
    assert_value("sum", value_of(sim, "sum(q)"), sum);
    assert_value("max", value_of(sim, "max(abs(q))"), most);
    assert_value("ave", value_of(sim, "ave(q)"), sum / 24);
    assert_value("q[5]", value_of(sim, "q[5]"), q[4]);
    assert_value("fq[5]", value_of(sim, "fq[4+1]"), f[4]);
    assert_value("v_a[7]", value_of(sim, "v_a[7]"), a[6]);
    assert_value("count", value_of(sim, "count(all)"), 24);
    assert_value("count", value_of(sim, "count(left)"), 12);
    assert_value("count", value_of(sim, "count(all,left)"), 12);
    assert_value("gmask", value_of(sim, "sum(gmask(left))"), 12);
    assert_value("grmask", value_of(sim, "sum(grmask(all,left))"), 12);
    /* the sum over 24 sites in another order: 24 roundings */
    assert_close(value_of(sim, "ke"), kinetic, 24 * DBL_EPSILON * kinetic);
    assert_close(value_of(sim, "ke(all)"), kinetic, 24 * DBL_EPSILON * kinetic);
    assert_value("temp", value_of(sim, "temp*count(all)/2"),
                 value_of(sim, "ke"));
    sim_free(sim);
}

/* c_ID and f_ID in every shape, against the style's own output. */
static void references(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 4\n"
                                "model holstein t 1 g 1 k 1 mass 2\n"
                                "displace all uniform -1 1 77\n"
                                "pair_style elastic\n"
                                "fix m all nve\n"
                                "compute K all ke\n"
                                "compute R all reduce sum q vq\n"
                                "fix v all vector 1 c_K\n"
                                "variable t vector f_v*2\n"
                                "run 5\n");
    double ke = value_of(sim, "ke");
    assert_value("c_K", value_of(sim, "c_K"), ke);
    assert_value("c_K", value_of(sim, "-c_K^2"), ke * ke);
    assert_value("c_R[1]", value_of(sim, "c_R[1]"), value_of(sim, "sum(q)"));
    assert_value("c_R[2]", value_of(sim, "c_R[1+1]"), value_of(sim, "sum(vq)"));
    assert_value("sum c_R", value_of(sim, "sum(c_R)"),
                 value_of(sim, "c_R[1]+c_R[2]"));
    assert_value("f_v", value_of(sim, "f_v[6]"), ke);
    assert_value("f_v", value_of(sim, "max(f_v)"), value_of(sim, "max(v_t)/2"));
    sim_free(sim);
}

static void keywords(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 4 4\n"
                "model holstein t 1 g 1.5 k 1 kappa 0.1 mass 2\n"
                "electrons filling 0.25 temp 0.2\n"
                "displace all uniform -1 1 77\n"
                "pair_style ed\n"
                "timestep 0.25\n"
                "fix m all nve\n"
                "run 4\n");
    static const struct pair_of p[] = {{"step", 4},
                                       {"time", 1},
                                       {"dt", 0.25},
                                       {"sites", 16},
                                       {"atoms", 16},
                                       {"lx", 4},
                                       {"ly", 4},
                                       {"etemp", 0.2},
                                       {"part", 0},
                                       {"elastic+electronic-pe", 0},
                                       {"pe+ke-etotal", 0},
                                       {"eelec-electronic", 0},
                                       {"number/16-filling", 0}};
    ASSERT_ALL(sim, p);
    /* <N> = f N to 1e-12 N, the promise of the solver */
    assert_close(value_of(sim, "filling"), 0.25, 1e-12);
    /* Omega + mu N = E - T S */
    double free_energy =
        value_of(sim, "band-etemp*entropy") +
        value_of(sim, "0.75*sum(q)"); /* the constant g/2 sum q */
    assert_close(value_of(sim, "electronic"), free_energy,
                 1e-12 * fabs(free_energy));
    double largest = value_of(sim, "max(abs(fq))");
    assert_value("fmax", value_of(sim, "fmax"), largest);
    assert_close(value_of(sim, "fnorm^2"), value_of(sim, "sum(fq^2)"),
                 32 * DBL_EPSILON * value_of(sim, "fnorm^2"));
    int n;
    const char *const *names = keyword_names(&n);
    for (int k = 0; k < n; k++) {
        assert_ptr_equal(keyword_find(names[k])->name, names[k]);
        assert_true(strlen(keyword_find(names[k])->doc) > 0);
        if (!(keyword_find(names[k])->need & ~(unsigned)NEED_SOLVED))
            value_of(sim, names[k]);
    }
    sim_free(sim);
}

static void needs(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 4\n"
                                "model holstein t 1 g 1.5 k 1 mass 2\n"
                                "variable a equal mu+1\n"
                                "variable b equal v_a*pe\n"
                                "variable c equal v_d\n"
                                "variable d equal v_c\n"
                                "variable n atom n+fq\n");
    assert_int_equal(variable_need(sim, "a"), NEED_MU);
    assert_int_equal(variable_need(sim, "b"), NEED_MU | NEED_ENERGY);
    assert_int_equal(variable_need(sim, "c"), 0); /* a circle ends */
    assert_int_equal(variable_need(sim, "n"), NEED_DENSITY | NEED_FORCE);
    sim_free(sim);
}

/* The mean of n draws has the error sigma/sqrt(n): 6 sigma of 4096 draws
   exclude a mean or width that is 10 % off. */
static void random_numbers(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 64 64\n"
                                "model holstein t 1 g 1.5 k 1 mass 2\n"
                                "variable u atom random(2,4,5)\n"
                                "variable g atom normal(3,0.5,5)\n"
                                "variable v vector [1,1,1,1]*random(0,1,9)\n");
    double u[4096], g[4096], mean = 0, square = 0, other[4096];
    assert_int_equal(adele_gather(sim, "v_u", u), 0);
    assert_int_equal(adele_gather(sim, "v_u", other), 0);
    int same = 0;
    for (int i = 0; i < 4096; i++) {
        assert_true(u[i] > 2 && u[i] < 4);
        mean += u[i] / 4096;
        square += (u[i] - 3) * (u[i] - 3) / 4096;
        same += u[i] == other[i];
    }
    assert_int_equal(same, 0); /* a draw is never repeated */
    /* uniform: variance 1/3 of the half width 1; of the square 4/45 */
    assert_close(mean, 3, 6 * sqrt(1.0 / 3 / 4096));
    assert_close(square, 1.0 / 3, 6 * sqrt(4.0 / 45 / 4096));
    assert_int_equal(adele_gather(sim, "v_g", g), 0);
    mean = square = 0;
    for (int i = 0; i < 4096; i++) {
        mean += g[i] / 4096;
        square += (g[i] - 3) * (g[i] - 3) / 4096;
    }
    assert_close(mean, 3, 6 * 0.5 / 64);
    assert_close(square, 0.25, 6 * 0.25 * sqrt(2.0 / 4096));
    double draw = value_of(sim, "random(0,1,9)");
    assert_true(draw != value_of(sim, "random(0,1,9)"));
    const double *v;
    int64_t n;
    assert_int_equal(variable_vector(sim, "v", NULL, &v, &n), 0);
    assert_int_equal(n, 4);
    assert_true(v[0] != v[1] && v[1] != v[2] && v[2] != v[3]);
    sim_free(sim);
}

/* The same tick draws the same numbers in another simulation: what a restarted
   run relies on. */
static void random_numbers_repeat(void **state)
{
    (void)state;
    struct adele *a = sim_new(" "), *b = sim_new(" ");
    value_of(a, "random(0,1,9)");
    value_of(a, "random(0,1,9)");
    a->tick = b->tick = 17;
    assert_true(value_of(a, "random(0,1,9)") == value_of(b, "random(0,1,9)"));
    assert_true(value_of(a, "normal(0,1,9)") == value_of(b, "normal(0,1,9)"));
    assert_true(value_of(a, "random(0,1,8)") != value_of(b, "random(0,1,9)"));
    sim_free(a);
    sim_free(b);
}

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } p[] = {{"", "expected a formula, found nothing"},
             {" ", "expected a formula, found nothing"},
             {"1+", "expected a number, a name or (, found its end"},
             {"+1", "expected a number, a name or (, found '+'"},
             {"1 2", "expected an operator, found '2'"},
             {"1 foo", "expected an operator, found 'foo'"},
             {"2**3", "expected a number, a name or (, found '*'"},
             {"1=1", "equality is written =="},
             {"1&1", "expected an operator, found '&'"},
             {"(1", "( without its )"},
             {"1)", ") without its ("},
             {"sqrt(1", "( without its )"},
             {"(1]", "] without its ["},
             {"v_v[1)", ") without its ("},
             {"v_v[1", "[ without its ]"},
             {"1,2", "a comma stands only between"},
             {"()", "expected a number, a name or (, found ')'"},
             {"sqrt()", "expected a number, a name or (, found ')'"},
             {"sqrt(1,2)", "sqrt(x) takes 1 argument, found 2"},
             {"atan2(1)", "atan2(y,x) takes 2 arguments, found 1"},
             {"foo(1)", "unknown function 'foo'"},
             {"sqr(1)", "did you mean 'sqrt'?"},
             {"1.2.3", "'1.2.3' is not a number"},
             {"1e", "'1e' is not a number"},
             {"3x", "'3x' is not a number"},
             {"1e999", "is too large for a number"},
             {"$x", "$ inside quotes"},
             {"v_", "expected a name after v_"},
             {"c_a[1][2][3]", "too many indices"},
             {"1/0", "division by zero"},
             {"1%0", "division by zero"},
             {"0^-1", "0 to a negative power"},
             {"-8^(1/3)", "a negative number to a fractional power"},
             {"sqrt(-1)", "square root of a negative number"},
             {"ln(0)", "logarithm of a number that is not positive"},
             {"log(-1)", "logarithm of a number that is not positive"},
             {"asin(1.1)", "arc sine of a number outside [-1, 1]"},
             {"acos(-2)", "arc cosine of a number outside [-1, 1]"},
             {"exp(1000)", "too large for a number"},
             {"1e300*1e300", "too large for a number"},
             {"10^400", "too large for a number"},
             {"stpe", "unknown name 'stpe' in a formula; did you mean 'step'?"},
             {"v", "the variable is v_v"},
             {"v_nope", "unknown variable 'nope'"},
             {"c_nope", "unknown compute 'nope'"},
             {"f_nope", "unknown fix 'nope'"},
             {"v_v", "v_v is a vector"},
             {"v_v+1", "v_v is a vector"},
             {"v_v[5]", "index 5 is out of range, there are 4 elements"},
             {"v_v[0]", "a whole number from 1, found 0"},
             {"v_v[1.5]", "a whole number from 1, found 1.5"},
             {"[1,2]", "the formula gives a vector; expected a number"},
             {"sum([1,2]+[1,2,3])", "vectors of 2 and 3 elements"},
             {"slope([1])", "at least two values"},
             {"random(0,1,0)", "the seed must be a whole number"},
             {"random(0,1,1.5)", "the seed must be a whole number"},
             {"normal(0,-1,5)", "sigma must not be negative"},
             {"stagger(5,5)", "stagger(x,y) needs x > y > 0"},
             {"logfreq(1,2,2)", "logfreq(x,y,z) needs"},
             {"logfreq2(1,1,1)", "logfreq2(x,y,z) needs"},
             {"logfreq3(1,1,5)", "logfreq3(x,y,z) needs"},
             {"stride(2,1,1)", "stride(x,y,z) needs"},
             {"stride2(0,10,1,5,20,1)", "stride2(x,y,z,a,b,c) needs"},
             {"swiggle(1,1,0)", "the period"},
             {"count(nope)", "count() needs a lattice"},
             {"count(a,b,c)", "expected count(group[,region])"},
             {"gmask()", "expected gmask(group)"},
             {"rmask(nope)", "rmask() needs a lattice"},
             {"gmask(all)", "gmask() needs a lattice"},
             {"is_defined(foo,bar)", "unknown category 'foo'"},
             {"extract_setting(foo)", "unknown setting 'foo'"},
             {"pe", "needs a lattice first"},
             {"q", "there is no lattice yet"}};
    struct adele *sim = sim_new("variable v vector [1,2,3,4]");
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        double value;
        if (!adele_evaluate(sim, p[k].text, &value))
            fail_msg("%s: accepted as %g", p[k].text, value);
        if (!strstr(adele_error(sim), p[k].error))
            fail_msg("%s: expected '%s' in\n%s", p[k].text, p[k].error,
                     adele_error(sim));
    }
    assert_value("after errors", value_of(sim, "2+2"), 4);
    sim_free(sim);
}

static void site_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } p[] = {{"q", "q is a per-site quantity; one site's value is q[id]"},
             {"q+1", "q is a per-site quantity"},
             {"q[17]", "there is no site 17: the lattice has 16"},
             {"gmask(all)", "gmask(all) is a per-site quantity"},
             {"sum(q+[1,2])", "a per-site quantity and a vector"},
             {"sum(1/(id-3))", "division by zero, at site 3"},
             {"vqq", "did you mean 'vq'?"},
             {"count(nope)", "unknown group 'nope'"},
             {"sum(rmask(nope))", "unknown region 'nope'"},
             {"v_a", "v_a is a per-site quantity"}};
    struct adele *sim = sim_new("lattice square 4 4\n"
                                "model holstein t 1 g 1.5 k 1 mass 2\n"
                                "variable a atom q\n");
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        double value;
        assert_int_not_equal(adele_evaluate(sim, p[k].text, &value), 0);
        if (!strstr(adele_error(sim), p[k].error))
            fail_msg("%s: expected '%s' in\n%s", p[k].text, p[k].error,
                     adele_error(sim));
    }
    sim_free(sim);
}

/* Neither brackets, nor signs, nor a sum of 10^5 terms touch a limit. */
static void long_formulas(void **state)
{
    (void)state;
    enum { N = 100000 };
    struct adele *sim = sim_new(" ");
    struct text t = {0};
    for (int k = 0; k < N; k++)
        text_addc(&t, '(');
    text_addc(&t, '7');
    for (int k = 0; k < N; k++)
        text_addc(&t, ')');
    assert_true(value_of(sim, t.s) == 7);
    text_clear(&t);
    for (int k = 0; k < N; k++)
        text_addc(&t, '-');
    text_add(&t, "3");
    assert_true(value_of(sim, t.s) == 3);
    text_clear(&t);
    for (int k = 0; k < N; k++)
        text_add(&t, "1+");
    text_add(&t, "1");
    assert_true(value_of(sim, t.s) == N + 1);
    text_clear(&t);
    for (int k = 0; k < N; k++)
        text_add(&t, "sqrt(");
    double value;
    assert_int_not_equal(adele_evaluate(sim, t.s, &value), 0);
    text_free(&t);
    sim_free(sim);
}

static bool condition(struct adele *sim, const char *text)
{
    bool yes = false;
    struct where w = {0};
    if (formula_condition(sim, text, &w, &yes))
        fail_msg("%s: %s", text, adele_error(sim));
    return yes;
}

static void conditions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool yes;
    } p[] = {{"1 < 2", true},
             {"1 > 2", false},
             {"0", false},
             {"0.1", true},
             {"abc == abc", true},
             {"abc == abd", false},
             {"abc != abd", true},
             {"abc==abc", true},
             {"(abc == abc)", true},
             {"!(abc == abc)", false},
             {"abc == abc && 1 < 2", true},
             {"1 > 2 || x.y/z-1 == x.y/z-1", true},
             {"abc == abc |^ def == def", false},
             {"'a b' == 'a b'", true},
             {"'' == ''", true},
             {"'' != 'a'", true},
             {"step == 0", true},
             {"0 == step", true},
             {"2+2 == 4", true},
             {"yes", true},
             {"yes == yes", true},
             {"yes == 1", true},
             {"1.0 == 1", true}};
    struct adele *sim = sim_new(" ");
    for (size_t k = 0; k < sizeof p / sizeof *p; k++)
        if (condition(sim, p[k].text) != p[k].yes)
            fail_msg("%s", p[k].text);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(precedence),
        cmocka_unit_test(operators),
        cmocka_unit_test(functions),
        cmocka_unit_test(steps),
        cmocka_unit_test(ramps),
        cmocka_unit_test(vectors),
        cmocka_unit_test(sites),
        cmocka_unit_test(references),
        cmocka_unit_test(keywords),
        cmocka_unit_test(needs),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(random_numbers_repeat),
        cmocka_unit_test(faults),
        cmocka_unit_test(site_faults),
        cmocka_unit_test(long_formulas),
        cmocka_unit_test(conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
