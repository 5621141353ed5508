#include "alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

static _Thread_local jmp_buf *caught;

void rd_catch_no_memory(jmp_buf *place) { caught = place; }

static void *must(void *memory) {
    if (memory) return memory;
    if (caught) longjmp(*caught, 1);
    fputs("out of memory\n", stderr);
    exit(1);
}

void *rd_zeros(size_t count, size_t size) { return must(calloc(count ? count : 1, size)); }

void *rd_block(size_t bytes) {
    size_t alignment = bytes < 2 * HUGE_PAGE ? LINE : HUGE_PAGE;
    if (bytes > SIZE_MAX - HUGE_PAGE) return NULL;
    void *data = aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
#ifdef MADV_HUGEPAGE
    if (data && alignment == HUGE_PAGE) madvise(data, bytes, MADV_HUGEPAGE);
#endif
    return data;
}

void *rd_aligned(size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) must(NULL);
    return must(rd_block(count * size));
}

void *rd_zeros_aligned(size_t count, size_t size) {
    return memset(rd_aligned(count, size), 0, count * size);
}

void *rd_grow(void *old, size_t *capacity, size_t need, size_t size) {
    if (old && need <= *capacity) return old;
    size_t room = *capacity ? *capacity : 16;
    if (need > SIZE_MAX / 2 / size) must(NULL);
    while (room < need) room *= 2;
    *capacity = room;
    return must(realloc(old, room * size));
}

char *rd_copy(const char *text) { return must(strdup(text)); }
