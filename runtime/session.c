#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "units.h"

static void *zeros(size_t bytes) {
    void *data = rd_block(bytes);
    return data ? memset(data, 0, bytes) : NULL;
}

static size_t patch_count(const RdLayout *layout) {
    return (layout->trained + RD_PATCH - 1) / RD_PATCH;
}

/* That of the weights as products read them. */
static RdPrecision precision_of(const RdModel *model, bool training) {
    return training ? RD_FULL : model->precision;
}

static RdMemory memory_of(const RdModel *model, const RdSizes *sizes, const RdLayout *layout,
                          bool training) {
    size_t arrays = 1; /* gradients, and what the optimizer keeps */
    for (int i = 0; i < RD_MAX_SLOTS; i++) arrays += model->training.slot[i] != NULL;
    return (RdMemory){
        .numbers = layout->numbers,
        .param = layout->count * model->real_size,
        .train = training ? layout->trained * model->real_size * arrays + patch_count(layout) : 0,
        .best = training ? layout->count * model->real_size : 0,
        .run = model->packed_bytes(sizes, precision_of(model, training)) +
               model->memory_bytes(sizes, training)};
}

RdMemory rd_session_memory(const RdModel *model, const RdSizes *sizes, bool training) {
    RdLayout layout = rd_layout(model, sizes->vocab);
    RdMemory memory = memory_of(model, sizes, &layout, training);
    rd_layout_free(&layout);
    return memory;
}

size_t rd_memory_total(const RdMemory *memory) {
    return memory->param + memory->train + memory->best + memory->run;
}

size_t rd_session_stretch_bytes(const RdSession *session) {
    return session->layout.count * session->model->real_size;
}

size_t rd_session_trained_bytes(const RdSession *session) {
    return session->layout.trained * session->model->real_size;
}

/* Pointers to the parameters in a stretch. */
static void **pointers(const RdSession *session, void *stretch) {
    void **at = calloc((size_t)session->model->param_count + 1, sizeof *at);
    if (at && stretch) rd_layout_pointers(&session->layout, session->model, stretch, at);
    return at;
}

/* The same in a stretch of trained parameters only. */
static void **trained_pointers(const RdSession *session, void *stretch) {
    void **at = pointers(session, stretch);
    for (int i = 0; at && i < session->model->param_count; i++)
        if (session->model->params[i].frozen) at[i] = NULL;
    return at;
}

/* All that is no embedding's is filled at every step. */
static unsigned char *new_patches(const RdSession *session) {
    const RdLayout *layout = &session->layout;
    unsigned char *patches = malloc(patch_count(layout) + 1);
    if (!patches) return NULL;
    memset(patches, RD_PATCH_FILLED, patch_count(layout) + 1);
    for (int i = 0; i < session->model->param_count; i++) {
        const RdParam *param = &session->model->params[i];
        if (param->sparse || param->frozen || !layout->size[i]) continue;
        size_t first = layout->start[i] / RD_PATCH;
        size_t last = (layout->start[i] + layout->size[i] - 1) / RD_PATCH;
        memset(patches + first, RD_PATCH_FILLED | RD_PATCH_USED | RD_PATCH_WHOLE, last - first + 1);
    }
    return patches;
}

void rd_session_used(RdSession *session) {
    for (size_t i = 0; i < patch_count(&session->layout); i++) session->patches[i] |= RD_PATCH_USED;
}

/* Gradients and slots. */
static bool allocate_training(RdSession *session) {
    size_t bytes = rd_session_trained_bytes(session);
    bool good = (session->gradient = zeros(bytes)) != NULL;
    good = (session->patches = new_patches(session)) != NULL && good;
    for (int i = 0; i < RD_MAX_SLOTS; i++)
        if (session->model->training.slot[i])
            good = (session->slot[i] = zeros(bytes)) != NULL && good;
    return good;
}

static bool allocate(RdSession *session) {
    const RdModel *model = session->model;
    RdRun *run = &session->run;
    if (!session->param) session->param = zeros(rd_session_stretch_bytes(session));
    if (session->training && !allocate_training(session)) return false;
    run->precision = precision_of(model, session->training);
    run->packed = rd_block(model->packed_bytes(&run->sizes, run->precision));
    run->memory = rd_block(model->memory_bytes(&run->sizes, session->training));
    run->output = calloc((size_t)model->output_count + 1, sizeof *run->output);
    run->flow = calloc((size_t)model->flow_count + 1, sizeof *run->flow);
    run->carried = calloc((size_t)model->carried_count + 1, sizeof *run->carried);
    run->param = pointers(session, session->param);
    run->gradient = trained_pointers(session, session->gradient);
    run->gradients = session->gradient;
    run->trained = session->layout.trained;
    run->patches = session->patches;
    return session->param && run->packed && run->memory && run->output && run->flow &&
           run->carried && run->param && run->gradient;
}

static bool open_session(RdSession *session, RdError *error) {
    session->run.sizes.threads = rd_pool_threads(session->run.pool);
    if (allocate(session)) return true;
    RdMemory memory =
        memory_of(session->model, &session->run.sizes, &session->layout, session->training);
    char size[RD_UNIT_TEXT];
    return rd_fail(error, "not enough memory: %s needed; a smaller --batch needs less",
                   rd_bytes_text(size, rd_memory_total(&memory)));
}

bool rd_session_open(RdSession *session, const RdModel *model, RdSizes sizes, RdPool *pool,
                     bool training, RdError *error) {
    *session = (RdSession){.model = model,
                           .layout = rd_layout(model, sizes.vocab),
                           .run = {.sizes = sizes, .pool = pool},
                           .training = training};
    return open_session(session, error);
}

bool rd_session_open_with(RdSession *session, const RdModel *model, RdSizes sizes, RdPool *pool,
                          void *param, RdError *error) {
    *session = (RdSession){.model = model,
                           .layout = rd_layout(model, sizes.vocab),
                           .run = {.sizes = sizes, .pool = pool},
                           .param = param};
    return open_session(session, error);
}

void rd_session_close(RdSession *session) {
    void *const blocks[] = {session->param,
                            session->gradient,
                            session->patches,
                            session->run.packed,
                            session->run.memory,
                            (void *)session->run.output,
                            (void *)session->run.flow,
                            (void *)session->run.carried,
                            (void *)session->run.param,
                            (void *)session->run.gradient};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) free(blocks[i]);
    for (int i = 0; i < RD_MAX_SLOTS; i++) free(session->slot[i]);
    rd_layout_free(&session->layout);
    *session = (RdSession){0};
}
