/* The C file as a whole: the tables that describe the model, and two programs over packed batches.
 */
#include "base/die.h"
#include "emit/emit.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* ---- memory ---- */

static const char *rows_of(const Writer *writer, const Buffer *buffer) {
    int axis = buffer->axis, number = sequence_number(writer->graph, axis);
    if (buffer->brief) return "rd_most_parts(sizes) * RD_BRIEF";
    if (buffer->local) return PRINT("rd_most_parts(sizes) * sizes->longest[%d]", number - 1);
    return axis ? PRINT("sizes->rows[%d]", number - 1) : "sizes->examples";
}

/* What the rows of a buffer are: "examples", or "steps", of a sequence if there are several. */
static const char *rows_name(const Writer *writer, const Buffer *buffer) {
    const Graph *g = writer->graph;
    int axis = buffer->axis;
    if (buffer->local) return "steps of one";
    if (buffer->brief) return axis ? "steps of a tile" : "examples of a tile";
    if (!axis || length_count(g) < 2) return axis ? "steps" : "examples";
    return PRINT("steps of %s", axis_name(g, axis));
}

/* The first buffer of each slot stands for it. */
static int slot_owner(const Program *program, int slot) {
    for (int i = 0; i < program->buffers.len; i++)
        if (program->buffers.at[i].slot == slot) return i;
    die("a slot without a buffer");
}

/* Whether a row of zeros of `size`, a vocabulary's, is read where there is no step. */
static bool reads_zeros(const Program *program, int size) {
    for (int i = 0; i < program->graph->nodes.len; i++) {
        const Node *n = graph_node(program->graph, i);
        for (int k = 0; k < n->count; k++) {
            Access access = access_of(program, n->in[k]);
            bool may_lack = access.row == ROW_PREVIOUS || access.row == ROW_NEXT ||
                            access.row == ROW_AT_FIRST || access.row == ROW_AT_LAST ||
                            access.row == ROW_SHIFTED;
            if (may_lack && program->columns[access.node] == size) return true;
        }
    }
    return false;
}

/* How many zeros stand for the rows of vocabularies that there are not; NULL for none. */
static const char *count_zeros(const Writer *writer) {
    const char *count = NULL;
    for (int i = 0; i < writer->graph->inputs.len; i++)
        if (reads_zeros(writer->program, VOCABULARY + i))
            count = PRINT("%sRD_STRIDE(%s) + LANES", count ? PRINT("%s + ", count) : "",
                          size_text(writer, VOCABULARY + i));
    return count;
}

/* "[text.size, 100]" */
static const char *param_shape(const Writer *writer, const Type *type) {
    const char *text = "";
    for (int i = 0; i < type->rank; i++)
        text = PRINT("%s%s%s%s", text, i ? ", " : "", dim_string(writer->graph, type->dim[i]),
                     type->dim[i].sym ? ".size" : "");
    return PRINT("[%s]", text);
}

static void emit_struct(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    text_printf(out, "/* Where the values of %s lie, a row a step or a row an example. */\n",
                program->name);
    text_puts(out,
              "typedef struct {\n  const RdRun *run;\n  const RdPacking *p;\n"
              "  const int *vocab; /* the sizes of the columns' vocabularies */\n"
              "  real seed;        /* 1 / targets in the batch */\n");
    text_printf(out, "  int parts[%d];     /* of the kernels of each phase */\n",
                program->phases ? program->phases : 1);
    text_printf(out, "  RdPanel panels[%d]; /* the weights, as the tiles read them */\n",
                count_tiles(program) + 1);
    if (mask_count(writer->graph))
        text_printf(out,
                    "  int mask[%d];      /* the stream of random numbers of each dropout */\n",
                    mask_count(writer->graph));
    if (count_zeros(writer)) text_puts(out, "  real *zeros; /* a state before its first step */\n");
    for (int i = 0; i < writer->graph->nodes.len; i++) {
        const Node *n = graph_node(writer->graph, i);
        if (n->op == OP_PARAM)
            text_printf(out, "  const real *%s; /* %s */\n", writer->names[i],
                        param_shape(writer, &n->type));
        if (is_real_input(writer->graph, i))
            text_printf(out, "  const real *%s; /* [%s, %d] */\n", writer->names[i],
                        program->space[i] == SPACE_STEPS ? "steps" : "examples",
                        program->columns[i]);
    }
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        text_printf(out, "  %s *%s; /* [%s, %s] */\n", b->index ? "int" : "real",
                    writer->names[b->node], rows_name(writer, b),
                    size_name(writer->graph, b->columns));
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
    writer->vocab = "sizes->vocab";
    writer->longest = "sizes->longest";
    for (int s = 0; s < program->slots; s++) {
        int owner = slot_owner(program, s);
        const Buffer *b = &program->buffers.at[owner];
        text_printf(out, "slot[%d] = rd_reserve(&size, (size_t)%s * %s, sizeof(%s));\n", s,
                    rows_of(writer, b), buffer_stride(writer, owner), b->index ? "int" : "real");
    }
    const char *zeros = count_zeros(writer);
    if (zeros)
        text_printf(out, "const size_t zeros = rd_reserve(&size, (size_t)(%s), sizeof(real));\n",
                    zeros);
    text_puts(out, "if (!memory) return size;\n");
    if (zeros)
        text_printf(out,
                    "w->zeros = (real *)(void *)(memory + zeros);\n"
                    "memset(w->zeros, 0, (size_t)(%s) * sizeof(real));\n",
                    zeros);
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        text_printf(out, "w->%s = (%s *)(void *)(memory + slot[%d]);\n", writer->names[b->node],
                    b->index ? "int" : "real", b->slot);
    }
    text_puts(out, "return size;\n");
    out->indent--;
    text_puts(out, "}\n\n");
    writer->vocab = "w->vocab";
    writer->longest = "w->run->sizes.longest";
}

static void emit_zeros(Writer *writer, int widest) {
    text_printf(writer->out,
                "/* What a state is before its first step. */\n"
                "static __attribute__((unused)) const real zeros[RD_STRIDE(%d) + LANES];\n\n",
                widest);
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
        text_puts(writer->out,
                  "  const int64_t start = rd_start(w->run);\n  switch (item / parts) {\n");
        int item = 0, first = 0;
        while (program->kernels.at[first].phase < phase) first++;
        for (int k = 0; k < program->kernels.len; k++)
            if (program->kernels.at[k].phase == phase)
                text_printf(writer->out, "    case %d: %s(w, item %% parts, parts); break;\n",
                            item++, writer->kernel_names[k]);
        text_printf(writer->out,
                    "    default: break;\n  }\n  rd_took(w->run, %d + item / parts, start);\n}\n\n",
                    first);
    }
}

/* Where the rows of an output are: a column of the data may be one. */
static const char *rows_of_output(const Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    return n->op == OP_INPUT && n->type.kind == TYPE_INDEX ? input_rows(writer, "run->", node)
                                                           : PRINT("w.%s", writer->names[node]);
}

static void emit_results(Writer *writer) {
    int index = 0, flow = 0, carried = 0;
    for (int i = 0; i < writer->graph->outputs.len; i++) {
        const Output *output = &writer->graph->outputs.at[i];
        const char *rows = rows_of_output(writer, output->node);
        if (output->role == ROLE_LOSS) text_printf(writer->out, "run->loss = %s;\n", rows);
        if (output->role == ROLE_WEIGHT) text_printf(writer->out, "run->weight = %s;\n", rows);
        if (output->role == ROLE_OUTPUT)
            text_printf(writer->out, "run->output[%d] = %s;\n", index++, rows);
        if (output->role == ROLE_CARRIED)
            text_printf(writer->out, "run->carried[%d] = %s;\n", carried++, rows);
        if (output->role == ROLE_FLOW)
            text_printf(writer->out, "run->flow[%d] = %s;\n", flow++, rows);
        if (output->role == ROLE_STATE)
            text_printf(writer->out, "run->next[%d] = %s;\n",
                        output->param - column_count(writer->graph), rows);
        if (output->role == ROLE_GENERATED)
            text_printf(writer->out, "run->generated = %s;\n", rows);
        if (output->role == ROLE_GUESSED) text_printf(writer->out, "run->guessed = %s;\n", rows);
    }
}

static void emit_driver(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    text_printf(out, "static void %s(RdRun *run) {\n", program->name);
    out->indent++;
    writer->vocab = "w.vocab";
    text_printf(out, "%s w = {.run = run, .p = run->batch->packing, .vocab = run->sizes.vocab};\n",
                writer->type);
    int per_step = loss_axis(writer->graph);
    const char *targets =
        PRINT("%s%s", packing(writer, "w.", per_step), per_step ? "rows" : "examples");
    if (weighted_loss(writer->graph))
        text_puts(out, "w.seed = 1; /* the sum of the weights is known at the end */\n");
    else
        text_printf(out, "w.seed = (real)1 / (real)%s;\n", targets);
    if (mask_count(writer->graph))
        text_printf(out, "for (int i = 0; i < %d; i++) w.mask[i] = i;\n",
                    mask_count(writer->graph));
    for (int i = 0; i < writer->graph->nodes.len; i++) {
        const Node *n = graph_node(writer->graph, i);
        if (n->op == OP_PARAM)
            text_printf(out, "w.%s = rd_param(run, %d);\n", writer->names[i], n->attr.index);
        if (is_real_input(writer->graph, i))
            text_printf(out, "w.%s = %s;\n", writer->names[i], input_rows(writer, "run->", i));
    }
    text_printf(out, "%s_bind(&w, &run->sizes, run->memory);\n", program->name);
    text_printf(out, "%s_panels(run->sizes.vocab, run->precision, run->packed, w.panels);\n",
                program->name);
    for (int phase = 0; phase < program->phases; phase++) {
        int kernels = kernels_of_phase(program, phase);
        text_printf(out, "w.parts[%d] = rd_parts(run, %d);\n", phase, kernels);
        text_printf(out, "rd_parallel(run->pool, %d * w.parts[%d], %s_phase_%d, &w);\n", kernels,
                    phase, program->name, phase);
    }
    if (program->reductions.len) {
        text_puts(out, "const int64_t start = rd_start(run);\nrd_zero_gradients(run);\n");
        emit_sums(writer);
        text_printf(out, "rd_took(run, %d, start);\n", program->kernels.len);
    }
    emit_results(writer);
    if (program->reductions.len && weighted_loss(writer->graph)) {
        text_printf(out, "const double scale = rd_weight_scale(run->weight, %s);\n", targets);
        text_puts(out, "rd_scale_gradients(run, scale);\n");
    }
    out->indent--;
    text_puts(out, "}\n\n");
}

static void emit_program(const Program *program, const char *type, bool costs, Text *out) {
    Writer state = {.program = program, .graph = program->graph, .out = out, .type = type};
    state.vocab = "w->vocab";
    state.longest = "w->run->sizes.longest";
    Writer *writer = &state;
    writer->known = ARENA_ARRAY(program->graph->arena, bool, program->graph->nodes.len + 1);
    choose_names(writer);
    writer->sharing = sharing_new(writer);
    text_printf(out, "/* ---- %s ---- */\n\n", program->name);
    emit_struct(writer);
    emit_bind(writer);
    emit_panel_places(writer);
    emit_pack(writer);
    for (int k = 0; k < program->kernels.len; k++) emit_kernel(writer, k);
    emit_phases(writer);
    emit_driver(writer);
    if (costs) emit_costs(writer);
}

static int widest(const Program *program, int least) {
    for (int i = 0; i < program->buffers.len; i++)
        if (program->buffers.at[i].columns > least &&
            !is_vocabulary(program->buffers.at[i].columns) &&
            !is_length(program->buffers.at[i].columns))
            least = program->buffers.at[i].columns;
    return least;
}

/* What the runtime needs to run one of the programs of single steps. */
static void emit_entry(const Program *program, Text *out) {
    const char *name = program->name;
    text_printf(out,
                "static size_t %s_packed_bytes(const RdSizes *sizes, RdPrecision precision) {\n"
                "    return %s_panels(sizes->vocab, precision, NULL, NULL) + "
                "RD_VECTOR_BYTES;\n}\n\n"
                "static size_t %s_memory_bytes(const RdSizes *sizes) {\n"
                "    return %s_bind(NULL, sizes, NULL) + RD_VECTOR_BYTES;\n}\n\n"
                "static void %s_prepare(RdRun *run) {\n"
                "    rd_parallel(run->pool, %s_packs, %s_pack, run);\n}\n\n",
                name, name, name, name, name, name, name);
}

static void emit_single_steps(const Emitted *programs, Text *out) {
    if (programs->begin) {
        emit_program(programs->begin, "Begin", false, out);
        emit_entry(programs->begin, out);
    }
    emit_program(programs->step, "Step", false, out);
    emit_entry(programs->step, out);
    emit_step_tables(programs, out);
}

const char *emit_c(const Emitted *programs) {
    const Program *infer = programs->infer, *train = programs->train;
    Graph *g = infer->graph;
    Text out = text_new(g->arena);
    out.width = 4;
    int widest_row = widest(train, widest(infer, 1));
    if (programs->begin) widest_row = widest(programs->begin, widest_row);
    if (programs->step) widest_row = widest(programs->step, widest_row);
    Writer writer = {.graph = g, .out = &out};
    text_printf(&out,
                "/* %s: generated by rondo from %s. */\n#include \"kernels.h\"\n"
                "#include \"optimizers.h\"\n\n",
                g->name, g->source);
    int output_count = emit_tables(g, train, &out), flow_count = emit_flows(train->graph, &out);
    emit_zeros(&writer, widest_row);
    emit_program(train, "Train", true, &out);
    text_puts(
        &out,
        "#ifndef RD_TRAIN_ALONE /* double precision, for gradcheck, does nothing else */\n\n");
    emit_program(infer, "Infer", true, &out);
    if (programs->step) emit_single_steps(programs, &out);
    text_puts(&out, "#endif /* RD_TRAIN_ALONE */\n\n");
    text_puts(
        &out,
        "/* ---- the model ---- */\n\n"
        "static size_t packed_bytes(const RdSizes *sizes, RdPrecision precision) {\n"
        "    size_t bytes = precision ? 0 : train_panels(sizes->vocab, precision, NULL, NULL);\n"
        "#ifndef RD_TRAIN_ALONE\n"
        "    const size_t infers = infer_panels(sizes->vocab, precision, NULL, NULL);\n"
        "    bytes = RD_MAX(bytes, infers);\n"
        "#endif\n"
        "    return bytes + RD_VECTOR_BYTES;\n}\n\n"
        "static size_t memory_bytes(const RdSizes *sizes, bool training) {\n"
        "    size_t bytes = training ? train_bind(NULL, sizes, NULL) : 0;\n"
        "#ifndef RD_TRAIN_ALONE\n"
        "    const size_t infers = infer_bind(NULL, sizes, NULL);\n"
        "    bytes = RD_MAX(bytes, infers);\n"
        "#endif\n"
        "    return bytes + RD_VECTOR_BYTES;\n}\n\n"
        "static void prepare(RdRun *run, bool training) {\n"
        "    if (training) rd_parallel(run->pool, train_packs, train_pack, run);\n"
        "#ifndef RD_TRAIN_ALONE\n"
        "    if (!training) rd_parallel(run->pool, infer_packs, infer_pack, run);\n"
        "#endif\n}\n\n");
    emit_flops(train, &out);
    emit_model(g, &out, output_count, flow_count, programs->step != NULL);
    return wrap_lines(g->arena, text_string(&out));
}
