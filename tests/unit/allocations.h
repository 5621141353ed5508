/* Counts what the process asks memory for: malloc and its kin, and mmap. To be linked, or
 * preloaded. A sanitizer's own malloc stays, uncounted. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdbool.h>

extern _Atomic long allocations;
extern const bool allocations_are_counted;

#endif
