/* The indented writer that every printer and the emitter share. */
#ifndef RONDO_TEXT_H
#define RONDO_TEXT_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct {
    Arena *arena;
    char *at; /* always NUL-terminated once something was written */
    size_t len, cap;
    int indent;    /* levels */
    int width;     /* spaces a level; 0 means 2 */
    bool mid_line; /* something stands on the current line */
} Text;

Text text_new(Arena *arena);

/* Appends formatted text; each line that it starts is indented by text->indent levels. */
void text_printf(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends `s` as it is, indenting each line that it starts. */
void text_puts(Text *text, const char *s);

/* What was written so far; "" when nothing was. */
const char *text_string(const Text *text);

#endif
