/* Numbers as people read them. */
#ifndef RONDO_UNITS_H
#define RONDO_UNITS_H

#include <stddef.h>

#include "rondo.h"

enum { RD_UNIT_TEXT = 32 };

/* "812 bytes", "4.2 MB": powers of 1000. Returns `text`. */
const char *rd_bytes_text(char text[RD_UNIT_TEXT], size_t bytes);

/* "1,234,567". */
const char *rd_count_text(char text[RD_UNIT_TEXT], size_t count);

/* "0.8 s", "43 s", "2:05", "1:02:45". */
const char *rd_time_text(char text[RD_UNIT_TEXT], double seconds);

/* "bf16" */
const char *rd_precision_name(RdPrecision precision);

/* Seconds since some fixed moment. */
double rd_now(void);

#endif
