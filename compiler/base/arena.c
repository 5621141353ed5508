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

/* Blocks are twice as large as the one before them, up to a limit. */
enum { SMALLEST = 1 << 16, LARGEST = 1 << 20 };

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

static size_t room(const Arena *arena) {
    return arena->blocks ? arena->blocks->size - arena->blocks->used : 0;
}

void *arena_alloc(Arena *arena, size_t size) {
    size_t align = alignof(max_align_t);
    size = (size + align - 1) / align * align;
    if (room(arena) < size) {
        size_t wanted = arena->blocks ? 2 * arena->blocks->size : SMALLEST;
        if (wanted > LARGEST) wanted = LARGEST;
        arena->blocks = block_new(size > wanted ? size : wanted, arena->blocks);
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

/* Prints where the text will stand; once more if there was no room for it. */
char *arena_vprintf(Arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    const size_t there = room(arena);
    char *place = there ? arena->blocks->bytes + arena->blocks->used : NULL;
    const size_t size = (size_t)vsnprintf(place, there, format, args) + 1;
    if (size > there && there) memset(place, 0, there); /* what is allocated is zeros */
    char *text = arena_alloc(arena, size);
    if (size > there) vsnprintf(text, size, format, again);
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
