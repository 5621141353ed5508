#include "graph/read.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "graph/read_text.h"
#include "graph/verify.h"

/* Sizes up to here, and operands up to there, cannot overflow the sums of the shape rules. */
enum { MAX_SIZE = 1 << 24, MAX_OPERANDS = 100, MAX_NUMBER = 1000000000 };

typedef struct {
    Cursor cursor;
    Graph *graph;
    int depth;                 /* open braces */
    VEC(Span) places;          /* of the nodes in this text */
    VEC(const Source *) named; /* the files that comments name */
} Reader;

/* ---- names ---- */

static int find_sym(const Graph *graph, SymKind kind, const char *name) {
    for (int i = 1; i < graph->syms.len; i++)
        if (graph->syms.at[i].kind == kind && strcmp(graph->syms.at[i].name, name) == 0) return i;
    return -1;
}

static int read_input_name(Reader *reader) {
    const char *name = cursor_word(&reader->cursor);
    for (int i = 0; i < reader->graph->inputs.len; i++)
        if (strcmp(reader->graph->inputs.at[i].name, name) == 0) return i;
    cursor_reject(&reader->cursor, "no input is called '%s'", name);
    return 0;
}

static int read_param_name(Reader *reader) {
    const char *name = cursor_word(&reader->cursor);
    for (int i = 0; i < reader->graph->params.len; i++)
        if (strcmp(reader->graph->params.at[i].name, name) == 0) return i;
    cursor_reject(&reader->cursor, "no parameter is called '%s'", name);
    return 0;
}

/* ---- types ---- */

/* text, text+3, vocab text, 128 */
static Dim read_dim(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    if (!cursor_at_word(cursor)) return dim_const(cursor_int(cursor, 1, MAX_SIZE));
    SymKind kind = SYM_LENGTH;
    const char *name = cursor_word(cursor);
    if (strcmp(name, "vocab") == 0 && cursor_at_word(cursor)) {
        kind = SYM_VOCAB;
        name = cursor_word(cursor);
    }
    Dim dim = {.sym = find_sym(reader->graph, kind, name)};
    if (dim.sym < 0) cursor_reject(cursor, "no size is called '%s'", name);
    if (!cursor_line_done(cursor) && (*cursor->at == '+' || *cursor->at == '-'))
        dim.add = cursor_int(cursor, -MAX_SIZE, MAX_SIZE);
    return dim;
}

/* [text, 128], [text] index(vocab text) */
static Type read_type(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    Type type = {.kind = TYPE_REAL};
    long size = 1;
    cursor_expect(cursor, "[");
    while (!cursor->failed && !cursor_accept(cursor, "]")) {
        if (type.rank == MAX_RANK) cursor_fail(cursor, "more than %d axes", MAX_RANK);
        if (type.rank) cursor_expect(cursor, ",");
        if (cursor->failed) return type;
        Dim dim = type.dim[type.rank++] = read_dim(reader);
        if (!dim.sym) size *= dim.add;
        if (size > 1L << 32) cursor_fail(cursor, "too many elements");
    }
    if (cursor_accept(cursor, "index(")) {
        type.kind = TYPE_INDEX;
        type.range = read_dim(reader);
        cursor_expect(cursor, ")");
    }
    return type;
}

/* ---- what surrounds the nodes ---- */

/* A keyword that may come next. */
static bool accept_word(Cursor *cursor, const char *keyword) {
    return !cursor_line_done(cursor) && cursor_accept(cursor, keyword);
}

static void read_model(Reader *reader) {
    reader->graph->name = cursor_word(&reader->cursor);
    reader->graph->source = cursor_string(&reader->cursor);
}

static void read_sym(Reader *reader, SymKind kind) {
    Cursor *cursor = &reader->cursor;
    Sym sym = {.kind = kind, .name = cursor_word(cursor)};
    cursor_keyword(cursor, "of");
    sym.input = cursor_int(cursor, 0, MAX_NUMBER);
    cursor_keyword(cursor, "max");
    sym.max = cursor_int(cursor, 0, MAX_SIZE);
    if (kind == SYM_LENGTH && accept_word(cursor, "in")) {
        sym.parent = find_sym(reader->graph, SYM_LENGTH, cursor_word(cursor));
        if (sym.parent < 0) cursor_reject(cursor, "no such length stands before this one");
    }
    vec_push(cursor->arena, &reader->graph->syms, sym);
}

static void read_length(Reader *reader) { read_sym(reader, SYM_LENGTH); }
static void read_vocab(Reader *reader) { read_sym(reader, SYM_VOCAB); }

static int read_setting(Reader *reader, const char *name) {
    cursor_keyword(&reader->cursor, name);
    return cursor_int(&reader->cursor, -MAX_NUMBER, MAX_NUMBER);
}

/* "negative" "positive": none at all, or one for each value of the input's index */
static const char **read_classes(Reader *reader, const Type *type) {
    Cursor *cursor = &reader->cursor;
    VEC(const char *) classes = {0};
    while (!cursor_line_done(cursor)) vec_push(cursor->arena, &classes, cursor_string(cursor));
    int wanted = type->kind == TYPE_INDEX && !type->range.sym ? type->range.add : 0;
    if (classes.len && classes.len != wanted) cursor_fail(cursor, "expected %d classes", wanted);
    return classes.at;
}

static InputKind read_kind(Cursor *cursor, Tokens *tokens) {
    static const char *const kinds[] = {
        [INPUT_CLASS] = "class",       [INPUT_REAL] = "real",       [INPUT_TAGS] = "tags",
        [INPUT_PREVIOUS] = "previous", [INPUT_CARRIED] = "carried", [INPUT_STATE] = "state"};
    const char *kind = cursor_word(cursor);
    for (int i = 0; i < TOKENS_KINDS; i++)
        if (strcmp(kind, tokens_name[i]) == 0) return *tokens = (Tokens)i, INPUT_WORDS;
    for (int i = INPUT_CLASS; i <= INPUT_STATE; i++)
        if (strcmp(kind, kinds[i]) == 0) return (InputKind)i;
    cursor_reject(cursor, "no kind of column is called '%s'", kind);
    return INPUT_WORDS;
}

/* window 35 stride 10, stream 35 */
static void read_windows(Reader *reader, Input *input) {
    Cursor *cursor = &reader->cursor;
    input->stream = accept_word(cursor, "stream");
    if (!input->stream && !accept_word(cursor, "window")) return;
    input->window = input->stride = cursor_int(cursor, 1, MAX_NUMBER);
    if (accept_word(cursor, "stride")) input->stride = cursor_int(cursor, 1, MAX_NUMBER);
}

/* "a" "b": a name for each number of a row */
static const char **read_fields(Reader *reader, const Type *type) {
    Cursor *cursor = &reader->cursor;
    VEC(const char *) fields = {0};
    int wanted = type->rank ? type->dim[type->rank - 1].add : 1;
    while (!cursor_line_done(cursor)) vec_push(cursor->arena, &fields, cursor_string(cursor));
    if (fields.len != wanted) cursor_fail(cursor, "expected %d fields", wanted);
    return fields.at;
}

static void read_numbers(Reader *reader, Input *input) {
    Cursor *cursor = &reader->cursor;
    if (accept_word(cursor, "max_length")) input->max_length = cursor_int(cursor, 0, MAX_NUMBER);
    if (accept_word(cursor, "window")) input->window = cursor_int(cursor, 0, MAX_NUMBER);
    if (accept_word(cursor, "by")) input->by = cursor_word(cursor);
    if (accept_word(cursor, "as_is")) input->as_is = true;
    if (accept_word(cursor, "fields")) input->fields = read_fields(reader, &input->type);
}

static void read_column(Reader *reader, bool target) {
    Cursor *cursor = &reader->cursor;
    Input input = {.target = target, .name = cursor_word(cursor)};
    cursor_expect(cursor, ":");
    input.kind = read_kind(cursor, &input.tokens);
    input.type = read_type(reader);
    if (input.kind == INPUT_WORDS) {
        input.max_vocab = read_setting(reader, "max_vocab");
        input.min_count = read_setting(reader, "min_count");
        input.max_length = read_setting(reader, "max_length");
    }
    if (input.kind == INPUT_TAGS || (input.kind == INPUT_WORDS && input.type.rank == 2)) {
        input.over = read_setting(reader, "over");
        if (input.over < 0 || input.over >= reader->graph->inputs.len)
            cursor_fail(cursor, "the input must stand before this one");
    }
    if (input.kind == INPUT_STATE) input.counts = accept_word(cursor, "counts");
    if (input.kind == INPUT_STATE) input.grows = accept_word(cursor, "grows");
    if (input.kind == INPUT_PREVIOUS) {
        input.previous = read_setting(reader, "of");
        if (input.previous < 0 || input.previous >= reader->graph->inputs.len)
            cursor_fail(cursor, "the text must stand before this one");
    }
    if (accept_word(cursor, "pattern")) input.pattern = cursor_string(cursor);
    if (accept_word(cursor, "merges")) input.merges = cursor_int(cursor, 0, MAX_NUMBER);
    if (input.kind == INPUT_CARRIED) {
        cursor_keyword(cursor, "start");
        input.start = cursor_number(cursor);
    }
    input.marked = accept_word(cursor, "marked");
    input.split = accept_word(cursor, "split");
    if (input.kind == INPUT_WORDS) read_windows(reader, &input);
    if (accept_word(cursor, "column")) input.field = cursor_string(cursor);
    if (accept_word(cursor, "ahead")) input.ahead = cursor_int(cursor, 0, MAX_NUMBER);
    if (input.kind == INPUT_REAL) read_numbers(reader, &input);
    if (input.kind == INPUT_CLASS || input.kind == INPUT_TAGS)
        input.classes = read_classes(reader, &input.type);
    vec_push(cursor->arena, &reader->graph->inputs, input);
}

static void read_input(Reader *reader) { read_column(reader, false); }
static void read_target(Reader *reader) { read_column(reader, true); }

/* The place of the next word among `count`, which are called `what`; 0 after an error. */
static int read_one_of(Reader *reader, const char *const *words, int count, const char *what) {
    const char *word = cursor_word(&reader->cursor);
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0) return i;
    cursor_reject(&reader->cursor, "no %s is called '%s'", what, word);
    return 0;
}

static Start read_start(Reader *reader) {
    static const char *const kinds[] = {"uniform", "normal", "constant", "orthogonal", "balanced"};
    static const char *const fans[] = {"in", "out", "both"}, *const more[] = {"around", "per"};
    Cursor *cursor = &reader->cursor;
    Start start = {.kind = (InitKind)read_one_of(reader, kinds, 5, "distribution")};
    if (start.kind == INIT_BALANCED) {
        start.column = read_input_name(reader);
        return start;
    }
    *(start.kind == INIT_CONSTANT ? &start.center : &start.spread) = cursor_number(cursor);
    while (!cursor->failed && cursor_at_word(cursor)) {
        if (read_one_of(reader, more, 2, "part of a distribution") == 0)
            start.center = cursor_number(cursor);
        else
            start.fans = 1 + read_one_of(reader, fans, 3, "fan");
    }
    return start;
}

static void read_param(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    Param param = {.name = cursor_word(cursor)};
    param.type = read_type(reader);
    param.start = read_start(reader);
    vec_push(cursor->arena, &reader->graph->params, param);
}

static double read_rate(Reader *reader, const char *name) {
    cursor_keyword(&reader->cursor, name);
    return cursor_number(&reader->cursor);
}

static void read_train(Reader *reader) {
    Training *training = &reader->graph->training;
    training->epochs = read_setting(reader, "epochs");
    training->batch = read_setting(reader, "batch");
    training->patience = read_setting(reader, "patience");
    training->clip_norm = read_rate(reader, "clip_norm");
    training->clip_value = read_rate(reader, "clip_value");
}

/* The name of a method and all of its knobs, in their order. */
static void read_choice(Reader *reader, const Method *methods, int count, Choice *choice) {
    const char *name = cursor_word(&reader->cursor);
    const Method *method = find_method(methods, count, name);
    if (!method) {
        cursor_reject(&reader->cursor, "nothing is called '%s'", name);
        return;
    }
    *choice = choose_method(method);
    for (int i = 0; method->knobs[i].kind; i++)
        choice->value[i] = read_rate(reader, method->knobs[i].name);
}

static void read_optimizer(Reader *reader) {
    read_choice(reader, optimizers, optimizer_count, &reader->graph->training.optimizer);
}

static void read_schedule(Reader *reader) {
    Training *t = &reader->graph->training;
    if (t->schedules == MAX_SCHEDULES)
        cursor_fail(&reader->cursor, "more than %d schedules", MAX_SCHEDULES);
    else
        read_choice(reader, schedules, schedule_count, &t->schedule[t->schedules++]);
}

static void read_sampling(Reader *reader) {
    read_choice(reader, samplings, sampling_count, &reader->graph->training.sampling);
}

static void read_metric(Reader *reader) {
    vec_push(reader->cursor.arena, &reader->graph->metrics, cursor_word(&reader->cursor));
}

/* ---- outputs ---- */

static int read_node_number(Reader *reader) {
    cursor_expect(&reader->cursor, "%");
    return cursor_int(&reader->cursor, 0, MAX_NUMBER);
}

static void add_output(Reader *reader, Output output) {
    output.node = read_node_number(reader);
    if (output.node >= reader->graph->nodes.len) cursor_fail(&reader->cursor, "no such node");
    vec_push(reader->cursor.arena, &reader->graph->outputs, output);
}

static void read_loss(Reader *reader) { add_output(reader, (Output){.role = ROLE_LOSS}); }
static void read_weight(Reader *reader) { add_output(reader, (Output){.role = ROLE_WEIGHT}); }

static void read_output(Reader *reader) {
    const char *name = cursor_string(&reader->cursor);
    add_output(reader, (Output){.role = ROLE_OUTPUT, .name = name});
    if (!accept_word(&reader->cursor, "decodes")) return;
    Output *output = &reader->graph->outputs.at[reader->graph->outputs.len - 1];
    output->decoded = true;
    output->param = read_input_name(reader);
    output->blank = read_setting(reader, "blank");
}

static void read_carry(Reader *reader) {
    int input = read_input_name(reader);
    const char *name = reader->graph->inputs.len ? reader->graph->inputs.at[input].name : NULL;
    add_output(reader, (Output){.role = ROLE_CARRIED, .name = name, .param = input});
}

static void read_flow(Reader *reader) {
    const char *name = cursor_string(&reader->cursor);
    add_output(reader, (Output){.role = ROLE_FLOW, .name = name});
}

static void read_of_input(Reader *reader, Role role) {
    int input = read_input_name(reader);
    if (reader->cursor.failed) return;
    const char *name = reader->graph->inputs.at[input].name;
    add_output(reader, (Output){.role = role, .name = name, .param = input});
}

static void read_state(Reader *reader) { read_of_input(reader, ROLE_STATE); }
static void read_generate(Reader *reader) { read_of_input(reader, ROLE_GENERATED); }

static void read_guess(Reader *reader) { read_of_input(reader, ROLE_GUESSED); }

static void read_gradient(Reader *reader) {
    int param = read_param_name(reader);
    if (reader->cursor.failed) return;
    const char *name = reader->graph->params.at[param].name;
    add_output(reader, (Output){.role = ROLE_GRADIENT, .name = name, .param = param});
}

static void read_operand(Reader *reader) {
    int which = cursor_int(&reader->cursor, 0, MAX_NUMBER);
    add_output(reader, (Output){.role = ROLE_OPERAND, .name = "", .param = which});
}

/* ---- nodes ---- */

static void read_labels(Cursor *cursor, char *labels) {
    for (int i = 0; !cursor->failed && *cursor->at >= 'a' && *cursor->at <= 'z'; i++) {
        if (i == MAX_LABELS - 1) cursor_fail(cursor, "too many labels");
        labels[i] = *cursor->at++;
    }
}

/* ti,oi->to */
static void read_contract(Cursor *cursor, Attr *attr) {
    read_labels(cursor, attr->a);
    cursor_expect(cursor, ",");
    read_labels(cursor, attr->b);
    cursor_expect(cursor, "->");
    read_labels(cursor, attr->out);
}

static int read_table(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    VEC(double) values = {0};
    do {
        double value = cursor_number(cursor);
        vec_push(cursor->arena, &values, value);
    } while (!cursor_line_done(cursor) && *cursor->at != '}' && values.len < MAX_SIZE);
    return graph_add_table(reader->graph, values.len, values.at);
}

static void read_kept(Cursor *cursor, Attr *attr) {
    cursor_keyword(cursor, "kept");
    do {
        attr->kept |= 1u << cursor_int(cursor, 0, MAX_RANK - 1);
    } while (!cursor_line_done(cursor) && *cursor->at != '}');
}

static int read_number_of(Cursor *cursor, const char *name) {
    cursor_keyword(cursor, name);
    return cursor_int(cursor, 0, MAX_NUMBER);
}

/* What stands between the braces behind the op. */
static void read_attr(Reader *reader, Op op, Attr *attr) {
    Cursor *cursor = &reader->cursor;
    switch (op) {
        case OP_INPUT:
            attr->index = read_input_name(reader);
            break;
        case OP_PARAM:
            attr->index = read_param_name(reader);
            break;
        case OP_LENGTH: {
            Dim size = read_dim(reader);
            attr->index = size.sym;
            attr->start = size.add;
            break;
        }
        case OP_TABLE:
            attr->index = read_table(reader);
            break;
        case OP_CONST:
            attr->value = cursor_number(cursor);
            break;
        case OP_MASK:
            attr->index = read_number_of(cursor, "stream");
            cursor_expect(cursor, ",");
            cursor_keyword(cursor, "zero");
            attr->value = cursor_number(cursor);
            break;
        case OP_EXPAND:
            read_kept(cursor, attr);
            break;
        case OP_SLICE:
        case OP_PAD:
            attr->axis = read_number_of(cursor, "axis");
            cursor_expect(cursor, ",");
            attr->start = read_number_of(cursor, "start");
            break;
        case OP_SHIFT:
            attr->axis = read_number_of(cursor, "axis");
            cursor_expect(cursor, ",");
            cursor_keyword(cursor, "start");
            attr->start = cursor_int(cursor, -MAX_SIZE, MAX_SIZE);
            break;
        case OP_CONCAT:
        case OP_SUM:
        case OP_MAX:
        case OP_ARGMAX:
        case OP_ONEHOT:
            attr->axis = read_number_of(cursor, "axis");
            break;
        case OP_DELAY:
        case OP_FINAL:
        case OP_PLACE:
            attr->axis = read_number_of(cursor, "axis");
            cursor_expect(cursor, ",");
            attr->direction = cursor_int(cursor, -1, 1);
            break;
        case OP_CONTRACT:
            read_contract(cursor, attr);
            break;
        default:
            cursor_reject(cursor, "%s has nothing in braces", op_info[op].name);
    }
}

static void read_operands(Reader *reader, Node *node) {
    VEC(int) in = {0};
    while (!cursor_line_done(&reader->cursor)) {
        if (in.len == MAX_OPERANDS) cursor_fail(&reader->cursor, "too many operands");
        vec_push(reader->cursor.arena, &in, read_node_number(reader));
    }
    node->count = in.len;
    node->in = in.at ? in.at : ARENA_ARRAY(reader->cursor.arena, int, 1);
}

static const Source *file_named(Reader *reader, const char *path, size_t length) {
    Cursor *cursor = &reader->cursor;
    for (int i = 0; i < reader->named.len; i++) {
        const char *known = reader->named.at[i]->path;
        if (strlen(known) == length && memcmp(known, path, length) == 0) return reader->named.at[i];
    }
    Source *source = ARENA_NEW(cursor->arena, Source);
    source->path = intern_n(cursor->names, path, length);
    source->text = "";
    vec_push(cursor->arena, &reader->named, source);
    return source;
}

/* The number before `*end`, behind a colon; moves `*end` to the colon. 0 when there is none. */
static int number_before(const char *start, const char **end) {
    const char *at = *end;
    while (at > start && at[-1] >= '0' && at[-1] <= '9') at--;
    if (at == *end || *end - at > 9 || at == start || at[-1] != ':' || *at == '0') return 0;
    *end = at - 1;
    return atoi(at);
}

/* "name  file:line:column", where either half may lack; anything else is no more than a comment. */
static void read_comment(Reader *reader, Node *node) {
    Cursor *cursor = &reader->cursor;
    if (cursor->failed || *cursor->at != '#') return;
    const char *end = cursor->at + strcspn(cursor->at, "\n");
    Cursor ahead = *cursor;
    ahead.diag = diag_new(cursor->arena);
    ahead.at += 1 + (ahead.at[1] == ' ');
    const char *place = ahead.at, *name = NULL;
    if (*ahead.at != ' ' && cursor_at_word(&ahead)) name = cursor_word(&ahead);
    if (name && !ahead.failed && (ahead.at == end || strncmp(ahead.at, "  ", 2) == 0)) {
        node->name = name;
        place = ahead.at == end ? end : ahead.at + 2;
    }
    int column = number_before(place, &end), line = number_before(place, &end);
    if (line && column && end > place)
        node->span = (Span){file_named(reader, place, (size_t)(end - place)), line, column, line,
                            column + 1};
}

/* %12 [text, 128] = tanh %11   # forward.i  sentiment.rondo:9:3 */
static void read_node(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    Node node = {0};
    Span place = cursor_span(cursor);
    if (read_node_number(reader) != reader->graph->nodes.len)
        cursor_fail(cursor, "expected node %%%d", reader->graph->nodes.len);
    node.type = read_type(reader);
    cursor_expect(cursor, "=");
    const char *name = cursor_word(cursor);
    node.op = op_by_name(name);
    if (node.op == OP_COUNT) cursor_reject(cursor, "no op is called '%s'", name);
    if (cursor_accept(cursor, "{")) {
        read_attr(reader, node.op, &node.attr);
        cursor_expect(cursor, "}");
    }
    read_operands(reader, &node);
    read_comment(reader, &node);
    if (cursor->failed) return;
    vec_push(cursor->arena, &reader->graph->nodes, node);
    vec_push(cursor->arena, &reader->places, place);
}

/* scan 1 forward over text { */
static void read_scan(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    cursor_int(cursor, 1, MAX_NUMBER);
    const char *direction = cursor_word(cursor);
    if (strcmp(direction, "forward") != 0) {
        if (strcmp(direction, "backward") != 0) cursor_reject(cursor, "expected a direction");
    }
    cursor_keyword(cursor, "over");
    read_dim(reader);
    cursor_expect(cursor, "{");
    reader->depth++;
}

static void read_nodes(Reader *reader) {
    cursor_expect(&reader->cursor, "{");
    reader->depth++;
}

/* ---- lines ---- */

static const struct {
    const char *word;
    void (*read)(Reader *);
    int depth; /* the open braces that it stands in */
} lines[] = {
    {"model", read_model, 0},       {"length", read_length, 0},
    {"vocab", read_vocab, 0},       {"input", read_input, 0},
    {"target", read_target, 0},     {"param", read_param, 0},
    {"train", read_train, 0},       {"optimizer", read_optimizer, 0},
    {"schedule", read_schedule, 0}, {"metric", read_metric, 0},
    {"nodes", read_nodes, 0},       {"scan", read_scan, 1},
    {"loss", read_loss, 0},         {"output", read_output, 0},
    {"gradient", read_gradient, 0}, {"operand", read_operand, 0},
    {"weight", read_weight, 0},     {"flow", read_flow, 0},
    {"state", read_state, 0},       {"generate", read_generate, 0},
    {"carry", read_carry, 0},       {"sampling", read_sampling, 0},
    {"guess", read_guess, 0},
};

static void read_statement(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    const char *word = cursor_word(cursor);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strcmp(lines[i].word, word) == 0 && lines[i].depth == reader->depth) {
            lines[i].read(reader);
            return;
        }
    cursor_reject(cursor, "'%s' cannot stand here", word);
}

static void read_line(Reader *reader) {
    Cursor *cursor = &reader->cursor;
    if (reader->depth && *cursor->at == '%')
        read_node(reader);
    else if (reader->depth && cursor_accept(cursor, "}"))
        reader->depth--;
    else
        read_statement(reader);
    if (!cursor_line_done(cursor)) cursor_fail(cursor, "expected the end of the line");
}

/* ---- the whole ---- */

/* The nodes were not added by graph_add: makes it build its hash table anew with the next one. */
static void forget_buckets(Graph *graph) {
    int wanted = 2 * (graph->nodes.len + 1), count = 256;
    while (2 * count <= wanted) count *= 2;
    graph->buckets = NULL;
    graph->bucket_count = count <= wanted ? count : 0;
}

static void check(Reader *reader) {
    Graph *graph = reader->graph;
    const char *problem;
    Span start = {reader->cursor.source, 1, 1, 1, 2};
    for (int i = 0; i < graph->nodes.len; i++)
        if (!graph_verify_node(graph, i, &problem)) {
            diag_error(reader->cursor.diag, reader->places.at[i], "%s", problem);
            reader->cursor.failed = true;
            return;
        }
    if (graph_verify(graph, &problem)) return;
    diag_error(reader->cursor.diag, start, "%s", problem);
    reader->cursor.failed = true;
}

Graph *graph_read(Arena *arena, Intern *names, const Source *source, Diag *diag) {
    Reader reader = {.cursor = cursor_new(arena, names, source, diag), .graph = graph_new(arena)};
    Cursor *cursor = &reader.cursor;
    for (cursor_next_line(cursor); !cursor_done(cursor); cursor_next_line(cursor))
        read_line(&reader);
    if (reader.depth) cursor_fail(cursor, "expected '}'");
    if (!cursor->failed) check(&reader);
    if (cursor->failed) return NULL;
    forget_buckets(reader.graph);
    return reader.graph;
}
