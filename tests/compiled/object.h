/* C texts that the emitter wrote, compiled into one shared object and loaded. */
#ifndef RONDO_TEST_OBJECT_H
#define RONDO_TEST_OBJECT_H

#include "base/arena.h"
#include "rondo.h"

typedef struct {
    void *handle;
    const RdModel **model; /* [count] in the order of the texts */
} Object;

/* Compiles with the options that programs are built with, warnings being errors, and with `flags`
 * ("-O1 -DRD_VECTOR_BYTES=16"). Fails the test when that fails, and leaves the C in place then. */
Object object_load(Arena *arena, const char *const *c, int count, bool as_double,
                   const char *flags);

void object_unload(Object *object);

#endif
