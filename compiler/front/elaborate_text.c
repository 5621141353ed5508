/* The types words, chars, bytes and so on: columns of text; and what comes before in a text. */
#include <regex.h>
#include <string.h>

#include "front/elaborator.h"

enum {
    LONGEST_WORD = 40, /* of which all characters are read, unless max_length says more */
    ALL_BYTES = 257    /* and <unk>; a text that is produced has its mark too */
};

/* ---- settings ---- */

enum { SET_VOCAB, SET_COUNT, SET_LENGTH, SET_WINDOW, SET_STRIDE, SET_STREAM, SET_MERGES, SETTINGS };

/* A named argument of a type: `max_vocab = 20000`. */
typedef struct {
    const char *name;
    int low, high;
    int *value;
    Span given;
} Limit;

static bool named(const Expr *arg, const char *name) {
    return arg->kind == EXPR_NAMED && strcmp(arg->name, name) == 0;
}

/* A setting of `type`. */
static void read_limit(Elaborator *e, const char *type, const Expr *arg, Limit *limits) {
    const char *names[SETTINGS];
    int known = 0;
    for (int i = 0; i < SETTINGS; i++) {
        if (!limits[i].name) continue;
        names[known++] = limits[i].name;
        if (!named(arg, limits[i].name)) continue;
        if (limits[i].given.source) {
            fail(e, arg->span, "'%s' is given twice", arg->name);
            note(e, limits[i].given, "it is first given here");
            return;
        }
        limits[i].given = arg->span;
        eval_whole(e, arg->right, arg->name, limits[i].low, limits[i].high, limits[i].value);
        return;
    }
    if (arg->kind == EXPR_NAMED) {
        fail(e, arg->op_span, "'%s' has no setting '%s'", type, arg->name);
        hint_nearest(e, arg->name, names, known);
    } else {
        fail(e, arg->span, "a setting of '%s' needs its name", type);
        int first = limits[SET_VOCAB].name ? SET_VOCAB : SET_LENGTH;
        advise(e, "such as %s = %d", limits[first].name, *limits[first].value);
    }
}

/* ---- windows of a long text ---- */

static void check_windows(Elaborator *e, const Limit *limits, Input *input) {
    const Limit *window = &limits[SET_WINDOW], *stream = &limits[SET_STREAM];
    const Limit *stride = &limits[SET_STRIDE], *length = &limits[SET_LENGTH];
    if (window->given.source && stream->given.source) {
        fail(e, stream->given, "a long text is read in windows or as streams");
        note(e, window->given, "windows are asked for here");
        return;
    }
    input->stream = stream->given.source != NULL;
    if (input->stream) input->window = *stream->value;
    if (stride->given.source && !window->given.source) {
        fail(e, stride->given, "'stride' is from one window to the next, and there are no windows");
        advise(e, "such as window = 35, stride = 10");
        return;
    }
    if (!input->window) return;
    if (!input->target) {
        fail(e, input->stream ? stream->given : window->given,
             "only a text that the model is to produce is read in windows or streams");
        advise(e, "such as 'target %s: words(window = 35)', and previous(%s) as what is read",
               input->name, input->name);
        input->window = 0;
        return;
    }
    if (length->given.source) {
        fail(e, length->given, "windows have one length");
        note(e, input->stream ? stream->given : window->given, "it is given here");
        return;
    }
    if (!stride->given.source) input->stride = input->window;
    if (input->stride > input->window) {
        fail(e, stride->given, "a stride of %d leaves out what is behind a window of %d",
             input->stride, input->window);
        return;
    }
    input->max_length = input->window;
}

/* ---- the types ---- */

bool is_produced(const Input *input) { return input->kind == INPUT_WORDS && input->target; }

static bool ends_marked(const Input *input) { return is_produced(input) && !input->window; }

static int add_sym(Elaborator *e, const Input *input, SymKind kind, int max) {
    Sym sym = {.name = input->name, .kind = kind, .max = max, .input = e->graph->inputs.len};
    vec_push(e->arena, &e->graph->syms, sym);
    return e->graph->syms.len - 1;
}

/* [text], or [text, letters] for the characters of each word. A text that is produced may end with
 * a mark: see settle_marks. */
static void add_axes(Elaborator *e, Input *input) {
    int length = add_sym(e, input, SYM_LENGTH, input->max_length + ends_marked(input));
    input->type = (Type){.kind = TYPE_INDEX, .rank = 1};
    if (input->over >= 0) {
        input->type.dim[0] = e->graph->inputs.at[input->over].type.dim[0];
        input->type.rank = 2;
        e->graph->syms.at[length].parent = input->type.dim[0].sym;
    }
    input->type.dim[input->type.rank - 1].sym = length;
    input->type.range.sym = add_sym(e, input, SYM_VOCAB, input->max_vocab);
}

/* The text in quotes: \" and \\ stand for a quote and a backslash, other backslashes for
 * themselves. */
static const char *unquoted(Elaborator *e, const char *quoted) {
    char *text = arena_alloc(e->arena, strlen(quoted) + 1), *to = text;
    for (const char *at = quoted + 1; *at && *at != '"'; at++) {
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\')) at++;
        *to++ = *at;
    }
    *to = '\0';
    return text;
}

static void read_pattern(Elaborator *e, const Expr *arg, Input *input) {
    char why[200];
    regex_t regex;
    if (input->pattern) {
        fail(e, arg->span, "'regex' has one pattern");
        return;
    }
    input->pattern = unquoted(e, arg->name);
    int code = regcomp(&regex, input->pattern, REG_EXTENDED);
    regerror(code, &regex, why, sizeof why);
    if (code)
        fail(e, arg->span, "this is no extended regular expression of POSIX: %s", why);
    else
        regfree(&regex);
}

/* A sequence of indices, one a symbol of a vocabulary; *input holds the settings' defaults. All
 * bytes are always known, and what merges make of them. */
static bool symbols_type(Elaborator *e, const Expr *type, Input *input) {
    const char *name = tokens_name[input->tokens];
    int stream = 0, errors = diag_errors(e->diag);
    input->kind = INPUT_WORDS;
    if (!input->min_count) input->min_count = 1;
    input->over = -1;
    Limit limits[SETTINGS] = {
        [SET_VOCAB] = {"max_vocab", 2 + input->target, MAX_VOCAB_LIMIT, &input->max_vocab, {0}},
        [SET_COUNT] = {"min_count", 1, MAX_VOCAB_LIMIT, &input->min_count, {0}},
        [SET_LENGTH] = {"max_length", 1, MAX_LENGTH_LIMIT, &input->max_length, {0}},
        [SET_WINDOW] = {"window", 1, MAX_LENGTH_LIMIT, &input->window, {0}},
        [SET_STRIDE] = {"stride", 1, MAX_LENGTH_LIMIT, &input->stride, {0}},
        [SET_STREAM] = {"stream", 1, MAX_LENGTH_LIMIT, &stream, {0}},
        [SET_MERGES] = {"merges", 1, MAX_VOCAB_LIMIT - ALL_BYTES - 1, &input->merges, {0}},
    };
    bool bytes = input->tokens == TOKENS_BYTES, bpe = input->tokens == TOKENS_BPE;
    if (bytes || bpe) limits[SET_VOCAB].name = NULL;
    if (bytes) limits[SET_COUNT].name = NULL;
    if (!bpe) limits[SET_MERGES].name = NULL;
    for (int i = 0; type->kind == EXPR_CALL && i < type->args.len; i++) {
        const Expr *arg = type->args.at[i];
        if (input->tokens == TOKENS_REGEX && arg->kind == EXPR_STRING)
            read_pattern(e, arg, input);
        else if (input->tokens == TOKENS_CHARS && !input->target && named(arg, "of"))
            words_setting(e, arg, input);
        else if (!field_setting(e, arg, input))
            read_limit(e, name, arg, limits);
    }
    if (bytes || bpe) input->max_vocab = ALL_BYTES + input->merges + input->target;
    if (diag_errors(e->diag) == errors) check_windows(e, limits, input);
    if (input->over >= 0 && !limits[SET_LENGTH].given.source) input->max_length = LONGEST_WORD;
    add_axes(e, input);
    return true;
}

/* regex("[a-z]+|[0-9]", max_vocab = 20000, min_count = 1, max_length = 256) */
bool regex_type(Elaborator *e, const Expr *type, Input *input) {
    int errors = diag_errors(e->diag);
    input->tokens = TOKENS_REGEX;
    input->max_vocab = 20000;
    input->max_length = 256;
    bool good = symbols_type(e, type, input);
    if (input->pattern || diag_errors(e->diag) > errors) return good;
    fail(e, type->span, "'regex' needs the pattern of a token");
    advise(e, "such as regex(\"[[:alpha:]]+|[[:digit:]]+\")");
    return false;
}

/* words(max_vocab = 20000, min_count = 1, max_length = 256) */
bool words_type(Elaborator *e, const Expr *type, Input *input) {
    input->max_vocab = 20000;
    input->max_length = 256;
    return symbols_type(e, type, input);
}

/* whitespace(…): the same settings */
bool whitespace_type(Elaborator *e, const Expr *type, Input *input) {
    input->tokens = TOKENS_WHITESPACE;
    return words_type(e, type, input);
}

/* chars(max_vocab = 1000, min_count = 1, max_length = 1000), of a text or, with of = text, of each
 * of its words. */
bool chars_type(Elaborator *e, const Expr *type, Input *input) {
    input->tokens = TOKENS_CHARS;
    input->max_vocab = 1000;
    input->max_length = 1000;
    return symbols_type(e, type, input);
}

/* bytes(max_length = 1000) */
bool bytes_type(Elaborator *e, const Expr *type, Input *input) {
    input->tokens = TOKENS_BYTES;
    input->max_length = 1000;
    return symbols_type(e, type, input);
}

/* bpe(merges = 2000, min_count = 2, max_length = 1000) */
bool bpe_type(Elaborator *e, const Expr *type, Input *input) {
    input->tokens = TOKENS_BPE;
    input->merges = 2000;
    input->min_count = 2;
    input->max_length = 1000;
    return symbols_type(e, type, input);
}

/* ---- streams ---- */

const Input *stream_of(const Elaborator *e, Dim steps) {
    const Sym *sym = &e->graph->syms.at[steps.sym];
    if (sym->kind != SYM_LENGTH || !e->graph->inputs.at[sym->input].stream) return NULL;
    return &e->graph->inputs.at[sym->input];
}

void note_stream(Elaborator *e, const Input *text) {
    note(e, text->span, "'%s' is read as streams, a part after the other", text->name);
    advise(e, "of a text in windows each is complete in itself: %s(window = %d)",
           tokens_name[text->tokens], text->window);
}

/* ---- what comes before ---- */

/* The hidden input of the words before those of input `of`. */
static int previous_input(Elaborator *e, int of) {
    Graph *graph = e->graph;
    for (int i = 0; i < graph->inputs.len; i++)
        if (graph->inputs.at[i].kind == INPUT_PREVIOUS && graph->inputs.at[i].previous == of)
            return i;
    Input hidden = {.kind = INPUT_PREVIOUS,
                    .name = arena_printf(e->arena, "%s.previous", graph->inputs.at[of].name),
                    .previous = of,
                    .type = graph->inputs.at[of].type,
                    .span = graph->inputs.at[of].span};
    need_column(e, graph->inputs.at[of].span);
    vec_push(e->arena, &graph->inputs, hidden);
    return graph->inputs.len - 1;
}

Value previous(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    const Value *value = &args[0].value;
    const Node *node = value->kind == VALUE_TENSOR ? graph_node(e->graph, value->node) : NULL;
    bool column = node && node->op == OP_INPUT && !value->hidden.count;
    if (!column || !is_produced(&e->graph->inputs.at[node->attr.index])) {
        fail_operand(e, &args[0], "'previous' needs a target of words, chars or bytes, this is %s",
                     describe(e, value));
        advise(e,
               "such as 'target y: words', of which previous(y) is what stands before each word");
        return value_error();
    }
    int input = previous_input(e, node->attr.index);
    Attr attr = {.index = input};
    int leaf = graph_leaf(e->graph, OP_INPUT, e->graph->inputs.at[input].type, attr, at->span);
    graph_node(e->graph, leaf)->name = e->graph->inputs.at[input].name;
    return value_tensor(leaf, (Axes){0});
}
