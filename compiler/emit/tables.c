/* The tables that tell the runtime what a model is. */
#include <ctype.h>
#include <string.h>

#include "emit/writer.h"
#include "graph/print.h"

const char *quoted(Arena *arena, const char *text) {
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

static int numbers_of(const Input *input) {
    return input->type.rank ? input->type.dim[input->type.rank - 1].add : 1;
}

static int elements_of(const Type *type) {
    int count = 1;
    for (int i = 0; i < type->rank; i++) count *= type->dim[i].add;
    return count;
}

static void emit_fields(Graph *g, int i, Text *out) {
    const Input *input = &g->inputs.at[i];
    text_printf(out, "static const char *const fields_%d[] = {", i);
    for (int k = 0; k < numbers_of(input); k++)
        text_printf(out, "%s%s", k ? ", " : "", quoted(g->arena, input->fields[k]));
    text_puts(out, "};\n");
}

static void emit_numbers(Graph *g, int i, Text *out) {
    const Input *input = &g->inputs.at[i];
    text_printf(out, ".kind = RD_NUMBERS, .numbers = %d", numbers_of(input));
    if (input->max_length) text_printf(out, ", .max_length = %d", input->max_length);
    if (input->window) text_printf(out, ", .window = %d", input->window);
    if (input->by) text_printf(out, ", .by = %s", quoted(g->arena, input->by));
    if (input->as_is) text_puts(out, ", .as_is = true");
    if (input->fields) text_printf(out, ", .fields = fields_%d", i);
    text_puts(out, "},\n");
}

static void emit_upper(Text *out, const char *name) {
    for (; *name; name++) text_puts(out, (char[]){(char)toupper((unsigned char)*name), 0});
}

static void emit_tokens(Arena *arena, const Input *input, Text *out) {
    text_puts(out, ".kind = RD_WORDS, .tokens = RD_BY_");
    emit_upper(out, tokens_name[input->tokens]);
    if (input->pattern) text_printf(out, ", .pattern = %s", quoted(arena, input->pattern));
    if (input->merges) text_printf(out, ", .merges = %d", input->merges);
    text_printf(out, ", .split = %s, .max_vocab = %d, .min_count = %d, .max_length = %d},\n",
                input->split ? "true" : "false", input->max_vocab, input->min_count,
                input->max_length);
}

static void emit_columns(Graph *g, Text *out) {
    for (int i = 0; i < g->inputs.len; i++) {
        const Input *input = &g->inputs.at[i];
        if (input->fields) emit_fields(g, i, out);
        if (!input->classes) continue;
        text_printf(out, "static const char *const classes_%d[] = {", i);
        for (int c = 0; c < input->type.range.add; c++)
            text_printf(out, "%s%s", c ? ", " : "", quoted(g->arena, input->classes[c]));
        text_puts(out, "};\n");
    }
    text_puts(out, "static const RdColumn columns[] = {\n");
    for (int i = 0; i < g->inputs.len; i++) {
        const Input *input = &g->inputs.at[i];
        text_printf(out, "  {.name = %s, .target = %s, .per_step = %d, ",
                    quoted(g->arena, input->name), input->target ? "true" : "false",
                    sequence_number(g, step_sym(g, &input->type)));
        if (input->field) text_printf(out, ".field = %s, ", quoted(g->arena, input->field));
        if (input->ahead) text_printf(out, ".ahead = %d, ", input->ahead);
        if (input->kind == INPUT_REAL) {
            emit_numbers(g, i, out);
            continue;
        }
        if (input->kind == INPUT_CARRIED) {
            text_printf(out, ".kind = RD_CARRIED, .numbers = %d, .start = %s},\n",
                        elements_of(&input->type), graph_print_number(g->arena, input->start));
            continue;
        }
        if (input->kind == INPUT_PREVIOUS) {
            text_printf(out, ".kind = RD_PREVIOUS, .previous = %d},\n", input->previous);
            continue;
        }
        if (input->kind == INPUT_WORDS) {
            if (input->marked) text_puts(out, ".marked = true, ");
            if (input->window)
                text_printf(out, ".window = %d, .stride = %d, .stream = %s, ", input->window,
                            input->stride, input->stream ? "true" : "false");
            if (input->type.rank == 2) text_printf(out, ".inner = true, .over = %d, ", input->over);
            emit_tokens(g->arena, input, out);
            continue;
        }
        text_printf(out, ".kind = %s, .over = %d, .class_count = %d",
                    input->kind == INPUT_CLASS ? "RD_CLASS" : "RD_TAGS",
                    input->kind == INPUT_CLASS ? -1 : input->over, input->type.range.add);
        if (input->classes) text_printf(out, ", .classes = classes_%d", i);
        text_puts(out, "},\n");
    }
    text_puts(out, "};\n");
}

/* The pair that has this number, 0 for one of which the program has no values. */
static int pair_numbered(const Program *program, int number) {
    const Graph *g = program->graph;
    for (int i = 0; i < g->nodes.len; i++)
        if (is_pair(program->axis[i]) && sequence_number(g, program->axis[i]) == number)
            return program->axis[i];
    return 0;
}

/* Those without values have no column and no other. */
static void emit_pairs(const Program *train, Text *out) {
    const Graph *g = train->graph;
    int last = 0;
    for (int i = 0; i < g->nodes.len; i++)
        if (is_pair(train->axis[i]) && sequence_number(g, train->axis[i]) > last)
            last = sequence_number(g, train->axis[i]);
    for (int n = length_count(g) + 1; n <= last; n++) {
        int pair = pair_numbered(train, n);
        if (pair)
            text_printf(out, "  {.column = -1, .parent = %d, .other = %d}, /* %s */\n",
                        sequence_number(g, axis_outer(g, pair)),
                        sequence_number(g, pair_other(pair)), axis_name(g, pair));
        else
            text_puts(out, "  {.column = -1},\n");
    }
}

static void emit_sequences(Graph *g, const Program *train, Text *out) {
    text_puts(out, "static const RdSequence sequences[] = {\n");
    for (int i = 1; i < g->syms.len; i++) {
        const Sym *sym = &g->syms.at[i];
        if (sym->kind != SYM_LENGTH) continue;
        text_printf(out, "  {.column = %d, .parent = %d}, /* %s */\n", sym->input,
                    sequence_number(g, sym->parent), sym->name);
    }
    emit_pairs(train, out);
    text_puts(out, length_count(g) ? "};\n" : "  {0},\n};\n");
}

/* Numbers that the source lists. A vector may be read behind the last. */
static void emit_number_tables(Graph *g, Text *out) {
    for (int i = 0; i < g->tables.len; i++) {
        const Table *table = &g->tables.at[i];
        text_printf(out, "static __attribute__((unused)) const real rd_table_%d[%d + LANES] = {", i,
                    table->count);
        for (int k = 0; k < table->count; k++)
            text_printf(out, "%s%.17g", k ? ", " : "", table->values[k]);
        text_puts(out, "};\n");
    }
}

static void emit_number(Text *out, const char *before, const char *field, double value) {
    text_printf(out, "%s.%s = %s", before, field, graph_print_number(out->arena, value));
}

static void emit_start(const Start *start, Text *out) {
    static const char *const inits[] = {"UNIFORM", "NORMAL", "CONSTANT", "ORTHOGONAL", "BALANCED"};
    text_printf(out, "   .init = RD_%s", inits[start->kind]);
    if (start->center != 0) emit_number(out, ", ", "center", start->center);
    if (start->spread != 0) emit_number(out, ", ", "spread", start->spread);
    if (start->fans) text_printf(out, ", .fans = %d", start->fans);
    if (start->kind == INIT_BALANCED) text_printf(out, ", .of = %d", start->column);
}

static void emit_params(Graph *g, const Program *train, Text *out) {
    text_puts(out, "static const RdParam params[] = {\n");
    for (int i = 0; i < g->params.len; i++) {
        const Param *param = &g->params.at[i];
        text_printf(out, "  {.name = %s, .rank = %d, .dims = {", quoted(g->arena, param->name),
                    param->type.rank);
        for (int k = 0; k < param->type.rank; k++)
            text_printf(out, "%s%d", k ? ", " : "", dim_number(g, param->type.dim[k]));
        text_puts(out, param->type.rank ? "},\n" : "0},\n");
        emit_start(&param->start, out);
        text_puts(out, is_frozen(train, i)   ? ", .frozen = true},\n"
                       : is_sparse(train, i) ? ", .sparse = true},\n"
                                             : "},\n");
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

/* The target whose numbers a value of this type can stand for, or -1. */
static int predicted(const Graph *g, const Type *type) {
    for (int i = 0; i < g->inputs.len; i++)
        if (g->inputs.at[i].target && type_equal(&g->inputs.at[i].type, type)) return i;
    return -1;
}

/* The column that the values of an output are about, or -1. */
static int output_of(const Graph *g, const Type *type, bool row) {
    if (type->kind == TYPE_INDEX) return counted_by(g, type->range);
    int column = predicted(g, type);
    return column < 0 && row ? counted_by(g, type->dim[type->rank - 1]) : column;
}

static void emit_outputs(Graph *g, Text *out, int *count) {
    *count = 0;
    text_puts(out, "static const RdOutput outputs[] = {\n");
    for (int i = 0; i < g->outputs.len; i++) {
        const Output *output = &g->outputs.at[i];
        if (output->role != ROLE_OUTPUT) continue;
        const Type *type = &graph_node(g, output->node)->type;
        int axes = type->rank - step_axes(g, type);
        Dim last = axes ? type->dim[type->rank - 1] : dim_const(1);
        if (axes == 2) last.add *= type->dim[type->rank - 2].add;
        bool index = type->kind == TYPE_INDEX;
        const char *stride =
            last.sym ? "-LANES" : arena_printf(g->arena, "RD_STRIDE(%d)", last.add);
        text_printf(out, "  {%s, .index = %s, .per_step = %d, .columns = %d,\n",
                    quoted(g->arena, output->name), index ? "true" : "false",
                    sequence_number(g, step_sym(g, type)), dim_number(g, last));
        text_printf(out, "   .stride = %s, .of = %d},\n", stride, output_of(g, type, axes == 1));
        ++*count;
    }
    text_puts(out, *count ? "};\n" : "  {0},\n};\n");
}

/* What texts are decoded from. */
static bool emit_decoding(Graph *g, Text *out) {
    for (int i = 0, n = 0; i < g->outputs.len; i++) {
        const Output *output = &g->outputs.at[i];
        if (output->decoded)
            text_printf(out,
                        "static const RdDecoding decoding = {.output = %d, .column = %d, .blank = "
                        "%d};\n",
                        n, output->param, output->blank);
        if (output->decoded) return true;
        n += output->role == ROLE_OUTPUT;
    }
    return false;
}

static void emit_metrics(Graph *g, Text *out) {
    text_puts(out, "static const char *const metrics[] = {");
    for (int i = 0; i < g->metrics.len; i++)
        text_printf(out, "%s, ", quoted(g->arena, g->metrics.at[i]));
    text_puts(out, "NULL};\n\n");
}

/* What the window behind this one starts from. */
static int emit_carried(Graph *g, Text *out) {
    int count = 0;
    for (int i = 0; i < g->outputs.len; i++) {
        const Output *output = &g->outputs.at[i];
        if (output->role != ROLE_CARRIED) continue;
        if (!count++) text_puts(out, "static const RdCarried carried[] = {\n");
        text_printf(out, "  {.column = %d, .stride = RD_STRIDE(%d)},\n", output->param,
                    elements_of(&graph_node(g, output->node)->type));
    }
    if (count) text_puts(out, "};\n\n");
    return count;
}

int loss_axis(const Graph *g) {
    for (int i = 0; i < g->outputs.len; i++)
        if (g->outputs.at[i].role == ROLE_LOSS)
            return step_sym(g, &graph_node(g, g->outputs.at[i].node)->type);
    return 0;
}

bool weighted_loss(const Graph *g) {
    for (int i = 0; i < g->outputs.len; i++)
        if (g->outputs.at[i].role == ROLE_WEIGHT) return true;
    return false;
}

/* A field for each knob: ".rate = 0.001, .momentum = 0.9, " */
static void emit_knobs(Text *out, const Choice *choice) {
    const Knob *knobs = choice->method->knobs;
    for (int i = 0; knobs[i].kind; i++)
        emit_number(out, i ? ", " : "", knobs[i].name, choice->value[i]);
}

static void emit_schedules(const Training *t, Text *out) {
    if (!t->schedules) return;
    text_puts(out, "static const RdSchedule schedules[] = {\n");
    for (int i = 0; i < t->schedules; i++) {
        text_puts(out, "  {.kind = RD_SCHEDULE_");
        emit_upper(out, t->schedule[i].method->name);
        text_puts(out, ", ");
        emit_knobs(out, &t->schedule[i]);
        text_puts(out, "},\n");
    }
    text_puts(out, "};\n\n");
}

/* How often the text that is generated is fed its own words. */
static void emit_sampling(const Graph *g, Text *out) {
    const Choice *sampling = &g->training.sampling;
    for (int i = 0; i < g->outputs.len; i++) {
        if (g->outputs.at[i].role != ROLE_GUESSED) continue;
        text_puts(out, ".sampling = {.kind = RD_SAMPLING_");
        emit_upper(out, sampling->method->name);
        text_printf(out, ", .column = %d, ", g->outputs.at[i].param);
        emit_knobs(out, sampling);
        text_puts(out, "},\n               ");
    }
}

static void emit_training(const Graph *g, Text *out) {
    const Training *t = &g->training;
    text_printf(out, "  .training = {.optimizer = \"%s\", .slot = {", t->optimizer.method->name);
    for (int i = 0; i < MAX_SLOTS; i++) {
        const char *slot = choice_slot(&t->optimizer, i);
        text_printf(out, slot ? "%s\"%s\"" : "%sNULL", i ? ", " : "", slot);
    }
    text_puts(out, "},\n               ");
    emit_knobs(out, &t->optimizer);
    text_puts(out, ",\n               ");
    if (t->schedules)
        text_printf(out, ".schedules = schedules, .schedule_count = %d,\n               ",
                    t->schedules);
    emit_sampling(g, out);
    emit_number(out, "", "clip_norm", t->clip_norm);
    emit_number(out, ", ", "clip_value", t->clip_value);
    text_printf(out, ", .epochs = %d, .batch = %d, .patience = %d},\n", t->epochs, t->batch,
                t->patience);
}

static int output_number(const Graph *g, const char *name) {
    int number = 0;
    for (int i = 0; i < g->outputs.len; i++) {
        if (g->outputs.at[i].role != ROLE_OUTPUT) continue;
        if (strcmp(g->outputs.at[i].name, name) == 0) return number;
        number++;
    }
    return -1;
}

static bool is_carried(const Graph *step, int state) {
    for (int i = 0; i < step->outputs.len; i++)
        if (step->outputs.at[i].role == ROLE_STATE && step->outputs.at[i].param == state)
            return true;
    return false;
}

/* ".columns = 8, .stride = RD_STRIDE(8)", of a row of values. */
static void emit_row(const Graph *g, const Type *type, Text *out) {
    int axes = type->rank - step_axes(g, type);
    Dim last = axes ? type->dim[type->rank - 1] : dim_const(1);
    if (axes == 2) last.add *= type->dim[type->rank - 2].add;
    text_printf(out, ".columns = %d, .stride = ", dim_number(g, last));
    text_printf(out, last.sym ? "-LANES" : "RD_STRIDE(%d)", last.add);
}

static void emit_states(const Graph *step, Text *out) {
    text_puts(out, "static const RdState states[] = {\n");
    for (int i = column_count(step); i < step->inputs.len; i++) {
        const Input *state = &step->inputs.at[i];
        text_printf(out,
                    "  {%s, .index = %s, .carried = %s, .per_step = %d,\n   "
                    "%s",
                    quoted(out->arena, state->name),
                    state->type.kind == TYPE_INDEX ? "true" : "false",
                    is_carried(step, i) ? "true" : "false",
                    sequence_number(step, step_sym(step, &state->type)),
                    state->counts  ? ".counts = true, "
                    : state->grows ? ".grows = true, "
                                   : "");
        emit_row(step, &state->type, out);
        if (state->counts && state->type.kind == TYPE_INDEX)
            text_printf(out, ", .limit = %d", state->type.range.add);
        text_puts(out, "},\n");
    }
    text_puts(out, column_count(step) < step->inputs.len ? "};\n" : "  {0},\n};\n");
}

/* The logits of what is generated. */
static void emit_generated(const Graph *step, Text *out) {
    for (int i = 0; i < step->outputs.len; i++) {
        const Output *output = &step->outputs.at[i];
        if (output->role != ROLE_GENERATED) continue;
        text_printf(out, "  .generated = {.column = %d, ", output->param);
        emit_row(step, &graph_node(step, output->node)->type, out);
        text_puts(out, "},\n");
        return;
    }
    text_puts(out, "  .generated = {.column = -1},\n");
}

void emit_step_tables(const Emitted *programs, Text *out) {
    const Graph *model = programs->infer->graph, *step = programs->step->graph;
    int outputs = 0;
    emit_states(step, out);
    text_puts(out, "static const int step_outputs[] = {");
    for (int i = 0; i < step->outputs.len; i++)
        if (step->outputs.at[i].role == ROLE_OUTPUT)
            text_printf(out, "%s%d", outputs++ ? ", " : "",
                        output_number(model, step->outputs.at[i].name));
    text_puts(out, outputs ? "};\n" : "-1};\n");
    text_printf(out,
                "static const RdSteps steps = {\n"
                "  .sequence = %d,\n  .state_count = %d,\n"
                "  .output_count = %d,\n  .states = states,\n  .outputs = step_outputs,\n",
                sequence_number(model, programs->sequence), step->inputs.len - column_count(step),
                outputs);
    emit_generated(step, out);
    if (programs->begin)
        text_puts(out,
                  "  .begin = {begin_packed_bytes, begin_memory_bytes, begin_prepare, begin},\n");
    text_puts(out, "  .step = {step_packed_bytes, step_memory_bytes, step_prepare, step},\n};\n\n");
}

int emit_flows(Graph *g, Text *out) {
    int count = 0;
    for (int i = 0; i < g->outputs.len; i++) {
        const Output *output = &g->outputs.at[i];
        if (output->role != ROLE_FLOW) continue;
        const Type *type = &graph_node(g, output->node)->type;
        if (!count++) text_puts(out, "static const RdFlow flows[] = {\n");
        text_printf(out, "  {.name = %s, .per_step = %d},\n", quoted(g->arena, output->name),
                    sequence_number(g, step_sym(g, type)));
    }
    if (count) text_puts(out, "};\n\n");
    return count;
}

static double flops_of_step(const Program *train, int only, double words) {
    double per_step, per_example;
    count_flops(train, only, words, &per_step, &per_example);
    return per_step;
}

/* So many for all vocabularies without words, and more for each word. */
void emit_flops(const Program *train, Text *out) {
    double fixed = flops_of_step(train, -1, 0);
    text_printf(out,
                "static double flops_per_step(const RdSizes *sizes) {\n    (void)sizes;\n"
                "    return %.17g",
                fixed);
    for (int i = 0; i < train->graph->inputs.len; i++) {
        double more = flops_of_step(train, i, 1) - fixed;
        if (more > 0) text_printf(out, " + %.17g * sizes->vocab[%d]", more, i);
    }
    text_puts(out, ";\n}\n\n");
}

void emit_model(Graph *g, Text *out, int output_count, int flow_count, bool steps) {
    const Training *t = &g->training;
    emit_schedules(t, out);
    int carried_count = emit_carried(g, out);
    bool decodes = emit_decoding(g, out);
    text_printf(out,
                "static void update(const RdUpdate *step) {\n    rd_update(step, rd_%s_chunk);\n"
                "}\n\n",
                t->optimizer.method->name);
    text_puts(out,
              "#ifdef RD_DOUBLE\n#define MODEL rd_model_double\n#else\n#define MODEL rd_model\n"
              "#endif\n\nconst RdModel MODEL = {\n");
    text_printf(out, "  .name = %s,\n  .real_size = sizeof(real),\n  .precision = RD_NARROW,\n",
                quoted(g->arena, g->name));
    text_printf(out, "  .sequence_count = %s,\n",
                length_count(g) ? "sizeof sequences / sizeof *sequences" : "0");
    text_printf(out, "  .column_count = %d,\n  .param_count = %d,\n  .output_count = %d,\n",
                g->inputs.len, g->params.len, output_count);
    text_printf(out,
                "  .metric_count = %d,\n  .columns = columns,\n  .sequences = sequences,\n  "
                ".params = params,\n",
                g->metrics.len);
    text_puts(out, "  .outputs = outputs,\n  .metrics = metrics,\n");
    if (carried_count)
        text_printf(out, "  .carried_count = %d,\n  .carried = carried,\n", carried_count);
    if (flow_count) text_printf(out, "  .flow_count = %d,\n  .flows = flows,\n", flow_count);
    if (decodes) text_puts(out, "  .decoding = &decoding,\n");
    emit_training(g, out);
    text_printf(out, "  .loss_per_step = %d,\n  .flops_per_step = flops_per_step,\n",
                sequence_number(g, loss_axis(g)));
    text_puts(out,
              "  .packed_bytes = packed_bytes,\n  .memory_bytes = memory_bytes,\n"
              "  .prepare = prepare,\n  .train = train,\n  .kernels[1] = {sizeof train_kernels / "
              "sizeof *train_kernels, train_kernels, train_costs},\n"
              "#ifndef RD_TRAIN_ALONE\n  .infer = infer,\n  .kernels[0] = {sizeof infer_kernels / "
              "sizeof *infer_kernels, infer_kernels, infer_costs},\n");
    if (steps) text_puts(out, "  .steps = &steps,\n");
    text_puts(out,
              "#endif\n"
              "  .peak = rd_peak,\n  .read = rd_read,\n  .square_sum = rd_square_sum,\n  .update = "
              "update,\n};\n");
}

int emit_tables(Graph *g, const Program *train, Text *out) {
    int outputs;
    emit_columns(g, out);
    emit_sequences(g, train, out);
    emit_number_tables(g, out);
    emit_params(g, train, out);
    emit_outputs(g, out, &outputs);
    emit_metrics(g, out);
    return outputs;
}
