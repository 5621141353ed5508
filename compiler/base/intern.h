/* Interned strings: equal strings are the same pointer, so that names compare with ==. */
#ifndef RONDO_INTERN_H
#define RONDO_INTERN_H

#include "base/arena.h"

typedef struct Intern Intern;

/* A new table whose strings live in `arena`. */
Intern *intern_new(Arena *arena);

/* The one copy of `text` (of its first `length` bytes). */
const char *intern(Intern *table, const char *text);
const char *intern_n(Intern *table, const char *text, size_t length);

#endif
