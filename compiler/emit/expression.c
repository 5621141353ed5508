/* Nodes as C expressions on vectors, for the row `at` and the columns from `column` on. */
#include "base/die.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

bool in_register(const Writer *writer, int node) { return writer->known[node]; }

const char *number(const Writer *writer, double value) { return PRINT("(real)%.17g", value); }

const char *size_text(const Writer *writer, int size) {
    if (is_length(size)) return "width";
    return is_vocabulary(size) ? PRINT("%s[%d]", writer->vocab, vocabulary_of(size))
                               : PRINT("%d", size);
}

/* From one line of values of pairs to the next: the longest in whole vectors, even where that is
 * one number, since lines are written over each other. */
static const char *line_stride(const Writer *writer, int size) {
    int number = sequence_number(writer->graph, size - LENGTH_OF);
    return PRINT("RD_VECTORS(%s[%d]) * LANES", writer->longest, number - 1);
}

const char *buffer_stride(const Writer *writer, int buffer) {
    const Buffer *b = &writer->program->buffers.at[buffer];
    if (is_length(b->columns))
        return PRINT("rd_wide_stride(%d, %s)", lines_of(writer->program, b->node),
                     line_stride(writer, b->columns));
    bool twice =
        is_fold(writer->program, b->node) && graph_node(writer->graph, b->node)->op == OP_ARGMAX;
    return PRINT("%sRD_STRIDE(%s)", twice ? "2 * " : "", size_text(writer, b->columns));
}

const char *stride_of(const Writer *writer, int node) {
    if (graph_node(writer->graph, node)->op == OP_INPUT)
        return PRINT(is_state(writer->graph, node) ? "RD_STRIDE(%s)" : "%s",
                     size_text(writer, writer->program->columns[node]));
    return buffer_stride(writer, buffer_of(writer->program, node));
}

bool is_state(const Graph *g, int node) {
    const Node *n = graph_node(g, node);
    return n->op == OP_INPUT && g->inputs.at[n->attr.index].kind == INPUT_STATE;
}

/* The rows of an INPUT, `run` being a path to the RdRun. */
const char *input_rows(const Writer *writer, const char *run, int node) {
    const Node *n = graph_node(writer->graph, node);
    bool index = n->type.kind == TYPE_INDEX;
    if (is_state(writer->graph, node))
        return PRINT(index ? "((const int *)%sstate[%d])" : "%sstate[%d]", run,
                     n->attr.index - column_count(writer->graph));
    return PRINT("%sbatch->%s[%d]", run, index ? "index" : "real", n->attr.index);
}

const char *packing(const Writer *writer, const char *run, int axis) {
    int number = sequence_number(writer->graph, axis);
    return number > 1 ? PRINT("%sp[%d].", run, number - 1) : PRINT("%sp->", run);
}

/* The sequence itself: "w->p". */
const char *packing_of(const Writer *writer, const char *run, int axis) {
    int number = sequence_number(writer->graph, axis);
    return number > 1 ? PRINT("%sp + %d", run, number - 1) : PRINT("%sp", run);
}

/* The row that is `up` parents from row `at` of a sequence's packing. */
static const char *ancestor(const Writer *writer, int axis, int up, const char *at) {
    for (; up > 0; up--, axis = axis_parent(writer->program, axis))
        at = PRINT("%sexample[%s]", packing(writer, "w->", axis), at);
    return at;
}

/* The row of the second of a pair's sequences. */
static const char *other_row(const Writer *writer, Access access, const char *at) {
    return PRINT("%sother[%s]", packing(writer, "w->", access.axis), at);
}

static const char *plus(const Writer *writer, const char *pointer, int column) {
    return column ? PRINT("%s + %d", pointer, column) : pointer;
}

/* Moves a pointer on to the line at hand. */
static const char *at_line(const Writer *writer, const char *pointer, Access access) {
    if (!writer->lines || !access.line) return pointer;
    if (is_length(access.line))
        return PRINT("%s + line * %s", pointer, line_stride(writer, access.line));
    return access.line == 1 ? PRINT("%s + line", pointer)
                            : PRINT("%s + line * %d", pointer, access.line);
}

const char *line_distance(const Writer *writer, int line) {
    return is_length(line) ? line_stride(writer, line) : PRINT("%d", line);
}

bool is_local(const Writer *writer, int node) {
    int buffer = writer->program->buffer_of[node];
    return buffer >= 0 && writer->program->buffers.at[buffer].local;
}

bool is_brief(const Writer *writer, int node) {
    int buffer = writer->program->buffer_of[node];
    return buffer >= 0 && writer->program->buffers.at[buffer].brief;
}

const char *pairs_pointer(const Writer *writer, Access access) {
    return plus(writer, PRINT("w->%s", writer->names[access.node]), access.column);
}

/* The line of pairs at hand: every value has it at the same place. */
void emit_wide_places(Writer *writer, const Stage *stage) {
    const Program *program = writer->program;
    const char *apart = is_length(stage->columns) ? line_stride(writer, stage->columns) : NULL;
    bool kept[2] = {false, false};
    if (!apart) return;
    for (int i = 0; i < stage->nodes.len; i++) {
        const Node *n = graph_node(writer->graph, stage->nodes.at[i]);
        for (int k = -1; k < n->count; k++) {
            int node = access_of(program, k < 0 ? stage->nodes.at[i] : n->in[k]).node;
            if (program->columns[node] == stage->columns && program->buffer_of[node] >= 0)
                kept[is_local(writer, node)] = true;
        }
    }
    for (int local = 0; local < 2; local++)
        if (kept[local])
            text_printf(
                writer->out, "const long %s = %s * rd_wide_stride(%d, %s)%s;\n",
                local ? "here" : "place",
                local ? PRINT("%sstep[at]", packing(writer, "w->", stage->axis))
                      : PRINT("rd_by_example(%s, at)", packing_of(writer, "w->", stage->axis)),
                stage->lines, apart, writer->lines ? PRINT(" + line * %s", apart) : "");
    writer->wide_lines = stage->lines;
}

/* A whole line of pairs of the row at hand. */
static bool is_line_here(const Writer *writer, Access access) {
    const Program *program = writer->program;
    int node = access.node;
    return writer->wide_lines && access.row == ROW_SAME && is_length(program->columns[node]) &&
           program->axis[node] == writer->axis && lines_of(program, node) == writer->wide_lines &&
           !access.column && !access.splat &&
           (!writer->lines || access.line == width_of(program, node));
}

const char *line_pointer(const Writer *writer, Access access, const char *at) {
    if (is_line_here(writer, access))
        return PRINT("w->%s + %s", writer->names[access.node],
                     is_local(writer, access.node) ? "here" : "place");
    return at_line(writer, row_pointer(writer, access, at), access);
}

/* A row of zeros, as long as those of a node. */
static const char *zeros_for(const Writer *writer, int node) {
    return is_vocabulary(writer->program->columns[node]) ? "w->zeros" : "zeros";
}

/* What a delay starts from, which is not the same for all examples. */
static Access initial_access(const Writer *writer, Access access) {
    Access init = access_of(writer->program, access.init);
    init.row = is_pair(access.axis) ? ROW_OTHER : ROW_EXAMPLE;
    init.axis = access.axis;
    init.up = 1;
    return init;
}

/* Where the rows of a delay start before its first (after its last) step. */
static const char *initial_row(const Writer *writer, Access access, const char *at) {
    if (access.init < 0) return zeros_for(writer, access.node);
    bool shared = writer->program->space[access.init] == SPACE_SHARED;
    Access init = shared ? access_of(writer->program, access.init) : initial_access(writer, access);
    init.column += access.column;
    return row_pointer(writer, init, at);
}

static const char *chosen_row(const Writer *writer, const char *buffer, const char *row,
                              const char *stride, const char *otherwise) {
    return PRINT("rd_row(w->%s, %s, %s, %s)", buffer, row, stride, otherwise);
}

/* Whether row `at` is the last of sequences of this packing that are `add` steps longer. */
const char *last_step(const Writer *writer, int axis, int add, const char *at) {
    return add ? PRINT("rd_ends(%s, %s, %d)", packing_of(writer, "w->", axis), at, add)
               : PRINT("%snext[%s] < 0", packing(writer, "w->", axis), at);
}

static const char *shifted_row(const Writer *writer, Access access, int by, const char *at) {
    return PRINT("rd_shifted(%s, %s, %d, %d)", packing_of(writer, "w->", access.axis), at, by,
                 access.add);
}

/* The rows of a value of pairs, where they are not those of an ordinary sequence; or NULL. */
static const char *pair_row(const Writer *writer, Access access, const char *at) {
    if (!is_pair(access.axis)) return NULL;
    const char *pair = packing_of(writer, "w->", access.axis);
    const char *first = packing_of(writer, "w->", axis_parent(writer->program, access.axis));
    const char *other = packing_of(writer, "w->", pair_other(access.axis));
    switch (access.row) {
        case ROW_PREVIOUS:
            return PRINT("rd_pair_before(%s, %s, %s)", pair, first, at);
        case ROW_NEXT:
            return PRINT("rd_pair_after(%s, %s, %s)", pair, first, at);
        case ROW_SHIFTED:
            return PRINT("rd_pair_shifted(%s, %s, %d)", pair, at, access.by);
        case ROW_LAST:
            return PRINT("rd_pair_last(%s, %s, %s, %s)", pair, first, other, at);
        case ROW_FIRST:
            return PRINT("rd_pair_first(%s, %s, %s, %s)", pair, first, other, at);
        default:
            return NULL;
    }
}

/* The row that an access reads for row `at`; negative where there is none. */
static const char *row_number(const Writer *writer, Access access, const char *at) {
    const char *pair = pair_row(writer, access, at);
    if (pair) return pair;
    switch (access.row) {
        case ROW_OTHER:
            return other_row(writer, access, at);
        case ROW_EXAMPLE:
            return ancestor(writer, access.axis, access.up, at);
        case ROW_PREVIOUS:
            return PRINT("%sprevious[%s]", packing(writer, "w->", access.axis), at);
        case ROW_NEXT:
            return access.add ? shifted_row(writer, access, 1, at)
                              : PRINT("%snext[%s]", packing(writer, "w->", access.axis), at);
        case ROW_SHIFTED:
            return shifted_row(writer, access, access.by, at);
        case ROW_LAST:
            return PRINT("rd_last(%s, %s, %d)", packing_of(writer, "w->", access.axis), at,
                         access.add);
        case ROW_FIRST:
            return PRINT("rd_first(%s, %s)", packing_of(writer, "w->", access.axis), at);
        default:
            return at;
    }
}

const char *row_pointer(const Writer *writer, Access access, const char *at) {
    const Node *n = graph_node(writer->graph, access.node);
    if (n->op == OP_TABLE) return plus(writer, PRINT("rd_table_%d", n->attr.index), access.column);
    if (n->op == OP_PARAM)
        return plus(writer, PRINT("w->%s", writer->names[access.node]), access.column);
    const char *name = writer->names[access.node], *stride = stride_of(writer, access.node);
    const char *row = row_number(writer, access, at);
    int row_axis = writer->program->axis[access.node];
    if (is_length(writer->program->columns[access.node]))
        row = is_local(writer, access.node)
                  ? PRINT("%sstep[%s]", packing(writer, "w->", row_axis), row)
                  : PRINT("rd_by_example(%s, %s)", packing_of(writer, "w->", row_axis), row);
    if (is_brief(writer, access.node)) row = PRINT("rd_brief(%s)", row);
    const char *zeros = zeros_for(writer, access.node);
    switch (access.row) {
        case ROW_SAME:
        case ROW_OTHER:
        case ROW_EXAMPLE:
        case ROW_LAST:
        case ROW_FIRST:
            return plus(writer, PRINT("w->%s + %s * %s", name, row, stride), access.column);
        case ROW_PREVIOUS:
        case ROW_NEXT: {
            if (access.init < 0)
                return plus(writer, chosen_row(writer, name, row, stride, zeros), access.column);
            const char *base = access.column ? PRINT("%s + %d", name, access.column) : name;
            return chosen_row(writer, base, row, stride, initial_row(writer, access, at));
        }
        case ROW_AT_FIRST:
        case ROW_AT_LAST: {
            bool pair = is_pair(access.axis);
            int axis = pair ? axis_parent(writer->program, access.axis) : access.axis;
            const char *step = pair ? ancestor(writer, access.axis, 1, at) : at;
            const char *here = access.row == ROW_AT_FIRST
                                   ? PRINT("%sprevious[%s] < 0", packing(writer, "w->", axis), step)
                                   : last_step(writer, axis, access.add, step);
            row =
                PRINT("%s ? %s : -1", here,
                      pair ? other_row(writer, access, at) : ancestor(writer, access.axis, 1, at));
            return plus(writer, chosen_row(writer, name, row, stride, zeros), access.column);
        }
        case ROW_SHIFTED:
            return plus(writer, chosen_row(writer, name, row, stride, zeros), access.column);
        default:
            die("no rows to point at");
    }
}

/* The array that holds the index values of a node. */
static const char *index_array(const Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    if (n->op == OP_INPUT) return input_rows(writer, "w->run->", node);
    if (n->op == OP_POSITION)
        return PRINT("%sstep", packing(writer, "w->", writer->program->axis[node]));
    buffer_of(writer->program, node);
    return PRINT("w->%s", writer->names[node]);
}

/* Where in it those of row `at` begin. */
static const char *index_place(const Writer *writer, Access access, const char *at) {
    const char *row = row_number(writer, access, at);
    if (writer->program->columns[access.node] > 1)
        row = PRINT("%s * %s", row, stride_of(writer, access.node));
    return plus(writer, row, access.column);
}

/* The value before the first step of a state that is an index. */
static const char *initial_index(const Writer *writer, Access access, const char *at) {
    if (access.init < 0) return "0";
    Access init = initial_access(writer, access);
    return PRINT("%s[%s]", index_array(writer, init.node), index_place(writer, init, at));
}

const char *index_at(const Writer *writer, int node, const char *at) {
    Access access = access_of(writer->program, node);
    const char *place = index_place(writer, access, at); /* it has one axis at most */
    if (writer->lines && width_of(writer->program, node) > 1) place = PRINT("%s + line", place);
    const char *value = PRINT("%s[%s]", index_array(writer, access.node), place);
    if (access.row != ROW_PREVIOUS && access.row != ROW_NEXT) return value;
    return PRINT("(%s < 0 ? %s : %s)", row_number(writer, access, at),
                 initial_index(writer, access, at), value);
}

const char *picked_index(const Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    Access values = access_of(writer->program, n->in[0]);
    const char *place = index_place(writer, values, "at");
    if (writer->lines && values.line) place = PRINT("%s + line * %d", place, values.line);
    return PRINT("%s[%s + %s]", index_array(writer, values.node), place,
                 index_at(writer, n->in[1], "at"));
}

static const char *index_pointer(const Writer *writer, Access access, const char *at) {
    return PRINT("%s + %s", index_array(writer, access.node), index_place(writer, access, at));
}

/* The position of the vector at hand within the row of what an access reads. */
static const char *position(const Writer *writer, Access access, const char *column) {
    return plus(writer, at_line(writer, access.splat ? "0" : column, access), access.column);
}

/* Which axis of its row an ONEHOT has made: the last, or of two the first. */
static bool first_of_two(const Writer *writer, const Node *n, int node) {
    return inner_rank(writer->program, node) == 2 && n->attr.axis == n->type.rank - 2;
}

/* The row of an access as seen from row `at` of the kernel. */
static const char *at_row(const Writer *writer, Access access) {
    if (access.row == ROW_OTHER) return other_row(writer, access, "at");
    return access.row == ROW_EXAMPLE ? ancestor(writer, access.axis, access.up, "at") : "at";
}

static const char *onehot(Writer *writer, const Node *n, Access access, const char *column) {
    int index = n->in[0];
    bool over_steps = writer->program->axis[access.node] != writer->program->axis[index];
    if (over_steps) {
        Access rows = access_of(writer->program, index);
        rows.row = ROW_EXAMPLE;
        rows.axis = writer->program->axis[access.node];
        rows.up = 1;
        rows.column += access.column;
        rows.line = access.line;
        return PRINT("rd_equal(rd_splat((real)at), rd_load(%s + %s))",
                     line_pointer(writer, rows, "at"), access.splat ? "0" : column);
    }
    if (first_of_two(writer, n, access.node)) {
        Access rows = access_of(writer->program, index);
        return PRINT("rd_equal(rd_splat((real)line), rd_indices(%s + %s, %s - %s))",
                     index_pointer(writer, rows, at_row(writer, access)), column,
                     size_text(writer, width_of(writer->program, access.node)), column);
    }
    if (inner_rank(writer->program, access.node) == 2) access.line = access.column = 0;
    const char *place = position(writer, access, column);
    const char *value = index_at(writer, index, at_row(writer, access));
    return access.splat ? PRINT("rd_splat(%s == %s)", place, value)
                        : PRINT("rd_equal(rd_iota(%s), rd_splat((real)%s))", place, value);
}

/* The size of the example's sequence or of a vocabulary, as a number. */
static const char *length(const Writer *writer, const Node *n) {
    const Sym *sym = &writer->graph->syms.at[n->attr.index];
    int loop = writer->axis;
    const char *owner = ancestor(writer, loop, levels_up(writer->program, loop, sym->parent), "at");
    const char *size =
        sym->kind == SYM_VOCAB
            ? size_text(writer, VOCABULARY + sym->input)
            : PRINT("rd_length(%s, %s)", packing_of(writer, "w->", n->attr.index), owner);
    size = plus(writer, size, n->attr.start);
    return n->attr.start < 0 ? PRINT("rd_splat((real)RD_MAX(%s, 1))", size)
                             : PRINT("rd_splat((real)(%s))", size);
}

int mask_count(const Graph *graph) {
    int count = 0;
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *n = graph_node(graph, i);
        if (n->op == OP_MASK && n->attr.index >= count) count = n->attr.index + 1;
    }
    return count;
}

/* A mask of pairs is numbered as one with a row for each step of the first sequence and lines as
 * long as the second can be, whether it lies so or has a row a pair: [T, C, S] or [T, S, C]. */
static const char *mask(Writer *writer, Access access, const char *column) {
    const Node *n = graph_node(writer->graph, access.node);
    int axis = writer->program->axis[access.node], apart = access.splat ? 0 : 1;
    if (is_length(access.line)) access.line = (int)size_for(writer->graph, access.line, 0);
    const char *row = at_row(writer, access), *place = position(writer, access, column);
    if (is_pair(axis)) {
        const char *p = packing(writer, "w->", axis);
        int longest = axis_max(writer->graph, axis);
        place = PRINT("%sstep[%s] + (%s) * %du", p, row, place, longest);
        row = PRINT("%sexample[%s]", p, row);
        apart *= longest;
    }
    return PRINT("rd_mask(w->run->key, w->mask[%d], %s, %s, %d, %.17g)", n->attr.index, row, place,
                 apart, n->attr.value);
}

static const char *leaf(Writer *writer, Access access, const char *column) {
    const Node *n = graph_node(writer->graph, access.node);
    switch (n->op) {
        case OP_CONST:
            return PRINT("rd_splat(%s)", number(writer, n->attr.value));
        case OP_SEED:
            return "rd_splat(w->seed)";
        case OP_POSITION:
            if (access.row == ROW_COLUMNS) return PRINT("rd_iota(%s)", column);
            return PRINT("rd_splat((real)%sstep[%s])",
                         packing(writer, "w->", writer->program->axis[access.node]),
                         at_row(writer, access));
        case OP_LENGTH:
            return length(writer, n);
        case OP_MASK:
            return mask(writer, access, column);
        case OP_ONEHOT:
            return onehot(writer, n, access, column);
        default:
            return NULL;
    }
}

/* The columns of the value that an access reads. */
static bool one_number(const Writer *writer, Access access) {
    return access.splat || (graph_node(writer->graph, access.node)->type.rank == 0) ||
           (writer->program->columns[access.node] == 1 && access.row != ROW_SHARED);
}

void begin_loads(Writer *writer, bool keep) {
    writer->keep_loads = keep;
    writer->load_count = 0;
}

/* Whether a value, or another load, is called so. */
static bool taken(const Writer *writer, const char *name, const char *own) {
    for (int i = 0; i < writer->load_count; i++)
        if (strcmp(writer->loads[i].name, name) == 0) return true;
    for (int i = 0; i < writer->graph->nodes.len && name != own; i++)
        if (strcmp(writer->names[i], name) == 0) return true;
    return false;
}

/* A name for what an access reads: the value's own, with where it stands unless that is here. Two
 * delays of a value that start differently need a number as well. */
static const char *load_name(const Writer *writer, Access access) {
    static const char *const places[] = {"",       "",     "_before", "_after", "_first", "_last",
                                         "_start", "_end", "_moved",  "_other", "",       ""};
    const char *own = writer->names[access.node], *name = own;
    if (*places[access.row]) name = PRINT("%s%s", name, places[access.row]);
    if (access.column) name = PRINT("%s_%d", name, access.column);
    const char *wanted = name;
    for (int suffix = 2; taken(writer, name, own); suffix++) name = PRINT("%s_%d", wanted, suffix);
    return name;
}

/* The local variable that holds what `text` reads; declared at its first use in a scope. */
static const char *loaded(Writer *writer, Access access, const char *text) {
    if (!writer->keep_loads) return text;
    for (int i = 0; i < writer->load_count; i++)
        if (same_access(&writer->loads[i].access, &access)) return writer->loads[i].name;
    const char *name = load_name(writer, access);
    vec_grow(writer->graph->arena, (void **)&writer->loads, &writer->load_cap, writer->load_count,
             sizeof *writer->loads);
    writer->loads[writer->load_count++] = (struct Loaded){access, name};
    text_printf(writer->out, "const vec %s = %s;\n", name, text);
    return name;
}

/* A value that is the same for all examples, computed here. Of two axes, line and column are the
 * reader's own: pack has seen to it. */
static const char *shared_value(Writer *writer, Access access, const char *column) {
    bool lines = writer->lines;
    if (inner_rank(writer->program, access.node) == 2)
        return PRINT("(%s)", value(writer, access.node, column));
    const char *at = position(writer, access, column);
    writer->lines = false;
    const char *text = PRINT("(%s)", value(writer, access.node, at));
    writer->lines = lines;
    return access.splat && access.line ? PRINT("rd_splat(%s[0])", text) : text;
}

const char *operand(Writer *writer, int node, const char *column) {
    Access access = access_of(writer->program, node);
    if (is_same_place(writer->program, node, access) && in_register(writer, access.node))
        return writer->names[access.node];
    const char *text = leaf(writer, access, column);
    if (text) return text;
    const Node *n = graph_node(writer->graph, access.node);
    bool weight = n->op == OP_PARAM || n->op == OP_TABLE;
    if (writer->program->space[access.node] == SPACE_SHARED && !weight)
        return shared_value(writer, access, column);
    const char *pointer = line_pointer(writer, access, "at");
    bool single = one_number(writer, access);
    if (weight && !access.splat) single = width_of(writer->program, node) == 1;
    text = single ? PRINT("rd_splat(*(%s))", pointer) : PRINT("rd_load(%s + %s)", pointer, column);
    return loaded(writer, access, text);
}

/* The op's template with its operands put in. */
static const char *fill(Writer *writer, const char *form, const char *const in[3]) {
    Text text = text_new(writer->graph->arena);
    for (const char *p = form; *p; p++) {
        if (*p == '$')
            text_puts(&text, in[*++p - 'a']);
        else
            text_puts(&text, (char[]){*p, 0});
    }
    return text_string(&text);
}

static bool plain(const char *text) {
    for (; *text; text++)
        if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
              (*text >= '0' && *text <= '9') || *text == '_'))
            return false;
    return true;
}

/* How far apart in memory the rows of a table are, and the lines of a row: those of the whole of
 * which it may be a part. */
static int table_stride(const Graph *g, int table, int axis) {
    while (graph_node(g, table)->op == OP_SLICE) table = graph_node(g, table)->in[0];
    const Type *type = &graph_node(g, table)->type;
    int stride = 1;
    for (int i = axis + 1; i < type->rank; i++) stride *= size_of(g, type->dim[i]);
    return stride;
}

/* A row of a table, or a number of a vector. */
static const char *gathered(Writer *writer, int node, const char *column) {
    const Program *program = writer->program;
    const Node *n = graph_node(writer->graph, node);
    const char *table = row_pointer(writer, access_of(program, n->in[0]), "at");
    int each = program->columns[node] / program->columns[n->in[1]];
    if (each == 1 && width_of(program, node) > 1) {
        Access indices = access_of(program, n->in[1]);
        return PRINT("rd_gather(%s, %s + %s, %s - %s)", table, index_pointer(writer, indices, "at"),
                     column, size_text(writer, width_of(program, node)), column);
    }
    const char *row = index_at(writer, n->in[1], "at");
    const char *pointer = PRINT("%s + (long)%s * %s", table, row,
                                size_text(writer, table_stride(program->graph, n->in[0], 0)));
    if (each > width_of(program, node))
        pointer = PRINT("%s + line * %d", pointer, table_stride(program->graph, n->in[0], 1));
    return width_of(program, node) == 1 ? PRINT("rd_splat(*(%s))", pointer)
                                        : PRINT("rd_load(%s + %s)", pointer, column);
}

const char *value(Writer *writer, int node, const char *column) {
    const Node *n = graph_node(writer->graph, node);
    if (n->op == OP_GATHER) return gathered(writer, node, column);
    const char *in[3] = {"", "", ""};
    bool infix = strstr(op_info[n->op].vector, "rd_") == NULL;
    for (int k = 0; k < n->count; k++) {
        in[k] = operand(writer, n->in[k], column);
        bool call = strncmp(in[k], "rd_", 3) == 0 && in[k][strlen(in[k]) - 1] == ')';
        if (infix && !plain(in[k]) && !call && in[k][0] != '(') in[k] = PRINT("(%s)", in[k]);
    }
    return fill(writer, op_info[n->op].vector, in);
}
