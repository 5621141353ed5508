#include "compile.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "graph/verify.h"

static const char *printed(Arena *arena, const Diag *diag) {
    char *said;
    size_t length;
    FILE *out = open_memstream(&said, &length);
    diag_print(diag, out, 0);
    fclose(out);
    const char *copy = arena_copy(arena, said, length);
    free(said);
    return copy;
}

Compiled compile(Arena *arena, const char *path, const char *text) {
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){path, text, strlen(text)};
    Intern *names = intern_new(arena);
    Diag *diag = diag_new(arena);
    const File **library = ARENA_ARRAY(arena, const File *, library_count + 1);
    for (int i = 0; i < library_count; i++)
        library[i] = parse(arena, names, &library_sources[i], diag);
    const File *file = parse(arena, names, source, diag);
    Compiled result = {0};
    if (!diag_errors(diag))
        result.graph = elaborate(arena, names, file, library, library_count, diag);
    result.said = printed(arena, diag);
    const char *problem = NULL;
    if (result.graph && !graph_verify(result.graph, &problem)) cr_assert_fail("%s", problem);
    return result;
}

char *read_file(Arena *arena, const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    VEC(char) text = {0};
    for (int c; (c = getc(file)) != EOF;) vec_push(arena, &text, (char)c);
    vec_push(arena, &text, '\0');
    fclose(file);
    if (length) *length = (size_t)text.len - 1;
    return text.at;
}
