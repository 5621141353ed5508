/* Any bytes at all: the parser reports, never crashes; what it accepts, it formats and reads back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "front/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static File *parse_input(Arena *arena, const char *text, size_t size, int *errors) {
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){"fuzz", arena_copy(arena, text, size), size};
    Diag *diag = diag_new(arena);
    File *file = parse(arena, intern_new(arena), source, diag);
    FILE *null = fopen("/dev/null", "w");
    if (null) diag_print(diag, null, 1);
    if (null) fclose(null);
    *errors = diag_errors(diag);
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    int errors, again;
    File *file = parse_input(arena, (const char *)data, size, &errors);
    const char *formatted = ast_format(arena, file), *tree = ast_print(arena, file);
    if (!errors) {
        File *copy = parse_input(arena, formatted, strlen(formatted), &again);
        if (again || strcmp(ast_print(arena, copy), tree) != 0) abort();
        if (strcmp(ast_format(arena, copy), formatted) != 0) abort();
    }
    arena_free(arena);
    return 0;
}
