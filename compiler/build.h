/* From the emitted C to a binary: the C compiler is run on it, and the runtime linked to it. */
#ifndef RONDO_BUILD_H
#define RONDO_BUILD_H

#include <stdbool.h>

typedef struct {
    const char *cc;     /* the C compiler; NULL: clang, else gcc, else cc */
    const char *output; /* the binary */
    const char *march;  /* "native" */
    int precision;      /* of weights when it does not train: an RdPrecision of the runtime */
    bool keep;          /* leave OUTPUT.c behind */
    bool verbose;       /* show the commands */
    bool static_link;
    const char *prefix; /* NULL: a program; else the name that a library's functions begin with */
    const char *about;  /* of a library: the comment that its header begins with */
} BuildOptions;

/* Compiles `c` to options->output. False after a message on stderr. The binary appears under its
 * name only when it is complete; a library is OUTPUT.a and OUTPUT.h. */
bool build_binary(const char *c, const BuildOptions *options);

#endif
