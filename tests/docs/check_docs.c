/* Keeps the pages of docs/ true: runs what they run, and compares what they show.
 *
 *     check_docs RONDO PROJECT PAGE… [--update]
 *
 * The blocks of the pages are taken in their order, in a folder in which the project is found, the
 * compiler being rondo. The words behind ``` say what a block is:
 *
 *     console               a line that begins with "$ " is run by sh, must succeed, and prints
 * what stands below it LANGUAGE file=PATH    is written to that file LANGUAGE from=PATH    stands
 * somewhere in that file of the project LANGUAGE to=PATH after=WORD     is put into that file,
 * behind the first line with WORD in it, LANGUAGE to=PATH before=WORD    or before it
 *
 * Where a page puts anything into the project's files, the folder has a copy of them.
 *
 * In what is shown, a line "…" stands for any lines and … within a line for any text. --update
 * writes numbers and spaces anew where they alone differ: all else is for people to mend. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"

typedef VEC(const char *) Lines;

typedef struct {
    Arena *arena;
    const char *path, *folder; /* the pages of a run share a folder */
    Lines lines;
    int failures, blocks;
    bool update, changed;
} Page;

static const char dots[] = "…";

/* ---- files ---- */

__attribute__((noreturn)) static void give_up(const char *path) {
    fprintf(stderr, "check_docs: %s: %s\n", path, strerror(errno));
    exit(2);
}

static const char *read_all(Arena *arena, FILE *file) {
    VEC(char) text = {0};
    for (int c; (c = getc(file)) != EOF;) vec_push(arena, &text, (char)c);
    vec_push(arena, &text, '\0');
    return text.at;
}

static const char *read_file(Arena *arena, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) give_up(path);
    const char *text = read_all(arena, file);
    fclose(file);
    return text;
}

static void write_file(const char *path, const Lines *lines, int from, int to) {
    FILE *file = fopen(path, "wb");
    if (!file) give_up(path);
    for (int i = from; i < to; i++) fprintf(file, "%s\n", lines->at[i]);
    if (fclose(file)) give_up(path);
}

/* The lines of a text, without the spaces at their ends. */
static Lines split(Arena *arena, const char *text) {
    Lines lines = {0};
    while (*text) {
        size_t length = strcspn(text, "\n"), kept = length;
        while (kept && text[kept - 1] == ' ') kept--;
        vec_push(arena, &lines, arena_copy(arena, text, kept));
        text += length + (text[length] == '\n');
    }
    return lines;
}

/* ---- matching ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The length of the run of digits or of spaces that begins here; 1 for anything else. */
static size_t run_length(const char *text) {
    size_t digits = strspn(text, "0123456789"), spaces = strspn(text, " ");
    return digits ? digits : spaces ? spaces : 1;
}

static bool same_kind(char a, char b) { return a == b || (is_digit(a) && is_digit(b)); }

/* Whether a line is what `shown` says: to the letter, or, when `loose`, up to the length of spaces
 * and the digits of numbers. *now becomes what should be shown instead. */
static bool line_matches(Arena *arena, const char *shown, const char *line, bool loose,
                         const char **now) {
    size_t wild = strlen(dots);
    const char *made = "";
    for (;;) {
        if (strncmp(shown, dots, wild) == 0) {
            const char *rest;
            for (; !line_matches(arena, shown + wild, line, loose, &rest); line++)
                if (!*line) return false;
            *now = arena_printf(arena, "%s%s%s", made, dots, rest);
            return true;
        }
        if (!*shown || !*line) break;
        if (loose ? !same_kind(*shown, *line) : *shown != *line) return false;
        size_t length = loose ? run_length(line) : 1;
        made = arena_printf(arena, "%s%.*s", made, (int)length, line);
        shown += loose ? run_length(shown) : 1;
        line += length;
    }
    *now = made;
    return !*shown && !*line;
}

/* Whether `lines` are what shown[0 .. count) says. *reached is the first of them that was not
 * found, *place the line that it was looked for at. now[0 .. count) becomes what should be shown.
 */
static bool lines_match(Arena *arena, const char *const *shown, int count, const Lines *lines,
                        bool loose, const char **now, int *reached, int *place) {
    int i = 0, k = 0, retry_i = -1, retry_k = 0; /* retry: behind the last wild line */
    *reached = *place = 0;
    while (i < count || k < lines->len) {
        if (i < count && strcmp(shown[i], dots) == 0) {
            now[i++] = dots;
            retry_i = i;
            retry_k = k;
            continue;
        }
        bool same = i < count && k < lines->len &&
                    line_matches(arena, shown[i], lines->at[k], loose, &now[i]);
        if (same) {
            i++, k++;
            continue;
        }
        if (i > *reached || (i == *reached && retry_i < i)) *reached = i, *place = k;
        if (retry_i < 0 || retry_k >= lines->len) return false;
        i = retry_i;
        k = ++retry_k;
    }
    return true;
}

/* ---- comparing ---- */

static void fail(Page *page, int line, const char *what) {
    printf("%s:%d: %s\n", page->path, line + 1, what);
    page->failures++;
}

/* Shows where the first line that was not found was looked for. */
static void show_difference(const Page *page, int from, int to, const Lines *is, int reached,
                            int place) {
    int line = from + reached;
    if (line < to)
        printf("  line %d is not there: %s\n", line + 1, page->lines.at[line]);
    else
        printf("  more follows behind the last line\n");
    printf("  from line %d of %d on there is:\n", place + 1, is->len);
    for (int k = place; k < is->len && k < place + 12; k++) printf("    %s\n", is->at[k]);
    printf("  --update writes numbers and spaces anew; all else is for you to mend\n");
}

/* Compares lines from .. to of the page with what they show. */
static void compare(Page *page, int from, int to, const Lines *is, bool excerpt, const char *what) {
    Lines shown = {0};
    if (excerpt) vec_push(page->arena, &shown, dots);
    for (int i = from; i < to; i++) vec_push(page->arena, &shown, page->lines.at[i]);
    if (excerpt) vec_push(page->arena, &shown, dots);
    const char **now = ARENA_ARRAY(page->arena, const char *, shown.len + 1);
    int reached, place, ignored;
    page->blocks++;
    if (lines_match(page->arena, shown.at, shown.len, is, false, now, &reached, &place)) return;
    if (page->update &&
        lines_match(page->arena, shown.at, shown.len, is, true, now, &ignored, &ignored)) {
        for (int i = from; i < to; i++) page->lines.at[i] = now[i - from + excerpt];
        page->changed = true;
        return;
    }
    fail(page, from - 1, what);
    show_difference(page, from, to, is, reached - (excerpt && reached > 0), place);
}

/* ---- blocks ---- */

static const char *in_folder(const Page *page, const char *path) {
    return arena_printf(page->arena, "%s/%s", page->folder, path);
}

/* The value of "name=" among the words behind ```, or NULL; it ends at a space. */
static const char *word(Page *page, const char *words, const char *name) {
    const char *at = strstr(words, name);
    if (!at || at[-1] != ' ') return NULL;
    at += strlen(name);
    return arena_copy(page->arena, at, strcspn(at, " "));
}

/* What a command prints in the page's folder; *status is its exit status. */
static Lines run(Page *page, const char *command, int *status) {
    fflush(stdout);
    FILE *pipe = popen(arena_printf(page->arena, "cd '%s' || exit 99\n{ %s\n} 2>&1 </dev/null",
                                    page->folder, command),
                       "r");
    if (!pipe) give_up("sh");
    Lines lines = split(page->arena, read_all(page->arena, pipe));
    int result = pclose(pipe);
    *status = WIFEXITED(result) ? WEXITSTATUS(result) : 128;
    return lines;
}

static void check_console(Page *page, int from, int to) {
    for (int i = from, next; i < to; i = next) {
        int status;
        if (strncmp(page->lines.at[i], "$ ", 2) != 0) {
            fail(page, i, "a block of commands begins with one: \"$ …\"");
            return;
        }
        for (next = i + 1; next < to && strncmp(page->lines.at[next], "$ ", 2) != 0;) next++;
        Lines lines = run(page, page->lines.at[i] + 2, &status);
        compare(page, i + 1, next, &lines, false, "the command prints something else");
        if (status) fail(page, i, arena_printf(page->arena, "the command fails: %d", status));
    }
}

/* Puts lines from .. to of the page into a file of its folder, behind or before the first line that
 * has `word` in it. */
static void insert(Page *page, int from, int to, const char *path, const char *word, bool behind) {
    Lines old = split(page->arena, read_file(page->arena, in_folder(page, path))), new = {0};
    int at = 0;
    while (at < old.len && !strstr(old.at[at], word)) at++;
    if (at == old.len) {
        fail(page, from - 1, arena_printf(page->arena, "no line of %s has '%s'", path, word));
        return;
    }
    at += behind;
    for (int i = 0; i < at; i++) vec_push(page->arena, &new, old.at[i]);
    for (int i = from; i < to; i++) vec_push(page->arena, &new, page->lines.at[i]);
    for (int i = at; i < old.len; i++) vec_push(page->arena, &new, old.at[i]);
    write_file(in_folder(page, path), &new, 0, new.len);
}

static void check_block(Page *page, const char *words, int from, int to) {
    const char *file = word(page, words, "file="), *source = word(page, words, "from=");
    const char *target = word(page, words, "to="), *after = word(page, words, "after=");
    const char *before = word(page, words, "before=");
    if (strcmp(words, "```console") == 0) check_console(page, from, to);
    if (file) write_file(in_folder(page, file), &page->lines, from, to);
    if (target && after) insert(page, from, to, target, after, true);
    if (target && before) insert(page, from, to, target, before, false);
    if (!source) return;
    Lines lines = split(page->arena, read_file(page->arena, in_folder(page, source)));
    compare(page, from, to, &lines, true,
            arena_printf(page->arena, "this does not stand in %s", source));
}

/* ---- pages ---- */

static void shell(const char *command) {
    if (system(command) == 0) return;
    fprintf(stderr, "check_docs: failed: %s\n", command);
    exit(2);
}

/* A folder with the project's files in it: copies of them, or links to them. */
static const char *make_folder(Arena *arena, const char *project, bool copy) {
    char name[] = "/tmp/check_docs-XXXXXX";
    if (!mkdtemp(name)) give_up(name);
    shell(arena_printf(arena,
                       "cd '%s' && for entry in '%s'/*; do case ${entry##*/} in build*) ;; *) %s "
                       "\"$entry\" . ;; esac; done",
                       name, project, copy ? "cp -r" : "ln -s"));
    return arena_copy(arena, name, strlen(name));
}

static int check_page(Arena *arena, const char *path, const char *folder, bool update) {
    Lines lines = split(arena, read_file(arena, path));
    Page page = {.arena = arena, .path = path, .folder = folder, .lines = lines, .update = update};
    for (int i = 0; i < page.lines.len; i++) {
        if (strncmp(page.lines.at[i], "```", 3) != 0) continue;
        int end = i + 1;
        while (end < page.lines.len && strcmp(page.lines.at[end], "```") != 0) end++;
        check_block(&page, page.lines.at[i], i + 1, end);
        i = end;
    }
    if (page.changed) {
        write_file(path, &page.lines, 0, page.lines.len);
        printf("updated %s\n", path);
    }
    printf("%s: %d excerpts, %d wrong\n", path, page.blocks, page.failures);
    return page.failures;
}

static const char *whole_path(Arena *arena, const char *path) {
    char *whole = realpath(path, NULL);
    if (!whole) give_up(path);
    const char *copy = arena_copy(arena, whole, strlen(whole));
    free(whole);
    return copy;
}

/* The folder of the compiler comes first on the PATH. */
static void find_rondo_first(Arena *arena, const char *rondo) {
    const char *search = getenv("PATH");
    setenv("PATH",
           arena_printf(arena, "%.*s:%s", (int)(strrchr(rondo, '/') - rondo), rondo,
                        search ? search : ""),
           1);
}

int main(int argc, char **argv) {
    bool update = argc > 1 && strcmp(argv[argc - 1], "--update") == 0, copy = false;
    int end = argc - update, failures = 0;
    if (end < 4) {
        fprintf(stderr, "usage: check_docs RONDO PROJECT PAGE… [--update]\n");
        return 2;
    }
    Arena *arena = arena_new();
    find_rondo_first(arena, whole_path(arena, argv[1]));
    setenv("CMAKE_BUILD_TYPE", "None", 1); /* what pages build is built fast */
    for (int i = 3; i < end; i++) copy |= strstr(read_file(arena, argv[i]), " to=") != NULL;
    const char *folder = make_folder(arena, whole_path(arena, argv[2]), copy);
    for (int i = 3; i < end; i++) failures += check_page(arena, argv[i], folder, update);
    shell(arena_printf(arena, "rm -rf '%s'", folder));
    arena_free(arena);
    return failures > 0;
}
