/* How functions report what went wrong: they return false and fill an RdError with one line:
 * where, what is wrong, what was expected, what to do. */
#ifndef RONDO_STATUS_H
#define RONDO_STATUS_H

#include <stdarg.h>
#include <stdbool.h>

/* One line without a newline at its end; longer text is cut. Control characters are shown as '?'.
 */
typedef struct {
    char text[512];
} RdError;

/* Writes the message and returns false, so that a caller can `return rd_fail(error, …)`. `error`
 * may be NULL. The arguments may be parts of `error->text` itself. */
bool rd_fail(RdError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The candidate nearest to `name` by edit distance, or NULL when none is near enough to suggest. */
const char *rd_nearest(const char *name, const char *const *candidates, int count);

/* Writes "a, b, c" of the candidates into `out`, shortened with "…" when it does not fit. */
void rd_list(char *out, int size, const char *const *names, int count);

#endif
