/* The model file: safetensors, so that every reader of that format gets the weights under their
 * names, with PyTorch's layouts. Everything else is in it too: the optimizer's memory as further
 * tensors, vocabularies, classes and entries of text as its metadata. */
#ifndef RONDO_MODEL_FILE_H
#define RONDO_MODEL_FILE_H

#include "atomic.h"
#include "layout.h"
#include "rondo.h"
#include "safetensors.h"
#include "status.h"
#include "vocab.h"

/* Stretches of all parameters (layout.h), always float. */
typedef enum {
    RD_WEIGHTS, /* "NAME": what predicts (the best so far) */
    RD_LATEST,  /* "latest.NAME": the weights that training goes on from, where not the best */
    RD_SLOT,    /* "optimizer.SLOT.NAME", for each of the optimizer's; without frozen parameters */
    RD_STRETCHES = RD_SLOT + RD_MAX_SLOTS
} RdStretch;

/* A text under a key of the metadata, as "rondo.KEY". */
typedef struct {
    const char *key, *value;
} RdEntry;

/* All that a model file holds. Starts as {0}. */
typedef struct {
    RdVocab vocab[RD_MAX_COLUMNS]; /* of the RD_WORDS columns */
    float *stretch[RD_STRETCHES];  /* NULL: not in the file; the weights always are */
    float *state[RD_MAX_COLUMNS];  /* "state.NAME" [streams, numbers], of the RD_CARRIED columns:
                                      those  of an epoch under way; NULL: not in the file */
    int streams;
    RdEntry *entry; /* [entry_count] */
    int entry_count;
} RdSaved;

/* Sets an entry: settings, history, seed, epoch … Keys other than "format", "model", "columns" and
 * "words.…", which the file itself uses. Copies both strings, which must be UTF-8. */
void rd_saved_set(RdSaved *saved, const char *key, const char *value);

/* The entry's value, or NULL. */
const char *rd_saved_get(const RdSaved *saved, const char *key);

/* Frees all that is in it (stretches with free) and makes it {0} again: who wants to keep a
 * vocabulary or stretch, or does not own it, sets it to NULL or {0} first. */
void rd_saved_free(RdSaved *saved);

/* The sizes of the vocabularies: what layouts are made from. Writes [RD_MAX_COLUMNS]. */
void rd_saved_vocab_sizes(const RdSaved *saved, int *sizes);

/* The tensor that parameter p must be in a file; its place is not known. */
RdTensor rd_expected_tensor(const RdModel *model, const RdSaved *saved, int p);

/* Writes the file at once: a kill at any moment leaves the old file or the whole new one; a failure
 * leaves the old file, or none, and nothing beside it. Stretches are laid out as `layout`, which is
 * rd_layout(model, rd_saved_vocab_sizes). Does not allocate. */
bool rd_model_save(RdAtomicFile *file, const RdModel *model, const RdLayout *layout,
                   const RdSaved *saved, RdError *error);

/* What `input NAME: …` calls the column's kind: "words", "chars", "class". */
const char *rd_kind_name(const RdColumn *column);

/* Whether rd_model_save could write `path`, as far as that can be known before: to be asked before
 * a long training. False with the reason. */
bool rd_model_can_save(const char *path, RdError *error);

/* Reads `path`, checks all of it, and that it is a file of this model. Only the weights unless
 * `for_training`. Overwrites *saved; freed with rd_saved_free, also after a failure. */
bool rd_model_load(const char *path, const RdModel *model, bool for_training, RdSaved *saved,
                   RdError *error);

#endif
