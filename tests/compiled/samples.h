/* Models whose structure differs from the library's, and from the random programs'. */
#ifndef RONDO_TEST_SAMPLES_H
#define RONDO_TEST_SAMPLES_H

#include "base/arena.h"

typedef struct {
    const char *name;
    const char *cells; /* cells and layers of its own */
    const char *body;  /* the lines that lead to `logits`; may begin with the columns */
    const char *rest;  /* loss and outputs; NULL: cross_entropy(logits, label), logits */
} Sample;

extern const Sample samples[];
extern const int sample_count;

/* The whole file. Unless the body has columns of its own, there are an input `text` of words and a
 * target `label` of three classes. */
const char *sample_text(Arena *arena, const Sample *sample);
const Sample *sample_named(const char *name);

#endif
