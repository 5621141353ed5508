/* The C file as a whole: the tables that describe the model, and two programs over packed batches.
 */
#include "base/die.h"
#include "emit/emit.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* ---- the tables ---- */

static const char *quoted(Arena *arena, const char *text) {
    Text out = text_new(arena);
    text_puts(&out, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') text_puts(&out, "\\");
        text_puts(&out, (char[]){*text, 0});
    }
    text_puts(&out, "\"");
    return text_string(&out);
}

static int dim_number(const Graph *g, Dim dim) {
    return dim.sym ? -1 - g->syms.at[dim.sym].input : dim.add;
}

static void emit_columns(Graph *g, Text *out) {
    for (int i = 0; i < g->inputs.len; i++) {
        const Input *input = &g->inputs.at[i];
        if (input->kind != INPUT_CLASS) continue;
        text_printf(out, "static const char *const classes_%d[] = {", i);
        for (int c = 0; c < input->type.range.add; c++)
            text_printf(out, "%s%s", c ? ", " : "", quoted(g->arena, input->classes[c]));
        text_puts(out, "};\n");
    }
    text_puts(out, "static const RdColumn columns[] = {\n");
    for (int i = 0; i < g->inputs.len; i++) {
        const Input *input = &g->inputs.at[i];
        text_printf(out, "  {.name = %s, .target = %s, ", quoted(g->arena, input->name),
                    input->target ? "true" : "false");
        if (input->kind == INPUT_CLASS)
            text_printf(out, ".kind = RD_CLASS, .class_count = %d, .classes = classes_%d},\n",
                        input->type.range.add, i);
        else
            text_printf(out,
                        ".kind = RD_WORDS, .max_vocab = %d, .min_count = %d, .max_length = %d},\n",
                        input->max_vocab, input->min_count, input->max_length);
    }
    text_puts(out, "};\n");
}

static void emit_params(Graph *g, Text *out) {
    static const char *const inits[] = {"RD_UNIFORM", "RD_NORMAL", "RD_CONSTANT"};
    text_puts(out, "static const RdParam params[] = {\n");
    for (int i = 0; i < g->params.len; i++) {
        const Param *param = &g->params.at[i];
        text_printf(out, "  {%s, %d, {", quoted(g->arena, param->name), param->type.rank);
        for (int k = 0; k < param->type.rank; k++)
            text_printf(out, "%s%d", k ? ", " : "", dim_number(g, param->type.dim[k]));
        text_printf(out, "%s}, %s, %.17g},\n", param->type.rank ? "" : "0", inits[param->init],
                    param->scale);
    }
    text_puts(out, "};\n");
}

/* The target whose classes a value of this size can stand for, or -1. */
static int counted_by(const Graph *g, Dim size) {
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < g->inputs.len; i++)
            if (g->inputs.at[i].target == (pass == 0) &&
                dim_equal(g->inputs.at[i].type.range, size))
                return i;
    return -1;
}

static void emit_outputs(Graph *g, Text *out, int *count) {
    *count = 0;
    text_puts(out, "static const RdOutput outputs[] = {\n");
    for (int i = 0; i < g->outputs.len; i++) {
        const Output *output = &g->outputs.at[i];
        if (output->role != ROLE_OUTPUT) continue;
        const Type *type = &graph_node(g, output->node)->type;
        bool steps = type->rank && g->syms.at[type->dim[0].sym].kind == SYM_LENGTH;
        bool row = type->rank - steps > 0;
        Dim last = row ? type->dim[type->rank - 1] : dim_const(1);
        bool index = type->kind == TYPE_INDEX;
        text_printf(out, "  {%s, .index = %s, .per_step = %s, .columns = %d,\n",
                    quoted(g->arena, output->name), index ? "true" : "false",
                    steps ? "true" : "false", dim_number(g, last));
        text_printf(out, "   .stride = RD_STRIDE(%d), .of = %d},\n", dim_number(g, last),
                    index ? counted_by(g, type->range)
                    : row ? counted_by(g, last)
                          : -1);
        ++*count;
    }
    text_puts(out, "};\n");
}

static void emit_metrics(Graph *g, Text *out) {
    text_puts(out, "static const char *const metrics[] = {");
    for (int i = 0; i < g->metrics.len; i++)
        text_printf(out, "%s, ", quoted(g->arena, g->metrics.at[i]));
    text_puts(out, "NULL};\n\n");
}

static bool loss_per_step(const Graph *g) {
    for (int i = 0; i < g->outputs.len; i++)
        if (g->outputs.at[i].role == ROLE_LOSS) {
            const Type *type = &graph_node(g, g->outputs.at[i].node)->type;
            return type->rank && g->syms.at[type->dim[0].sym].kind == SYM_LENGTH;
        }
    return false;
}

static void emit_model(Graph *g, Text *out, int output_count, double flops) {
    const Training *t = &g->training;
    text_puts(out,
              "#ifdef RD_DOUBLE\n#define MODEL rd_model_double\n#else\n#define MODEL rd_model\n"
              "#endif\n\nconst RdModel MODEL = {\n");
    text_printf(out, "  .name = %s,\n  .real_size = sizeof(real),\n", quoted(g->arena, g->name));
    text_printf(out, "  .column_count = %d,\n  .param_count = %d,\n  .output_count = %d,\n",
                g->inputs.len, g->params.len, output_count);
    text_printf(out, "  .metric_count = %d,\n  .columns = columns,\n  .params = params,\n",
                g->metrics.len);
    text_puts(out, "  .outputs = outputs,\n  .metrics = metrics,\n");
    text_printf(
        out,
        "  .training = {.optimizer = %s, .rate = %.17g, .momentum = %.17g, .beta1 = %.17g,\n"
        "               .beta2 = %.17g, .epsilon = %.17g, .weight_decay = %.17g,\n"
        "               .clip_norm = %.17g, .epochs = %d, .batch = %d, .patience = %d},\n",
        t->optimizer == OPTIMIZER_ADAM ? "RD_ADAM" : "RD_SGD", t->rate, t->momentum, t->beta1,
        t->beta2, t->epsilon, t->weight_decay, t->clip_norm, t->epochs, t->batch, t->patience);
    text_printf(out, "  .loss_per_step = %s,\n  .flops_per_step = %.17g,\n",
                loss_per_step(g) ? "true" : "false", flops);
    text_puts(out,
              "  .packed_bytes = packed_bytes,\n  .memory_bytes = memory_bytes,\n"
              "  .prepare = prepare,\n  .infer = infer,\n  .train = train,\n"
              "  .square_sum = rd_square_sum,\n  .update = rd_update,\n};\n");
}

/* ---- memory ---- */

static const char *rows_of(Space space) {
    return space == SPACE_STEPS ? "sizes->rows" : "sizes->examples";
}

/* The first buffer of each slot stands for it. */
static int slot_owner(const Program *program, int slot) {
    for (int i = 0; i < program->buffers.len; i++)
        if (program->buffers.at[i].slot == slot) return i;
    die("a slot without a buffer");
}

static void emit_struct(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    text_printf(out, "/* Where the values of %s lie, a row a step or a row an example. */\n",
                program->name);
    text_puts(out,
              "typedef struct {\n  const RdRun *run;\n  const RdPacking *p;\n"
              "  const real *panels; /* the weights, as the tiles read them */\n"
              "  real seed;          /* 1 / targets in the batch */\n");
    text_printf(out, "  int parts[%d];       /* of the kernels of each phase */\n",
                program->phases ? program->phases : 1);
    for (int i = 0; i < writer->graph->nodes.len; i++) {
        const Node *n = graph_node(writer->graph, i);
        if (n->op != OP_PARAM) continue;
        text_printf(out, "  const real *%s; /* %s */\n", writer->names[i],
                    type_string(writer->graph, &n->type));
    }
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        text_printf(out, "  %s *%s; /* [%s, %d] */\n", b->index ? "int" : "real",
                    writer->names[b->node], b->space == SPACE_STEPS ? "steps" : "examples",
                    b->columns);
    }
    text_printf(out, "} %s;\n\n", writer->type);
}

static void emit_bind(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    text_printf(out,
                "/* Lays the values out in `memory`; returns the bytes that takes. */\n"
                "static size_t %s_bind(%s *w, const RdSizes *sizes, char *memory) {\n",
                program->name, writer->type);
    out->indent++;
    text_printf(out, "size_t slot[%d], size = 0;\n", program->slots + 1);
    for (int s = 0; s < program->slots; s++) {
        int owner = slot_owner(program, s);
        const Buffer *b = &program->buffers.at[owner];
        text_printf(out, "slot[%d] = rd_reserve(&size, (size_t)%s * %s, sizeof(%s));\n", s,
                    rows_of(b->space), buffer_stride(writer, owner), b->index ? "int" : "real");
    }
    text_puts(out, "if (!memory) return size;\n");
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        text_printf(out, "w->%s = (%s *)(void *)(memory + slot[%d]);\n", writer->names[b->node],
                    b->index ? "int" : "real", b->slot);
    }
    text_puts(out, "return size;\n");
    out->indent--;
    text_puts(out, "}\n\n");
}

static void emit_zeros(Writer *writer, int widest) {
    text_printf(writer->out,
                "/* What a state is before its first step. */\n"
                "static __attribute__((unused)) const real zeros[RD_STRIDE(%d) + LANES];\n\n",
                widest);
}

/* ---- weights ---- */

static void emit_panel_places(Writer *writer) {
    const Program *program = writer->program;
    const char *previous = "0";
    text_puts(writer->out, "/* Where the weights of each tile start. */\nenum {\n");
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++) {
            const Stage *stage = &program->kernels.at[k].stages.at[s];
            if (!stage->accumulators.len) continue;
            const char *name = PRINT("%s_panel_%d", writer->kernel_names[k], s);
            text_printf(writer->out, "  %s = %s,\n", name, previous);
            previous = PRINT("%s + RD_VECTORS(%d) * LANES * %ld", name, stage->columns,
                             panel_depth(stage));
        }
    text_printf(writer->out, "  %s_panels = %s\n};\n\n", writer->program->name, previous);
}

static void emit_pack_stage(Writer *writer, int k, int s, int item) {
    const Stage *stage = &writer->program->kernels.at[k].stages.at[s];
    Text *out = writer->out;
    TilePhase *phases = ARENA_ARRAY(writer->graph->arena, TilePhase, 64);
    int count = tile_phases(stage, phases);
    text_printf(out, "case %d: /* %s, stage %d */\n", item, writer->kernel_names[k], s);
    out->indent++;
    text_printf(out, "for (int v = 0; v < RD_VECTORS(%d); v += %d) {\n", stage->columns,
                stage->blocks);
    out->indent++;
    text_printf(out, "const int blocks = RD_MIN(%d, RD_VECTORS(%d) - v);\n", stage->blocks,
                stage->columns);
    text_printf(out, "real *to = panels + %s_panel_%d + (long)v * LANES * %ld;\n",
                writer->kernel_names[k], s, panel_depth(stage));
    for (int p = 0; p < count; p++) {
        for (int i = 0; i < phases[p].count; i++) {
            const Product *x = phases[p].product[i];
            const char *from = PRINT("rd_param(run, %d)", x->param);
            if (x->base) from = PRINT("%s + %ld", from, x->base);
            text_printf(out, "rd_pack(to, %d, %d, blocks, %s, v, %d, %ld, %ld, %d); /* %s */\n", i,
                        phases[p].count, from, stage->columns, x->column_stride, x->depth_stride,
                        x->depth, writer->graph->params.at[x->param].name);
        }
        text_printf(out, "to += %ld * blocks * LANES;\n", (long)phases[p].count * phases[p].depth);
    }
    out->indent--;
    text_puts(out, "}\nbreak;\n");
    out->indent--;
}

static void emit_pack(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    int items = 0;
    text_printf(out,
                "/* Copies the weights into panels: the columns of a tile side by side. */\n"
                "static void %s_pack(void *context, int item) {\n",
                program->name);
    out->indent++;
    text_puts(out, "const RdRun *run = context;\nreal *panels = run->packed;\nswitch (item) {\n");
    out->indent++;
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++)
            if (program->kernels.at[k].stages.at[s].accumulators.len)
                emit_pack_stage(writer, k, s, items++);
    text_puts(out, "default: (void)panels; break;\n");
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
    text_printf(out, "}\n\nenum { %s_packs = %d };\n\n", program->name, items);
}

/* ---- the sums over the batch ---- */

static const char *plus_text(const Writer *writer, const char *pointer, long offset) {
    return offset ? PRINT("%s + %ld", pointer, offset) : pointer;
}

static const char *row_map(Access access) {
    switch (access.row) {
        case ROW_PREVIOUS:
            return "w.p->previous";
        case ROW_NEXT:
            return "w.p->next";
        case ROW_EXAMPLE:
            return "w.p->example";
        default:
            return "NULL";
    }
}

static const char *sum_operand(Writer *writer, const char *side, int node) {
    Access access = access_of(writer->program, node);
    if (access.row == ROW_AT_FIRST || access.row == ROW_AT_LAST || access.init >= 0)
        die("the operand of a sum over the batch is not a plain row");
    int buffer = buffer_of(writer->program, access.node);
    const char *from = PRINT("w.%s", writer->names[access.node]);
    return PRINT(".%s = %s, .%s_stride = %s, .%s_rows = %s", side,
                 plus_text(writer, from, access.column), side, buffer_stride(writer, buffer), side,
                 row_map(access));
}

/* Where a block of a gradient starts. */
static const char *block_of(const Writer *writer, const Reduction *r) {
    const Type *type = &writer->graph->params.at[r->param].type;
    long stride = type->rank ? type->dim[type->rank - 1].add : 1;
    return plus_text(writer, PRINT("rd_gradient(run, %d)", r->param),
                     (long)r->row * stride + r->column);
}

/* A sum of rows that an outer sum of the same rows computes on its way. */
static bool goes_along(const Program *program, const Reduction *columns, const Reduction *outer) {
    if (columns->kind != REDUCE_COLUMNS || outer->kind != REDUCE_OUTER) return false;
    Access a = access_of(program, outer->a), b = access_of(program, outer->b);
    return columns->a == outer->a && columns->columns == outer->rows && a.row == ROW_SAME &&
           b.row == ROW_SAME;
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
            if (taken[j] < 2 &&
                goes_along(program, &program->reductions.at[i], &program->reductions.at[j])) {
                with[i] = j;
                taken[j]++;
            }
    }
    return with;
}

static void emit_sum(Writer *writer, int index, const int *with) {
    static const char *const kinds[] = {"RD_SUM_OUTER", "RD_SUM_COLUMNS", "RD_SUM_SCATTER"};
    const Reduction *r = &writer->program->reductions.at[index];
    const Type *type = &writer->graph->params.at[r->param].type;
    Space over = writer->program->space[r->a];
    Text *out = writer->out;
    text_printf(out, "{.kind = %s, .out = %s, .out_stride = %d,\n", kinds[r->kind],
                block_of(writer, r), type->rank ? type->dim[type->rank - 1].add : 1);
    text_printf(out, " .m = %d, .n = %d, .rows = w.p->%s,\n", r->rows, r->columns,
                over == SPACE_STEPS ? "rows" : "examples");
    text_printf(out, " %s", sum_operand(writer, "a", r->a));
    if (r->kind == REDUCE_OUTER) text_printf(out, ",\n %s", sum_operand(writer, "b", r->b));
    if (r->kind == REDUCE_SCATTER) {
        Access index_access = access_of(writer->program, r->b);
        const Node *n = graph_node(writer->graph, index_access.node);
        text_printf(out, ", .index = %s",
                    n->op == OP_INPUT ? PRINT("run->batch->index[%d]", n->attr.index)
                                      : PRINT("w.%s", writer->names[index_access.node]));
    }
    const char *also = "";
    for (int i = 0; i < writer->program->reductions.len; i++)
        if (with[i] == index)
            also = PRINT("%s%s%s", also, *also ? ", " : "",
                         block_of(writer, &writer->program->reductions.at[i]));
    if (*also) text_printf(out, ",\n .also = {%s}", also);
    text_printf(out, "}, /* %s */\n", writer->graph->params.at[r->param].name);
}

static bool overlap(const Reduction *a, const Reduction *b) {
    return a->param == b->param &&
           (a->kind == REDUCE_SCATTER || b->kind == REDUCE_SCATTER ||
            (a->row < b->row + b->rows && b->row < a->row + a->rows &&
             a->column < b->column + b->columns && b->column < a->column + a->columns));
}

/* Sums that write to one block run one after another, all others side by side. */
static void emit_sums(Writer *writer) {
    const Program *program = writer->program;
    int count = program->reductions.len, left = 0;
    int *with = find_companions(writer);
    for (int i = 0; i < count; i++) left += with[i] < 0;
    int *round = ARENA_ARRAY(writer->graph->arena, int, count + 1);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (overlap(&program->reductions.at[i], &program->reductions.at[j]) &&
                round[j] >= round[i])
                round[i] = round[j] + 1;
    for (int r = 0; left > 0; r++) {
        int here = 0;
        text_printf(writer->out, "const RdSum sums_%d[] = {\n", r);
        writer->out->indent++;
        for (int i = 0; i < count; i++)
            if (round[i] == r && with[i] < 0) {
                emit_sum(writer, i, with);
                here++;
            }
        writer->out->indent--;
        text_printf(writer->out, "};\nrd_sum_all(run->pool, sums_%d, %d);\n", r, here);
        left -= here;
    }
}

/* ---- a program ---- */

static int kernels_of_phase(const Program *program, int phase) {
    int count = 0;
    for (int k = 0; k < program->kernels.len; k++) count += program->kernels.at[k].phase == phase;
    return count;
}

static void emit_phases(Writer *writer) {
    const Program *program = writer->program;
    for (int phase = 0; phase < program->phases; phase++) {
        text_printf(writer->out, "static void %s_phase_%d(void *context, int item) {\n",
                    program->name, phase);
        text_printf(writer->out, "  const %s *w = context;\n  const int parts = w->parts[%d];\n",
                    writer->type, phase);
        text_puts(writer->out, "  switch (item / parts) {\n");
        int item = 0;
        for (int k = 0; k < program->kernels.len; k++)
            if (program->kernels.at[k].phase == phase)
                text_printf(writer->out, "    case %d: %s(w, item %% parts, parts); break;\n",
                            item++, writer->kernel_names[k]);
        text_puts(writer->out, "    default: break;\n  }\n}\n\n");
    }
}

static void emit_results(Writer *writer) {
    int index = 0;
    for (int i = 0; i < writer->graph->outputs.len; i++) {
        const Output *output = &writer->graph->outputs.at[i];
        if (output->role == ROLE_LOSS)
            text_printf(writer->out, "run->loss = w.%s;\n", writer->names[output->node]);
        if (output->role == ROLE_OUTPUT)
            text_printf(writer->out, "run->output[%d] = w.%s;\n", index++,
                        writer->names[output->node]);
    }
}

static void emit_driver(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    text_printf(out, "static void %s(RdRun *run) {\n", program->name);
    out->indent++;
    text_printf(out, "%s w = {.run = run, .p = &run->batch->packing, .panels = run->packed};\n",
                writer->type);
    text_printf(out, "w.seed = (real)1 / (real)w.p->%s;\n",
                loss_per_step(writer->graph) ? "rows" : "examples");
    for (int i = 0; i < writer->graph->nodes.len; i++)
        if (graph_node(writer->graph, i)->op == OP_PARAM)
            text_printf(out, "w.%s = rd_param(run, %d);\n", writer->names[i],
                        graph_node(writer->graph, i)->attr.index);
    text_printf(out, "%s_bind(&w, &run->sizes, run->memory);\n", program->name);
    for (int phase = 0; phase < program->phases; phase++) {
        int kernels = kernels_of_phase(program, phase);
        text_printf(out, "w.parts[%d] = rd_parts(run, %d);\n", phase, kernels);
        text_printf(out, "rd_parallel(run->pool, %d * w.parts[%d], %s_phase_%d, &w);\n", kernels,
                    phase, program->name, phase);
    }
    if (program->reductions.len) {
        for (int i = 0; i < writer->graph->params.len; i++)
            text_printf(
                out,
                "rd_zero(run->pool, rd_gradient(run, %d), rd_size(&params[%d], &run->sizes));\n", i,
                i);
        emit_sums(writer);
    }
    emit_results(writer);
    out->indent--;
    text_puts(out, "}\n\n");
}

static void emit_program(const Program *program, const char *type, Text *out) {
    Writer state = {.program = program, .graph = program->graph, .out = out, .type = type};
    Writer *writer = &state;
    writer->known = ARENA_ARRAY(program->graph->arena, bool, program->graph->nodes.len + 1);
    choose_names(writer);
    text_printf(out, "/* ---- %s ---- */\n\n", program->name);
    emit_struct(writer);
    emit_bind(writer);
    emit_panel_places(writer);
    emit_pack(writer);
    for (int k = 0; k < program->kernels.len; k++) emit_kernel(writer, k);
    emit_phases(writer);
    emit_driver(writer);
}

static int widest(const Program *program, int least) {
    for (int i = 0; i < program->buffers.len; i++)
        if (program->buffers.at[i].columns > least) least = program->buffers.at[i].columns;
    return least;
}

const char *emit_c(const Program *infer, const Program *train) {
    Graph *g = infer->graph;
    Text out = text_new(g->arena);
    int output_count;
    double per_step, per_example;
    out.width = 4;
    count_flops(train, &per_step, &per_example);
    Writer writer = {.graph = g, .out = &out};
    text_printf(&out, "/* %s: generated by rondo from %s. */\n#include \"kernels.h\"\n\n", g->name,
                g->source);
    emit_columns(g, &out);
    emit_params(g, &out);
    emit_outputs(g, &out, &output_count);
    emit_metrics(g, &out);
    emit_zeros(&writer, widest(train, widest(infer, 1)));
    emit_program(infer, "Infer", &out);
    emit_program(train, "Train", &out);
    text_puts(&out,
              "/* ---- the model ---- */\n\n"
              "static size_t packed_bytes(const RdSizes *sizes) {\n    (void)sizes;\n"
              "    return RD_MAX((size_t)infer_panels, (size_t)train_panels) * sizeof(real) + "
              "RD_VECTOR_BYTES;\n}\n\n"
              "static size_t memory_bytes(const RdSizes *sizes, bool training) {\n"
              "    const size_t size = training ? train_bind(NULL, sizes, NULL) : "
              "infer_bind(NULL, sizes, NULL);\n    return size + RD_VECTOR_BYTES;\n}\n\n"
              "static void prepare(RdRun *run, bool training) {\n"
              "    if (training)\n        rd_parallel(run->pool, train_packs, train_pack, run);\n"
              "    else\n        rd_parallel(run->pool, infer_packs, infer_pack, run);\n}\n\n");
    emit_model(g, &out, output_count, per_step);
    return wrap_lines(g->arena, text_string(&out));
}
