/* The learning rate as training goes on. It is the optimizer's rate times a factor of each of the
 * model's schedules, as torch.optim.lr_scheduler defines them. With t the complete epochs, or with
 * `per_step` the complete steps:
 *
 *   constant  1
 *   steps     gamma^floor(t / step_size)                                      (StepLR)
 *   cosine    eta_min / rate + (1 - eta_min / rate) (1 + cos(pi t / T_max)) / 2 (CosineAnnealingLR)
 *   linear    start_factor + (end_factor - start_factor) min(t / total_iters, 1)        (LinearLR)
 *   plateau   times `factor` whenever more than `patience` epochs in a row were no better than the
 *             best one by more than the fraction `threshold`; `cooldown` epochs after that do not
 *             count, and the rate does not fall below min_rate               (ReduceLROnPlateau)
 *
 * Plateau looks at the loss on the validation data, without them at the loss of training. */
#ifndef RONDO_SCHEDULE_H
#define RONDO_SCHEDULE_H

#include "rondo.h"

/* What a plateau remembers. It follows from the losses of all epochs. */
typedef struct {
    double best;   /* the lowest loss; INFINITY at first */
    double factor; /* 1 at first */
    int bad;       /* epochs in a row that were no better */
    int cooling;   /* epochs that are still not to count */
} RdPlateau;

/* Where plateaus begin. Writes [RD_MAX_SCHEDULES]. */
void rd_plateau_start(RdPlateau *plateau);

/* An epoch is over. A loss that is not finite is no better than any. */
void rd_plateau_epoch(const RdTraining *training, RdPlateau *plateau, double loss);

/* The rate of the next step, after so many complete epochs and steps. */
double rd_rate(const RdTraining *training, const RdPlateau *plateau, int epochs, long steps);

#endif
