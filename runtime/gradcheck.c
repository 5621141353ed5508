#include "gradcheck.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "evaluate.h"
#include "random.h"

enum { ELEMENTS = 20, TRIES = 10, ROUNDED = 16 };

typedef struct {
    RdSession *session;
    RdBatch batch;
    int targets;
    RdRandom random;
    double loss;       /* before anything moves */
    double *gradient;  /* stretch: what the model computes */
    double *start;     /* stretch: the parameters */
    double *direction; /* stretch: how they move */
} Check;

/* ---- the loss along a direction ---- */

static double run(Check *check) {
    RdRun *run = &check->session->run;
    check->session->model->prepare(run, true);
    check->session->model->train(run);
    return rd_mean_loss(rd_loss_sum(check->session, check->targets),
                        rd_weight_sum(check->session, check->targets));
}

/* The loss with elements [from, to) of the parameters moved by `distance` times the direction. */
static double loss_at(Check *check, size_t from, size_t to, double distance) {
    double *param = check->session->param;
    for (size_t i = from; i < to; i++) param[i] = check->start[i] + distance * check->direction[i];
    double loss = run(check);
    memcpy(param + from, check->start + from, (to - from) * sizeof *param);
    return loss;
}

static double difference(Check *check, size_t from, size_t to, double h) {
    double far = loss_at(check, from, to, -2 * h) - loss_at(check, from, to, 2 * h);
    double near = loss_at(check, from, to, h) - loss_at(check, from, to, -h);
    return (far + 8 * near) / (12 * h);
}

/* How far off a difference may be although the gradient is right: each loss is rounded, to some
 * units in its last place, and the difference divides that by the step. */
static double rounding(const Check *check, double h) {
    return ROUNDED * DBL_EPSILON * fabs(check->loss) / h;
}

/* The error of the derivative along the direction, which lies in elements [from, to). Where
 * rounding alone could be an error above the limit, it is compared as if it were larger. */
static double error_along(Check *check, size_t from, size_t to, double floor_value) {
    static const double step[] = {1e-3, 1e-4, 1e-5};
    double given = 0, least = INFINITY;
    for (size_t i = from; i < to; i++) given += check->gradient[i] * check->direction[i];
    for (size_t i = 0; i < sizeof step / sizeof *step && !(least < RD_GRADCHECK_LIMIT); i++) {
        double found = difference(check, from, to, step[i]);
        double least_seen = rounding(check, step[i]) / RD_GRADCHECK_LIMIT;
        double scale = fmax(fmax(fabs(given), fabs(found)), fmax(floor_value, least_seen));
        double error = given == found ? 0 : fabs(given - found) / scale;
        if (error < least) least = error;
    }
    return least;
}

/* ---- a tensor ---- */

static double largest_of(const double *values, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        if (!(fabs(values[i]) <= largest)) largest = fabs(values[i]);
    return largest;
}

/* Smaller derivatives than this are compared as if they were this large. */
static double floor_of(const RdTensorCheck *result) { return fmax(1e-3 * result->largest, 1e-9); }

/* An element of [from, from + size), preferably one that the loss depends on. */
static size_t choose(Check *check, size_t from, size_t size) {
    size_t element = from;
    for (int i = 0; i < TRIES; i++) {
        element = from + rd_random_below(&check->random, size);
        if (check->gradient[element] != 0) break;
    }
    return element;
}

static void check_elements(Check *check, size_t from, size_t size, RdTensorCheck *result) {
    bool all = size <= ELEMENTS;
    result->checked = all ? (int)size : ELEMENTS;
    for (int i = 0; i < result->checked; i++) {
        size_t element = all ? from + (size_t)i : choose(check, from, size);
        check->direction[element] = 1;
        double error = error_along(check, element, element + 1, floor_of(result));
        if (!(error <= result->element)) result->element = error;
    }
}

/* All elements move at once, by a vector of length one. */
static void check_direction(Check *check, size_t from, size_t size, RdTensorCheck *result) {
    double square = 0;
    for (size_t i = from; i < from + size; i++) {
        check->direction[i] = rd_random_normal(&check->random);
        square += check->direction[i] * check->direction[i];
    }
    for (size_t i = from; i < from + size; i++) check->direction[i] /= sqrt(square);
    result->direction = error_along(check, from, from + size, floor_of(result));
}

static void check_tensor(Check *check, int param, RdTensorCheck *result) {
    const RdLayout *layout = &check->session->layout;
    size_t from = layout->start[param], size = layout->size[param];
    *result = (RdTensorCheck){.largest = largest_of(check->gradient + from, size)};
    check_elements(check, from, size, result);
    check_direction(check, from, size, result);
}

double rd_tensor_error(const RdTensorCheck *check) {
    if (!isfinite(check->largest) || isnan(check->element) || isnan(check->direction))
        return INFINITY;
    return fmax(check->element, check->direction);
}

/* ---- all of them ---- */

bool rd_gradcheck(RdSession *session, RdPlan *plan, uint64_t seed, RdTensorCheck *checks,
                  RdError *error) {
    const RdModel *model = session->model;
    Check check = {.session = session, .random = rd_random(seed, 2)};
    rd_plan_batch(plan, 0, &check.batch);
    check.targets = rd_batch_rows(&check.batch, model->loss_per_step);
    session->run.batch = &check.batch;
    session->run.key = rd_mix(seed);
    double loss = check.loss = run(&check);
    check.gradient = rd_layout_zeros(&session->layout, model);
    check.start = rd_layout_zeros(&session->layout, model);
    check.direction = rd_layout_zeros(&session->layout, model);
    memcpy(check.gradient, session->gradient, rd_session_trained_bytes(session));
    memcpy(check.start, session->param, rd_session_stretch_bytes(session));
    for (int i = 0; i < model->param_count && isfinite(loss); i++) {
        checks[i] = (RdTensorCheck){0};
        if (!model->params[i].frozen) check_tensor(&check, i, &checks[i]);
    }
    session->run.batch = NULL;
    free(check.gradient);
    free(check.start);
    free(check.direction);
    return isfinite(loss) ? true : rd_fail(error, "gradcheck: the loss is not a finite number");
}
