/* The compiled gradient against finite differences, in double. For each parameter tensor some
 * elements, and one random direction in which all of them move, are compared:
 *
 *   error = |g - d| / max(|g|, |d|, a thousandth of the tensor's largest gradient, r / limit)
 *
 * with d by the five-point rule, (f(x-2h) - 8f(x-h) + 8f(x+h) - f(x+2h)) / 12h, for the step h out
 * of 1e-3, 1e-4 and 1e-5 that agrees best: a large step may cross the edge of a ReLU or a maximum.
 * r is what rounding may add to d: 16 units in the last place of the loss, over h. Dropout's mask
 * is the same in all runs. */
#ifndef RONDO_GRADCHECK_H
#define RONDO_GRADCHECK_H

#include "batch.h"
#include "session.h"

#define RD_GRADCHECK_LIMIT 1e-6

typedef struct {
    int checked;      /* elements that were compared */
    double largest;   /* gradient of the tensor, absolute */
    double element;   /* the largest error of an element */
    double direction; /* the error along the random direction */
} RdTensorCheck;

/* Checks the gradient of the first batch of the plan, at the session's parameters, which are the
 * same afterwards. The session trains a model in double. Writes checks[param_count]; false when
 * the loss is not finite. */
bool rd_gradcheck(RdSession *session, RdPlan *plan, uint64_t seed, RdTensorCheck *checks,
                  RdError *error);

/* The larger of the two errors; infinite when one is not a number. */
double rd_tensor_error(const RdTensorCheck *check);

#endif
