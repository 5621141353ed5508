#include "base/vec.h"

void vec_grow(Arena *arena, void **at, int *cap, int len, size_t size) {
    if (len < *cap) return;
    int wanted = *cap ? 2 * *cap : 8;
    void *bigger = arena_alloc(arena, size * (size_t)wanted);
    if (len) memcpy(bigger, *at, size * (size_t)len);
    *at = bigger;
    *cap = wanted;
}
