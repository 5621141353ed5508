/* The statements of a model: its data, its loss, outputs and metrics. */
#include <string.h>

#include "front/elaborator.h"
#include "graph/grad.h"

/* ---- the types of columns ---- */

static bool is_name(const char *name, const char *text) { return name && strcmp(name, text) == 0; }

/* A name or a number as it is written, or NULL. */
static const char *class_text(Elaborator *e, const Expr *arg) {
    bool negative = arg->kind == EXPR_UNARY;
    const Expr *number = negative ? arg->right : arg;
    if (arg->kind == EXPR_NAME) return arg->name;
    if (number->kind != EXPR_NUMBER) return NULL;
    return arena_printf(e->arena, "%s%s", negative ? "-" : "", number->digits);
}

/* The text of class number i, whose earlier ones are in names; NULL after an error. */
static const char *class_name(Elaborator *e, const Expr *const *args, const char **names, int i) {
    const char *name = class_text(e, args[i]);
    if (!name) fail(e, args[i]->span, "a class is a name or a number");
    for (int k = 0; name && k < i; k++)
        if (names[k] && strcmp(names[k], name) == 0) {
            fail(e, args[i]->span, "class '%s' is listed twice", name);
            note(e, args[k]->span, "it is first listed here");
            return NULL;
        }
    return name;
}

/* class(neg, pos): one of the listed names. */
static bool class_type(Elaborator *e, const Expr *type, Input *input) {
    int count = type->kind == EXPR_CALL ? type->args.len : 0;
    bool good = true;
    input->kind = INPUT_CLASS;
    input->classes = ARENA_ARRAY(e->arena, const char *, count + 1);
    if (count > MAX_LISTED) {
        fail(e, type->span, "'class' has %d names, at most %d are possible", count, MAX_LISTED);
        return false;
    }
    for (int i = 0; i < count; i++) {
        input->classes[i] = class_name(e, (const Expr *const *)type->args.at, input->classes, i);
        good = good && input->classes[i];
    }
    if (good && count < 2) {
        fail(e, type->span, "'class' needs at least two names");
        advise(e, "such as class(negative, positive)");
        return false;
    }
    input->type = (Type){.kind = TYPE_INDEX, .range = dim_const(count)};
    return good;
}

static const struct {
    const char *name;
    bool sized; /* may have [N] behind it */
    bool (*read)(Elaborator *e, const Expr *type, Input *input);
} column_types[] = {
    {"words", false, words_type}, {"whitespace", false, whitespace_type},
    {"chars", false, chars_type}, {"bytes", false, bytes_type},
    {"bpe", false, bpe_type},     {"regex", false, regex_type},
    {"class", false, class_type}, {"real", true, real_type},
    {"tags", false, tags_type},   {"frames", true, frames_type},
};

enum { COLUMN_TYPES = sizeof column_types / sizeof *column_types };

static bool read_type(Elaborator *e, const Expr *type, Input *input) {
    const Expr *name = type->kind == EXPR_CALL || type->kind == EXPR_INDEX ? type->left : type;
    const char *names[COLUMN_TYPES];
    for (int i = 0; i < COLUMN_TYPES; i++) {
        names[i] = column_types[i].name;
        bool form = column_types[i].sized || type->kind != EXPR_INDEX;
        if (form && name->kind == EXPR_NAME && is_name(name->name, names[i]))
            return column_types[i].read(e, type, input);
    }
    fail(e, type->span, "unknown data type '%s'", span_text(e, type->span));
    if (name->kind == EXPR_NAME) hint_nearest(e, name->name, names, COLUMN_TYPES);
    advise(e,
           "there are words(…), whitespace(…), chars(…), bytes(…), bpe(…), regex(…), tags(…), "
           "class(…), "
           "real[…] and "
           "frames[…]");
    return false;
}

/* ---- input and target ---- */

static bool only_target(Elaborator *e, const Stmt *stmt) {
    for (int i = 0; i < e->graph->inputs.len; i++) {
        const Input *input = &e->graph->inputs.at[i];
        if (!input->target) continue;
        fail(e, stmt->span, "a model can have only one target");
        note(e, input->span, "the other is here");
        return false;
    }
    return true;
}

void need_column(Elaborator *e, Span span) {
    if (e->graph->inputs.len == MAX_COLUMNS)
        give_up(e, span, "the model has more than %d columns of data", MAX_COLUMNS);
}

static void run_column(Elaborator *e, const Stmt *stmt) {
    const Column *column = &stmt->column;
    Input input = {.name = column->name, .span = column->span};
    input.target = stmt->kind == STMT_TARGET;
    need_column(e, stmt->span);
    Value value = value_error();
    bool good = !input.target || only_target(e, stmt);
    if (read_type(e, column->type, &input) && good) {
        Attr attr = {.index = e->graph->inputs.len};
        vec_push(e->arena, &e->graph->inputs, input);
        int node = graph_leaf(e->graph, OP_INPUT, input.type, attr, column->span);
        graph_node(e->graph, node)->name = input.name;
        value = value_tensor(node, (Axes){0});
    }
    e->has_column = e->has_column || !input.target || is_produced(&input);
    define_name(e, BIND_COLUMN, column->name, false, value, column->span);
}

/* ---- loss, output ---- */

/* A loss and the weight of it: two expressions, or the two results of one call. */
static void eval_loss(Elaborator *e, const Stmt *stmt, Operand *loss, Operand *weight) {
    if (stmt->weight) {
        loss->value = eval(e, stmt->value);
        weight->value = eval(e, stmt->weight);
        return;
    }
    loss->value = eval_any(e, stmt->value, NULL);
    if (loss->value.kind != VALUE_TUPLE) return;
    const Tuple *tuple = loss->value.tuple;
    if (tuple->fields.len != 2) {
        fail(e, stmt->value->span, "a loss is one value, or a value and its weight; '%s' gives %d",
             tuple->maker, tuple->fields.len);
        loss->value = value_error();
        return;
    }
    loss->value = tuple->fields.at[0].value;
    *weight = (Operand){tuple->fields.at[1].value, stmt->value};
}

/* The weight of each value of the loss: of the loss's shape, or a number. */
static void add_weight(Elaborator *e, const Operand *loss, const Operand *weight) {
    if (!need_real(e, weight, "the weight of a loss")) return;
    Type type = visible_type(e, &loss->value);
    if (weight->value.kind == VALUE_TENSOR) {
        Type given = visible_type(e, &weight->value);
        if (given.rank && !shape_equal(&given, &type)) {
            fail(e, weight->expr->span, "the loss is %s, but its weight %s", shape_text(e, &type),
                 shape_text(e, &given));
            note_operand(e, loss);
            note_operand(e, weight);
            return;
        }
    }
    Value value = spread(e, weight->value, (Axes){0}, &type, weight->expr->span);
    if (value.kind != VALUE_TENSOR) return;
    if (graph_active(e->graph)[value.node]) {
        fail(e, weight->expr->span, "the weight of a loss depends on parameters");
        advise(e, "no gradient flows through a weight; stop(…) says that none shall");
        return;
    }
    vec_push(e->arena, &e->graph->outputs,
             (Output){.role = ROLE_WEIGHT, .name = "weight", .node = value.node});
}

bool whole_length(Elaborator *e, const Expr *expr, const char *what, const Value *value) {
    Type type = visible_type(e, value);
    if (!step_add(e->graph, &type)) return true;
    fail(e, expr->span, "%s is for each element of an input, this is %s", what,
         shape_text(e, &type));
    advise(e, "'pad' before 'windows' keeps the length");
    return false;
}

static void run_loss(Elaborator *e, const Stmt *stmt) {
    if (e->has_loss) {
        fail(e, stmt->span, "a model can have only one loss");
        note(e, e->loss_span, "the other is here");
        advise(e, "several terms are added: loss a + b");
        return;
    }
    e->has_loss = true;
    e->loss_span = stmt->span;
    Operand loss = {value_error(), stmt->value}, weight = {value_error(), stmt->weight};
    eval_loss(e, stmt, &loss, &weight);
    if (!need_real(e, &loss, "a loss")) return;
    if (loss.value.kind != VALUE_TENSOR) {
        fail(e, stmt->value->span, "the loss does not depend on the data: it is %s",
             describe(e, &loss.value));
        return;
    }
    Type type = visible_type(e, &loss.value);
    if (type.rank > 1 || (type.rank == 1 && !type.dim[0].sym)) {
        fail(e, stmt->value->span, "a loss is one number, or one a step of a sequence; this is %s",
             shape_text(e, &type));
        return;
    }
    if (!whole_length(e, stmt->value, "a loss that is not one number", &loss.value)) return;
    vec_push(e->arena, &e->graph->outputs,
             (Output){.role = ROLE_LOSS, .name = "loss", .node = loss.value.node});
    if (weight.expr) add_weight(e, &loss, &weight);
}

/* A variable's own name, the field of a scan, or the function of a call. */
static const char *output_name(const Expr *expr) {
    switch (expr->kind) {
        case EXPR_NAME:
        case EXPR_FIELD:
            return expr->name;
        case EXPR_CALL:
            return output_name(expr->left);
        case EXPR_INDEX:
            return output_name(expr->left);
        default:
            return "output";
    }
}

static bool output_taken(const Graph *graph, const char *name) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_OUTPUT &&
            strcmp(graph->outputs.at[i].name, name) == 0)
            return true;
    return false;
}

void add_output(Elaborator *e, const Expr *expr, Output output) {
    const char *base = output_name(expr);
    output.name = base;
    for (int i = 2; output_taken(e->graph, output.name); i++)
        output.name = arena_printf(e->arena, "%s_%d", base, i);
    vec_push(e->arena, &e->graph->outputs, output);
}

static void run_output(Elaborator *e, const Expr *expr) {
    if (e->graph->outputs.len > MAX_LISTED)
        give_up(e, expr->span, "the model has more than %d outputs", MAX_LISTED);
    Value value = eval(e, expr);
    if (value.kind == VALUE_ERROR) return;
    if (value.kind != VALUE_TENSOR) {
        fail(e, expr->span, "an output must be a tensor, this is %s", describe(e, &value));
        hint_scan(e, &value);
        return;
    }
    if (!whole_length(e, expr, "an output that is a sequence", &value)) return;
    add_output(e, expr, (Output){.role = ROLE_OUTPUT, .node = value.node});
}

/* ---- metric ---- */

static const char *const metrics[] = {
    "accuracy",
    "f1",
    "precision",
    "recall",
    "confusion",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "micro_f1",
    "micro_precision",
    "micro_recall",
    "entity_f1",
    "entity_precision",
    "entity_recall",
    "rmse",
    "mae",
    "r2",
    "exact_match",
    "perplexity",
    "bpc",
    "bleu",
    "wer",
    "cer",
};
enum {
    METRICS = sizeof metrics / sizeof *metrics,
    OF_MADE = METRICS - 3,
    OF_TEXT = OF_MADE - 2,
    OF_NUMBERS = OF_TEXT - 4
};

/* rmse, mae, r2 and exact_match are metrics of numbers, perplexity and bpc of a text, bleu, wer and
 * cer of one that is made, the others of choices. */
static bool is_among(const char *metric, int first, int end) {
    for (int i = first; i < end; i++)
        if (is_name(metric, metrics[i])) return true;
    return false;
}

static bool of_numbers(const char *metric) { return is_among(metric, OF_NUMBERS, OF_TEXT); }
static bool of_text(const char *metric) { return is_among(metric, OF_TEXT, METRICS); }

static bool of_made(const char *metric) { return is_among(metric, OF_MADE, METRICS); }

static bool known_metric(Elaborator *e, const Target *name) {
    for (int i = 0; i < METRICS; i++)
        if (is_name(name->name, metrics[i])) return true;
    fail(e, name->span, "unknown metric '%s'", name->name);
    hint_nearest(e, name->name, metrics, METRICS);
    advise(e,
           "there are accuracy, f1, precision, recall and confusion; entity_f1 for tags; rmse, mae "
           "and r2 for numbers; perplexity and bpc for texts; bleu, wer and cer for those that are "
           "made");
    return false;
}

static void run_metric(Elaborator *e, const Target *name) {
    if (!known_metric(e, name)) return;
    for (int i = 0; i < e->graph->metrics.len; i++)
        if (is_name(name->name, e->graph->metrics.at[i])) {
            fail(e, name->span, "metric '%s' is listed twice", name->name);
            return;
        }
    vec_push(e->arena, &e->graph->metrics, name->name);
    vec_push(e->arena, &e->metric_spans, name->span);
}

/* True when `type` is a choice among the values of `target`, or a score for each. */
static bool answers(const Type *type, const Type *target) {
    if (type->kind == TYPE_INDEX || target->kind == TYPE_REAL) return type_equal(type, target);
    if (type->rank != target->rank + 1) return false;
    for (int i = 0; i < target->rank; i++)
        if (!dim_equal(type->dim[i], target->dim[i])) return false;
    return dim_equal(type->dim[type->rank - 1], target->range);
}

/* The words that a text is fed instead of the data's are those that it would write. */
static void check_sampling(Elaborator *e) {
    const Graph *graph = e->graph;
    int generated = -1;
    bool read = false;
    if (!graph->training.sampling.method) return;
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_GENERATED) generated = graph->outputs.at[i].param;
    for (int i = 0; i < graph->inputs.len; i++)
        read |=
            graph->inputs.at[i].kind == INPUT_PREVIOUS && graph->inputs.at[i].previous == generated;
    if (read) return;
    fail(e, e->sampling_span, "scheduled sampling feeds a text its own words, %s",
         generated < 0 ? "and the model generates none" : "and the model does not read them");
    advise(e, generated < 0 ? "such as 'generate y from logits'"
                            : "such as embedding(previous(y), 100)");
}

/* What compares texts that are made needs them, each whole. */
static bool fits_made(Elaborator *e, int i, const Input *target) {
    const char *metric = e->graph->metrics.at[i];
    if (is_made(e->graph) && !target->window) return true;
    fail(e, e->metric_spans.at[i], "metric '%s' compares texts that are made, %s", metric,
         target->window ? "this one has no end" : "and the model makes none");
    if (!target->window)
        advise(e, "such as 'generate %s from logits', or 'decode %s from scores'", target->name,
               target->name);
    return false;
}

/* Of a text that is produced there are perplexity, bpc and accuracy. */
static bool fits_text(Elaborator *e, int i, const Input *target) {
    const char *metric = e->graph->metrics.at[i];
    bool produced = is_produced(target);
    if (of_text(metric) && !produced)
        fail(e, e->metric_spans.at[i], "metric '%s' is for a target of words, chars or bytes",
             metric);
    else if (produced && !of_text(metric) && !is_name(metric, "accuracy"))
        fail(e, e->metric_spans.at[i], "metric '%s' is not for a text, as '%s' is", metric,
             target->name);
    else if (is_name(metric, "bpc") && target->tokens != TOKENS_CHARS &&
             target->tokens != TOKENS_BYTES)
        fail(e, e->metric_spans.at[i], "'bpc' counts bits per character, '%s' has %s", target->name,
             tokens_name[target->tokens]);
    else
        return !of_made(metric) || fits_made(e, i, target);
    if (produced) advise(e, "for texts there are perplexity, accuracy, and bpc of chars and bytes");
    return false;
}

static bool fits_target(Elaborator *e, int i, const Input *target) {
    const char *metric = e->graph->metrics.at[i];
    if (of_text(metric) || is_produced(target)) return fits_text(e, i, target);
    if (of_numbers(metric) != (target->type.kind == TYPE_REAL)) {
        fail(e, e->metric_spans.at[i], "metric '%s' is for %s, '%s' is %s", metric,
             of_numbers(metric) ? "numbers" : "choices", target->name,
             target->type.kind == TYPE_REAL ? "numbers" : "a choice");
        advise(e, target->type.kind == TYPE_REAL
                      ? "for numbers there are rmse, mae, r2 and exact_match"
                      : "for choices there are accuracy, f1, precision, recall and confusion");
        return false;
    }
    if (strncmp(metric, "entity_", 7) == 0 && target->kind != INPUT_TAGS) {
        fail(e, e->metric_spans.at[i], "metric '%s' is for tags, '%s' is one choice", metric,
             target->name);
        return false;
    }
    return true;
}

/* The first metric that is taken from an output; -1 when the loss suffices for all. */
static int needs_output(const Graph *graph) {
    for (int i = 0; i < graph->metrics.len; i++)
        if (!of_text(graph->metrics.at[i])) return i;
    return -1;
}

static void check_metrics(Elaborator *e) {
    const Graph *graph = e->graph;
    const Input *target = NULL;
    for (int i = 0; i < graph->inputs.len; i++)
        if (graph->inputs.at[i].target) target = &graph->inputs.at[i];
    if (!graph->metrics.len || diag_errors(e->diag)) return;
    if (!target) {
        fail(e, e->metric_spans.at[0], "a metric needs a target to compare with");
        return;
    }
    for (int i = 0; i < graph->metrics.len; i++)
        if (!fits_target(e, i, target)) return;
    int needing = needs_output(graph);
    for (int i = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        if (output->role != ROLE_OUTPUT) continue;
        if (answers(&graph_node(graph, output->node)->type, &target->type)) return;
    }
    if (needing < 0) return;
    if (target->type.kind == TYPE_REAL) {
        fail(e, e->metric_spans.at[0], "metric '%s' needs an output of the shape of '%s', %s",
             graph->metrics.at[0], target->name, shape_text(e, &target->type));
        return;
    }
    fail(e, e->metric_spans.at[needing],
         "metric '%s' needs an output that chooses among the values of '%s'",
         graph->metrics.at[needing], target->name);
    advise(e, "such as 'output argmax(logits)'");
}

/* ---- the model ---- */

static void run_statements(Elaborator *e, const StmtList *body);

static void run_top(Elaborator *e, const Stmt *stmt) {
    switch (stmt->kind) {
        case STMT_INPUT:
        case STMT_TARGET:
            run_column(e, stmt);
            break;
        case STMT_LOSS:
            run_loss(e, stmt);
            break;
        case STMT_OUTPUT:
            e->has_output = true;
            for (int i = 0; i < stmt->values.len; i++) run_output(e, stmt->values.at[i]);
            break;
        case STMT_METRIC:
            for (int i = 0; i < stmt->names.len; i++) run_metric(e, &stmt->names.at[i]);
            break;
        case STMT_GENERATE:
            e->has_output = true;
            run_generate(e, stmt);
            break;
        case STMT_DECODE:
            e->has_output = true;
            run_decode(e, stmt);
            break;
        default:
            run_train(e, stmt);
            break;
    }
}

static void run_statements(Elaborator *e, const StmtList *body) {
    for (int i = 0; i < body->len && !e->gave_up; i++) {
        const Stmt *stmt = body->at[i];
        switch (stmt->kind) {
            case STMT_PARAM:
                run_param(e, stmt);
                break;
            case STMT_LET:
                run_let(e, stmt);
                break;
            case STMT_REPEAT:
                run_repeat(e, stmt, run_statements);
                break;
            case STMT_STATE:
                fail(e, stmt->keyword, "only a cell has states");
                break;
            case STMT_EXPR:
                fail(e, stmt->span, "this value is not used");
                advise(e, "give it a name: y = …");
                break;
            default:
                if (!e->frame->stamp)
                    run_top(e, stmt);
                else
                    fail(e, stmt->keyword, "this cannot stand inside of a repeat");
        }
    }
}

void run_model(Elaborator *e, const Item *item) {
    push_frame(e, NULL, item->name_span, "");
    e->graph->name = item->name;
    run_statements(e, &item->body);
    if (!e->has_column) {
        fail(e, item->name_span, "model '%s' has no input", item->name);
        advise(e, "say what it reads: input text: words(max_vocab = 20000)");
    }
    if (!e->has_loss) {
        fail(e, item->name_span, "model '%s' has no loss", item->name);
        advise(e, "say what training should make small: loss cross_entropy(logits, label)");
    }
    if (!e->has_output) {
        fail(e, item->name_span, "model '%s' has no output", item->name);
        advise(e, "say what it predicts: output argmax(logits)");
    }
    check_columns(e);
    check_metrics(e);
    check_sampling(e);
    pop_frame(e);
}
