/* A growable array in an arena:
 *
 *     VEC(int) lines = {0};
 *     vec_push(arena, &lines, 42);
 *     for (int i = 0; i < lines.len; i++) use(lines.at[i]);
 */
#ifndef RONDO_VEC_H
#define RONDO_VEC_H

#include <string.h>

#include "base/arena.h"

#define VEC(Type)     \
    struct {          \
        Type *at;     \
        int len, cap; \
    }

#define vec_push(arena, vec, ...)                                                        \
    (vec_grow((arena), (void **)&(vec)->at, &(vec)->cap, (vec)->len, sizeof *(vec)->at), \
     (vec)->at[(vec)->len++] = (__VA_ARGS__))

/* Makes room for one more element after the first `len`. */
void vec_grow(Arena *arena, void **at, int *cap, int len, size_t size);

#endif
