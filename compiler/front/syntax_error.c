/* What to say about a syntax error. The grammar knows which tokens it would have accepted; the
 * tokens around tell what the author was about to write. One mistake gives one message. */
#include "front/parser.h"
#include "rondo.tab.h"

/* The place of the mistake. */
typedef struct {
    Parser *p;
    const Expected *expected;
    const Token *token;    /* what the grammar cannot take */
    const Token *previous; /* what stands before it, or NULL */
    const Token *open;     /* the innermost open bracket, or NULL */
    bool at_end;           /* the token is the end of the body or of the file */
    bool new_line;         /* the token stands on a later line than the previous one */
    Span where;            /* the token; right after the previous one if that ends a line */
} Mistake;

static Span end_of(Span span) {
    return (Span){span.source, span.end_line, span.end_column, span.end_line, span.end_column};
}

static Mistake mistake_at(Parser *p, const Expected *expected) {
    Mistake m = {.p = p, .expected = expected, .token = &p->tokens.at[p->current]};
    if (p->current > 0) m.previous = m.token - 1;
    if (p->open.len) m.open = &p->tokens.at[p->open.at[p->open.len - 1]];
    m.at_end = p->inserted || !m.token->kind || m.token->kind == '}';
    m.new_line = m.previous && (m.token->first || !m.token->kind);
    m.where = m.new_line ? end_of(m.previous->span) : m.token->span;
    return m;
}

static bool is_keyword(int kind) { return kind >= MODEL && kind <= BACKWARD; }
static bool is_operator(int kind) { return kind > 0 && kind < 128 && strchr("+-*/@", kind); }

/* The token as messages show it. */
static const char *shown(const Mistake *m, const Token *token) {
    if (!token->kind) return "the end of the file";
    return arena_printf(m->p->arena, "'%s%s'", token->text, token->kind == PRIMED ? "'" : "");
}

/* "after 'x'", or "" at the start of the file. */
static const char *after(const Mistake *m) {
    if (!m->previous) return "at the start of the file";
    return arena_printf(m->p->arena, "after %s", shown(m, m->previous));
}

static bool expects(const Mistake *m, int kind) { return m->expected->token[kind]; }

/* The states of the grammar that messages tell apart. */
static bool wants_expr(const Mistake *m) { return expects(m, NUMBER) && !expects(m, '}'); }
static bool wants_stmt(const Mistake *m) { return expects(m, NUMBER) && expects(m, '}'); }
static bool wants_name(const Mistake *m) { return expects(m, NAME) && !expects(m, NUMBER); }
static bool wants_setting(const Mistake *m) { return wants_name(m) && expects(m, '}'); }

#define SAY(m, ...) diag_error((m)->p->diag, __VA_ARGS__)
#define HINT(m, ...) diag_hint((m)->p->diag, __VA_ARGS__)

/* ---- mistakes that show later than they were made ---- */

/* A character of no token was reported nearby; what follows from it is not worth a message. */
static bool follows_stray(const Mistake *m) {
    if (m->token->strays != (m->previous ? m->previous->strays : 0)) return true;
    int from = m->previous ? m->previous->span.line : 1, upto = m->where.line;
    for (int i = 0; i < m->p->stray_lines.len; i++)
        if (m->p->stray_lines.at[i] >= from && m->p->stray_lines.at[i] <= upto) return true;
    return false;
}

/* What a token makes one expect behind it, or NULL. */
static const char *what_follows(int kind) {
    if (is_operator(kind) || (kind > 0 && kind < 128 && strchr("=,~([", kind)))
        return "an expression";
    switch (kind) {
        case OVER:
        case ON:
        case FROM:
        case LOSS:
        case OUTPUT:
        case REPEAT:
            return "an expression";
        case ':':
            return "a type";
        case '.':
            return "a name";
        case INPUT:
        case TARGET:
        case PARAM:
        case STATE:
        case METRIC:
        case GENERATE:
        case DECODE:
            return "a name";
        default:
            return NULL;
    }
}

/* x =          <- the mistake
 * y = 3        <- here the grammar stands, at the second '=' */
static bool unfinished_line(Mistake *m) {
    if ((m->token->kind != '=' && m->token->kind != ',') || m->p->current < 2) return false;
    const Token *name = m->previous, *before = name - 1;
    const char *what = what_follows(before->kind);
    if (!name->first || (name->kind != NAME && name->kind != PRIMED) || !what) return false;
    SAY(m, end_of(before->span), "expected %s after %s", what, shown(m, before));
    m->p->resume = m->p->current - 1;
    return true;
}

/* inptu text: words(...) */
static bool misspelled_stmt(const Mistake *m) {
    static const char *const words[] = {"input",  "target",   "param",  "state", "loss",  "output",
                                        "metric", "generate", "decode", "train", "repeat"};
    const Token *first = m->token;
    while (!first->first) first--;
    if (first == m->token || first->kind != NAME || !m->open || m->open->kind != '{') return false;
    const char *near = diag_nearest(first->text, words, sizeof words / sizeof *words);
    int next = first[1].kind;
    if (!near || (next != NAME && next != PRIMED && next != NUMBER && next != '{')) return false;
    SAY(m, first->span, "there is no statement '%s'", first->text);
    HINT(m, "did you mean '%s'?", near);
    return true;
}

/* ---- outside of models, layers and cells ---- */

static bool outside(const Mistake *m) {
    static const char *const words[] = {"model", "layer", "cell"};
    if (!expects(m, MODEL) || !expects(m, LAYER) || m->open) return false;
    Parser *p = m->p;
    if (m->token->kind == '}') {
        SAY(m, m->token->span, "unexpected '}': no '{' is open here");
    } else {
        SAY(m, m->token->span, "expected 'model', 'layer' or 'cell', not %s", shown(m, m->token));
        const char *near = NULL;
        if (m->token->kind == NAME) near = diag_nearest(m->token->text, words, 3);
        if (near) HINT(m, "did you mean '%s'?", near);
        if (near) return true;
    }
    if (p->last_closed >= 0)
        diag_note(p->diag, p->tokens.at[p->last_closed].span, "this '}' closed the last '{'");
    return true;
}

/* ---- names ---- */

/* A keyword stands where a name is wanted: state over: [H] */
static bool keyword_as_name(const Mistake *m) {
    const Token *word = m->token;
    if ((word->kind == '=' || word->kind == ',' || word->kind == ':') && m->previous)
        word = is_keyword(m->previous->kind) ? m->previous : word;
    else if (!expects(m, NAME) || starts_stmt(m->p, m->p->current))
        return false;
    if (!is_keyword(word->kind)) return false;
    if (m->previous && (m->previous->kind == SCAN || m->previous->kind == STEP)) return false;
    SAY(m, word->span, "'%s' is a keyword and cannot be a name", word->text);
    return true;
}

static bool missing_name(const Mistake *m) {
    if (!wants_name(m) || wants_setting(m) || !m->previous) return false;
    int before = m->previous->kind;
    if (before == SCAN || before == STEP) {
        SAY(m, m->where, "expected a cell, such as lstm(128), after '%s'", m->previous->text);
    } else {
        SAY(m, m->where, "expected a name %s", after(m));
    }
    return true;
}

static bool missing_shape(const Mistake *m) {
    if (!expects(m, '[') || expects(m, NUMBER) || expects(m, '.')) return false;
    if (m->previous->kind == ':' && expects(m, NAME)) {
        SAY(m, m->where, "expected a type after ':'");
        HINT(m, "a type is a shape, [T, D], or index(N): a whole number below N");
    } else {
        SAY(m, m->where, "expected a shape, such as [T, D], %s", after(m));
    }
    return true;
}

/* ---- expressions ---- */

/* f(scan gru(8) over x) */
static bool loop_without_parens(const Mistake *m) {
    int before = m->previous ? m->previous->kind : 0;
    if ((before != SCAN && before != STEP) || !expects(m, '=')) return false;
    SAY(m, m->previous->span, "put parentheses around a '%s' inside an expression",
        m->previous->text);
    return true;
}

static bool missing_expr(const Mistake *m) {
    if (!wants_expr(m)) return false;
    SAY(m, m->where, "expected an expression %s", after(m));
    if (m->token->kind == SCAN || m->token->kind == STEP)
        HINT(m, "inside an expression, put parentheses around '%s'", m->token->text);
    if (m->token->kind == '.' && m->token[1].kind == NUMBER)
        HINT(m, "write 0.%s", m->token[1].text);
    if (m->token->kind == '+') HINT(m, "there is no sign '+', only '-'");
    return true;
}

static int closer_of(int opener) { return opener == '(' ? ')' : opener == '[' ? ']' : '}'; }

/* In parentheses or brackets, after an expression. */
static bool in_brackets(const Mistake *m) {
    if (!m->open || m->open->kind == '{') return false;
    int closer = closer_of(m->open->kind), kind = m->token->kind;
    if (!expects(m, closer)) return false;
    bool operand =
        kind == NAME || kind == NUMBER || kind == STRING || kind == PRIMED || kind == '[';
    if (m->at_end || m->new_line || kind == ')' || kind == ']' || is_keyword(kind) || kind == '{')
        SAY(m, m->where, "expected '%c' to close the '%c' at line %d", closer, m->open->kind,
            m->open->span.line);
    else if (operand && expects(m, ','))
        SAY(m, m->where, "expected ',' or '%c' %s", closer, after(m));
    else
        SAY(m, m->where, "unexpected %s %s", shown(m, m->token), after(m));
    if (kind == ':' && m->open->kind == '(')
        HINT(m, "an argument with a name is written 'rate = 3'");
    if (kind == ':' && m->open->kind == '[') HINT(m, "there are no slices with ':'");
    return true;
}

/* ---- statements ---- */

static const char *hint_in_body(const Mistake *m) {
    switch (m->token->kind) {
        case OVER:
        case BACKWARD:
            return "write: y = scan lstm(128) over x";
        case ON:
            return "write: y = step lstm(128) on x";
        case FROM:
            return "'from' gives a scan or a step its first state: scan gru(8) over x from h";
        case AS:
            return "'as' names the parameters of a scan or a step: scan gru(8) over x as l0";
        case ':':
            return "declare it: 'state h: [H]', 'param w: [H]' or 'input x: words'";
        case '~':
            return "'~' follows the shapes of a param";
        case MODEL:
        case LAYER:
        case CELL:
            return "models, layers and cells are not nested";
        case ARROW:
            return "results stand in the header: layer f(x: [D]) -> [D] { ... }";
        default:
            return NULL;
    }
}

/* Where a statement or a setting could start, after a whole one. */
static bool in_body(const Mistake *m) {
    if (!wants_stmt(m) && !(m->open && m->open->kind == '{' && expects(m, '}'))) return false;
    int kind = m->token->kind;
    if (kind == '=' && m->previous->kind != '{') {
        SAY(m, m->token->span, "only names can stand before '='");
    } else if (kind == ')' || kind == ']') {
        SAY(m, m->token->span, "unexpected '%c': no '%c' is open here", kind, "(["[kind == ']']);
    } else if (kind == ',') {
        SAY(m, m->token->span, "unexpected ',' %s", after(m));
        if (!wants_stmt(m)) HINT(m, "nothing separates settings");
    } else if (wants_stmt(m)) {
        SAY(m, m->token->span, "unexpected %s %s", shown(m, m->token), after(m));
    } else {
        SAY(m, m->token->span, "expected '}' or a setting such as 'epochs = 5', not %s",
            shown(m, m->token));
    }
    const char *hint = hint_in_body(m);
    if (hint) HINT(m, "%s", hint);
    return true;
}

/* ---- everything else ---- */

/* A token as messages show it, by its kind. */
static const char *kind_name(const Mistake *m, int kind) {
    switch (kind) {
        case NAME:
            return "a name";
        case ARROW:
            return "'->'";
        case OVER:
            return "'over'";
        case ON:
            return "'on'";
        case FROM:
            return "'from'";
        case BACKWARD:
            return "'backward'";
        case AS:
            return "'as'";
        default:
            return kind > 0 && kind < 128 ? arena_printf(m->p->arena, "'%c'", kind) : NULL;
    }
}

/* "expected ',' or '=' after 'x'", when the choice is small and can be named. */
static bool listed(const Mistake *m) {
    const char *names[4];
    int count = 0;
    for (int kind = 0; kind < TOKEN_KINDS; kind++) {
        if (!expects(m, kind)) continue;
        const char *name = kind_name(m, kind);
        if (!name || count == 4) return false;
        names[count++] = name;
    }
    const char *list = count ? names[0] : "";
    for (int i = 1; i < count; i++)
        list = arena_printf(m->p->arena, "%s%s%s", list, i == count - 1 ? " or " : ", ", names[i]);
    if (count) SAY(m, m->where, "expected %s %s", list, after(m));
    if (count && expects(m, OVER)) HINT(m, "write: y = scan lstm(128) over x");
    if (count && expects(m, ON)) HINT(m, "write: y = step lstm(128) on x");
    return count > 0;
}

/* In `scan lstm(8) over x` the expression may go on or the statement may end: nothing to list. */
static void anything(const Mistake *m) {
    SAY(m, m->where, "unexpected %s %s", shown(m, m->token), after(m));
}

/* Whether only the '{' is missing between a header and its body. */
static bool lacks_opening_brace(const Mistake *m) {
    if (!expects(m, '{') || !m->token->kind || starts_item(m->p, m->p->current)) return false;
    return m->new_line || m->previous->kind == TRAIN;
}

void syntax_error(Parser *p, const Expected *expected) {
    Mistake m = mistake_at(p, expected);
    p->recovering = true;
    p->resume = p->current;
    if (p->stopped || follows_stray(&m) || !parser_may_report(p)) return;
    (void)(unfinished_line(&m) || misspelled_stmt(&m) || outside(&m) || keyword_as_name(&m) ||
           missing_shape(&m) || missing_name(&m) || loop_without_parens(&m) || missing_expr(&m) ||
           in_brackets(&m) || in_body(&m) || listed(&m) || (anything(&m), true));
    if (lacks_opening_brace(&m)) parser_insert_brace(p, m.where);
}
