/* Memory of the parts that read and hold data. It is never NULL: when there is none left, the
 * process says so and ends with status 1. */
#ifndef RONDO_ALLOC_H
#define RONDO_ALLOC_H

#include <stddef.h>

/* `count` zeroed elements of `size` bytes; freed with free. */
void *rd_zeros(size_t count, size_t size);

/* The same, beginning at a multiple of 64 bytes; rd_aligned does not set them to zero. */
void *rd_zeros_aligned(size_t count, size_t size);
void *rd_aligned(size_t count, size_t size);

/* `old` with room for at least `need` elements of `size` bytes; *capacity (elements) is doubled
 * until it suffices. What is new is not zeroed. */
void *rd_grow(void *old, size_t *capacity, size_t need, size_t size);

/* A copy of `text`; freed with free. */
char *rd_copy(const char *text);

#endif
