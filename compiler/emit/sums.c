/* The sums over the batch that make the gradients. */
#include "base/die.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* From one row of a parameter's gradient to the next. */
static int row_of_param(const Writer *writer, const Type *type) {
    return type->rank ? size_of(writer->graph, type->dim[type->rank - 1]) : 1;
}

static const char *plus_text(const Writer *writer, const char *pointer, long offset) {
    return offset ? PRINT("%s + %ld", pointer, offset) : pointer;
}

static const char *row_map(const Writer *writer, Access access) {
    const char *p = packing(writer, "w.", access.axis);
    switch (access.row) {
        case ROW_PREVIOUS:
            return PRINT("%sprevious", p);
        case ROW_NEXT:
            return access.add ? "NULL" : PRINT("%snext", p); /* or else by counting steps */
        case ROW_OTHER:
            return PRINT("%sother", p);
        case ROW_EXAMPLE:
            if (access.up > 1) die("the operand of a sum over the batch is too far up");
            return PRINT("%sexample", p);
        default:
            return "NULL";
    }
}

static const char *sum_operand(Writer *writer, const char *side, int node) {
    Access access = access_of(writer->program, node);
    if (access.row == ROW_AT_FIRST || access.row == ROW_AT_LAST || access.init >= 0)
        die("the operand of a sum over the batch is not a plain row");
    const char *from = PRINT("w.%s", writer->names[access.node]);
    const char *line =
        lines_of(writer->program, node) > 1 ? PRINT(", .%s_line = %d", side, access.line) : "";
    return PRINT(".%s = %s, .%s_stride = %s%s, .%s_rows = %s", side,
                 plus_text(writer, from, access.column), side, stride_of(writer, access.node), line,
                 side, row_map(writer, access));
}

static int moved_by(Access access) {
    return access.row == ROW_SHIFTED ? access.by : access.row == ROW_NEXT && access.add ? 1 : 0;
}

/* Where an operand's rows are found by counting steps. */
static bool counts_steps(Access access) { return access.row == ROW_SHIFTED || moved_by(access); }

/* How much longer than the packing's are the sequences whose rows these are. */
static int length_of(const Writer *writer, Access access) {
    return access.row == ROW_SAME ? steps_add(writer->program, access.node) : access.add;
}

/* What a sum needs to know when its sequences are shorter than the packing's, or are shifted. */
static void emit_steps(Writer *writer, const Reduction *r) {
    Access a = access_of(writer->program, r->a), b = a;
    int add = steps_add(writer->program, r->a);
    if (r->b >= 0) b = access_of(writer->program, r->b);
    if (!add && !counts_steps(a) && !counts_steps(b)) return;
    text_printf(writer->out, ",\n .p = %s, .add = %d",
                packing_of(writer, "w.", writer->program->axis[r->a]), add);
    text_printf(writer->out, ", .a_by = %d, .a_add = %d", moved_by(a), length_of(writer, a));
    text_printf(writer->out, ", .b_by = %d, .b_add = %d", moved_by(b), length_of(writer, b));
}

static const char *index_operand(Writer *writer, int node) {
    Access access = access_of(writer->program, node);
    const Node *n = graph_node(writer->graph, access.node);
    const char *from = n->op == OP_INPUT ? PRINT("run->batch->index[%d]", n->attr.index)
                                         : PRINT("w.%s", writer->names[access.node]);
    const char *map = row_map(writer, access);
    return strcmp(map, "NULL") == 0 ? PRINT(".index = %s", from)
                                    : PRINT(".index = %s, .b_rows = %s", from, map);
}

/* Where a block of a gradient starts. */
static const char *block_of(const Writer *writer, const Reduction *r) {
    const Type *type = &writer->graph->params.at[r->param].type;
    long stride = row_of_param(writer, type);
    return plus_text(writer, PRINT("rd_gradient(run, %d)", r->param),
                     r->row ? r->row * stride + r->column : r->column);
}

static bool overlap(const Reduction *a, const Reduction *b) {
    return a->param == b->param &&
           (a->kind == REDUCE_SCATTER || b->kind == REDUCE_SCATTER ||
            (a->row < b->row + b->rows && b->row < a->row + a->rows &&
             a->column < b->column + b->columns && b->column < a->column + a->columns));
}

/* A sum of rows that an outer sum of the same rows computes on its way. */
static bool goes_along(const Program *program, const Reduction *columns, const Reduction *outer) {
    if (columns->kind != REDUCE_COLUMNS || outer->kind != REDUCE_OUTER) return false;
    Access a = access_of(program, outer->a), b = access_of(program, outer->b);
    return columns->a == outer->a && columns->columns == outer->rows && a.row == ROW_SAME &&
           b.row == ROW_SAME && lines_of(program, outer->a) == 1;
}

/* Nothing else is added to the block that sum number i is added to. */
static bool alone(const Program *program, int i) {
    for (int k = 0; k < program->reductions.len; k++)
        if (k != i && overlap(&program->reductions.at[i], &program->reductions.at[k])) return false;
    return true;
}

/* For each sum of columns the outer sum that computes it too, or -1; at most two each. */
static int *find_companions(const Writer *writer) {
    const Program *program = writer->program;
    int count = program->reductions.len;
    int *with = ARENA_ARRAY(writer->graph->arena, int, count + 1);
    int *taken = ARENA_ARRAY(writer->graph->arena, int, count + 1);
    for (int i = 0; i < count; i++) {
        with[i] = -1;
        for (int j = 0; j < count && with[i] < 0; j++)
            if (taken[j] < 2 && alone(program, i) &&
                goes_along(program, &program->reductions.at[i], &program->reductions.at[j])) {
                with[i] = j;
                taken[j]++;
            }
    }
    return with;
}

/* An outer sum to which few numbers of its left operand contribute. */
static bool is_sparse_sum(const Program *program, const Reduction *r) {
    return r->kind == REDUCE_OUTER && lines_of(program, r->a) == 1 &&
           is_mostly_zero(program, access_of(program, r->a).node);
}

static void emit_sum(Writer *writer, int index, const int *with) {
    static const char *const kinds[] = {"RD_SUM_OUTER", "RD_SUM_COLUMNS", "RD_SUM_SCATTER"};
    const bool sparse = is_sparse_sum(writer->program, &writer->program->reductions.at[index]);
    const Reduction *r = &writer->program->reductions.at[index];
    const Type *type = &writer->graph->params.at[r->param].type;
    int over = writer->program->axis[r->a];
    Text *out = writer->out;
    bool rows = r->kind == REDUCE_SCATTER; /* of a table, whatever their axes */
    int stride = rows ? 1 : row_of_param(writer, type);
    for (int i = 1; rows && i < type->rank; i++) stride *= size_of(writer->graph, type->dim[i]);
    text_printf(out, "{.kind = %s, .out = %s, .out_stride = %s,\n",
                sparse ? "RD_SUM_SPARSE" : kinds[r->kind], block_of(writer, r),
                size_text(writer, stride));
    text_printf(out, " .m = %s, .n = %s, .rows = %s%s,\n", size_text(writer, r->rows),
                size_text(writer, r->columns), packing(writer, "w.", over),
                over ? "rows" : "examples");
    if (r->kind == REDUCE_OUTER && lines_of(writer->program, r->a) > 1)
        text_printf(out, " .lines = %d,\n", lines_of(writer->program, r->a));
    text_printf(out, " %s", sum_operand(writer, "a", r->a));
    if (r->kind == REDUCE_OUTER) text_printf(out, ",\n %s", sum_operand(writer, "b", r->b));
    if (r->kind == REDUCE_SCATTER)
        text_printf(out, ", %s, .run = run", index_operand(writer, r->b));
    if (over) emit_steps(writer, r);
    const char *also = "";
    for (int i = 0; i < writer->program->reductions.len; i++)
        if (with[i] == index)
            also = PRINT("%s%s%s", also, *also ? ", " : "",
                         block_of(writer, &writer->program->reductions.at[i]));
    if (*also) text_printf(out, ",\n .also = {%s}", also);
    text_printf(out, "}, /* %s */\n", writer->graph->params.at[r->param].name);
}

/* The round that each sum is added in: those that write to one block in different ones. */
static int *rounds_of(const Writer *writer) {
    const Program *program = writer->program;
    int count = program->reductions.len;
    int *round = ARENA_ARRAY(writer->graph->arena, int, count + 1);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (overlap(&program->reductions.at[i], &program->reductions.at[j]) &&
                round[j] >= round[i])
                round[i] = round[j] + 1;
    return round;
}

/* Outer sums whose work is shared when one stands right behind the other. */
static bool next_to(const Program *program, const Reduction *a, const Reduction *b,
                    bool same_left) {
    return a->kind == REDUCE_OUTER && b->kind == REDUCE_OUTER &&
           program->space[a->a] == program->space[b->a] && (!same_left || a->a == b->a) &&
           is_sparse_sum(program, a) == is_sparse_sum(program, b);
}

/* Emits sum `first` and behind it, among those that are left of its round, first the outer sums of
 * its left operand, then those of its space. Returns how many. */
static int emit_group(Writer *writer, int first, int *round, const int *with) {
    const Reduction *all = writer->program->reductions.at;
    const int here = round[first], count = writer->program->reductions.len;
    int emitted = 0;
    for (int i = first; i < count; i++) {
        if (round[i] != here || with[i] >= 0) continue;
        if (i != first && !next_to(writer->program, &all[first], &all[i], false)) continue;
        for (int j = i; j < count; j++) {
            if (round[j] != here || with[j] >= 0) continue;
            if (j != i && !next_to(writer->program, &all[i], &all[j], true)) continue;
            emit_sum(writer, j, with);
            round[j] = -1;
            emitted++;
        }
    }
    return emitted;
}

/* Sums that write to one block run one after another, all others side by side. */
void emit_sums(Writer *writer) {
    int count = writer->program->reductions.len, left = 0;
    int *with = find_companions(writer), *round = rounds_of(writer);
    for (int i = 0; i < count; i++) left += with[i] < 0;
    for (int r = 0; left > 0; r++) {
        int here = 0;
        text_printf(writer->out, "const RdSum sums_%d[] = {\n", r);
        writer->out->indent++;
        for (int i = 0; i < count; i++)
            if (round[i] == r && with[i] < 0) here += emit_group(writer, i, round, with);
        writer->out->indent--;
        text_printf(writer->out, "};\nrd_sum_all(run->pool, sums_%d, %d);\n", r, here);
        left -= here;
    }
}
