/* What diagnostics look like: the line, the caret, the order, the suggestions. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

static Arena *arena;
static Diag *diag;

static void setup(void) {
    arena = arena_new();
    diag = diag_new(arena);
}

static void teardown(void) { arena_free(arena); }

TestSuite(diag, .init = setup, .fini = teardown);

static Source *source(const char *path, const char *text) {
    Source *result = ARENA_NEW(arena, Source);
    *result = (Source){path, text, strlen(text)};
    return result;
}

static Span span(const Source *from, int line, int column, int end_column) {
    return (Span){from, line, column, line, end_column};
}

static const char *printed(void) {
    char *buffer;
    size_t length;
    FILE *out = open_memstream(&buffer, &length);
    diag_print(diag, out, 0);
    fclose(out);
    const char *text = arena_copy(arena, buffer, length);
    free(buffer);
    return text;
}

static void expect(const char *text) {
    cr_assert_str_eq(printed(), text, "printed:\n%s", printed());
}

Test(diag, nothing) {
    expect("");
    cr_assert_eq(diag_errors(diag), 0);
}

Test(diag, error_with_hint_and_note) {
    Source *a = source("a.rondo", "model m {\n  x = scan lstn(128) over y\n}\n");
    Source *b = source("lib/x.rondo", "cell lstm(x) {}\n");
    diag_error(diag, span(a, 2, 12, 16), "there is no layer, cell or function '%s'", "lstn");
    diag_hint(diag, "did you mean 'lstm'?");
    diag_note(diag, span(b, 1, 6, 10), "it is defined here");
    cr_assert_eq(diag_errors(diag), 1);
    expect(
        "a.rondo:2:12: error: there is no layer, cell or function 'lstn'\n"
        "  x = scan lstn(128) over y\n"
        "           ^~~~\n"
        "hint: did you mean 'lstm'?\n"
        "lib/x.rondo:1:6: note: it is defined here\n"
        "cell lstm(x) {}\n"
        "     ^~~~\n"
        "1 error generated.\n");
}

Test(diag, sorted_by_place_and_repetitions_once) {
    Source *a = source("a.rondo", "one\ntwo\n");
    Source *b = source("b.rondo", "three\n");
    diag_error(diag, span(b, 1, 1, 6), "in b");
    diag_error(diag, span(a, 2, 1, 4), "second");
    diag_error(diag, span(a, 1, 2, 3), "later");
    diag_error(diag, span(a, 1, 1, 4), "first");
    diag_error(diag, span(a, 2, 1, 4), "other");
    diag_error(diag, span(a, 2, 1, 4), "second");
    diag_warning(diag, (Span){0}, "nowhere");
    expect(
        "warning: nowhere\n"
        "a.rondo:1:1: error: first\none\n^~~\n"
        "a.rondo:1:2: error: later\none\n ^\n"
        "a.rondo:2:1: error: second\ntwo\n^~~\n"
        "a.rondo:2:1: error: other\ntwo\n^~~\n"
        "b.rondo:1:1: error: in b\nthree\n^~~~~\n"
        "1 warning and 5 errors generated.\n");
}

Test(diag, caret_counts_characters_not_bytes) {
    Source *a = source("a", "\tz\303\274rich \342\202\254 = x\n");
    diag_error(diag, span(a, 1, 10, 13), "euro");
    expect("a:1:10: error: euro\n z\303\274rich \342\202\254 = x\n        ^\n1 error generated.\n");
}

Test(diag, control_characters_and_broken_utf8_show_as_question_marks) {
    Source *a = source("a", "x\001\377\033[31m\r\n");
    diag_error(diag, span(a, 1, 3, 4), "byte");
    expect("a:1:3: error: byte\nx???[31m\n  ^\n1 error generated.\n");
}

Test(diag, spans_past_the_line_are_clipped) {
    Source *a = source("a", "abc\ndef");
    diag_error(diag, (Span){a, 1, 2, 2, 3}, "two lines");
    diag_error(diag, span(a, 2, 4, 4), "at the end");
    diag_error(diag, span(a, 9, 1, 2), "no such line");
    expect(
        "a:1:2: error: two lines\nabc\n ^~\n"
        "a:2:4: error: at the end\ndef\n   ^\n"
        "a:9:1: error: no such line\n"
        "3 errors generated.\n");
}

/* A line of `length` letters with an X at `place`, and the caret below the X. */
static void expect_clipped(int length, int place) {
    char *text = arena_alloc(arena, (size_t)length + 1);
    memset(text, 'a', (size_t)length);
    text[place] = 'X';
    diag = diag_new(arena);
    diag_error(diag, span(source("a", text), 1, place + 1, place + 2), "here");
    const char *line = strchr(printed(), '\n') + 1, *caret = strchr(line, '\n') + 1;
    cr_expect_eq(line[strcspn(caret, "^")], 'X');
    cr_expect_lt(strcspn(line, "\n"), 130u);
    cr_expect_eq(!strncmp(line, "...", 3), place > 100);
    cr_expect_eq(!strncmp(caret - 4, "...\n", 4), length - place > 100);
}

Test(diag, long_lines_are_clipped_around_the_caret) {
    expect_clipped(1000, 500);
    expect_clipped(1000, 0);
    expect_clipped(1000, 999);
    expect_clipped(9000, 5000);
    expect_clipped(9000, 8999);
}

Test(diag, nearest) {
    const char *const names[] = {"linear", "lstm", "gru", "embedding", "relu"};
    cr_assert_str_eq(diag_nearest("lstn", names, 5), "lstm");
    cr_assert_str_eq(diag_nearest("lsmt", names, 5), "lstm"); /* two neighbours swapped */
    cr_assert_str_eq(diag_nearest("embeding", names, 5), "embedding");
    cr_assert_str_eq(diag_nearest("gur", names, 5), "gru");
    cr_assert_null(diag_nearest("softmax", names, 5));
    cr_assert_null(diag_nearest("x", names, 5));
    cr_assert_null(diag_nearest("", names, 5));
    const char *const ties[] = {"ab", "ac"};
    cr_assert_str_eq(diag_nearest("ad", ties, 2), "ab");
}

Test(diag, joined_spans) {
    Source *a = source("a", "x + y\n");
    Span joined = span_join(span(a, 1, 1, 2), span(a, 1, 5, 6));
    cr_assert_eq(joined.column, 1);
    cr_assert_eq(joined.end_column, 6);
    cr_assert_null(span_join((Span){0}, (Span){0}).source);
}
