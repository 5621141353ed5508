/* How a model is trained: `train { … }`, and the optimizers and schedules that it chooses from. One
 * row each in training.c, with PyTorch's definitions, names and defaults (torch.optim,
 * torch.optim.lr_scheduler), but for `rate`, which is lr there, and `epsilon`, which is eps. */
#ifndef RONDO_TRAINING_H
#define RONDO_TRAINING_H

#include <stdbool.h>

enum { MAX_KNOBS = 9, MAX_SLOTS = 3, MAX_SCHEDULES = 4 };

/* One number that can be set. */
typedef struct {
    const char *name;
    enum {
        KNOB_NONE,   /* behind the last one */
        KNOB_WITHIN, /* a real number from low to high */
        KNOB_ABOVE,  /* the same, but for low */
        KNOB_BELOW,  /* the same, but for high */
        KNOB_WHOLE,  /* a whole number from low to high */
        KNOB_FLAG,   /* true or false: 1 or 0 */
    } kind;
    double value; /* without a setting; NAN: it must be set */
    double low, high;
} Knob;

/* What an optimizer keeps for every element of a parameter, in the place of its row's number. It
 * starts as zero. */
typedef struct {
    const char *name; /* PyTorch's; NULL: nothing is ever kept there */
    const char *with; /* kept only if this knob is not 0; NULL: always */
} Slot;

/* An optimizer, a schedule of the learning rate, or one of scheduled sampling. The runtime has
 * fields of the knobs' names, a function rd_<name>_chunk for each optimizer, a rule in schedule.c
 * for each schedule and one in sampling.c for each sampling. */
typedef struct {
    const char *name;
    Knob knobs[MAX_KNOBS + 1];
    Slot slots[MAX_SLOTS]; /* of an optimizer */
} Method;

/* A method with the values of its knobs. */
typedef struct {
    const Method *method;
    double value[MAX_KNOBS];
} Choice;

typedef struct {
    Choice optimizer;
    Choice schedule[MAX_SCHEDULES]; /* their factors are multiplied */
    int schedules;
    Choice sampling; /* how often a text that is produced is fed its own words; no method: never */
    double clip_norm, clip_value; /* 0: no clipping */
    int epochs, batch;
    int patience; /* epochs without a better validation loss before stopping; 0: never */
} Training;

/* Adam with PyTorch's defaults, a constant rate, 10 epochs of batches of 32. */
Training training_default(void);

extern const Method optimizers[], schedules[], samplings[];
extern const int optimizer_count, schedule_count, sampling_count;

/* The method of this name, or NULL. */
const Method *find_method(const Method *methods, int count, const char *name);

/* The method with its defaults. */
Choice choose_method(const Method *method);

/* The value of the knob of this name; 0 when the method has none. */
double choice_value(const Choice *choice, const char *name);

/* What the optimizer keeps in this place, or NULL. */
const char *choice_slot(const Choice *choice, int place);

#endif
