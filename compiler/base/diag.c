#include "base/diag.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/vec.h"

typedef enum { KIND_ERROR, KIND_WARNING, KIND_NOTE, KIND_HINT } Kind;

typedef struct {
    Kind kind;
    Span where;
    const char *text;
} Message;

/* An error or a warning with the notes and hints that explain it. */
typedef struct {
    Message head;
    VEC(Message) rest;
} Report;

struct Diag {
    Arena *arena;
    VEC(Report *) reports;
    int errors;
};

Diag *diag_new(Arena *arena) {
    Diag *diag = ARENA_NEW(arena, Diag);
    diag->arena = arena;
    return diag;
}

int diag_errors(const Diag *diag) { return diag->errors; }

const char *diag_first_error(const Diag *diag, Span *where) {
    int first = 0;
    while (diag->reports.at[first]->head.kind != KIND_ERROR) first++;
    *where = diag->reports.at[first]->head.where;
    return diag->reports.at[first]->head.text;
}

Span span_join(Span a, Span b) {
    if (!a.source) return b;
    if (!b.source) return a;
    a.end_line = b.end_line;
    a.end_column = b.end_column;
    return a;
}

/* ---- adding ---- */

static void add_report(Diag *diag, Kind kind, Span where, const char *format, va_list args) {
    Report *report = ARENA_NEW(diag->arena, Report);
    report->head = (Message){kind, where, arena_vprintf(diag->arena, format, args)};
    vec_push(diag->arena, &diag->reports, report);
    diag->errors += kind == KIND_ERROR;
}

static void add_rest(Diag *diag, Kind kind, Span where, const char *format, va_list args) {
    if (!diag->reports.len) die("a note or hint without a diagnostic: %s", format);
    Report *last = diag->reports.at[diag->reports.len - 1];
    Message message = {kind, where, arena_vprintf(diag->arena, format, args)};
    vec_push(diag->arena, &last->rest, message);
}

void diag_error(Diag *diag, Span where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_report(diag, KIND_ERROR, where, format, args);
    va_end(args);
}

void diag_warning(Diag *diag, Span where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_report(diag, KIND_WARNING, where, format, args);
    va_end(args);
}

void diag_note(Diag *diag, Span where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_rest(diag, KIND_NOTE, where, format, args);
    va_end(args);
}

void diag_hint(Diag *diag, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_rest(diag, KIND_HINT, (Span){0}, format, args);
    va_end(args);
}

/* ---- the source line and its caret ---- */

enum {
    LINE_WIDTH = 120,  /* longer source lines are clipped around the caret */
    LINE_BYTES = 1000, /* more before or after the caret is not even looked at */
};

/* The bytes of the character at `s`; 1 for a byte that is not valid UTF-8. */
static int utf8_length(const char *s, const char *end) {
    unsigned char c = (unsigned char)*s;
    int length = c >= 0xf0 && c < 0xf5   ? 4
                 : c >= 0xe0 && c < 0xf0 ? 3
                 : c >= 0xc2 && c < 0xe0 ? 2
                                         : 1;
    if (length > end - s) return 1;
    for (int i = 1; i < length; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80) return 1;
    return length;
}

/* Prints one character so that it takes one column: a tab as a space, what cannot be shown as ?. */
static void print_char(FILE *out, const char *s, int length) {
    unsigned char c = (unsigned char)*s;
    if (c == '\t')
        fputc(' ', out);
    else if (length == 1 && (c < 0x20 || c >= 0x7f))
        fputc('?', out);
    else
        fwrite(s, 1, (size_t)length, out);
}

/* One source line and the place of its mark, all in characters. */
typedef struct {
    const char *start, *end;
    bool cut_left, cut_right; /* `start` and `end` are not those of the line */
    int length;               /* characters in the line */
    int caret;                /* characters before the mark */
    int mark;                 /* characters under the mark, at least 1 */
    int from, upto;           /* the window that is shown */
} Line;

/* The line of `text` with number `number`, or false when there is none. */
static bool find_line(const Source *source, int number, Line *line) {
    const char *s = source->text, *end = source->text + source->length;
    for (int i = 1; i < number; i++) {
        s = memchr(s, '\n', (size_t)(end - s));
        if (!s) return false;
        s++;
    }
    const char *newline = memchr(s, '\n', (size_t)(end - s));
    line->start = s;
    line->end = newline ? newline : end;
    if (line->end > line->start && line->end[-1] == '\r') line->end--;
    return true;
}

static bool continues_char(const char *s) { return ((unsigned char)*s & 0xc0) == 0x80; }

/* Leaves what lies too far from the byte at `first` out of the line. */
static void cut_line(Line *line, const char *first) {
    if (first > line->end) first = line->end;
    line->cut_left = first - line->start > LINE_BYTES;
    if (line->cut_left) line->start = first - LINE_BYTES;
    while (line->cut_left && line->start < first && continues_char(line->start)) line->start++;
    line->cut_right = line->end - first > LINE_BYTES;
    if (line->cut_right) line->end = first + LINE_BYTES;
    while (line->cut_right && line->end > first && continues_char(line->end)) line->end--;
}

/* Counts the characters of the line, before the mark and under it. */
static void measure_line(Line *line, Span where) {
    const char *first = line->start + where.column - 1;
    const char *last = where.end_line > where.line ? line->end : line->start + where.end_column - 1;
    cut_line(line, first);
    int under = 0;
    for (const char *s = line->start; s < line->end; s += utf8_length(s, line->end)) {
        line->length++;
        line->caret += s < first;
        under += s >= first && s < last;
    }
    line->mark = under > 0 ? under : 1;
    line->upto = line->length;
}

/* Chooses the part of a long line to show. */
static void clip_line(Line *line) {
    if (line->length <= LINE_WIDTH) return;
    line->from = line->caret > LINE_WIDTH / 3 ? line->caret - LINE_WIDTH / 3 : 0;
    if (line->from + LINE_WIDTH > line->length) line->from = line->length - LINE_WIDTH;
    if (line->from < 0) line->from = 0;
    line->upto = line->from + LINE_WIDTH;
    if (line->upto > line->length) line->upto = line->length;
    if (line->caret + line->mark > line->upto && line->upto > line->caret)
        line->mark = line->upto - line->caret;
}

static const char *colour_of(Kind kind) {
    static const char *const colours[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m", "\033[1;32m"};
    return colours[kind];
}

static void print_source(FILE *out, Span where, bool color) {
    Line line = {0};
    if (where.line < 1 || !find_line(where.source, where.line, &line)) return;
    measure_line(&line, where);
    clip_line(&line);
    int dots = line.from > 0 || line.cut_left ? 3 : 0;
    fputs(dots ? "..." : "", out);
    int at = 0;
    for (const char *s = line.start; s < line.end; at++) {
        int length = utf8_length(s, line.end);
        if (at >= line.from && at < line.upto) print_char(out, s, length);
        s += length;
    }
    fprintf(out, "%s\n%*s%s^", line.upto < line.length || line.cut_right ? "..." : "",
            dots + line.caret - line.from, "", color ? colour_of(KIND_HINT) : "");
    for (int i = 1; i < line.mark; i++) fputc('~', out);
    fprintf(out, "%s\n", color ? "\033[0m" : "");
}

/* ---- printing ---- */

static void print_message(FILE *out, const Message *message, bool color) {
    static const char *const kinds[] = {"error", "warning", "note", "hint"};
    const char *bold = color ? "\033[1m" : "", *plain = color ? "\033[0m" : "";
    const Span *where = &message->where;
    if (where->source) {
        fprintf(out, "%s%s:", bold, where->source->path);
        if (where->line > 0) fprintf(out, "%d:%d:", where->line, where->column);
        fprintf(out, "%s ", plain);
    }
    fprintf(out, "%s%s:%s %s\n", color ? colour_of(message->kind) : "", kinds[message->kind], plain,
            message->text);
    if (where->source) print_source(out, *where, color);
}

static int compare_places(Span a, Span b) {
    if (!a.source || !b.source) return !!a.source - !!b.source;
    int order = a.source == b.source ? 0 : strcmp(a.source->path, b.source->path);
    if (!order) order = (a.line > b.line) - (a.line < b.line);
    if (!order) order = (a.column > b.column) - (a.column < b.column);
    return order;
}

static bool same_message(const Message *a, const Message *b) {
    return a->kind == b->kind && !compare_places(a->where, b->where) && !strcmp(a->text, b->text);
}

static bool same_report(const Report *a, const Report *b) {
    if (!same_message(&a->head, &b->head) || a->rest.len != b->rest.len) return false;
    for (int i = 0; i < a->rest.len; i++)
        if (!same_message(&a->rest.at[i], &b->rest.at[i])) return false;
    return true;
}

/* A copy of the reports in the order of their places; those of one place stay in their order. */
static Report **sorted_reports(const Diag *diag) {
    int count = diag->reports.len;
    Report **from = ARENA_ARRAY(diag->arena, Report *, count + 1);
    Report **to = ARENA_ARRAY(diag->arena, Report *, count + 1);
    if (count) memcpy(from, diag->reports.at, sizeof *from * (size_t)count);
    for (int width = 1; width < count; width *= 2) { /* a merge sort: stable */
        for (int low = 0; low < count; low += 2 * width) {
            int middle = low + width < count ? low + width : count;
            int high = low + 2 * width < count ? low + 2 * width : count;
            for (int i = low, j = middle, k = low; k < high; k++) {
                bool left = i < middle && (j >= high || compare_places(from[i]->head.where,
                                                                       from[j]->head.where) <= 0);
                to[k] = left ? from[i++] : from[j++];
            }
        }
        Report **swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Whether an equal report was printed already; equal reports have one place, so they are near. */
static bool repeated(Report *const *reports, int index) {
    const Report *report = reports[index];
    for (int i = index - 1; i >= 0; i--) {
        if (compare_places(reports[i]->head.where, report->head.where)) return false;
        if (same_report(reports[i], report)) return true;
    }
    return false;
}

static void print_total(FILE *out, int errors, int warnings) {
    if (warnings)
        fprintf(out, "%d warning%s%s", warnings, &"s"[warnings == 1], errors ? " and " : "");
    if (errors) fprintf(out, "%d error%s", errors, &"s"[errors == 1]);
    if (errors || warnings) fputs(" generated.\n", out);
}

void diag_print(const Diag *diag, FILE *out, int color) {
    Report **reports = sorted_reports(diag);
    int errors = 0, warnings = 0;
    for (int i = 0; i < diag->reports.len; i++) {
        const Report *report = reports[i];
        if (repeated(reports, i)) continue;
        errors += report->head.kind == KIND_ERROR;
        warnings += report->head.kind == KIND_WARNING;
        print_message(out, &report->head, color);
        for (int j = 0; j < report->rest.len; j++) print_message(out, &report->rest.at[j], color);
    }
    print_total(out, errors, warnings);
}

/* ---- suggestions ---- */

enum { LONGEST_NAME = 63 }; /* nothing is suggested for longer ones */

static int min3(int a, int b, int c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

/* How many insertions, deletions, replacements and swaps of neighbours lead from `a` to `b`. */
static int edit_distance(const char *a, int a_length, const char *b, int b_length) {
    int d[LONGEST_NAME + 1][LONGEST_NAME + 1];
    for (int i = 0; i <= a_length; i++) d[i][0] = i;
    for (int j = 0; j <= b_length; j++) d[0][j] = j;
    for (int i = 1; i <= a_length; i++) {
        for (int j = 1; j <= b_length; j++) {
            int replace = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, replace);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && d[i - 2][j - 2] + 1 < d[i][j]) d[i][j] = d[i - 2][j - 2] + 1;
        }
    }
    return d[a_length][b_length];
}

const char *diag_nearest(const char *name, const char *const *candidates, int count) {
    int length = (int)strnlen(name, LONGEST_NAME + 1);
    if (length == 0 || length > LONGEST_NAME) return NULL;
    int best = (length < 3 ? 3 : length) / 3 + 1; /* one more than what is still near enough */
    const char *nearest = NULL;
    for (int i = 0; i < count; i++) {
        int other = (int)strnlen(candidates[i], LONGEST_NAME + 1);
        if (other == 0 || other > LONGEST_NAME || abs(other - length) >= best) continue;
        int distance = edit_distance(name, length, candidates[i], other);
        if (distance >= best || distance >= (length > other ? length : other)) continue;
        best = distance;
        nearest = candidates[i];
    }
    return nearest;
}
