#include "reference.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *project_file(Arena *arena, const char *path, size_t *length) {
    FILE *file = fopen(arena_printf(arena, "%s/%s", RONDO_SOURCE, path), "rb");
    if (!file) return NULL;
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    *length = (size_t)ftell(file);
    rewind(file);
    char *bytes = arena_alloc(arena, *length + 1);
    cr_assert_eq(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

const char *reference_model(Arena *arena, const char *name) {
    size_t length;
    const char *path = arena_printf(arena, "tests/reference/models/%s.rondo", name);
    const char *text = project_file(arena, path, &length);
    cr_assert(text, "cannot read %s", path);
    return text;
}

Reference reference_open(Arena *arena, const char *name) {
    size_t length;
    uint64_t header;
    const char *bytes =
        project_file(arena, arena_printf(arena, "tests/reference/%s.safetensors", name), &length);
    if (!bytes) return (Reference){arena, "", NULL};
    memcpy(&header, bytes, sizeof header);
    return (Reference){arena, arena_copy(arena, bytes + 8, header), bytes + 8 + header};
}

/* The bytes of a tensor and the number of its elements. */
static const char *find(const Reference *file, const char *name, int *count) {
    const char *entry = strstr(file->header, arena_printf(file->arena, "\"%s\":{", name));
    if (!entry) return NULL;
    const char *offsets = strstr(entry, "\"data_offsets\":[");
    char *end;
    long from = strtol(offsets + strlen("\"data_offsets\":["), &end, 10);
    *count = (int)((strtol(end + 1, NULL, 10) - from) / 4);
    return file->data + from;
}

const int32_t *reference_integers(const Reference *file, int *count, const char *name, ...) {
    va_list args;
    va_start(args, name);
    const char *bytes = find(file, arena_vprintf(file->arena, name, args), count);
    va_end(args);
    if (!bytes) return NULL;
    int32_t *values = ARENA_ARRAY(file->arena, int32_t, *count + 1);
    memcpy(values, bytes, 4 * (size_t)*count);
    return values;
}

const double *reference_reals(const Reference *file, int *count, const char *name, ...) {
    va_list args;
    va_start(args, name);
    const char *bytes = find(file, arena_vprintf(file->arena, name, args), count);
    va_end(args);
    if (!bytes) return NULL;
    double *values = ARENA_ARRAY(file->arena, double, *count + 1);
    for (int i = 0; i < *count; i++) {
        float value;
        memcpy(&value, bytes + 4 * i, 4);
        values[i] = value;
    }
    return values;
}
