/* `rondo fmt`: the canonical layout of a program. Two spaces a level, one statement a line, and in
 * a run of similar lines the cells stand under each other. Comments stay where they are, one blank
 * line stays one. A statement that is too long for a line, or has comments inside, keeps its own
 * line breaks. */
#include <limits.h>

#include "base/text.h"
#include "front/ast_layout.h"

enum { LINE_WIDTH = 100, TAB_WIDTH = 2, MAX_PADDING = 24 };

/* A comment behind something else, in what was printed. */
typedef struct {
    size_t at; /* right behind the code; the space between is added in the end */
    int level; /* of its block */
} Trailer;

typedef struct {
    Arena *arena;
    const File *file;
    const char *source;
    VEC(int) lines; /* where each source line starts */
    Text out;
    VEC(Trailer) trailers;
    int comment;   /* the first comment that is not printed yet */
    int last_line; /* the source line that was printed last */
    bool fresh;    /* at the start of the file or of a block: no blank line is wanted */
} Format;

/* ---- places in the source ---- */

static void find_lines(Format *f) {
    vec_push(f->arena, &f->lines, 0);
    for (size_t i = 0; i < f->file->source->length; i++)
        if (f->source[i] == '\n') vec_push(f->arena, &f->lines, (int)i + 1);
}

static int start_of(const Format *f, Span span) {
    return f->lines.at[span.line - 1] + span.column - 1;
}

static int end_of(const Format *f, Span span) {
    return f->lines.at[span.end_line - 1] + span.end_column - 1;
}

/* The end of the text in front of the '{' of a block: a header has no other one. */
static int brace_of(const Format *f, Span span) {
    int end = end_of(f, span);
    for (int i = start_of(f, span); i < end; i++) {
        if (f->source[i] == '{') return i;
        if (f->source[i] == '#')
            while (i < end && f->source[i] != '\n') i++;
    }
    return end;
}

static int line_of(const Format *f, int offset) {
    int low = 0, high = f->lines.len;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (f->lines.at[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low + 1;
}

/* ---- comments and blank lines ---- */

/* The next comment if it starts before `limit`, else NULL. */
static const Comment *next_comment(const Format *f, int limit) {
    if (f->comment >= f->file->comments.len) return NULL;
    const Comment *comment = &f->file->comments.at[f->comment];
    return start_of(f, comment->span) < limit ? comment : NULL;
}

/* Keeps a blank line of the source in front of what stands on its line `line`. */
static void put_gap(Format *f, int line) {
    if (!f->fresh && line > f->last_line + 1) text_puts(&f->out, "\n");
    f->fresh = false;
}

/* The comments in front of `limit`, on lines of their own. */
static void put_comments(Format *f, int limit) {
    for (const Comment *comment; (comment = next_comment(f, limit)); f->comment++) {
        put_gap(f, comment->span.line);
        text_printf(&f->out, "%s\n", comment->text);
        f->last_line = comment->span.line;
    }
}

/* Ends a line whose source ends on line `line`, with the comment that stands there before `limit`.
 */
static void end_line(Format *f, int line, int limit) {
    const Comment *comment = next_comment(f, limit);
    if (comment && comment->span.line == line) {
        vec_push(f->arena, &f->trailers, ((Trailer){f->out.len, f->out.indent}));
        text_puts(&f->out, comment->text);
        f->comment++;
    }
    text_puts(&f->out, "\n");
    f->last_line = line;
}

/* ---- what keeps its own line breaks ---- */

static int leading_spaces(const char *line, const char *end) {
    int spaces = 0;
    for (; line < end && (*line == ' ' || *line == '\t'); line++)
        spaces += *line == '\t' ? TAB_WIDTH : 1;
    return spaces;
}

/* One line of the source, without the spaces around it, `spaces` in. */
static void put_source_line(Format *f, const char *line, const char *end, int spaces) {
    while (line < end && strchr(" \t\r\f\v", *line) && *line) line++;
    while (end > line && strchr(" \t\r\f\v", end[-1]) && end[-1]) end--;
    if (line == end) return;
    text_printf(&f->out, "%*s%s", spaces, "", arena_copy(f->arena, line, (size_t)(end - line)));
}

/* How far in the line of the source stands that has `offset`. */
static int source_indent(const Format *f, int offset) {
    const char *line = f->source + f->lines.at[line_of(f, offset) - 1];
    return leading_spaces(line, f->source + f->file->source->length);
}

/* The source from `start` to `end` as it is; all lines but the first move by `shift`. */
static void put_verbatim(Format *f, int start, int end, int shift) {
    const char *s = f->source + start, *stop = f->source + end;
    int indent = f->out.indent;
    for (bool next = false; s < stop; next = true) {
        const char *newline = memchr(s, '\n', (size_t)(stop - s));
        const char *line_end = newline ? newline : stop;
        int spaces = next ? leading_spaces(s, line_end) + shift : 0;
        put_source_line(f, s, line_end, spaces > 0 ? spaces : 0);
        if (newline) text_puts(&f->out, "\n");
        f->out.indent = 0;
        s = line_end + (newline != NULL);
    }
    f->out.indent = indent;
    while (next_comment(f, end)) f->comment++;
}

/* The same, its lines moving along with the first one. */
static void put_as_it_is(Format *f, int start, int end) {
    put_verbatim(f, start, end, f->out.indent * INDENT - source_indent(f, start));
}

/* The longest line of the text at the present indentation. */
static int width_of(const Format *f, const char *text) {
    int longest = 0;
    while (*text) {
        int length = (int)strcspn(text, "\n");
        if (length > longest) longest = length;
        text += length + (text[length] == '\n');
    }
    return longest + f->out.indent * INDENT;
}

static bool fits(const Format *f, const char *text) { return width_of(f, text) <= LINE_WIDTH; }

/* ---- runs of lines whose cells stand under each other ---- */

/* How a statement is written. */
typedef enum { ONE_LINE, TWO_LINES, AS_IT_IS } Form;

static Form form_of(const Format *f, const Row *row, Widths widths, bool comments) {
    Arena *scratch = arena_new();
    const char *broken = row_broken(scratch, row, widths);
    Form form = AS_IT_IS;
    if (!comments && fits(f, row_line(scratch, row, widths)))
        form = ONE_LINE;
    else if (!comments && *broken && fits(f, broken))
        form = TWO_LINES;
    arena_free(scratch);
    return form;
}

/* Whether the statement has a comment inside; `comment` moves on to its end. */
static bool has_comments(const Format *f, const Stmt *stmt, int *comment) {
    bool inside = false;
    for (; *comment < f->file->comments.len; ++*comment) {
        int at = start_of(f, f->file->comments.at[*comment].span);
        if (at >= end_of(f, stmt->span)) break;
        inside |= at >= start_of(f, stmt->span);
    }
    return inside;
}

typedef struct {
    RunKind kind;
    Widths widths;
    int narrowest; /* name */
    int room;      /* how wide the cells may be together */
    bool over;     /* nothing may follow */
} Run;

/* The run of one statement; its lines must stay on the page, but for those that stay as they are.
 */
static Run run_of(const Format *f, const Stmt *stmt, int *comment) {
    Arena *scratch = arena_new();
    Row row = row_of(scratch, stmt);
    Widths own = row_widths(&row);
    Form form = form_of(f, &row, own, has_comments(f, stmt, comment));
    Run run = {row.run, own, own.name, INT_MAX, form != ONE_LINE};
    const char *text =
        form == ONE_LINE ? row_line(scratch, &row, own) : row_broken(scratch, &row, own);
    if (form != AS_IT_IS) run.room = LINE_WIDTH - width_of(f, text) + own.keyword + own.name;
    if (form == AS_IT_IS && row.at.line != stmt->span.line) run.kind = RUN_NONE;
    arena_free(scratch);
    return run;
}

/* Adds `next` to the run, if that looks well. */
static bool run_add(Run *run, const Run *next) {
    Run sum = *run;
    if (run->over || next->kind != run->kind || run->kind == RUN_NONE) return false;
    if (next->widths.keyword > sum.widths.keyword) sum.widths.keyword = next->widths.keyword;
    if (next->widths.name > sum.widths.name) sum.widths.name = next->widths.name;
    if (next->narrowest < sum.narrowest) sum.narrowest = next->narrowest;
    if (next->room < sum.room) sum.room = next->room;
    sum.over = next->over;
    if (sum.widths.name - sum.narrowest > MAX_PADDING) return false;
    if (sum.widths.keyword + sum.widths.name > sum.room) return false;
    *run = sum;
    return true;
}

/* The number of statements in the run that starts with number `first`, and their widths. */
static int find_run(const Format *f, const StmtList *stmts, int first, Widths *widths) {
    int comment = f->comment, end = first + 1;
    Run run = run_of(f, stmts->at[first], &comment);
    for (; end < stmts->len && !run.over && run.kind != RUN_NONE; end++) {
        const Stmt *stmt = stmts->at[end];
        if (stmt->span.line > stmts->at[end - 1]->span.end_line + 1) break;
        Run next = run_of(f, stmt, &comment);
        if (!run_add(&run, &next)) break;
    }
    *widths = run.widths;
    return end - first;
}

/* A statement without a block that keeps its line breaks: its head, if that is on one line, and
 * its value as it is. */
static void put_broken_as_it_is(Format *f, const Stmt *stmt, const Row *row, const char *head) {
    int start = start_of(f, stmt->span), end = end_of(f, stmt->span), at = start_of(f, row->at);
    if (row->run == RUN_NONE || row->at.line != stmt->span.line) {
        put_as_it_is(f, start, end);
        return;
    }
    int column = source_indent(f, start) + at - start;
    text_puts(&f->out, head);
    put_verbatim(f, at, end, f->out.indent * INDENT + (int)strlen(head) - column);
}

static void put_row(Format *f, const Stmt *stmt, Widths widths) {
    Arena *scratch = arena_new(); /* a program may have millions of statements */
    Row row = row_of(scratch, stmt);
    Form form = form_of(f, &row, widths, next_comment(f, end_of(f, stmt->span)));
    if (form == AS_IT_IS)
        put_broken_as_it_is(f, stmt, &row, row_head(scratch, &row, widths));
    else if (form == ONE_LINE)
        text_puts(&f->out, row_line(scratch, &row, widths));
    else
        text_puts(&f->out, row_broken(scratch, &row, widths));
    arena_free(scratch);
}

/* ---- blocks ---- */

static void put_stmts(Format *f, const StmtList *stmts, int end);

/* The header of a block, up to its '{'. */
static void put_header(Format *f, int start, int brace, const char *header) {
    if (next_comment(f, brace + 1) || !fits(f, header))
        put_as_it_is(f, start, brace + 1);
    else
        text_puts(&f->out, header);
}

/* Ends a header line with the '{' at `brace`; `first` is where the block's contents start. */
static void open_block(Format *f, int brace, int first) {
    end_line(f, line_of(f, brace), first);
    f->out.indent++;
    f->fresh = true;
}

static void close_block(Format *f, int end) {
    put_comments(f, end);
    f->out.indent--;
    f->fresh = false;
    text_puts(&f->out, "}");
}

/* The header and the statements between the braces; the '}' is the last byte of `span`. */
static void put_block(Format *f, Span span, const char *header, const StmtList *body) {
    int brace = brace_of(f, span), end = end_of(f, span) - 1;
    put_header(f, start_of(f, span), brace, header);
    if (!body->len && !next_comment(f, end)) {
        text_puts(&f->out, "}");
        return;
    }
    open_block(f, brace, body->len ? start_of(f, body->at[0]->span) : end);
    put_stmts(f, body, end);
    close_block(f, end);
}

/* The settings as if they were statements, which look the same. */
static StmtList settings_as_lets(Arena *arena, const SettingList *settings) {
    StmtList lets = {0};
    for (int i = 0; i < settings->len; i++) {
        const Setting *setting = &settings->at[i];
        Stmt *let = ARENA_NEW(arena, Stmt);
        let->kind = STMT_LET;
        let->span = span_join(setting->span, setting->value->span);
        let->value = setting->value;
        vec_push(arena, &let->targets, ((Target){setting->name, false, setting->span}));
        vec_push(arena, &lets, let);
    }
    return lets;
}

/* On one line, where the source has it on one line and it fits; else one setting a line. */
static void put_train(Format *f, const Stmt *stmt) {
    const char *line = train_line(f->arena, &stmt->settings);
    bool several = stmt->settings.len && stmt->span.line != stmt->span.end_line;
    StmtList lets = settings_as_lets(f->arena, &stmt->settings);
    if (!several && !next_comment(f, end_of(f, stmt->span)) && fits(f, line))
        text_puts(&f->out, line);
    else
        put_block(f, stmt->span, "train {", &lets);
}

static void put_stmt(Format *f, const Stmt *stmt, Widths widths) {
    if (stmt->kind == STMT_TRAIN)
        put_train(f, stmt);
    else if (stmt->kind == STMT_REPEAT)
        put_block(f, stmt->span, repeat_header(f->arena, stmt), &stmt->body);
    else
        put_row(f, stmt, widths);
}

/* The statements of a block whose '}' is at `end`. */
static void put_stmts(Format *f, const StmtList *stmts, int end) {
    Widths widths;
    for (int i = 0, run = 0; i < stmts->len; i++, run--) {
        const Stmt *stmt = stmts->at[i];
        if (!run) run = find_run(f, stmts, i, &widths);
        int next = i + 1 < stmts->len ? start_of(f, stmts->at[i + 1]->span) : end;
        put_comments(f, start_of(f, stmt->span));
        put_gap(f, stmt->span.line);
        put_stmt(f, stmt, widths);
        end_line(f, stmt->span.end_line, next);
    }
}

/* One blank line at least stands after an item. */
static void put_item(Format *f, const Item *item, int next) {
    put_comments(f, start_of(f, item->span));
    put_gap(f, item->span.line);
    put_block(f, item->span, item_header(f->arena, item), &item->body);
    end_line(f, item->span.end_line, next);
    f->last_line -= 2;
}

/* ---- trailing comments ---- */

static int column_of(const Format *f, size_t at) {
    size_t start = at;
    while (start && f->out.at[start - 1] != '\n') start--;
    return (int)(at - start);
}

/* Whether the second stands on the line below the first, in the same block. */
static bool below(const Format *f, const Trailer *first, const Trailer *second) {
    const char *newline = memchr(f->out.at + first->at, '\n', second->at - first->at);
    size_t start = newline ? (size_t)(newline - f->out.at) + 1 : second->at;
    return first->level == second->level && !memchr(f->out.at + start, '\n', second->at - start);
}

/* The end of the comments that stand under each other from number `first` on, and their column. */
static int find_trailers(const Format *f, int first, int *column) {
    int end = first, least = INT_MAX, most = 0;
    do {
        int at = column_of(f, f->trailers.at[end].at);
        int less = at < least ? at : least, more = at > most ? at : most;
        if (more - less > MAX_PADDING) break;
        least = less, most = more;
        end++;
    } while (end < f->trailers.len && below(f, &f->trailers.at[end - 1], &f->trailers.at[end]));
    *column = most + 2;
    return end;
}

/* What was printed, with the space in front of the comments. */
static const char *with_trailers(Format *f) {
    Text text = text_new(f->arena);
    size_t done = 0;
    for (int i = 0, end = 0, column = 0; i < f->trailers.len; i++) {
        size_t at = f->trailers.at[i].at;
        if (i == end) end = find_trailers(f, i, &column);
        text_puts(&text, arena_copy(f->arena, f->out.at + done, at - done));
        text_printf(&text, "%*s", column - column_of(f, at), "");
        done = at;
    }
    text_puts(&text, text_string(&f->out) + done);
    return text_string(&text);
}

const char *ast_format(Arena *arena, const File *file) {
    Format f = {.arena = arena, .file = file, .source = file->source->text, .fresh = true};
    f.out = text_new(arena);
    f.out.width = INDENT;
    find_lines(&f);
    int end = (int)file->source->length;
    for (int i = 0; i < file->items.len; i++) {
        int next = i + 1 < file->items.len ? start_of(&f, file->items.at[i + 1]->span) : end;
        put_item(&f, file->items.at[i], next);
    }
    put_comments(&f, end);
    return with_trailers(&f);
}
