/* Any program at all: the elaborator reports, never crashes; what it accepts is a valid graph. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "front/elaborate.h"
#include "graph/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    Intern *names = intern_new(arena);
    Diag *diag = diag_new(arena);
    Source source = {"fuzz", arena_copy(arena, (const char *)data, size), size};
    const File **library = ARENA_ARRAY(arena, const File *, library_count);
    for (int i = 0; i < library_count; i++)
        library[i] = parse(arena, names, &library_sources[i], diag);
    const File *file = parse(arena, names, &source, diag);
    Graph *graph = elaborate(arena, names, file, library, library_count, diag);
    const char *problem;
    if (!graph && !diag_errors(diag)) abort();
    if (graph && !graph_verify(graph, &problem)) {
        fprintf(stderr, "%s\n", problem);
        abort();
    }
    arena_free(arena);
    return 0;
}
