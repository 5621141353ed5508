#include "compile.h"

#include <criterion/criterion.h>

#include "elaborated.h"
#include "graph/verify.h"

Compiled compile(Arena *arena, const char *path, const char *text) {
    Compiled result;
    const char *problem = NULL;
    result.graph = elaborate_text(arena, path, text, &result.said);
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
