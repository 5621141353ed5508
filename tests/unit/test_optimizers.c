/* The optimizers and schedules against 50 steps of torch.optim, from reference/make_optimizers.py.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "optimizers.h"
#include "safetensors.h"
#include "sampling.h"
#include "schedule.h"

enum { STEPS = 50, N = 7, EPOCH = 5, ROOM = 64 }; /* ROOM: whole vectors */

static RdSafetensors file;

static void open_file(void) {
    RdError error;
    bool good =
        rd_safetensors_open(&file, RONDO_SOURCE "/tests/reference/optimizers.safetensors", &error);
    cr_assert(good, "%s", error.text);
}

static void close_file(void) { rd_safetensors_close(&file); }

TestSuite(optimizers, .init = open_file, .fini = close_file);
TestSuite(schedules, .init = open_file, .fini = close_file);

static void read_tensor(const char *name, size_t count, float *values) {
    RdTensor tensor;
    RdError error;
    cr_assert(rd_safetensors_find(&file, name, &tensor), "no %s", name);
    cr_assert_eq(tensor.count, count);
    cr_assert(rd_safetensors_read(&file, &tensor, values, &error), "%s", error.text);
}

/* ---- optimizers ---- */

static const struct Case {
    const char *name;
    void (*chunk)(void *, int);
    bool keeps[RD_MAX_SLOTS];
    RdTraining training;
    double clip_norm;
} cases[] = {
    {"sgd", rd_sgd_chunk, {false}, {.rate = 0.1}, 0},
    {"sgd_momentum",
     rd_sgd_chunk,
     {true},
     {.rate = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01},
     0},
    {"sgd_nesterov", rd_sgd_chunk, {true}, {.rate = 0.1, .momentum = 0.9, .nesterov = true}, 0},
    {"rmsprop", rd_rmsprop_chunk, {true}, {.rate = 0.01, .alpha = 0.99, .epsilon = 1e-8}, 0},
    {"rmsprop_momentum",
     rd_rmsprop_chunk,
     {true, true},
     {.rate = 0.01, .alpha = 0.9, .epsilon = 1e-8, .momentum = 0.5, .weight_decay = 0.01},
     0},
    {"rmsprop_centered",
     rd_rmsprop_chunk,
     {true, true, true},
     {.rate = 0.01, .alpha = 0.9, .epsilon = 1e-8, .momentum = 0.5, .centered = true},
     0},
    {"adagrad", rd_adagrad_chunk, {true}, {.rate = 0.01, .epsilon = 1e-10}, 0},
    {"adagrad_decay",
     rd_adagrad_chunk,
     {true},
     {.rate = 0.01,
      .epsilon = 1e-10,
      .rate_decay = 0.1,
      .weight_decay = 0.01,
      .initial_accumulator_value = 0.5},
     0},
    {"adadelta", rd_adadelta_chunk, {true, true}, {.rate = 1, .rho = 0.9, .epsilon = 1e-6}, 0},
    {"adadelta_decay",
     rd_adadelta_chunk,
     {true, true},
     {.rate = 0.5, .rho = 0.8, .epsilon = 1e-6, .weight_decay = 0.01},
     0},
    {"adam",
     rd_adam_chunk,
     {true, true},
     {.rate = 0.001, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8},
     0},
    {"adam_amsgrad",
     rd_adam_chunk,
     {true, true, true},
     {.rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01},
     0},
    {"adamw",
     rd_adamw_chunk,
     {true, true},
     {.rate = 0.001, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01},
     0},
    {"adamw_decay",
     rd_adamw_chunk,
     {true, true, true},
     {.rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.1},
     0},
    {"clip_value", rd_sgd_chunk, {false}, {.rate = 0.1, .clip_value = 0.25}, 0},
    {"clip_norm", rd_sgd_chunk, {false}, {.rate = 0.1}, 0.5},
};

typedef struct Case Case;

enum { CASES = sizeof cases / sizeof *cases };

/* What torch.nn.utils.clip_grad_norm_ multiplies with. */
static double clip_scale(const float *gradient, double clip) {
    double sum = 0;
    for (int i = 0; i < N; i++) sum += (double)gradient[i] * gradient[i];
    return clip == 0 ? 1 : fmin(1, clip / (sqrt(sum) + 1e-6));
}

static void follow(const Case *c, const float *gradients, const float *expected) {
    float param[ROOM] = {0}, gradient[ROOM] = {0}, slots[RD_MAX_SLOTS][ROOM] = {{0}};
    double largest[N] = {0};
    RdUpdate update = {
        .count = ROOM, .param = param, .gradient = gradient, .training = c->training};
    for (int s = 0; s < RD_MAX_SLOTS; s++) update.slot[s] = c->keeps[s] ? slots[s] : NULL;
    read_tensor("start", N, param);
    for (int step = 0; step < STEPS; step++) {
        memcpy(gradient, gradients + (ptrdiff_t)step * N, N * sizeof(float));
        update.step = step + 1;
        update.scale = clip_scale(gradient, c->clip_norm);
        rd_update(&update, c->chunk);
        for (int i = 0; i < N; i++) {
            double is = param[i], wanted = expected[step * N + i];
            largest[i] = fmax(largest[i], fabs(wanted));
            cr_assert_float_eq(is, wanted, 1e-6 * (1 + largest[i]), "%s: step %d, [%d]: %.9g, %.9g",
                               c->name, step + 1, i, is, wanted);
        }
        for (int i = N; i < ROOM; i++) cr_assert_eq(param[i], 0, "%s: the padding moved", c->name);
    }
}

Test(optimizers, fifty_steps_as_torch_optim) {
    float gradients[STEPS * N], expected[STEPS * N];
    char name[64];
    read_tensor("gradients", STEPS * N, gradients);
    for (int i = 0; i < CASES; i++) {
        snprintf(name, sizeof name, "param.%s", cases[i].name);
        read_tensor(name, STEPS * N, expected);
        follow(&cases[i], gradients, expected);
    }
}

/* A gradient that is not a number must not be clipped into one. */
Test(optimizers, clipping_keeps_what_is_not_a_number) {
    float param[ROOM] = {0}, gradient[ROOM] = {NAN, 3, -3};
    RdUpdate update = {.count = ROOM, .param = param, .gradient = gradient, .step = 1, .scale = 1};
    update.training = (RdTraining){.rate = 1, .clip_value = 0.5};
    rd_update(&update, rd_sgd_chunk);
    cr_expect(isnan(param[0]));
    cr_expect_eq(param[1], -0.5f);
    cr_expect_eq(param[2], 0.5f);
}

/* ---- patches ---- */

enum { PATCHES = 5, REALS = PATCHES * RD_PATCH };

/* What an optimizer leaves behind on a parameter of whose patches some get a gradient at some
 * steps, the last never. */
typedef struct {
    float param[REALS], slots[RD_MAX_SLOTS][REALS];
} Left;

static void few_patches(const struct Case *c, bool told, Left *left) {
    float gradient[REALS] = {0};
    unsigned char patches[PATCHES] = {RD_PATCH_WHOLE | RD_PATCH_FILLED | RD_PATCH_USED};
    RdUpdate update = {.count = REALS, .param = left->param, .gradient = gradient, .scale = 1};
    update.training = c->training;
    update.training.optimizer = c->name;
    if (strncmp(c->name, "sgd", 3) == 0) update.training.optimizer = "sgd";
    update.patches = told ? patches : NULL;
    for (int i = 0; i < REALS; i++) left->param[i] = (float)(i % 7) - 3;
    for (int s = 0; s < RD_MAX_SLOTS; s++) update.slot[s] = c->keeps[s] ? left->slots[s] : NULL;
    for (int step = 1; step <= 6; step++) {
        for (int p = 0; p < PATCHES; p++) {
            bool filled = p == 0 || (p < PATCHES - 1 && (step + p) % 3 == 0);
            if (p) patches[p] &= (unsigned char)~RD_PATCH_FILLED;
            if (filled) patches[p] |= RD_PATCH_FILLED | RD_PATCH_USED;
            for (int i = p * RD_PATCH; i < (p + 1) * RD_PATCH; i++)
                gradient[i] = filled ? (float)((i + step) % 5) - 2 : 0;
        }
        update.step = step;
        rd_update(&update, c->chunk);
    }
}

Test(optimizers, patches_change_no_bit) {
    static Left dense, sparse;
    for (int i = 0; i < CASES; i++) {
        memset(&dense, 0, sizeof dense);
        memset(&sparse, 0, sizeof sparse);
        few_patches(&cases[i], false, &dense);
        few_patches(&cases[i], true, &sparse);
        cr_expect(memcmp(&dense, &sparse, sizeof dense) == 0, "%s", cases[i].name);
    }
}

Test(optimizers, the_norm_is_that_of_all_patches) {
    float gradient[REALS] = {0};
    unsigned char patches[PATCHES] = {RD_PATCH_FILLED, 0, RD_PATCH_FILLED};
    for (int i = 0; i < REALS; i++)
        if (patches[i / RD_PATCH]) gradient[i] = 0.1f * (float)(i % 11);
    cr_expect_eq(rd_square_sum(NULL, gradient, REALS, NULL),
                 rd_square_sum(NULL, gradient, REALS, patches));
}

/* ---- schedules ---- */

static const struct {
    const char *name;
    int count;
    RdSchedule schedules[2];
} rates[] = {
    {"steps", 1, {{.kind = RD_SCHEDULE_STEPS, .step_size = 3, .gamma = 0.1}}},
    {"steps_per_step",
     1,
     {{.kind = RD_SCHEDULE_STEPS, .step_size = 7, .gamma = 0.5, .per_step = true}}},
    {"cosine", 1, {{.kind = RD_SCHEDULE_COSINE, .T_max = 6}}},
    {"cosine_per_step",
     1,
     {{.kind = RD_SCHEDULE_COSINE, .T_max = 20, .eta_min = 0.01, .per_step = true}}},
    {"linear",
     1,
     {{.kind = RD_SCHEDULE_LINEAR, .start_factor = 1.0 / 3, .end_factor = 1, .total_iters = 5}}},
    {"linear_per_step",
     1,
     {{.kind = RD_SCHEDULE_LINEAR,
       .start_factor = 0.1,
       .end_factor = 0.9,
       .total_iters = 30,
       .per_step = true}}},
    {"product",
     2,
     {{.kind = RD_SCHEDULE_LINEAR,
       .start_factor = 0.1,
       .end_factor = 1,
       .total_iters = 10,
       .per_step = true},
      {.kind = RD_SCHEDULE_COSINE, .T_max = 50, .per_step = true}}},
    {"plateau",
     1,
     {{.kind = RD_SCHEDULE_PLATEAU, .factor = 0.1, .patience = 1, .threshold = 1e-4}}},
    {"plateau_cooldown",
     1,
     {{.kind = RD_SCHEDULE_PLATEAU,
       .factor = 0.5,
       .patience = 0,
       .threshold = 0.1,
       .cooldown = 1,
       .min_rate = 0.1}}},
};

Test(schedules, fifty_steps_as_torch_optim) {
    float losses[STEPS / EPOCH], expected[STEPS];
    char name[64];
    read_tensor("losses", STEPS / EPOCH, losses);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        RdTraining training = {
            .rate = 0.5, .schedules = rates[i].schedules, .schedule_count = rates[i].count};
        RdPlateau plateau[RD_MAX_SCHEDULES];
        rd_plateau_start(plateau);
        snprintf(name, sizeof name, "rate.%s", rates[i].name);
        read_tensor(name, STEPS, expected);
        for (int step = 0; step < STEPS; step++) {
            double rate = rd_rate(&training, plateau, step / EPOCH, step);
            cr_assert_float_eq(rate, expected[step], 1e-7, "%s: step %d: %.9g, %.9g", rates[i].name,
                               step, rate, (double)expected[step]);
            if (step % EPOCH == EPOCH - 1)
                rd_plateau_epoch(&training, plateau, (double)losses[step / EPOCH]);
        }
    }
}

Test(schedules, a_loss_that_is_not_finite_is_no_better) {
    const RdSchedule schedule = {.kind = RD_SCHEDULE_PLATEAU, .factor = 0.5};
    const double losses[] = {NAN, INFINITY, 1, NAN, 0.5};
    const double factors[] = {0.5, 0.25, 0.25, 0.125, 0.125};
    RdTraining training = {.rate = 1, .schedules = &schedule, .schedule_count = 1};
    RdPlateau plateau[RD_MAX_SCHEDULES];
    rd_plateau_start(plateau);
    for (int i = 0; i < 5; i++) {
        rd_plateau_epoch(&training, plateau, losses[i]);
        cr_expect_float_eq(rd_rate(&training, plateau, 0, 0), factors[i], 1e-15);
    }
}

/* ---- scheduled sampling ---- */

/* One minus epsilon of Bengio and others (2015), section 2.4. */
Test(samplings, are_those_of_the_paper) {
    static const RdSampling linear = {.kind = RD_SAMPLING_LINEAR, .end = 0.25, .total_iters = 10};
    static const RdSampling power = {.kind = RD_SAMPLING_EXPONENTIAL, .k = 0.9, .per_step = true};
    static const RdSampling sigmoid = {
        .kind = RD_SAMPLING_INVERSE_SIGMOID, .k = 5, .per_step = true};
    for (int t = 0; t < 40; t++) {
        cr_expect_float_eq(rd_sampling_probability(&linear, t, 1000 + t), fmin(0.025 * t, 0.25),
                           1e-15);
        cr_expect_float_eq(rd_sampling_probability(&power, 3, t), 1 - pow(0.9, t), 1e-15);
        cr_expect_float_eq(rd_sampling_probability(&sigmoid, 3, t), 1 - 5 / (5 + exp(t / 5.0)),
                           1e-15);
    }
    cr_expect_eq(rd_sampling_probability(&(RdSampling){0}, 3, 3), 0);
}
