/* The end of the road for our own bugs. A user's mistake never comes here: it is a diagnostic. */
#ifndef RONDO_DIE_H
#define RONDO_DIE_H

/* Prints "rondo: internal error: …" and ends the process with status 70. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
