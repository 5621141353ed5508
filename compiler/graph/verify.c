#include "graph/verify.h"

#include <string.h>

#include "graph/cycles.h"

typedef struct {
    const Graph *graph;
    const char *problem; /* the first, or NULL */
} Check;

__attribute__((format(printf, 2, 3))) static void fail(Check *check, const char *format, ...) {
    if (check->problem) return;
    va_list args;
    va_start(args, format);
    check->problem = arena_vprintf(check->graph->arena, format, args);
    va_end(args);
}

/* ---- dims, types and declarations ---- */

static bool dim_valid(const Graph *graph, Dim dim) {
    return dim.sym >= 0 && dim.sym < graph->syms.len && (dim.sym > 0 || dim.add >= 1);
}

static bool type_valid(const Graph *graph, const Type *type) {
    if (type->rank < 0 || type->rank > MAX_RANK) return false;
    for (int i = 0; i < type->rank; i++)
        if (!dim_valid(graph, type->dim[i])) return false;
    return type->kind == TYPE_REAL || (type->kind == TYPE_INDEX && dim_valid(graph, type->range));
}

static void check_syms(Check *check) {
    const Graph *graph = check->graph;
    if (graph->syms.len < 1) fail(check, "the slot of constant sizes is missing");
    for (int i = 1; i < graph->syms.len; i++) {
        const Sym *sym = &graph->syms.at[i];
        if (!sym->name || (sym->kind != SYM_LENGTH && sym->kind != SYM_VOCAB))
            fail(check, "size %d is no length and no vocabulary", i);
        if (sym->input < 0 || sym->input >= graph->inputs.len)
            fail(check, "size %d belongs to no input", i);
        if (sym->parent < 0 || sym->parent >= i)
            fail(check, "size %d is nested in none before it", i);
        for (int k = 1; k < i && !check->problem; k++)
            if (graph->syms.at[k].kind == sym->kind &&
                strcmp(graph->syms.at[k].name, sym->name) == 0)
                fail(check, "the name of size %d is taken", i);
    }
}

static void check_inputs(Check *check) {
    const Graph *graph = check->graph;
    for (int i = 0; i < graph->inputs.len; i++) {
        const Input *input = &graph->inputs.at[i];
        if (!input->name) fail(check, "input %d has no name", i);
        if (!type_valid(graph, &input->type)) fail(check, "input %d has no valid type", i);
        if (i && input->kind != INPUT_STATE && graph->inputs.at[i - 1].kind == INPUT_STATE)
            fail(check, "the column %d stands behind a state", i);
        for (int k = 0; k < i && !check->problem; k++)
            if (strcmp(graph->inputs.at[k].name, input->name) == 0)
                fail(check, "the name of input %d is taken", i);
    }
}

static void check_params(Check *check) {
    const Graph *graph = check->graph;
    for (int i = 0; i < graph->params.len; i++) {
        const Param *param = &graph->params.at[i];
        if (!param->name) fail(check, "parameter %d has no name", i);
        if (!type_valid(graph, &param->type) || param->type.kind != TYPE_REAL)
            fail(check, "parameter %d has no valid type", i);
        for (int k = 0; k < i && !check->problem; k++)
            if (strcmp(graph->params.at[k].name, param->name) == 0)
                fail(check, "the name of parameter %d is taken", i);
    }
}

/* ---- nodes ---- */

static void check_operands(Check *check, int index) {
    const Node *node = graph_node(check->graph, index);
    int arity = op_info[node->op].in;
    if (node->count < 0 || (arity >= 0 && node->count != arity))
        fail(check, "node %d: wrong number of operands", index);
    for (int k = 0; k < node->count && !check->problem; k++) {
        int limit = node->op == OP_DELAY && k == 0 ? check->graph->nodes.len : index;
        if (node->in[k] < 0 || node->in[k] >= limit)
            fail(check, "node %d: operand %d is not there yet", index, k);
    }
}

static bool scalar(const Type *type) { return type->kind == TYPE_REAL && type->rank == 0; }

/* What a leaf's attributes say against its type, or NULL. */
static const char *leaf_problem(const Graph *graph, const Node *node) {
    int index = node->attr.index;
    double value = node->attr.value;
    switch (node->op) {
        case OP_INPUT:
            if (index < 0 || index >= graph->inputs.len) return "no such input";
            return type_equal(&node->type, &graph->inputs.at[index].type) ? NULL : "wrong type";
        case OP_PARAM:
            if (index < 0 || index >= graph->params.len) return "no such parameter";
            return type_equal(&node->type, &graph->params.at[index].type) ? NULL : "wrong type";
        case OP_TABLE:
            if (index < 0 || index >= graph->tables.len) return "no such table";
            return node->type.kind == TYPE_REAL && node->type.rank == 1 && !node->type.dim[0].sym &&
                           node->type.dim[0].add == graph->tables.at[index].count
                       ? NULL
                       : "wrong type";
        case OP_LENGTH:
            if (index < 1 || index >= graph->syms.len) return "no such size";
            return step_sym(graph, &node->type) == graph->syms.at[index].parent &&
                           node->type.rank == step_axes(graph, &node->type)
                       ? NULL
                       : "a size is one number, a nested one a number a step";
        case OP_POSITION: {
            const Type *type = &node->type;
            int axes = step_axes(graph, type);
            if (!axes || axes != type->rank || is_pair(step_sym(graph, type)))
                return "a position is a number a step";
            int most = graph->syms.at[type->dim[axes - 1].sym].max + type->dim[axes - 1].add;
            return type->kind == TYPE_REAL || (!type->range.sym && most <= type->range.add)
                       ? NULL
                       : "more steps than positions";
        }
        case OP_SEED:
            return scalar(&node->type) ? NULL : "the seed is one number";
        case OP_MASK:
            if (index < 0) return "no such random stream";
            if (!(value >= 0 && value < 1)) return "the probability is not in [0, 1)";
            return node->type.kind == TYPE_REAL ? NULL : "a mask is real";
        case OP_CONST:
            if (node->type.kind == TYPE_REAL) return NULL;
            return value >= 0 && value < 2147483648.0 && value == (int)value ? NULL
                                                                             : "not an index";
        default:
            return NULL;
    }
}

/* At most `room` labels, all letters. */
static bool labels_valid(const char *labels, int room) {
    if (!memchr(labels, '\0', MAX_LABELS) || (int)strlen(labels) > room) return false;
    for (const char *p = labels; *p; p++)
        if (*p < 'a' || *p > 'z') return false;
    return true;
}

static bool distinct(const char *labels) {
    for (const char *p = labels; *p; p++)
        if (strchr(p + 1, *p)) return false;
    return true;
}

static const Type *operand_type(const Graph *graph, const Node *node, int operand) {
    return &graph_node(graph, node->in[operand])->type;
}

static bool operand_real(const Graph *graph, const Node *node, int operand) {
    return operand_type(graph, node, operand)->kind == TYPE_REAL;
}

/* What must hold before the shape rule may be asked, or NULL. */
static const char *attr_problem(const Graph *graph, const Node *node) {
    const Attr *attr = &node->attr;
    int rank = node->count ? operand_type(graph, node, 0)->rank : 0;
    switch (node->op) {
        case OP_EXPAND:
            return attr->kept >> node->type.rank ? "keeps axes that are not there" : NULL;
        case OP_GATHER:
            return operand_type(graph, node, 1)->rank + rank - 1 > MAX_RANK ? "too many axes"
                                                                            : NULL;
        case OP_SCATTER:
            return operand_type(graph, node, 1)->rank + node->type.rank - 1 > MAX_RANK
                       ? "too many axes"
                       : NULL;
        case OP_ONEHOT:
            return rank + 1 > MAX_RANK ? "too many axes" : NULL;
        case OP_CONTRACT:
            return labels_valid(attr->a, MAX_RANK) && labels_valid(attr->b, MAX_RANK) &&
                           labels_valid(attr->out, MAX_RANK) && distinct(attr->out)
                       ? NULL
                       : "the labels are no letters, or repeat";
        case OP_FINAL:
        case OP_PLACE:
            return attr->direction == 1 || attr->direction == -1 ? NULL
                                                                 : "the direction must be +1 or -1";
        default:
            return NULL;
    }
}

/* What the shape rules leave open about real numbers and indices, or NULL. */
static const char *kind_problem(const Graph *graph, const Node *node) {
    switch (node->op) {
        case OP_PAD:
        case OP_SHIFT:
        case OP_GATHER:
        case OP_SCATTER:
        case OP_ARGMAX:
        case OP_PLACE:
            return operand_real(graph, node, 0) ? NULL : "the operand must be real numbers";
        case OP_CONTRACT:
            return operand_real(graph, node, 0) && operand_real(graph, node, 1)
                       ? NULL
                       : "the operands must be real numbers";
        case OP_EXPAND:
        case OP_SLICE:
        case OP_CONCAT:
        case OP_RESHAPE:
        case OP_DELAY:
        case OP_FINAL:
            for (int k = 0; k < node->count; k++) {
                const Type *type = operand_type(graph, node, k);
                if (type->kind != node->type.kind ||
                    (type->kind == TYPE_INDEX && !dim_equal(type->range, node->type.range)))
                    return "real numbers and indices are mixed";
            }
            return NULL;
        default:
            return NULL;
    }
}

static const char *type_problem(const Graph *graph, const Node *node) {
    const char *problem = attr_problem(graph, node);
    if (problem) return problem;
    Type type =
        shape_infer(graph, node->op, node->count, node->in, &node->attr, &node->type, &problem);
    if (problem) return problem;
    if (!type_equal(&type, &node->type)) return "its type is not that of the shape rule";
    return kind_problem(graph, node);
}

static void check_node(Check *check, int index) {
    const Graph *graph = check->graph;
    const Node *node = graph_node(graph, index);
    if ((int)node->op < 0 || node->op >= OP_COUNT) fail(check, "node %d: no such op", index);
    if (check->problem) return;
    check_operands(check, index);
    if (!type_valid(graph, &node->type)) fail(check, "node %d: no valid type", index);
}

static void check_type(Check *check, int index) {
    const Node *node = graph_node(check->graph, index);
    const char *problem = op_info[node->op].class == OP_LEAF ? leaf_problem(check->graph, node)
                                                             : type_problem(check->graph, node);
    if (problem) fail(check, "node %d, %s: %s", index, op_info[node->op].name, problem);
}

static void check_nodes(Check *check) {
    int count = check->graph->nodes.len;
    for (int i = 0; i < count && !check->problem; i++) check_node(check, i);
    for (int i = 0; i < count && !check->problem; i++) check_type(check, i);
}

bool graph_verify_node(const Graph *graph, int node, const char **problem) {
    Check check = {.graph = graph};
    check_node(&check, node);
    for (int k = 0; k < graph_node(graph, node)->count && !check.problem; k++)
        check_node(&check, graph_node(graph, node)->in[k]);
    if (!check.problem) check_type(&check, node);
    *problem = check.problem;
    return !check.problem;
}

/* ---- recurrences and outputs ---- */

static void check_recurrences(Check *check) {
    if (check->problem) return;
    const Graph *graph = check->graph;
    int bad, *cycles = graph_cycles(graph->arena, graph);
    graph_step_axes(graph->arena, graph, cycles, &bad);
    if (bad >= 0)
        fail(check,
             "node %d, %s: relates the steps of recurrence %d in another way than its first delay",
             bad, op_info[graph_node(graph, bad)->op].name, cycles[bad]);
}

/* Whether a value of this type can become the state: all of it, or its last row. */
static bool becomes(const Type *type, const Input *state) {
    Type row = state->type;
    if (state->grows && row.rank) row = type_without(row, 0);
    return type_equal(type, &row);
}

/* Whether an output is a score for each word of a text at each step of something else. */
static bool decodes(const Graph *graph, const Output *output) {
    if (output->param < 0 || output->param >= graph->inputs.len) return false;
    const Input *text = &graph->inputs.at[output->param];
    const Type *type = &graph_node(graph, output->node)->type;
    return text->kind == INPUT_WORDS && text->target && type->kind == TYPE_REAL &&
           type->rank == 2 && dim_equal(type->dim[1], text->type.range) &&
           !dim_equal(type->dim[0], text->type.dim[0]) && output->blank >= 0;
}

static void check_output(Check *check, int index) {
    const Graph *graph = check->graph;
    const Output *output = &graph->outputs.at[index];
    if (output->node < 0 || output->node >= graph->nodes.len) {
        fail(check, "output %d is no node", index);
        return;
    }
    const Type *type = &graph_node(graph, output->node)->type;
    switch (output->role) {
        case ROLE_LOSS:
            if (type->kind != TYPE_REAL || type->rank > 1)
                fail(check, "the loss is not one number, or one a step");
            break;
        case ROLE_WEIGHT:
            if (!index || graph->outputs.at[index - 1].role != ROLE_LOSS)
                fail(check, "a weight does not follow its loss");
            else if (!type_equal(type, &graph_node(graph, graph->outputs.at[index - 1].node)->type))
                fail(check, "the loss and its weight have different types");
            break;
        case ROLE_FLOW:
            if (type->kind != TYPE_REAL || type->rank != 1)
                fail(check, "output %d is not a norm at each step", index);
            break;
        case ROLE_CARRIED:
            if (output->param < 0 || output->param >= graph->inputs.len ||
                graph->inputs.at[output->param].kind != INPUT_CARRIED)
                fail(check, "output %d is the state of no input", index);
            else if (!type_equal(type, &graph->inputs.at[output->param].type))
                fail(check, "output %d has another type than its state", index);
            break;
        case ROLE_OUTPUT:
            if (!output->name)
                fail(check, "output %d has no name", index);
            else if (output->decoded && !decodes(graph, output))
                fail(check, "output %d decodes no target", index);
            break;
        case ROLE_GRADIENT:
            if (output->param < 0 || output->param >= graph->params.len)
                fail(check, "output %d is the gradient of no parameter", index);
            else if (!type_equal(type, &graph->params.at[output->param].type))
                fail(check, "output %d has another type than its parameter", index);
            break;
        case ROLE_STATE:
            if (output->param < 0 || output->param >= graph->inputs.len ||
                graph->inputs.at[output->param].kind != INPUT_STATE)
                fail(check, "output %d becomes no state", index);
            else if (!becomes(type, &graph->inputs.at[output->param]))
                fail(check, "output %d has another type than its state", index);
            break;
        case ROLE_GENERATED:
            if (output->param < 0 || output->param >= graph->inputs.len ||
                !graph->inputs.at[output->param].target || type->kind != TYPE_REAL || !type->rank)
                fail(check, "output %d generates no target", index);
            break;
        case ROLE_GUESSED:
            if (output->param < 0 || output->param >= graph->inputs.len ||
                !type_equal(type, &graph->inputs.at[output->param].type))
                fail(check, "output %d guesses no target", index);
            break;
        case ROLE_OPERAND:
            if (output->param < 0) fail(check, "output %d is the operand of nothing", index);
            break;
        default:
            fail(check, "output %d has no role", index);
    }
}

bool graph_verify(const Graph *graph, const char **problem) {
    Check check = {.graph = graph};
    check_syms(&check);
    check_inputs(&check);
    check_params(&check);
    check_nodes(&check);
    check_recurrences(&check);
    for (int i = 0; i < graph->outputs.len && !check.problem; i++) check_output(&check, i);
    *problem = check.problem;
    return !check.problem;
}
