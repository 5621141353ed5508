#include "graph/read_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

Cursor cursor_new(Arena *arena, Intern *names, const Source *source, Diag *diag) {
    return (Cursor){.arena = arena,
                    .names = names,
                    .source = source,
                    .diag = diag,
                    .at = source->text,
                    .last = source->text,
                    .line_start = source->text,
                    .line = 1};
}

Span cursor_span(const Cursor *cursor) {
    int column = (int)(cursor->at - cursor->line_start) + 1;
    return (Span){cursor->source, cursor->line, column, cursor->line, column + 1};
}

static void fail_at(Cursor *cursor, Span where, const char *format, va_list args) {
    if (!cursor->failed)
        diag_error(cursor->diag, where, "%s", arena_vprintf(cursor->arena, format, args));
    cursor->failed = true;
}

void cursor_fail(Cursor *cursor, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail_at(cursor, cursor_span(cursor), format, args);
    va_end(args);
}

void cursor_reject(Cursor *cursor, const char *format, ...) {
    Cursor start = *cursor;
    Span where = cursor_span(cursor);
    start.at = cursor->last;
    va_list args;
    va_start(args, format);
    fail_at(cursor,
            span_join(cursor_span(&start), (Span){where.source, 0, 0, where.line, where.column}),
            format, args);
    va_end(args);
}

static void skip_blanks(Cursor *cursor) {
    while (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r') cursor->at++;
}

bool cursor_done(Cursor *cursor) {
    skip_blanks(cursor);
    return cursor->failed || !*cursor->at;
}

bool cursor_line_done(Cursor *cursor) {
    return cursor_done(cursor) || *cursor->at == '\n' || *cursor->at == '#';
}

void cursor_next_line(Cursor *cursor) {
    while (!cursor_done(cursor)) {
        if (*cursor->at == '#') cursor->at += strcspn(cursor->at, "\n");
        if (*cursor->at != '\n') break;
        cursor->line_start = ++cursor->at;
        cursor->line++;
    }
}

bool cursor_accept(Cursor *cursor, const char *symbol) {
    if (cursor_done(cursor) || strncmp(cursor->at, symbol, strlen(symbol)) != 0) return false;
    cursor->at += strlen(symbol);
    return true;
}

void cursor_expect(Cursor *cursor, const char *symbol) {
    if (!cursor_accept(cursor, symbol)) cursor_fail(cursor, "expected '%s'", symbol);
}

static bool starts_word(char c) { return isalpha((unsigned char)c) || c == '_'; }

static bool continues_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '\'';
}

bool cursor_at_word(Cursor *cursor) {
    return !cursor_done(cursor) && (starts_word(*cursor->at) || *cursor->at == '"');
}

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The byte that the escape at the cursor, behind the backslash, stands for; 0 after an error. */
static char escape(Cursor *cursor) {
    if (*cursor->at == '"' || *cursor->at == '\\') return *cursor->at++;
    int high = *cursor->at == 'x' ? hex_digit(cursor->at[1]) : -1;
    int low = high >= 0 ? hex_digit(cursor->at[2]) : -1;
    if (low < 0 || 16 * high + low == 0) {
        cursor_fail(cursor, "no such escape");
        return 0;
    }
    cursor->at += 3;
    return (char)(16 * high + low);
}

const char *cursor_string(Cursor *cursor) {
    cursor_expect(cursor, "\"");
    cursor->last = cursor->at - 1;
    VEC(char) text = {0};
    while (!cursor->failed && *cursor->at != '"') {
        if (!*cursor->at || *cursor->at == '\n')
            cursor_fail(cursor, "the string does not end");
        else if (*cursor->at != '\\')
            vec_push(cursor->arena, &text, *cursor->at++);
        else {
            cursor->at++;
            vec_push(cursor->arena, &text, escape(cursor));
        }
    }
    if (cursor->failed) return "";
    cursor->at++;
    return text.len ? intern_n(cursor->names, text.at, (size_t)text.len)
                    : intern(cursor->names, "");
}

const char *cursor_word(Cursor *cursor) {
    if (!cursor_at_word(cursor)) cursor_fail(cursor, "expected a name");
    if (cursor->failed) return "";
    if (*cursor->at == '"') return cursor_string(cursor);
    cursor->last = cursor->at;
    while (continues_word(*cursor->at)) cursor->at++;
    return intern_n(cursor->names, cursor->last, (size_t)(cursor->at - cursor->last));
}

void cursor_keyword(Cursor *cursor, const char *keyword) {
    if (!cursor_at_word(cursor))
        cursor_fail(cursor, "expected '%s'", keyword);
    else if (strcmp(cursor_word(cursor), keyword) != 0)
        cursor_reject(cursor, "expected '%s'", keyword);
}

int cursor_int(Cursor *cursor, int low, int high) {
    if (cursor_done(cursor)) {
        cursor_fail(cursor, "expected a whole number");
        return low;
    }
    const char *digits = cursor->at + (*cursor->at == '+' || *cursor->at == '-');
    size_t length = strspn(digits, "0123456789");
    long value = length && length < 12 ? strtol(cursor->at, NULL, 10) : (long)high + 1;
    if (!length)
        cursor_fail(cursor, "expected a whole number");
    else if (value < low || value > high)
        cursor_fail(cursor, "the number is not between %d and %d", low, high);
    if (cursor->failed) return low;
    cursor->at = digits + length;
    return (int)value;
}

double cursor_number(Cursor *cursor) {
    if (cursor_done(cursor)) {
        cursor_fail(cursor, "expected a number");
        return 0;
    }
    char *end;
    double value = strtod(cursor->at, &end);
    if (end == cursor->at || isspace((unsigned char)*cursor->at)) {
        cursor_fail(cursor, "expected a number");
        return 0;
    }
    cursor->at = end;
    return value;
}
