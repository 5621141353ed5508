#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"

typedef struct Block {
    struct Block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
} Block;

struct Arena {
    Block *blocks;
};

enum { BLOCK_SIZE = 1 << 16 };

static Block *block_new(size_t size, Block *next) {
    Block *block = calloc(1, sizeof(Block) + size);
    if (!block) die("out of memory");
    block->size = size;
    block->next = next;
    return block;
}

Arena *arena_new(void) {
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena) die("out of memory");
    return arena;
}

void arena_free(Arena *arena) {
    for (Block *block = arena->blocks; block;) {
        Block *next = block->next;
        free(block);
        block = next;
    }
    free(arena);
}

void *arena_alloc(Arena *arena, size_t size) {
    size_t align = alignof(max_align_t);
    size = (size + align - 1) / align * align;
    if (!arena->blocks || arena->blocks->size - arena->blocks->used < size) {
        size_t wanted = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        arena->blocks = block_new(wanted, arena->blocks);
    }
    void *result = arena->blocks->bytes + arena->blocks->used;
    arena->blocks->used += size;
    return result;
}

char *arena_copy(Arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_vprintf(Arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(Arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
