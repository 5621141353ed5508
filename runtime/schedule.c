#include "schedule.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* A change of the rate that is smaller is none (eps of ReduceLROnPlateau). */
static const double LEAST_CHANGE = 1e-8;

void rd_plateau_start(RdPlateau *plateau) {
    for (int i = 0; i < RD_MAX_SCHEDULES; i++) plateau[i] = (RdPlateau){INFINITY, 1, 0, 0};
}

static void reduce(const RdSchedule *schedule, RdPlateau *plateau, double rate) {
    double old = rate * plateau->factor, reduced = fmax(old * schedule->factor, schedule->min_rate);
    if (old - reduced > LEAST_CHANGE) plateau->factor = reduced / rate;
    plateau->cooling = (int)schedule->cooldown;
    plateau->bad = 0;
}

static void plateau_epoch(const RdSchedule *schedule, RdPlateau *plateau, double rate,
                          double loss) {
    if (loss < plateau->best * (1 - schedule->threshold) ||
        (isinf(plateau->best) && isfinite(loss))) {
        plateau->best = loss;
        plateau->bad = 0;
    } else {
        plateau->bad++;
    }
    if (plateau->cooling > 0) {
        plateau->cooling--;
        plateau->bad = 0;
    }
    if (plateau->bad > schedule->patience) reduce(schedule, plateau, rate);
}

void rd_plateau_epoch(const RdTraining *training, RdPlateau *plateau, double loss) {
    for (int i = 0; i < training->schedule_count; i++)
        if (training->schedules[i].kind == RD_SCHEDULE_PLATEAU)
            plateau_epoch(&training->schedules[i], &plateau[i], training->rate, loss);
}

/* The factor of one schedule at time t. */
static double factor_of(const RdSchedule *schedule, const RdPlateau *plateau, double rate,
                        double t) {
    double least = schedule->eta_min / rate;
    switch (schedule->kind) {
        case RD_SCHEDULE_CONSTANT:
            return 1;
        case RD_SCHEDULE_STEPS:
            return pow(schedule->gamma, floor(t / schedule->step_size));
        case RD_SCHEDULE_COSINE:
            return least + (1 - least) * (1 + cos(PI * t / schedule->T_max)) / 2;
        case RD_SCHEDULE_LINEAR:
            return schedule->start_factor + (schedule->end_factor - schedule->start_factor) *
                                                fmin(t / schedule->total_iters, 1);
        case RD_SCHEDULE_PLATEAU:
            return plateau->factor;
    }
    return 1;
}

double rd_rate(const RdTraining *training, const RdPlateau *plateau, int epochs, long steps) {
    double rate = training->rate;
    for (int i = 0; i < training->schedule_count; i++) {
        const RdSchedule *schedule = &training->schedules[i];
        double t = schedule->per_step ? (double)steps : epochs;
        rate *= factor_of(schedule, &plateau[i], training->rate, t);
    }
    return rate;
}
