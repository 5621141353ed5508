#include "trained.h"

#include "batch.h"
#include "threads.h"

bool rd_trained_load(RdTrained *trained, const RdModel *model, const char *path, int threads,
                     RdError *error) {
    *trained = (RdTrained){.model = model};
    if (!rd_model_load(path, model, false, &trained->saved, error)) return false;
    trained->pool = rd_pool_new(threads);
    return true;
}

static bool fits(const RdSizes *have, const RdSizes *need) {
    bool fit = need->examples <= have->examples;
    for (int n = 0; n < RD_MAX_SEQUENCES; n++)
        fit &= need->rows[n] <= have->rows[n] && need->longest[n] <= have->longest[n];
    return fit;
}

/* The weights, from the file or from the session that ends here. */
static void *take_weights(RdTrained *trained) {
    void *weights = trained->session.param;
    if (!trained->session.model) {
        weights = trained->saved.stretch[RD_WEIGHTS];
        trained->saved.stretch[RD_WEIGHTS] = NULL;
        return weights;
    }
    trained->session.param = NULL;
    rd_session_close(&trained->session);
    return weights;
}

bool rd_trained_fit(RdTrained *trained, RdSizes sizes, RdError *error) {
    if (trained->session.model) {
        if (fits(&trained->session.run.sizes, &sizes)) return true;
        sizes = rd_sizes_max(sizes, trained->session.run.sizes);
    }
    void *weights = take_weights(trained);
    return rd_session_open_with(&trained->session, trained->model, sizes, trained->pool, weights,
                                error);
}

void rd_trained_become(RdTrained *trained, const RdModel *model) {
    void *weights = take_weights(trained);
    trained->saved.stretch[RD_WEIGHTS] = weights;
    trained->model = model;
}

void rd_trained_close(RdTrained *trained) {
    if (trained->session.model) rd_session_close(&trained->session);
    rd_saved_free(&trained->saved);
    rd_pool_free(trained->pool);
    *trained = (RdTrained){0};
}
