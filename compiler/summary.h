#ifndef RONDO_SUMMARY_H
#define RONDO_SUMMARY_H

#include "pipeline.h"

/* Prints to the standard output, after a line with the name of the program: parameters, work,
 * recurrences, memory, weights where they are narrow (precision 1 bf16, 2 int8), and the compiler's
 * own time. */
void print_summary(const Compilation *compilation, const char *output, int precision);

/* The comment that a library's header begins with: what the model reads and puts out. */
const char *library_about(const Compilation *compilation, const char *name);

#endif
