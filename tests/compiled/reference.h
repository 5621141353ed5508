/* The numbers of tests/reference: tensors of four-byte numbers, by name. */
#ifndef RONDO_TEST_REFERENCE_H
#define RONDO_TEST_REFERENCE_H

#include <stdint.h>

#include "base/arena.h"

typedef struct {
    Arena *arena;
    const char *header, *data;
} Reference;

/* <name>.safetensors; the header is empty when there is no such file. */
Reference reference_open(Arena *arena, const char *name);

/* A tensor, and the number of its elements; NULL when there is none. The name is printf's. */
const int32_t *reference_integers(const Reference *file, int *count, const char *name, ...)
    __attribute__((format(printf, 3, 4)));
const double *reference_reals(const Reference *file, int *count, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

/* The text of tests/reference/models/<name>.rondo, or of another file of the project. */
const char *reference_model(Arena *arena, const char *name);
const char *project_file(Arena *arena, const char *path, size_t *length);

#endif
