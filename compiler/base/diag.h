/* Diagnostics: `file:line:column: error: message`, the source line, a caret, notes and hints.
 * All of a file's diagnostics are collected, sorted by place and printed in one go. */
#ifndef RONDO_DIAG_H
#define RONDO_DIAG_H

#include <stdio.h>

#include "base/arena.h"

/* A source file. `text` is NUL-terminated. */
typedef struct {
    const char *path; /* as shown in messages */
    const char *text;
    size_t length;
} Source;

/* A stretch of one source line (or more): lines and columns count from 1, columns in bytes,
 * `end_column` is one past the last byte. A span without a source (source == NULL) is "nowhere". */
typedef struct {
    const Source *source;
    int line, column;
    int end_line, end_column;
} Span;

typedef struct Diag Diag;

/* A new empty list whose messages live in `arena`. */
Diag *diag_new(Arena *arena);

/* Adds an error or a warning at `where`. */
void diag_error(Diag *diag, Span where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(Diag *diag, Span where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a note (with its own source line) to the diagnostic added last. */
void diag_note(Diag *diag, Span where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a hint (one line, without a place) to the diagnostic added last. */
void diag_hint(Diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many errors were added. */
int diag_errors(const Diag *diag);

/* The text of the error that was added first, and its place. There is one. */
const char *diag_first_error(const Diag *diag, Span *where);

/* Prints all diagnostics sorted by file, line and column, an exact repetition once, and the line
 * "N errors generated." when there are any. In colour when `color`. */
void diag_print(const Diag *diag, FILE *out, int color);

/* The span from the start of `a` to the end of `b`. */
Span span_join(Span a, Span b);

/* The candidate nearest to `name` by edit distance, or NULL when none is near enough to suggest. */
const char *diag_nearest(const char *name, const char *const *candidates, int count);

#endif
