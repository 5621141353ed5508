/* Weights that were trained elsewhere: plain tensors in a safetensors file, under the names and
 * with the shapes of the model's parameters, as PyTorch's state_dict is when it is saved so. */
#ifndef RONDO_IMPORT_H
#define RONDO_IMPORT_H

#include "model_file.h"
#include "rondo.h"
#include "status.h"

/* Told of each tensor that is missing, does not fit, or has no place. */
typedef void RdMisfit(const char *what, void *context);

/* What the columns' numbers stand for: `given` are "FILE" or "COLUMN=FILE", one for each column
 * that training would learn, with a word, character or tag a line in the order of the tensors'
 * rows. The line "<unk>" may be any; *moved[column] is which, and becomes the first. Numbers of
 * other columns stay as they are: mean 0, deviation 1. `moved` is [column_count]. */
bool rd_import_columns(char *const *given, int count, const RdModel *model, RdSaved *saved,
                       int *moved, RdError *error);

/* Reads the weights of a model whose columns are known. All that does not fit is told before it
 * fails. Weights of classes (RD_BALANCED) may be missing: they are 1. */
bool rd_import_weights(const char *path, const RdModel *model, const int *moved, RdSaved *saved,
                       RdMisfit *tell, void *context, RdError *error);

#endif
