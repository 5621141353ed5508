/* The parser's driver: scans the file into tokens, gives them to the grammar one by one, and after
 * a syntax error skips to where parsing can resume. */
#include "front/parser.h"
#include "rondo.tab.h"

enum { REPORTS = 100, LONGEST_FILE = 1 << 24, PAREN_DEPTH = 200 };

void parser_scan(Parser *p, const char *text, size_t length);

/* ---- what the scanner calls ---- */

void parser_advance(Parser *p, const char *text, size_t length) {
    p->at.line = p->at.end_line;
    p->at.column = p->at.end_column;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            p->at.end_line++;
            p->at.end_column = 1;
        } else {
            p->at.end_column++;
        }
    }
}

/* Whether nothing but spaces stands before p->at on its line. */
static bool first_on_line(const Parser *p) {
    return !p->tokens.len || p->tokens.at[p->tokens.len - 1].span.end_line < p->at.line;
}

void parser_token(Parser *p, int kind, const char *text, size_t length) {
    if (kind == PRIMED && length) length--;
    Token token = {.kind = kind, .span = p->at, .close = -1, .first = first_on_line(p)};
    token.text = intern_n(p->names, text, length);
    token.strays = p->stray_lines.len;
    vec_push(p->arena, &p->tokens, token);
}

void parser_comment(Parser *p, const char *text, size_t length) {
    if (memchr(text, '\0', length)) parser_stray_char(p, "", 1);
    while (length && strchr(" \t\r\f\v", text[length - 1])) length--;
    Comment comment = {p->at, arena_copy(p->arena, text, length), first_on_line(p)};
    vec_push(p->arena, &p->file->comments, comment);
}

bool parser_may_report(Parser *p) {
    p->stopped |= p->reports == REPORTS;
    p->reports += !p->stopped;
    return !p->stopped;
}

void parser_stray(Parser *p, const char *hint, const char *format, ...) {
    vec_push(p->arena, &p->stray_lines, p->at.line);
    if (!parser_may_report(p)) return;
    va_list args;
    va_start(args, format);
    diag_error(p->diag, p->at, "%s", arena_vprintf(p->arena, format, args));
    va_end(args);
    if (hint) diag_hint(p->diag, "%s", hint);
}

/* What a writer of a character that looks like ASCII may have meant. */
static const char *hint_for_char(const char *text) {
    static const struct {
        const char *text, *hint;
    } hints[] = {
        {"\u2018", "a prime is the plain character ': h'"},
        {"\u2019", "a prime is the plain character ': h'"},
        {"\u2032", "a prime is the plain character ': h'"},
        {"\u201c", "there are no strings in Rondo, and no quotation marks"},
        {"\u201d", "there are no strings in Rondo, and no quotation marks"},
        {"\u2013", "a minus is the plain character -"},
        {"\u2014", "a minus is the plain character -"},
        {"\u2212", "a minus is the plain character -"},
        {"\u2192", "an arrow is written ->"},
        {"\u00b7", "a product is written *"},
        {"\u00a0", "this is a no-break space; type a plain one"},
        {"\"", "there are no strings in Rondo"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (!strcmp(hints[i].text, text)) return hints[i].hint;
    return NULL;
}

void parser_stray_char(Parser *p, const char *text, size_t length) {
    unsigned char c = (unsigned char)text[0];
    if (c < 0x20 || (length == 1 && c >= 0x7f))
        parser_stray(p, NULL, "stray '\\x%02x' in the program", c);
    else
        parser_stray(p, hint_for_char(text), "stray '%s' in the program", text);
}

/* ---- the tokens' surroundings ---- */

bool starts_item(const Parser *p, int index) {
    const Token *token = &p->tokens.at[index];
    return (token->kind == MODEL || token->kind == LAYER || token->kind == CELL) &&
           token[1].kind == NAME && token[2].kind != '=' && token[2].kind != ',';
}

/* Whether `a, b', c =` starts at `index`. */
static bool starts_let(const Parser *p, int index) {
    const Token *token = &p->tokens.at[index];
    for (; token->kind == NAME || token->kind == PRIMED; token += 2) {
        if (token[1].kind == '=') return true;
        if (token[1].kind != ',') return false;
    }
    return false;
}

bool starts_stmt(const Parser *p, int index) {
    const Token *token = &p->tokens.at[index];
    if (!token->first) return false;
    if (token->kind >= INPUT && token->kind <= REPEAT) return token[1].kind != '=';
    return starts_let(p, index);
}

static int kind_at(const Parser *p, int index) { return p->tokens.at[index].kind; }

static int opener_of(int closer) { return closer == ')' ? '(' : closer == ']' ? '[' : '{'; }

/* Takes the brackets inside the innermost '{' off the list of open ones. */
static void drop_parens(const Parser *p, IndexList *open) {
    while (open->len && kind_at(p, open->at[open->len - 1]) != '{') open->len--;
}

/* Finds the opener of the closing bracket at `index` and takes it off the open ones. */
static void match_closer(Parser *p, IndexList *open, int index) {
    int opener = opener_of(kind_at(p, index));
    int outermost = open->len > PAREN_DEPTH ? open->len - PAREN_DEPTH : 0;
    for (int i = open->len - 1; i >= outermost; i--) {
        int kind = kind_at(p, open->at[i]);
        if (kind == '{' && opener != '{') return;
        if (kind != opener) continue;
        p->tokens.at[open->at[i]].close = index;
        open->len = i;
        return;
    }
}

/* Whether a statement starts at `index` although parentheses may be open: `y =` alone could be an
 * argument, but not after the end of an expression. */
static bool starts_stmt_for_sure(const Parser *p, int index) {
    if (!index || !starts_stmt(p, index)) return false;
    if (kind_at(p, index) >= INPUT && kind_at(p, index) <= REPEAT) return true;
    int before = kind_at(p, index - 1);
    return before == NAME || before == PRIMED || before == NUMBER || before == STRING ||
           before == ')' || before == ']';
}

/* Pairs the brackets. None is paired across the start of an item or a statement, or a brace. */
static void match_brackets(Parser *p) {
    IndexList open = {0};
    for (int i = 0; i < p->tokens.len; i++) {
        const Token *token = &p->tokens.at[i];
        if (token->first && starts_item(p, i)) open.len = 0;
        if (starts_stmt_for_sure(p, i)) drop_parens(p, &open);
        switch (token->kind) {
            case '{':
                drop_parens(p, &open); /* fall through */
            case '(':
            case '[':
                vec_push(p->arena, &open, i);
                break;
            case '}':
            case ')':
            case ']':
                match_closer(p, &open, i);
                break;
            default:
                break;
        }
    }
}

/* ---- what the grammar calls ---- */

void parser_too_deep(Parser *p) {
    if (!p->stopped && parser_may_report(p))
        diag_error(p->diag, p->tokens.at[p->current].span, "this is nested too deeply");
    p->stopped = true;
}

/* Notes the bracket that the grammar has taken. */
static void open_bracket(Parser *p) {
    vec_push(p->arena, &p->open, p->current);
    int braces = 0;
    for (int i = 0; i < p->open.len; i++) braces += kind_at(p, p->open.at[i]) == '{';
    if (braces > BODY_DEPTH || p->open.len - braces > PAREN_DEPTH) parser_too_deep(p);
}

/* Reports that the '{' which was open innermost has no '}'. */
static void report_missing_brace(Parser *p) {
    const Token *open = &p->tokens.at[p->open.at[p->open.len - 1]];
    Span where = p->tokens.at[p->current].span;
    if (p->current > 0) {
        Span last = p->tokens.at[p->current - 1].span;
        where = (Span){last.source, last.end_line, last.end_column, last.end_line, last.end_column};
    }
    if (parser_may_report(p))
        diag_error(p->diag, where, "expected '}' to close the '{' at line %d", open->span.line);
}

void parser_insert_brace(Parser *p, Span where) {
    vec_push(p->arena, &p->tokens, (Token){0});
    Token *at = p->tokens.at + p->current;
    memmove(at + 1, at, sizeof *at * (size_t)(p->tokens.len - 1 - p->current));
    *at = (Token){.kind = '{', .span = where, .close = -1, .strays = at[1].strays};
    at->text = intern(p->names, "{");
    for (int i = 0; i < p->tokens.len; i++)
        if (p->tokens.at[i].close >= p->current) p->tokens.at[i].close++;
}

/* The grammar has taken the token that it was given last. */
static void take(Parser *p) {
    int kind = p->inserted ? '}' : kind_at(p, p->current);
    if (p->inserted) report_missing_brace(p);
    if (kind == '(' || kind == '[' || kind == '{') open_bracket(p);
    if (kind == ')' || kind == ']' || kind == '}') {
        p->open.len -= p->open.len > 0;
        if (!p->open.len && kind == '}') p->last_closed = p->current;
    }
    if (!p->open.len && kind >= MODEL && kind <= CELL) p->in_header = true;
    if (kind == '{') p->in_header = false;
    if (!p->inserted && kind) p->current++;
}

/* Whether the innermost bracket is the brace of a train block. */
static bool in_train(const Parser *p) {
    int open = p->open.len ? p->open.at[p->open.len - 1] : 0;
    return open > 0 && kind_at(p, open) == '{' && kind_at(p, open - 1) == TRAIN;
}

/* Whether a '}' is missing before the current token: the file ends, or an item starts, or in a
 * train block a statement. */
static bool lacks_brace(const Parser *p) {
    const Token *token = &p->tokens.at[p->current];
    if (!p->open.len) return false;
    if (!token->kind || (token->first && starts_item(p, p->current))) return true;
    return token->kind >= INPUT && in_train(p) && starts_stmt(p, p->current);
}

/* Whether the '{' at `index` opens a body, and does not just stand in the way: it ends its line, or
 * it is closed on its line, or it is the last one after the start of a header. */
static bool opens_body(const Parser *p, int index) {
    const Token *brace = &p->tokens.at[index], *first = brace, *token = brace + 1;
    if (token->first || !token->kind) return true;
    if (brace->close >= 0 && p->tokens.at[brace->close].span.line == brace->span.line) return true;
    for (; token->kind && !token->first; token++)
        if (token->kind == '{') return false;
    while (!first->first) first--;
    return first->kind == REPEAT || first->kind == TRAIN ||
           (first->kind >= MODEL && first->kind <= CELL);
}

/* The same for a '}': nothing else stands before it or behind it, or its '{' is on its line. */
static bool closes_body(const Parser *p, int index) {
    const Token *brace = &p->tokens.at[index];
    const Token *open = &p->tokens.at[p->open.at[p->open.len - 1]];
    return brace->first || brace[1].first || !brace[1].kind || open->span.line == brace->span.line;
}

/* Where parsing can resume in a model, layer or cell: the end of the body, or a statement (in a
 * train block a setting) at the start of a line, or the body of the wrong statement. */
static int resume_in_body(const Parser *p, int index) {
    bool train = in_train(p);
    for (;; index++) {
        const Token *token = &p->tokens.at[index];
        bool body = token->kind == '{' && opens_body(p, index);
        if (!token->kind || (token->kind == '}' && closes_body(p, index))) return index;
        if (body && !train) return index;
        if (token->first && starts_item(p, index)) return index;
        if (starts_stmt(p, index)) return index;
        if (token->close >= 0 && (token->kind != '{' || body)) index = token->close;
    }
}

/* Where parsing can resume outside: the next item, or the body of the one whose header is wrong. */
static int resume_outside(const Parser *p, int index) {
    bool header = p->in_header || (kind_at(p, index) == NAME && kind_at(p, index + 1) == NAME);
    for (;; index++) {
        if (!kind_at(p, index)) return index;
        if (starts_item(p, index) && (p->tokens.at[index].first || !header)) return index;
        if (header && kind_at(p, index) == '{' && opens_body(p, index)) return index;
    }
}

/* Skips to where parsing can resume and gives the RECOVER for it. */
static Token recover(Parser *p) {
    int index = p->resume > p->last_recovery ? p->resume : p->last_recovery + 1;
    int last = p->tokens.len - 1, outer = p->open.len;
    while (outer > 0 && kind_at(p, p->open.at[outer - 1]) != '{') outer--;
    if (outer < p->open.len && p->tokens.at[p->open.at[outer]].close >= index)
        index = p->tokens.at[p->open.at[outer]].close + 1;
    if (index > last) index = last;
    p->open.len = outer;
    index = outer ? resume_in_body(p, index) : resume_outside(p, index);
    p->current = p->last_recovery = index;
    p->recovering = p->started = p->inserted = false;
    bool body = kind_at(p, index) == '{';
    return (Token){.kind = body ? RECOVER_BODY : RECOVER, .span = p->tokens.at[index].span};
}

Token parser_next(Parser *p) {
    if (p->recovering && !p->stopped) return recover(p);
    if (p->started && !p->stopped) take(p);
    p->started = true;
    Token token = p->tokens.at[p->stopped ? p->tokens.len - 1 : p->current];
    p->inserted = !p->stopped && lacks_brace(p);
    if (p->inserted) token.kind = '}';
    return token;
}

/* ---- the whole ---- */

static bool too_long(Parser *p) {
    if (p->source->length <= LONGEST_FILE) return false;
    Span nowhere = {p->source, 1, 1, 1, 1};
    diag_error(p->diag, nowhere, "the file is longer than %d bytes", LONGEST_FILE);
    return true;
}

File *parse(Arena *arena, Intern *names, const Source *source, Diag *diag) {
    Parser p = {.arena = arena, .names = names, .source = source, .diag = diag};
    p.file = ARENA_NEW(arena, File);
    p.file->source = source;
    p.at = (Span){source, 1, 1, 1, 1};
    p.last_recovery = p.last_closed = -1;
    if (too_long(&p)) return p.file;
    bool mark = source->length >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3);
    if (mark) p.at.end_column += 3; /* a byte order mark */
    parser_scan(&p, source->text + 3 * mark, source->length - 3 * (size_t)mark);
    match_brackets(&p);
    rondo_parse(&p);
    if (p.stopped && p.reports == REPORTS)
        diag_hint(diag, "only the first %d syntax errors are shown", REPORTS);
    return p.file;
}
