/* Writes JSON into a file, or only measures it, without allocating. What is written need not be
 * well-formed piece by piece: the caller writes its braces and commas. */
#ifndef RONDO_JSON_H
#define RONDO_JSON_H

#include "atomic.h"

/* Starts as {.file, .error}. */
typedef struct {
    RdAtomicFile *file; /* NULL: only measures */
    RdError *error;     /* filled when the file cannot be written */
    size_t size;        /* bytes so far */
    /* private: */
    bool failed;
    int depth;   /* strings that are open */
    size_t used; /* of the buffer */
    char buffer[4096];
} RdJson;

/* Writes a text as it is, which within a string means: escaped as often as strings are open. It
 * must be UTF-8. */
void rd_json_put(RdJson *json, const char *text);
void rd_json_number(RdJson *json, size_t number);

/* Opens and closes a string; JSON in a string is written in between like any other. */
void rd_json_open(RdJson *json);
void rd_json_close(RdJson *json);

/* A string that holds `text`. */
void rd_json_string(RdJson *json, const char *text);

/* To be called at the end. False when not all of it could be written. */
bool rd_json_flush(RdJson *json);

#endif
