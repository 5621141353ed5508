/* An arena: memory that lives as long as one compilation. Nothing is freed singly. */
#ifndef RONDO_ARENA_H
#define RONDO_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct Arena Arena;

/* A new empty arena; ends the process with a message when memory runs out. */
Arena *arena_new(void);

/* Frees the arena and everything that was allocated in it. */
void arena_free(Arena *arena);

/* `size` zeroed bytes, aligned for any type. Never NULL. */
void *arena_alloc(Arena *arena, size_t size);

/* A copy of the first `length` bytes of `text`, with a terminating NUL. */
char *arena_copy(Arena *arena, const char *text, size_t length);

/* What printf would print, as a string in the arena. */
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *arena, const char *format, va_list args);

#define ARENA_NEW(arena, Type) ((Type *)arena_alloc((arena), sizeof(Type)))
#define ARENA_ARRAY(arena, Type, count) \
    ((Type *)arena_alloc((arena), sizeof(Type) * (size_t)(count)))

#endif
