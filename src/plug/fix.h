/* Fixes: what acts during a run.  The order of a step is

       initial_integrate of all fixes, forces, post_force, final_integrate,
       thermostat, then step += 1 is already done, end_of_step.

   `thermostat` comes after the last half kick whatever the order of fixes;
   both are called through fix_second_half. */

#ifndef ADELE_FIX_H
#define ADELE_FIX_H

#include "plug/style.h"

struct fix {
    struct instance head;
    struct outputs out;
    int64_t every; /* end_of_step is called at multiples of this step; 0: every
                      step that next_step names, or each step without it */
    bool integrates; /* moves the sites of its group */
    bool inertial;   /* .. with their velocity: a thermostat acts on it */
    bool freezes;    /* holds the sites of its group: no other fix moves them */
    bool early;      /* its thermostat hook reads nothing that moves */
    bool in_energy;  /* fix_modify energy yes: its energy counts in `pe` */
};

struct fix_style {
    struct style style;
    /* Before a run: before its first forces, and when they are known. */
    int (*prepare)(struct adele *ctx, struct fix *f);
    int (*setup)(struct adele *ctx, struct fix *f);
    int (*initial_integrate)(struct adele *ctx, struct fix *f);
    /* Changes ctx->state.force, the forces that move the sites; also in
       minimize.  The forces of the pair style itself stay as they are. */
    int (*post_force)(struct adele *ctx, struct fix *f);
    int (*final_integrate)(struct adele *ctx, struct fix *f);
    int (*thermostat)(struct adele *ctx, struct fix *f);
    /* What acts on each site alone can be done stretch by stretch, so that one
       pass over memory serves several fixes: the hook of that name prepares,
       the sweep does stretch k of a component, called from several threads,
       and thermostat_end sums up.  NULL: the hook does it all. */
    void (*final_sweep)(struct adele *ctx, struct fix *f, int comp, int64_t k);
    void (*thermostat_sweep)(struct adele *ctx, struct fix *f, int comp,
                             int64_t k);
    void (*thermostat_end)(struct adele *ctx, struct fix *f);
    /* The step failed; positions, velocities and clock are those before it. */
    void (*undo_step)(struct adele *ctx, struct fix *f);
    int (*end_of_step)(struct adele *ctx, struct fix *f);
    int (*finish)(struct adele *ctx, struct fix *f); /* after a run */
    /* NEED_ bits of the forces at a coming step (its number), default none. */
    unsigned (*need)(struct adele *ctx, struct fix *f, int64_t step);
    /* Energy this fix adds to `pe` when in_energy is set (addforce). */
    int (*energy)(struct adele *ctx, struct fix *f, double *energy);
    /* `fix_modify ID key value ..`: the words after the ID, NULL = none. */
    const struct arg *modify;
    /* Outputs f_ID: bring that shape of f->out up to date. */
    int (*scalar)(struct adele *ctx, struct fix *f);
    int (*vector)(struct adele *ctx, struct fix *f);
    int (*array)(struct adele *ctx, struct fix *f);
    int (*site)(struct adele *ctx, struct fix *f);
};

struct fix *fix_find(const struct adele *ctx, const char *id);
/* Records "unknown fix 'word'" with the fixes that there are. */
struct word;
int fix_unknown(struct adele *ctx, const struct word *word);

/* The OUT_ bits that this instance gives. */
unsigned fix_shapes(const struct fix *f);

/* Brings one shape of f->out up to date through the style's function. */
int fix_evaluate(struct adele *ctx, struct fix *f, enum shape shape);

/* As scalar, vector or array of a style whose outputs stand from one
   end_of_step to the next. */
int fix_held(struct adele *ctx, struct fix *f);

/* The energy that all fixes with in_energy add to `pe`. */
int fix_energy(struct adele *ctx, double *sum);

/* final_integrate and thermostat of all fixes, sweeps included. */
int fix_second_half(struct adele *ctx);

/* Which sites a fix acts on: those of its group that no fix freezes (a fix
   that freezes acts on its whole group). */
struct fix_sites {
    bool every, none;
    const uint64_t *mask; /* groups.mask, site order */
    uint64_t member, frozen;
};
struct fix_sites fix_sites(const struct adele *ctx, const struct fix *f);
static inline bool fix_acts(const struct fix_sites *s, int64_t site)
{
    if (s->every || s->none)
        return s->every;
    return (!s->member || (s->mask[site] & s->member)) &&
           !(s->mask[site] & s->frozen);
}

/* The local sites cut into stretches of up to FIX_STRETCH along x, the work
   items of threaded loops: as many for any number of threads, so that sums
   over stretches in order keep their bits.  Short enough that noise, velocities
   and forces of one stay in the first cache. */
enum { FIX_STRETCH = 256 };
struct fix_stretch {
    int basis, x, n; /* n sites from cell x of the row on */
    int64_t row;
    int64_t site;  /* local site-ordered index of the first; the next follow
                      at a distance of nbasis */
    int64_t noise; /* the same in the whole lattice: the key of its noise */
};
int64_t fix_stretches(const struct lattice *lat);
struct fix_stretch fix_stretch(const struct lattice *lat, int64_t k);
/* Where it begins, counted from field_write(f, component, 0). */
static inline ptrdiff_t fix_at(const struct field *f,
                               const struct fix_stretch *s)
{
    return s->basis * f->stride_basis + field_row(f, s->row) + s->x;
}

/* Warns when a site of f is moved by an earlier fix as well. */
void fix_warn_moved_twice(struct adele *ctx, const struct fix *f);
/* Warns when a site of f is moved by no fix that uses its velocity. */
void fix_warn_not_moved(struct adele *ctx, const struct fix *f);
/* Warns, once for *warned, when the electrons have another temperature. */
void fix_warn_electrons(struct adele *ctx, const struct fix *f, double temp,
                        bool *warned);

#endif
