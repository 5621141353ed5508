#include "elaborated.h"

#include <stdlib.h>
#include <string.h>

const char *diag_text(Arena *arena, const Diag *diag) {
    char *said;
    size_t length;
    FILE *out = open_memstream(&said, &length);
    diag_print(diag, out, 0);
    fclose(out);
    const char *copy = arena_copy(arena, said, length);
    free(said);
    return copy;
}

Graph *elaborate_text(Arena *arena, const char *path, const char *text, const char **said) {
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){path, text, strlen(text)};
    Intern *names = intern_new(arena);
    Diag *diag = diag_new(arena);
    const File **library = ARENA_ARRAY(arena, const File *, library_count + 1);
    for (int i = 0; i < library_count; i++)
        library[i] = parse(arena, names, &library_sources[i], diag);
    const File *file = parse(arena, names, source, diag);
    Graph *graph = NULL;
    if (!diag_errors(diag)) graph = elaborate(arena, names, file, library, library_count, diag);
    *said = diag_text(arena, diag);
    return graph;
}
