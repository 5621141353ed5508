/* All memory of one run of a model, allocated at once: parameters and, to train, gradients and what
 * the optimizer keeps, each in one stretch (layout.h), and the memory that the compiled code
 * asks for. Nothing here allocates after rd_session_open. */
#ifndef RONDO_SESSION_H
#define RONDO_SESSION_H

#include "layout.h"
#include "rondo.h"
#include "status.h"

typedef struct {
    const RdModel *model;
    RdLayout layout;
    RdRun run; /* ready to run but for batch and key */
    bool training;
    void *param;              /* stretch */
    void *gradient;           /* the trained beginning of one, in a training session, else NULL */
    unsigned char *patches;   /* of the gradient */
    void *slot[RD_MAX_SLOTS]; /* the same; NULL also where the optimizer keeps nothing */
} RdSession;

/* What a session takes, in bytes. */
typedef struct {
    size_t numbers; /* of the parameters */
    size_t param;   /* the parameters */
    size_t train;   /* gradients and slots; 0 unless training */
    size_t best;    /* the weights of the best epoch, where a training validates; else 0 */
    size_t run;     /* what the compiled code asks for: activations, packed weights */
} RdMemory;

/* Of a session for batches up to `sizes`; of a training that validates. */
RdMemory rd_session_memory(const RdModel *model, const RdSizes *sizes, bool training);
size_t rd_memory_total(const RdMemory *memory);

/* A session for batches up to `sizes`. All stretches are zero. False when there is not enough
 * memory. The pool must outlive the session, and so must the model. Overwrites *session; freed with
 * rd_session_close, also after a failure. */
bool rd_session_open(RdSession *session, const RdModel *model, RdSizes sizes, RdPool *pool,
                     bool training, RdError *error);
void rd_session_close(RdSession *session);

/* The same, to infer with parameters that exist: a stretch from malloc, aligned to 64 bytes, that
 * the session then owns (also after a failure). */
bool rd_session_open_with(RdSession *session, const RdModel *model, RdSizes sizes, RdPool *pool,
                          void *param, RdError *error);

/* What the optimizer kept was loaded: any patch may have been used. */
void rd_session_used(RdSession *session);

/* Bytes of one stretch, and of its trained beginning. */
size_t rd_session_stretch_bytes(const RdSession *session);
size_t rd_session_trained_bytes(const RdSession *session);

#endif
