#include "scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { MOST_PATHS = 256 };

static char directory[200];
static char *paths[MOST_PATHS];
static int path_count;

void scratch_open(void) {
    const char *base = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/rondo-test-XXXXXX", base ? base : "/tmp");
    cr_assert(mkdtemp(directory));
}

/* Calls `each` for every entry; returns how many there are. */
static int for_each(void (*each)(const char *path)) {
    DIR *dir = opendir(directory);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (each) each(path);
        count++;
    }
    closedir(dir);
    return count;
}

static void delete_entry(const char *path) { remove(path); }

void scratch_close(void) {
    chmod(directory, 0700);
    for_each(delete_entry);
    rmdir(directory);
    while (path_count > 0) free(paths[--path_count]);
}

const char *scratch_path(const char *name) {
    cr_assert(path_count < MOST_PATHS);
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    snprintf(path, size, "%s%s%s", directory, *name ? "/" : "", name);
    return paths[path_count++] = path;
}

const char *scratch_file(const char *name, const void *bytes, size_t size) {
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    cr_assert(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
    return path;
}

const char *scratch_text(const char *name, const char *text) {
    return scratch_file(name, text, strlen(text));
}

const char *scratch_gzip(const char *name, const char *text) {
    const char *path = scratch_path(name);
    gzFile file = gzopen(path, "wb");
    cr_assert(file);
    cr_assert_eq(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    cr_assert_eq(gzclose(file), Z_OK);
    return path;
}

char *scratch_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    cr_assert(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(*size + 1, 1);
    cr_assert_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

int scratch_count(void) { return for_each(NULL); }
