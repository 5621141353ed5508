/* From the emitted C to a binary: the C compiler is run on it, and the runtime linked to it. */
#ifndef RONDO_BUILD_H
#define RONDO_BUILD_H

#include <stdbool.h>

typedef struct {
    const char *cc;     /* the C compiler; NULL: clang, else gcc, else cc */
    const char *output; /* the binary */
    const char *march;  /* "native" */
    bool keep;          /* leave OUTPUT.c behind */
    bool verbose;       /* show the commands */
    bool static_link;
} BuildOptions;

/* Compiles `c` to options->output. False after a message on stderr. The binary appears under its
 * name only when it is complete. */
bool build_binary(const char *c, const BuildOptions *options);

#endif
