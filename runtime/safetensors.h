/* The safetensors format: eight bytes that give the header's length (little-endian), the header as
 * JSON, padded with spaces to a multiple of eight, and then the numbers of one tensor after the
 * other. In the header each tensor has its type, shape and place; texts stand under __metadata__.
 */
#ifndef RONDO_SAFETENSORS_H
#define RONDO_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>

#include "json.h"
#include "rondo.h"
#include "status.h"

/* A tensor of 32-bit reals. */
typedef struct {
    int rank;
    size_t dims[RD_MAX_RANK];
    size_t count; /* of its numbers */
    size_t begin; /* in bytes, from the start of the tensors */
} RdTensor;

/* "[20000, 100]" */
typedef struct {
    char text[160];
} RdShapeText;
RdShapeText rd_shape_text(const RdTensor *tensor);

/* ---- writing ---- */

/* Writes the file's beginning, up to the first tensor. `put` writes the header, an object; it is
 * called twice, at first to measure, and must write the same again. */
bool rd_safetensors_begin(RdAtomicFile *file, void (*put)(RdJson *json, const void *context),
                          const void *context, RdError *error);

/* One entry of the header, behind others: the tensor called PREFIX NAME. */
void rd_tensor_put(RdJson *json, const char *prefix, const char *name, const RdTensor *tensor);

/* ---- reading ---- */

typedef struct {
    const char *path;
    int fd;
    json_t *header;    /* checked: an object of tensors, and perhaps __metadata__ with strings */
    size_t tensors_at; /* where in the file the tensors begin */
} RdSafetensors;

/* Opens a file and checks all of it but the numbers: every tensor is F32, has the size that its
 * shape says, and they fill the file without gap or overlap. `path` must outlive it. Freed with
 * rd_safetensors_close, also after a failure. */
bool rd_safetensors_open(RdSafetensors *file, const char *path, RdError *error);

/* A tensor by its name; false when there is none. */
bool rd_safetensors_find(const RdSafetensors *file, const char *name, RdTensor *tensor);

/* The names of all tensors, sorted. The caller frees the array, but not the names. */
const char **rd_safetensors_names(const RdSafetensors *file, size_t *count);

/* Reads a tensor's numbers. */
bool rd_safetensors_read(const RdSafetensors *file, const RdTensor *tensor, float *values,
                         RdError *error);

/* A text of the metadata, or NULL. */
const char *rd_safetensors_text(const RdSafetensors *file, const char *key);

void rd_safetensors_close(RdSafetensors *file);

#endif
