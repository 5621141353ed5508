/* Checks Rondo programs and compares what the compiler says, byte for byte.
 *
 * check_programs errors DIR [--update]: each DIR/x.rondo is wrong, and DIR/x.expected has all that
 * is said about it; --update writes what is said now.
 *
 * check_programs clean FILE…: nothing is said about these programs.
 *
 * check_programs docs FILE…: nor about the blocks marked ```rondo of these pages, each of them a
 * whole program. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/verify.h"
#include "unit/elaborated.h"

static int failures;

/* ---- files ---- */

/* The text of a file, NULL when it cannot be read. */
static char *read_file(Arena *arena, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    VEC(char) text = {0};
    for (int c; (c = getc(file)) != EOF;) vec_push(arena, &text, (char)c);
    vec_push(arena, &text, '\0');
    fclose(file);
    return text.at;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- checking ---- */

/* All that the compiler says about the program; "" when it is right. */
static const char *check(Arena *arena, const char *name, const char *text) {
    const char *said, *problem;
    const Graph *graph = elaborate_text(arena, name, text, &said);
    if (!graph) return *said ? said : "no graph without an error\n";
    if (graph_verify(graph, &problem)) return said;
    return arena_printf(arena, "%sthe graph is broken: %s\n", said, problem);
}

static void must_be_clean(Arena *arena, const char *name, const char *text) {
    const char *said = check(arena, name, text);
    if (!said[0]) return;
    failures++;
    printf("%s should be right, but:\n%s\n", name, said);
}

/* ---- wrong programs ---- */

static void update(const char *path, const char *said) {
    FILE *file = fopen(path, "wb");
    if (!file || fputs(said, file) < 0 || fclose(file)) {
        fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
        exit(2);
    }
}

static void check_error(Arena *arena, const char *path, bool updating) {
    const char *text = read_file(arena, path);
    const char *said = check(arena, base_name(path), text ? text : "");
    size_t stem = strlen(path) - strlen(".rondo");
    const char *expected_path = arena_printf(arena, "%.*s.expected", (int)stem, path);
    const char *expected = read_file(arena, expected_path);
    if (updating) {
        if (!expected || strcmp(expected, said) != 0) printf("updated %s\n", expected_path);
        update(expected_path, said);
    } else if (!expected || strcmp(expected, said) != 0) {
        failures++;
        printf("%s\n---- expected\n%s---- but it is\n%s\n", path, expected ? expected : "", said);
    }
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

static int check_errors(Arena *arena, const char *folder, bool updating) {
    VEC(const char *) paths = {0};
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (ends_with(entry->d_name, ".rondo"))
            vec_push(arena, &paths, arena_printf(arena, "%s/%s", folder, entry->d_name));
    if (dir) closedir(dir);
    if (paths.len) qsort(paths.at, (size_t)paths.len, sizeof *paths.at, compare_names);
    for (int i = 0; i < paths.len; i++) check_error(arena, paths.at[i], updating);
    return paths.len;
}

/* ---- pages ---- */

/* Checks each block of a page, lines kept in place so that messages point into the page. */
static int check_page(Arena *arena, const char *path) {
    const char *page = read_file(arena, path);
    int blocks = 0;
    for (const char *at = page; at && (at = strstr(at, "```rondo\n"));) {
        const char *start = at + strlen("```rondo\n"), *end = strstr(start, "\n```");
        if (!end) break;
        char *text = arena_copy(arena, page, (size_t)(end + 1 - page));
        for (char *c = text; c < text + (start - page); c++)
            if (*c != '\n') *c = ' ';
        must_be_clean(arena, base_name(path), text);
        blocks++;
        at = end + 1;
    }
    return blocks;
}

static int usage(void) {
    fprintf(stderr, "usage: check_programs errors DIR [--update] | clean FILE… | docs FILE…\n");
    return 2;
}

int main(int argc, char **argv) {
    if (argc < 3) return usage();
    Arena *arena = arena_new();
    int checked = 0;
    if (strcmp(argv[1], "errors") == 0) {
        checked = check_errors(arena, argv[2], argc > 3 && strcmp(argv[3], "--update") == 0);
    } else if (strcmp(argv[1], "docs") == 0) {
        for (int i = 2; i < argc; i++) checked += check_page(arena, argv[i]);
    } else if (strcmp(argv[1], "clean") == 0) {
        for (int i = 2; i < argc; i++, checked++) {
            const char *text = read_file(arena, argv[i]);
            must_be_clean(arena, base_name(argv[i]), text ? text : "");
        }
    } else {
        return usage();
    }
    printf("%d program%s checked, %d wrong\n", checked, checked == 1 ? "" : "s", failures);
    arena_free(arena);
    return failures || !checked;
}
