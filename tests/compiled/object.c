#include "object.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

static const char *temporary_folder(Arena *arena) {
    const char *root = getenv("TMPDIR");
    char *folder = arena_printf(arena, "%s/rondo-test-XXXXXX", root && *root ? root : "/tmp");
    cr_assert(mkdtemp(folder), "cannot make %s", folder);
    return folder;
}

/* The text in a file of its own, its model under a name of its own. */
static void write_source(const char *path, const char *c, int number, bool as_double) {
    FILE *file = fopen(path, "w");
    cr_assert(file, "cannot write %s", path);
    fprintf(file, "#define %s model_%d\n%s", as_double ? "rd_model_double" : "rd_model", number, c);
    cr_assert_eq(fclose(file), 0, "cannot write %s", path);
}

static void compile_sources(Arena *arena, const char *folder, const char *sources, bool as_double,
                            const char *flags) {
    const char *command = arena_printf(
        arena,
        "cd '%s' && %s -std=c11 -Wall -Wextra -Werror -Wno-psabi -shared -fPIC -fno-inline "
        "-ffp-contract=off "
        "-fno-math-errno -fno-trapping-math %s %s -I '%s/runtime' -DRD_REAL=%s %s "
        "-DRD_KERNELS_APART %s '%s/runtime/kernels.c' -o models.so",
        folder, RONDO_TEST_CC, RONDO_TEST_FLAGS, flags, RONDO_SOURCE,
        as_double ? "double" : "float", as_double ? "-DRD_DOUBLE" : "", sources, RONDO_SOURCE);
    cr_assert_eq(system(command), 0, "failed: %s", command);
}

static void load(Arena *arena, Object *object, const char *folder, int count) {
    const char *path = arena_printf(arena, "%s/models.so", folder);
    object->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    cr_assert(object->handle, "%s", dlerror());
    object->model = ARENA_ARRAY(arena, const RdModel *, count + 1);
    for (int i = 0; i < count; i++) {
        object->model[i] = dlsym(object->handle, arena_printf(arena, "model_%d", i));
        cr_assert(object->model[i], "%s", dlerror());
    }
    unlink(path);
}

Object object_load(Arena *arena, const char *const *c, int count, bool as_double,
                   const char *flags) {
    const char *folder = temporary_folder(arena);
    Object object = {0};
    Text sources = text_new(arena);
    for (int i = 0; i < count; i++) {
        write_source(arena_printf(arena, "%s/%d.c", folder, i), c[i], i, as_double);
        text_printf(&sources, "%d.c ", i);
    }
    compile_sources(arena, folder, text_string(&sources), as_double, flags);
    load(arena, &object, folder, count);
    for (int i = 0; i < count; i++) unlink(arena_printf(arena, "%s/%d.c", folder, i));
    rmdir(folder);
    return object;
}

void object_unload(Object *object) {
    dlclose(object->handle);
    object->handle = NULL;
}
