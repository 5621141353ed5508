/* How a model file calls what is in it, where it is written (model_file.c) and read (model_load.c).
 */
#ifndef RONDO_MODEL_KEYS_H
#define RONDO_MODEL_KEYS_H

#include "model_file.h"

/* Before the names of tensors that are not weights. */
#define RD_LATEST_PREFIX "latest."
#define RD_OPTIMIZER_PREFIX "optimizer."
#define RD_STATE_PREFIX "state."

/* The metadata's keys. Those of entries have RD_KEY before them, those of columns their names
 * behind them. */
#define RD_KEY "rondo."
#define RD_FORMAT_KEY RD_KEY "format"
#define RD_MODEL_KEY RD_KEY "model"
#define RD_COLUMNS_KEY RD_KEY "columns"
#define RD_WORDS_KEY RD_KEY "words."
#define RD_MERGES_KEY RD_KEY "merges."
#define RD_SCALE_KEY RD_KEY "scale."
#define RD_FORMAT "1"

/* Whether the file itself uses a key that an entry would have. */
bool rd_is_own_key(const char *key);

/* What stands before a parameter's name in a stretch; "" for the weights. */
typedef struct {
    char text[64];
} RdPrefix;
RdPrefix rd_prefix_of(const RdModel *model, int stretch);

/* The optimizer keeps nothing of frozen parameters. */
bool rd_is_in_stretch(const RdModel *model, int stretch, int param);

#endif
