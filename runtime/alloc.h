/* Memory of the parts that read and hold data. It is never NULL: when there is none left, the
 * process says so and ends with status 1; or the thread goes on where it asked to. */
#ifndef RONDO_ALLOC_H
#define RONDO_ALLOC_H

#include <setjmp.h>
#include <stddef.h>

/* `count` zeroed elements of `size` bytes; freed with free. */
void *rd_zeros(size_t count, size_t size);

/* The same, beginning at a multiple of 64 bytes; rd_aligned does not set them to zero. */
void *rd_zeros_aligned(size_t count, size_t size);
void *rd_aligned(size_t count, size_t size);

/* The same of `bytes`, but NULL when there is no memory. What is large lies in huge pages where
 * there are such: whoever reads it in order waits less. */
void *rd_block(size_t bytes);

/* `old` with room for at least `need` elements of `size` bytes; *capacity (elements) is doubled
 * until it suffices. What is new is not zeroed. */
void *rd_grow(void *old, size_t *capacity, size_t need, size_t size);

/* A copy of `text`; freed with free. */
char *rd_copy(const char *text);

/* From now on, and in this thread, a lack of memory is a jump there: in libraries, which may not
 * end the process. What was allocated on the way is lost. NULL: no more. */
void rd_catch_no_memory(jmp_buf *place);

#endif
