/* The configuration of a training: keys of the YAML file as numbers. */

#ifndef ADELE_TRAINER_CONFIG_H
#define ADELE_TRAINER_CONFIG_H

#include "plug/args.h"
#include "plug/config.h"
#include "plug/potential.h"

enum schedule_style { SCHEDULE_CONSTANT, SCHEDULE_COSINE, SCHEDULE_PLATEAU };

struct train_schedule {
    int style;
    double warmup;    /* fraction of all steps with a rising rate */
    double final;     /* lowest rate as a fraction of the highest */
    int64_t patience; /* plateau: epochs without improvement .. */
    double factor;    /* .. before the rate is multiplied by this */
};

enum loss_style { LOSS_MSE, LOSS_MAE, LOSS_HUBER };

struct train_loss {
    int style;
    double delta;  /* huber: errors above it (in scaled units) count linearly */
    double energy; /* target energy: weight of the energy a site */
    double weight; /* how much sites with large targets count more */
};

struct train_config {
    struct config *tree;
    struct arg_list data, validation;
    double split; /* fraction of the files */
    bool has_split;
    int target, mu;
    int64_t epochs, batch, draws, seed, threads, patience, checkpoint;
    int precision;
    double decay, clip, average, gain, memory;
    bool augment, linear;
    char *output, *curve, *contributor, *citation, *start;
    struct train_schedule schedule;
    bool has_schedule;
    struct train_loss loss;
    struct arg_list polar;
    struct words descriptor, network, optimizer, position;
    bool has_position;
    char *text;   /* the whole file, for the potential's record */
    char *identity; /* what decides the result, for checkpoints */
};

/* 0 or a deck error with its place in the file. */
int train_config_read(struct adele *ctx, const char *path,
                      const struct where *where, struct train_config *out);
void train_config_free(struct adele *ctx, struct train_config *c);
/* The argument tables, for the page and for help. */
extern const struct arg train_config_args[], train_schedule_args[],
    train_loss_args[];

#endif
