/* A model that was trained, ready to answer: what eval, predict and explain begin with. */
#ifndef RONDO_TRAINED_H
#define RONDO_TRAINED_H

#include "model_file.h"
#include "session.h"

typedef struct {
    const RdModel *model;
    RdSaved saved; /* its weights move to the session */
    RdPool *pool;
    RdSession session;
} RdTrained;

/* Reads the model file and starts the threads. Overwrites *trained; freed with rd_trained_close,
 * also after a failure. */
bool rd_trained_load(RdTrained *trained, const RdModel *model, const char *path, int threads,
                     RdError *error);

/* Makes the session ready for batches up to `sizes`: opens it, or opens a larger one in its place.
 */
bool rd_trained_fit(RdTrained *trained, RdSizes sizes, RdError *error);

/* Goes on with another model of the same weights, that of another precision, which must outlive it.
 * Ends the session. */
void rd_trained_become(RdTrained *trained, const RdModel *model);

void rd_trained_close(RdTrained *trained);

#endif
