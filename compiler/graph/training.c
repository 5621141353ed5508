#include "graph/training.h"

#include <math.h>
#include <string.h>

#define RATE(value) \
    { "rate", KNOB_ABOVE, value, 0, 1e6 }
#define DECAY(value) \
    { "weight_decay", KNOB_WITHIN, value, 0, 1e6 }
#define EPSILON(value) \
    { "epsilon", KNOB_ABOVE, value, 0, 1 }
#define FLAG(name) \
    { name, KNOB_FLAG, 0, 0, 1 }
#define FRACTION(name, value) \
    { name, KNOB_BELOW, value, 0, 1 }
#define COUNT(name, value, low) \
    { name, KNOB_WHOLE, value, low, 1e9 }

#define ADAM_KNOBS(decay)                                                             \
    {                                                                                 \
        RATE(0.001), FRACTION("beta1", 0.9), FRACTION("beta2", 0.999), EPSILON(1e-8), \
            DECAY(decay), FLAG("amsgrad")                                             \
    }
#define ADAM_SLOTS                                                               \
    {                                                                            \
        {"exp_avg", NULL}, {"exp_avg_sq", NULL}, { "max_exp_avg_sq", "amsgrad" } \
    }

/* clang-format off */
const Method optimizers[] = {
    {"sgd",      {RATE(0.001), FRACTION("momentum", 0), {"dampening", KNOB_WITHIN, 0, 0, 1}, DECAY(0),
                  FLAG("nesterov")},
                 {{"momentum_buffer", "momentum"}}},
    {"rmsprop",  {RATE(0.01), FRACTION("alpha", 0.99), EPSILON(1e-8), DECAY(0), FRACTION("momentum", 0),
                  FLAG("centered")},
                 {{"square_avg", NULL}, {"momentum_buffer", "momentum"}, {"grad_avg", "centered"}}},
    {"adagrad",  {RATE(0.01), {"rate_decay", KNOB_WITHIN, 0, 0, 1e6}, DECAY(0),
                  {"initial_accumulator_value", KNOB_WITHIN, 0, 0, 1e6}, EPSILON(1e-10)},
                 {{"sum", NULL}}},
    {"adadelta", {RATE(1), FRACTION("rho", 0.9), EPSILON(1e-6), DECAY(0)},
                 {{"square_avg", NULL}, {"acc_delta", NULL}}},
    {"adam",     ADAM_KNOBS(0), ADAM_SLOTS},
    {"adamw",    ADAM_KNOBS(0.01), ADAM_SLOTS},
};

const Method schedules[] = {
    {"constant", {{0}}, {{0}}},
    {"steps",    {COUNT("step_size", NAN, 1), {"gamma", KNOB_ABOVE, 0.1, 0, 1e6}, FLAG("per_step")}, {{0}}},
    {"cosine",   {COUNT("T_max", NAN, 1), {"eta_min", KNOB_WITHIN, 0, 0, 1e6}, FLAG("per_step")}, {{0}}},
    {"linear",   {{"start_factor", KNOB_ABOVE, 1.0 / 3, 0, 1}, {"end_factor", KNOB_WITHIN, 1, 0, 1},
                  COUNT("total_iters", 5, 1), FLAG("per_step")}, {{0}}},
    {"plateau",  {FRACTION("factor", 0.1), COUNT("patience", 10, 0), {"threshold", KNOB_WITHIN, 1e-4, 0, 1e6},
                  COUNT("cooldown", 0, 0), {"min_rate", KNOB_WITHIN, 0, 0, 1e6}}, {{0}}},
};

const Method samplings[] = {
    {"constant",        {{"probability", KNOB_WITHIN, NAN, 0, 1}}, {{0}}},
    {"linear",          {{"start", KNOB_WITHIN, 0, 0, 1}, {"end", KNOB_WITHIN, NAN, 0, 1},
                         COUNT("total_iters", 5, 1), FLAG("per_step")}, {{0}}},
    {"exponential",     {{"k", KNOB_WITHIN, NAN, 0, 1}, FLAG("per_step")}, {{0}}},
    {"inverse_sigmoid", {{"k", KNOB_WITHIN, NAN, 1, 1e9}, FLAG("per_step")}, {{0}}},
};
/* clang-format on */

const int optimizer_count = sizeof optimizers / sizeof *optimizers;
const int schedule_count = sizeof schedules / sizeof *schedules;
const int sampling_count = sizeof samplings / sizeof *samplings;

const Method *find_method(const Method *methods, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(methods[i].name, name) == 0) return &methods[i];
    return NULL;
}

Choice choose_method(const Method *method) {
    Choice choice = {.method = method};
    for (int i = 0; method->knobs[i].kind; i++) choice.value[i] = method->knobs[i].value;
    return choice;
}

double choice_value(const Choice *choice, const char *name) {
    for (int i = 0; choice->method->knobs[i].kind; i++)
        if (strcmp(choice->method->knobs[i].name, name) == 0) return choice->value[i];
    return 0;
}

const char *choice_slot(const Choice *choice, int place) {
    const Slot *slot = &choice->method->slots[place];
    return !slot->with || choice_value(choice, slot->with) != 0 ? slot->name : NULL;
}

Training training_default(void) {
    const Method *adam = find_method(optimizers, optimizer_count, "adam");
    return (Training){.optimizer = choose_method(adam), .epochs = 10, .batch = 32};
}
