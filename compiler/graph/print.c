#include "graph/print.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "graph/cycles.h"

enum { COMMENT_COLUMN = 56 };

/* ---- words, numbers and types ---- */

const char *graph_print_number(Arena *arena, double value) {
    char text[40];
    if (isnan(value)) return "nan";
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    return arena_copy(arena, text, strlen(text));
}

static const char *quoted(Arena *arena, const char *name) {
    Text text = text_new(arena);
    text_puts(&text, "\"");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        if (*p == '"' || *p == '\\')
            text_printf(&text, "\\%c", *p);
        else if (*p < ' ' || *p == 127)
            text_printf(&text, "\\x%02x", (unsigned)*p);
        else
            text_printf(&text, "%c", *p);
    text_puts(&text, "\"");
    return text_string(&text);
}

/* A name as it is where it is made of letters, digits, _ . and ', in quotes otherwise. */
static const char *word(Arena *arena, const char *name) {
    if (!name) return "\"\"";
    bool plain = isalpha((unsigned char)name[0]) || name[0] == '_';
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_.'", *p)) plain = false;
    return plain ? name : quoted(arena, name);
}

static const char *dim_text(const Graph *graph, Dim dim) {
    Arena *arena = graph->arena;
    if (!dim.sym) return arena_printf(arena, "%d", dim.add);
    if (dim.sym < 0 || dim.sym >= graph->syms.len) return arena_printf(arena, "?%d", dim.sym);
    const Sym *sym = &graph->syms.at[dim.sym];
    const char *name = word(arena, sym->name);
    if (sym->kind == SYM_VOCAB) name = arena_printf(arena, "vocab %s", name);
    return dim.add ? arena_printf(arena, "%s%+d", name, dim.add) : name;
}

static void print_type(Text *text, const Graph *graph, const Type *type) {
    text_puts(text, "[");
    for (int i = 0; i < type->rank && i < MAX_RANK; i++)
        text_printf(text, "%s%s", i ? ", " : "", dim_text(graph, type->dim[i]));
    text_puts(text, "]");
    if (type->kind == TYPE_INDEX) text_printf(text, " index(%s)", dim_text(graph, type->range));
}

const char *graph_print_type(const Graph *graph, const Type *type) {
    Text text = text_new(graph->arena);
    print_type(&text, graph, type);
    return text_string(&text);
}

/* ---- nodes ---- */

static const char *input_name(const Graph *graph, int index) {
    if (index < 0 || index >= graph->inputs.len) return arena_printf(graph->arena, "?%d", index);
    return word(graph->arena, graph->inputs.at[index].name);
}

static const char *param_name(const Graph *graph, int index) {
    if (index < 0 || index >= graph->params.len) return arena_printf(graph->arena, "?%d", index);
    return word(graph->arena, graph->params.at[index].name);
}

static void print_kept(Text *text, unsigned kept) {
    if (!kept) return;
    text_puts(text, "{kept");
    for (int i = 0; i < 32; i++)
        if (kept >> i & 1) text_printf(text, " %d", i);
    text_puts(text, "}");
}

static void print_table(Text *text, const Graph *graph, int index) {
    const Table none = {0}, *table = &none;
    if (index >= 0 && index < graph->tables.len) table = &graph->tables.at[index];
    text_puts(text, "{");
    for (int i = 0; i < table->count; i++)
        text_printf(text, "%s%s", i ? " " : "", graph_print_number(text->arena, table->values[i]));
    text_puts(text, "}");
}

/* What stands in braces behind the op's name, with them. */
static void print_attr(Text *text, const Graph *graph, const Node *node) {
    const Attr *attr = &node->attr;
    switch (node->op) {
        case OP_INPUT:
            text_printf(text, "{%s}", input_name(graph, attr->index));
            break;
        case OP_PARAM:
            text_printf(text, "{%s}", param_name(graph, attr->index));
            break;
        case OP_TABLE:
            print_table(text, graph, attr->index);
            break;
        case OP_LENGTH:
            text_printf(text, "{%s}", dim_text(graph, (Dim){attr->index, attr->start}));
            break;
        case OP_CONST:
            text_printf(text, "{%s}", graph_print_number(text->arena, attr->value));
            break;
        case OP_MASK:
            text_printf(text, "{stream %d, zero %s}", attr->index,
                        graph_print_number(text->arena, attr->value));
            break;
        case OP_EXPAND:
            print_kept(text, attr->kept);
            break;
        case OP_SLICE:
        case OP_PAD:
        case OP_SHIFT:
            text_printf(text, "{axis %d, start %d}", attr->axis, attr->start);
            break;
        case OP_CONCAT:
        case OP_SUM:
        case OP_MAX:
        case OP_ARGMAX:
        case OP_ONEHOT:
            text_printf(text, "{axis %d}", attr->axis);
            break;
        case OP_DELAY:
        case OP_FINAL:
        case OP_PLACE:
            text_printf(text, "{axis %d, %+d}", attr->axis, attr->direction);
            break;
        case OP_CONTRACT:
            text_printf(text, "{%s,%s->%s}", attr->a, attr->b, attr->out);
            break;
        default:
            break;
    }
}

static void print_node(Text *text, const Graph *graph, int index) {
    const Node *node = graph_node(graph, index);
    text_printf(text, "%%%d ", index);
    print_type(text, graph, &node->type);
    text_printf(text, " = %s", op_info[node->op].name);
    print_attr(text, graph, node);
    for (int i = 0; i < node->count; i++)
        if (node->in[i] < 0)
            text_puts(text, " %?");
        else
            text_printf(text, " %%%d", node->in[i]);
}

const char *graph_print_node(const Graph *graph, int node) {
    Text text = text_new(graph->arena);
    print_node(&text, graph, node);
    return text_string(&text);
}

/* "# name  file:line:column", nothing when neither is known. */
static void print_comment(Text *text, const Node *node, int width) {
    if (!node->name && !node->span.source) return;
    text_printf(text, "%*s  #", width < COMMENT_COLUMN ? COMMENT_COLUMN - width : 0, "");
    if (node->name) text_printf(text, " %s", word(text->arena, node->name));
    if (node->span.source)
        text_printf(text, "%s%s:%d:%d", node->name ? "  " : " ", node->span.source->path,
                    node->span.line, node->span.column);
}

static void print_node_line(Text *text, const Graph *graph, int index) {
    size_t start = text->len;
    print_node(text, graph, index);
    print_comment(text, graph_node(graph, index), (int)(text->len - start));
    text_puts(text, "\n");
}

/* ---- recurrences ---- */

/* "scan 1 forward over text {", from the first DELAY of the recurrence. */
static void open_block(Text *text, const Graph *graph, const int *cycles, int number) {
    int direction = 0;
    Dim over = {0};
    for (int i = 0; i < graph->nodes.len && !direction; i++) {
        const Node *node = graph_node(graph, i);
        if (cycles[i] != number || node->op != OP_DELAY) continue;
        direction = node->attr.direction;
        if (node->attr.axis >= 0 && node->attr.axis < node->type.rank)
            over = node->type.dim[node->attr.axis];
    }
    text_printf(text, "scan %d %s over %s {\n", number, direction < 0 ? "backward" : "forward",
                dim_text(graph, over));
}

/* The recurrence of the next node from `index` on that lies on one, or 0. */
static int next_cycle(const int *cycles, int index, int count) {
    while (index < count && !cycles[index]) index++;
    return index < count ? cycles[index] : 0;
}

static void print_nodes(Text *text, const Graph *graph) {
    int *cycles = graph_cycles(graph->arena, graph), count = graph->nodes.len, open = 0;
    text_puts(text, "nodes {\n");
    for (int i = 0; i < count; i++) {
        int next = next_cycle(cycles, i, count);
        text->indent = 1;
        if (open && next != open) {
            text_puts(text, "}\n");
            open = 0;
        }
        if (cycles[i] && !open) open_block(text, graph, cycles, open = cycles[i]);
        text->indent = cycles[i] ? 2 : 1;
        print_node_line(text, graph, i);
    }
    text->indent = 1;
    if (open) text_puts(text, "}\n");
    text->indent = 0;
    text_puts(text, "}\n");
}

/* ---- what surrounds them ---- */

static void print_syms(Text *text, const Graph *graph) {
    for (int i = 1; i < graph->syms.len; i++) {
        const Sym *sym = &graph->syms.at[i];
        text_printf(text, "%s %s of %d max %d", sym->kind == SYM_VOCAB ? "vocab" : "length",
                    word(graph->arena, sym->name), sym->input, sym->max);
        if (sym->parent)
            text_printf(text, " in %s", word(graph->arena, graph->syms.at[sym->parent].name));
        text_puts(text, "\n");
    }
}

static const char *kind_name(const Input *input) {
    if (input->kind == INPUT_PREVIOUS) return "previous";
    if (input->kind == INPUT_CARRIED) return "carried";
    if (input->kind == INPUT_CLASS) return "class";
    if (input->kind == INPUT_REAL) return "real";
    if (input->kind == INPUT_TAGS) return "tags";
    if (input->kind == INPUT_STATE) return "state";
    return tokens_name[input->tokens];
}

/* Of numbers, but for what goes without saying. */
static void print_numbers(Text *text, const Graph *graph, const Input *input) {
    const int numbers = input->type.rank ? input->type.dim[input->type.rank - 1].add : 1;
    if (input->max_length) text_printf(text, " max_length %d", input->max_length);
    if (input->window) text_printf(text, " window %d", input->window);
    if (input->by) text_printf(text, " by %s", word(graph->arena, input->by));
    if (input->as_is) text_puts(text, " as_is");
    for (int k = 0; input->fields && k < numbers; k++)
        text_printf(text, "%s %s", k ? "" : " fields", quoted(graph->arena, input->fields[k]));
}

/* Of a long text. */
static void print_windows(Text *text, const Input *input) {
    text_printf(text, " %s %d", input->stream ? "stream" : "window", input->window);
    if (input->stride != input->window) text_printf(text, " stride %d", input->stride);
}

static void print_inputs(Text *text, const Graph *graph) {
    for (int i = 0; i < graph->inputs.len; i++) {
        const Input *input = &graph->inputs.at[i];
        text_printf(text, "%s %s: %s %s", input->target ? "target" : "input",
                    word(graph->arena, input->name), kind_name(input),
                    graph_print_type(graph, &input->type));
        if (input->kind == INPUT_WORDS)
            text_printf(text, " max_vocab %d min_count %d max_length %d", input->max_vocab,
                        input->min_count, input->max_length);
        if (input->kind == INPUT_TAGS || (input->kind == INPUT_WORDS && input->type.rank == 2))
            text_printf(text, " over %d", input->over);
        if (input->counts) text_puts(text, " counts");
        if (input->grows) text_puts(text, " grows");
        if (input->kind == INPUT_PREVIOUS) text_printf(text, " of %d", input->previous);
        if (input->pattern) text_printf(text, " pattern %s", quoted(graph->arena, input->pattern));
        if (input->merges) text_printf(text, " merges %d", input->merges);
        if (input->kind == INPUT_CARRIED)
            text_printf(text, " start %s", graph_print_number(graph->arena, input->start));
        if (input->marked) text_puts(text, " marked");
        if (input->split) text_puts(text, " split");
        if (input->kind == INPUT_WORDS && input->window) print_windows(text, input);
        if (input->field) text_printf(text, " column %s", quoted(graph->arena, input->field));
        if (input->ahead) text_printf(text, " ahead %d", input->ahead);
        if (input->kind == INPUT_REAL) print_numbers(text, graph, input);
        if (input->kind != INPUT_WORDS && input->classes && !input->type.range.sym)
            for (int k = 0; k < input->type.range.add; k++)
                text_printf(text, " %s", quoted(graph->arena, input->classes[k]));
        text_puts(text, "\n");
    }
}

/* uniform 0.1 around 1 per in; balanced label */
static void print_start(Text *text, const Graph *graph, const Start *start) {
    static const char *const kind[] = {"uniform", "normal", "constant", "orthogonal"};
    static const char *const fans[] = {"", "in", "out", "both"};
    bool constant = start->kind == INIT_CONSTANT;
    if (start->kind == INIT_BALANCED) {
        text_printf(text, "balanced %s\n", word(text->arena, graph->inputs.at[start->column].name));
        return;
    }
    text_printf(text, "%s %s", kind[start->kind],
                graph_print_number(text->arena, constant ? start->center : start->spread));
    if (!constant && start->center != 0)
        text_printf(text, " around %s", graph_print_number(text->arena, start->center));
    text_printf(text, start->fans ? " per %s\n" : "%s\n", fans[start->fans]);
}

static void print_params(Text *text, const Graph *graph) {
    for (int i = 0; i < graph->params.len; i++) {
        const Param *param = &graph->params.at[i];
        text_printf(text, "param %s %s ", word(graph->arena, param->name),
                    graph_print_type(graph, &param->type));
        print_start(text, graph, &param->start);
    }
}

static void print_setting(Text *text, const char *name, double value) {
    text_printf(text, " %s %s", name, graph_print_number(text->arena, value));
}

static void print_choice(Text *text, const char *what, const Choice *choice) {
    const Method *method = choice->method;
    text_printf(text, "%s %s", what, method->name);
    for (int i = 0; method->knobs[i].kind; i++)
        print_setting(text, method->knobs[i].name, choice->value[i]);
    text_puts(text, "\n");
}

static void print_training(Text *text, const Graph *graph) {
    const Training *t = &graph->training;
    text_printf(text, "train epochs %d batch %d patience %d", t->epochs, t->batch, t->patience);
    print_setting(text, "clip_norm", t->clip_norm);
    print_setting(text, "clip_value", t->clip_value);
    text_puts(text, "\n");
    print_choice(text, "optimizer", &t->optimizer);
    for (int i = 0; i < t->schedules; i++) print_choice(text, "schedule", &t->schedule[i]);
    if (t->sampling.method) print_choice(text, "sampling", &t->sampling);
}

static void print_output(Text *text, const Graph *graph, const Output *output) {
    text_printf(text, "output %s %%%d", quoted(graph->arena, output->name), output->node);
    if (output->decoded)
        text_printf(text, " decodes %s blank %d", input_name(graph, output->param), output->blank);
    text_puts(text, "\n");
}

static void print_outputs(Text *text, const Graph *graph) {
    for (int i = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        if (output->role == ROLE_LOSS)
            text_printf(text, "loss %%%d\n", output->node);
        else if (output->role == ROLE_WEIGHT)
            text_printf(text, "weight %%%d\n", output->node);
        else if (output->role == ROLE_OUTPUT)
            print_output(text, graph, output);
        else if (output->role == ROLE_OPERAND)
            text_printf(text, "operand %d %%%d\n", output->param, output->node);
        else if (output->role == ROLE_CARRIED)
            text_printf(text, "carry %s %%%d\n", input_name(graph, output->param), output->node);
        else if (output->role == ROLE_FLOW)
            text_printf(text, "flow %s %%%d\n", quoted(graph->arena, output->name), output->node);
        else if (output->role == ROLE_STATE)
            text_printf(text, "state %s %%%d\n", input_name(graph, output->param), output->node);
        else if (output->role == ROLE_GENERATED)
            text_printf(text, "generate %s %%%d\n", input_name(graph, output->param), output->node);
        else if (output->role == ROLE_GUESSED)
            text_printf(text, "guess %s %%%d\n", input_name(graph, output->param), output->node);
        else
            text_printf(text, "gradient %s %%%d\n", param_name(graph, output->param), output->node);
    }
}

const char *graph_print(const Graph *graph) {
    Text text = text_new(graph->arena);
    text_printf(&text, "model %s %s\n", word(graph->arena, graph->name),
                quoted(graph->arena, graph->source ? graph->source : ""));
    print_syms(&text, graph);
    print_inputs(&text, graph);
    print_params(&text, graph);
    print_training(&text, graph);
    for (int i = 0; i < graph->metrics.len; i++)
        text_printf(&text, "metric %s\n", word(graph->arena, graph->metrics.at[i]));
    print_nodes(&text, graph);
    print_outputs(&text, graph);
    return text_string(&text);
}
