/* A cursor over the text of a graph: words, numbers and punctuation, one line at a time. The first
 * error is reported at its place; from then on every function does nothing and returns nothing. */
#ifndef RONDO_READ_TEXT_H
#define RONDO_READ_TEXT_H

#include <stdbool.h>

#include "base/diag.h"
#include "base/intern.h"

typedef struct {
    Arena *arena;
    Intern *names;
    const Source *source;
    Diag *diag;
    const char *at, *line_start;
    const char *last; /* where the word or string read last begins */
    int line;
    bool failed;
} Cursor;

Cursor cursor_new(Arena *arena, Intern *names, const Source *source, Diag *diag);

void cursor_fail(Cursor *cursor, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same at the word that was read last. */
void cursor_reject(Cursor *cursor, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The place of the next byte. */
Span cursor_span(const Cursor *cursor);

/* Skips blanks; whether the text, or the line but for a comment, ends there. */
bool cursor_done(Cursor *cursor);
bool cursor_line_done(Cursor *cursor);

/* Skips blanks, comments and ends of lines. */
void cursor_next_line(Cursor *cursor);

/* Skips blanks, then `symbol` if it comes next. */
bool cursor_accept(Cursor *cursor, const char *symbol);
void cursor_expect(Cursor *cursor, const char *symbol);

/* Whether a word or a string comes next. */
bool cursor_at_word(Cursor *cursor);

/* A bare word or a quoted string, interned; "" after an error. */
const char *cursor_word(Cursor *cursor);
const char *cursor_string(Cursor *cursor);

/* A keyword that must come next, and numbers in a range. */
void cursor_keyword(Cursor *cursor, const char *keyword);
int cursor_int(Cursor *cursor, int low, int high);
double cursor_number(Cursor *cursor);

#endif
