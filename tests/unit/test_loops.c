/* What the passes achieve on cells that are in no library, asserted on the loops themselves. */
#include <criterion/criterion.h>
#include <string.h>

#include "pipeline.h"

static const char head[] =
    "model m {\n"
    "  target label: class(a, b)\n"
    "  input text: words(max_vocab = 50, max_length = 20)\n"
    "  x = embedding(text, 24)\n"
    "  run = scan unit(32) over x\n"
    "  logits = linear(run.final.h, label.size)\n"
    "  loss cross_entropy(logits, label)\n"
    "  output logits\n"
    "  train { batch = 32 }\n"
    "}\n";

/* An LSTM as a course writes it down: four gates, eight weights, six equations. */
static const char six_equations[] =
    "cell unit(x: [I], H) {\n"
    "  state h: [H], c: [H]\n"
    "  param wi: [H, I], wf: [H, I], wg: [H, I], wo: [H, I] ~ uniform(0.1)\n"
    "  param ui: [H, H], uf: [H, H], ug: [H, H], uo: [H, H] ~ uniform(0.1)\n"
    "  param bi: [H], bf: [H], bg: [H], bo: [H] ~ uniform(0.1)\n"
    "  i = sigmoid(wi @ x + ui @ h + bi)\n"
    "  f = sigmoid(wf @ x + uf @ h + bf)\n"
    "  g = tanh(wg @ x + ug @ h + bg)\n"
    "  o = sigmoid(wo @ x + uo @ h + bo)\n"
    "  c' = f * c + i * g\n"
    "  h' = o * tanh(c')\n"
    "}\n";

static const char packed_gates[] =
    "cell unit(x: [I], H) {\n"
    "  state h: [H], c: [H]\n"
    "  param w: [4*H, I], u: [4*H, H], b: [4*H] ~ uniform(0.1)\n"
    "  i, f, g, o = split(w @ x + u @ h + b, 4)\n"
    "  c' = sigmoid(f) * c + sigmoid(i) * tanh(g)\n"
    "  h' = sigmoid(o) * tanh(c')\n"
    "}\n";

static const char two_products[] =
    "cell unit(x: [I], H) {\n"
    "  state h: [H]\n"
    "  param w: [H, I], u: [H, H], v: [H, H] ~ uniform(0.1)\n"
    "  r = sigmoid(w @ x + u @ h)\n"
    "  h' = tanh(v @ (r * h))\n"
    "}\n";

/* One linear layer over input and state joined, as a notebook writes it. */
static const char joined[] =
    "cell unit(x: [I], H) {\n"
    "  state h: [H]\n"
    "  h' = relu(linear(concat(x, h), H))\n"
    "}\n";

static Arena *arena;

static void setup(void) { arena = arena_new(); }

static void teardown(void) { arena_free(arena); }

TestSuite(loops, .init = setup, .fini = teardown);

static Compilation *compiled_text(const char *text) {
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){.path = "loops.rondo", .text = text, .length = strlen(text)};
    Compilation *c = compile(arena, source, STAGE_LOOPS, NULL);
    if (diag_errors(c->diag)) diag_print(c->diag, stderr, 0);
    cr_assert(c->infer && c->train);
    return c;
}

static Compilation *compiled(const char *cell) {
    return compiled_text(arena_printf(arena, "%s%s", cell, head));
}

static const Kernel *recurrence(const Program *program, int direction) {
    const Kernel *found = NULL;
    for (int k = 0; k < program->kernels.len; k++) {
        const Kernel *kernel = &program->kernels.at[k];
        if (kernel->direction != direction) continue;
        cr_assert_null(found, "two kernels run in direction %d", direction);
        found = kernel;
    }
    cr_assert_not_null(found);
    return found;
}

/* Stages that multiply: what waits for a whole row that another has made. */
static int product_stages(const Kernel *kernel) {
    int count = 0;
    for (int s = 0; s < kernel->stages.len; s++) count += kernel->stages.at[s].accumulators.len > 0;
    return count;
}

static int products_of(const Kernel *kernel) {
    int count = 0;
    for (int s = 0; s < kernel->stages.len; s++)
        for (int i = 0; i < kernel->stages.at[s].accumulators.len; i++)
            count += kernel->stages.at[s].accumulators.at[i].products.len;
    return count;
}

static int sums_of(const Kernel *kernel) {
    int count = 0;
    for (int s = 0; s < kernel->stages.len; s++) count += kernel->stages.at[s].accumulators.len;
    return count;
}

/* Different rows that a kernel's products read: each is loaded once for all its products. */
static int operands_of(const Kernel *kernel) {
    int nodes[64], rows[64], count = 0;
    for (int s = 0; s < kernel->stages.len; s++)
        for (int i = 0; i < kernel->stages.at[s].accumulators.len; i++) {
            const Accumulator *sum = &kernel->stages.at[s].accumulators.at[i];
            for (int p = 0; p < sum->products.len; p++) {
                Access operand = sum->products.at[p].operand;
                int k = 0;
                while (k < count && (nodes[k] != operand.node || rows[k] != (int)operand.row)) k++;
                if (k < count) continue;
                nodes[count] = operand.node;
                rows[count++] = (int)operand.row;
            }
        }
    return count;
}

static int buffers_in(const Program *program, const Kernel *kernel) {
    int count = 0;
    for (int i = 0; i < kernel->nodes.len; i++)
        count += program->buffer_of[kernel->nodes.at[i]] >= 0;
    return count;
}

static int outer_sums(const Program *program, Space over) {
    int count = 0;
    for (int i = 0; i < program->reductions.len; i++)
        count += program->reductions.at[i].kind == REDUCE_OUTER &&
                 program->space[program->reductions.at[i].a] == over;
    return count;
}

Test(loops, six_equations_cost_what_one_packed_product_costs) {
    const Compilation *one = compiled(six_equations), *other = compiled(packed_gates);
    for (int direction = -1; direction <= 1; direction += 2) {
        const Kernel *a = recurrence(one->train, direction);
        const Kernel *b = recurrence(other->train, direction);
        cr_expect_eq(product_stages(a), 1);
        cr_expect_eq(product_stages(b), 1);
        cr_expect_eq(sums_of(a), sums_of(b));
        cr_expect_eq(products_of(a), products_of(b));
        cr_expect_eq(operands_of(a), operands_of(b));
    }
    cr_expect_eq(sums_of(recurrence(one->train, 1)), 4, "a register for each gate");
    cr_expect_eq(operands_of(recurrence(one->train, 1)), 2, "x and h are read once for all gates");
    cr_expect_eq(outer_sums(one->train, SPACE_STEPS), outer_sums(other->train, SPACE_STEPS));
}

Test(loops, a_product_without_state_leaves_the_loop_where_that_pays) {
    const Compilation *c = compiled(six_equations);
    cr_expect_eq(products_of(recurrence(c->train, 1)), 8, "32 rows a step: it stays");
    cr_expect_eq(products_of(recurrence(c->infer, 1)), 4, "one row a step: it leaves");
    const Kernel *all_rows = &c->infer->kernels.at[0];
    cr_expect_eq(all_rows->direction, 0);
    cr_expect_eq(products_of(all_rows), 4);
}

Test(loops, the_adjoint_is_one_stage_that_runs_the_other_way) {
    const Compilation *c = compiled(six_equations);
    const Kernel *adjoint = recurrence(c->train, -1);
    cr_expect_eq(adjoint->stages.len, 1);
    cr_expect_eq(sums_of(adjoint), 1, "the adjoint of h");
    cr_expect_eq(products_of(adjoint), 4, "one for each gate's gradient");
}

Test(loops, gradients_of_weights_are_sums_after_the_loop) {
    const Compilation *c = compiled(six_equations);
    const Program *program = c->train;
    cr_expect_eq(outer_sums(program, SPACE_STEPS), 8);
    for (int k = 0; k < program->kernels.len; k++)
        for (int i = 0; i < program->kernels.at[k].nodes.len; i++) {
            int node = program->kernels.at[k].nodes.at[i];
            cr_expect_lt(graph_node(program->graph, node)->type.rank, 3);
            cr_expect_neq(program->space[node], SPACE_SHARED, "no kernel computes a weight's sum");
        }
}

Test(loops, only_the_states_of_a_fused_cell_reach_memory) {
    const Compilation *c = compiled(six_equations);
    cr_expect_eq(buffers_in(c->infer, recurrence(c->infer, 1)), 2, "h and c");
}

Test(loops, a_product_of_what_a_product_made_takes_a_second_stage) {
    const Compilation *c = compiled(two_products);
    cr_expect_eq(product_stages(recurrence(c->train, 1)), 2);
    cr_expect_eq(products_of(recurrence(c->train, 1)), 3);
}

Test(loops, a_layer_over_joined_vectors_becomes_two_products_in_one_sum) {
    const Compilation *c = compiled(joined);
    const Kernel *forward = recurrence(c->train, 1);
    cr_expect_eq(sums_of(forward), 1);
    cr_expect_eq(products_of(forward), 2);
    cr_expect_eq(products_of(recurrence(c->infer, 1)), 1, "x has left the loop");
}

/* Scores for 20000 words from a table that is the embedding too. */
static const char *const tied =
    "model m {\n  input text: words(max_vocab = 20000)\n  target label: class(a, b)\n"
    "  param table: [text.size, 64] ~ normal(1)\n"
    "  run = scan gru(64) over table[text]\n  scores = tied_linear(run.h, table)\n"
    "  loss cross_entropy(scores, text)\n  output argmax(scores)\n}\n";

/* A recurrence whose weights leave no room in a cache for anything else. */
static const char *const large =
    "model m {\n  input text: words\n  target label: class(a, b)\n"
    "  run = scan lstm(320) over embedding(text, 128)\n"
    "  logits = linear(run.final.h, label.size)\n"
    "  loss cross_entropy(logits, label)\n  output logits\n}\n";

Test(loops, scores_for_all_words_are_kept_once) {
    const Program *train = compiled_text(tied)->train;
    int slot = -1;
    for (int i = 0; i < train->buffers.len; i++) {
        if (!is_vocabulary(train->buffers.at[i].columns)) continue;
        cr_expect(slot < 0 || slot == train->buffers.at[i].slot, "%s is kept beside",
                  train->buffers.at[i].name);
        slot = train->buffers.at[i].slot;
    }
    cr_expect_geq(slot, 0);
}

/* Two layers with a mean over the columns of a row between them. */
static const char *const normalised =
    "model m {\n  input text: words\n  target label: class(a, b)\n"
    "  hidden = layer_norm(linear(embedding(text, 32), 48))\n"
    "  logits = linear(mean(tanh(linear(hidden, 24))), label.size)\n"
    "  loss cross_entropy(logits, label)\n  output logits\n}\n";

static int brief_buffers(const Program *program, int kernel) {
    int brief = 0;
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        if (program->kernel_of[b->node] != kernel) continue;
        brief += b->brief;
        cr_expect_eq(b->brief, b->first == b->last, "%s", b->name);
    }
    return brief;
}

Test(loops, what_no_other_kernel_reads_has_rows_for_a_tile) {
    const Compilation *c = compiled_text(normalised);
    cr_expect_geq(brief_buffers(c->infer, 0), 4, "the words, and what layer_norm computes of them");
    cr_expect_geq(brief_buffers(c->train, 0), 2, "sums that lead to the mean and the variance");
}

/* How many values with a row a step that this op computes are kept for another kernel. */
static int kept_of(const Program *program, Op op) {
    int kept = 0;
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        kept += graph_node(program->graph, b->node)->op == op && b->first != b->last &&
                program->axis[b->node] && b->columns != 1;
    }
    return kept;
}

Test(loops, normalization_keeps_its_result_for_the_adjoint_and_not_what_it_divides) {
    const Program *train = compiled_text(normalised)->train;
    cr_expect_eq(kept_of(train, OP_SUB), 0);
    cr_expect_eq(kept_of(train, OP_DIV), 1);
    cr_expect_eq(kept_of(train, OP_TANH), 1, "its slope is computed from it");
}

Test(loops, a_hidden_layer_is_kept_once) {
    const Program *train = compiled_text(
                               "model m {\n  input text: words\n  target label: class(a, b)\n"
                               "  hidden = dropout(relu(linear(embedding(text, 32), 48)), 0.5)\n"
                               "  logits = linear(mean(linear(hidden, 24)), label.size)\n"
                               "  loss cross_entropy(logits, label)\n  output logits\n}\n")
                               ->train;
    int kept = 0;
    for (int i = 0; i < train->buffers.len; i++)
        kept += train->buffers.at[i].columns == 48 && train->buffers.at[i].first == 0;
    cr_expect_eq(kept, 1, "what dropout leaves says where relu was positive");
    cr_expect_eq(kept_of(train, OP_STEP), 0);
}

static void assert_weights_alone(const char *attention) {
    const Program *train = compiled_text(attention)->train;
    int kept = 0;
    for (int i = 0; i < train->buffers.len; i++) {
        const Buffer *b = &train->buffers.at[i];
        kept += is_length(b->columns) && b->first != b->last;
    }
    cr_expect_eq(kept - kept_of(train, OP_LESS), 1, "besides what is hidden");
    cr_expect_eq(kept_of(train, OP_EXP), 0);
}

#define ATTENTION(layer)                                             \
    "model m {\n  input text: words\n  target label: class(a, b)\n"  \
    "  x = embedding(text, 32)\n  logits = linear(mean(" layer       \
    "(x, x, x)), label.size)\n  loss cross_entropy(logits, label)\n" \
    "  output logits\n}\n"

Test(loops, the_adjoint_of_a_softmax_reads_its_weights_alone) {
    assert_weights_alone(ATTENTION("attend"));
    assert_weights_alone(ATTENTION("attend_causally"));
}

Test(loops, what_another_row_reads_has_a_row_a_step) {
    const Program *train = compiled(two_products)->train;
    for (int k = 0; k < train->kernels.len; k++)
        if (train->kernels.at[k].direction > 0) cr_expect_eq(brief_buffers(train, k), 0);
}

Test(loops, large_weights_are_read_once_for_many_rows) {
    const Program *train = compiled_text(tied)->train;
    int columns = 0, depth = 0;
    for (int k = 0; k < train->kernels.len; k++)
        for (int s = 0; s < train->kernels.at[k].stages.len; s++) {
            columns += train->kernels.at[k].stages.at[s].tiles == TILES_BY_COLUMNS;
            depth += train->kernels.at[k].stages.at[s].tiles == TILES_BY_DEPTH;
        }
    cr_expect_eq(columns, 1, "the scores");
    cr_expect_eq(depth, 1, "the gradient of the states");
}

Test(loops, large_weights_are_read_once_a_step) {
    const Kernel *forward = recurrence(compiled_text(large)->train, 1);
    cr_expect_eq(forward->stages.at[forward->stages.len - 1].tiles, TILES_BY_COLUMNS);
}

/* A GRU's stage: to predict, its three sums of x are hoisted, but the loop can compute them itself.
 */
Test(loops, a_loop_can_take_hoisted_products_in) {
    const Program *infer = compiled_text(tied)->infer;
    const Kernel *loop = recurrence(infer, 1);
    const Stage *stage = &loop->stages.at[loop->stages.len - 1];
    cr_assert_eq(stage->taken.len, 1);
    cr_expect_eq(stage->taken.at[0].sums.len, 3);
    cr_expect_eq(stage->accumulators.len, 4, "that of the candidate's inputs is not the state's");
    int started = 0;
    for (int i = 0; i < stage->accumulators.len; i++)
        started += stage->accumulators.at[i].start >= 0;
    cr_expect_eq(started, 3);
    const Taken *taken = &stage->taken.at[0];
    const Stage *hoisted = &infer->kernels.at[taken->kernel].stages.at[taken->stage];
    cr_expect(hoisted->moves_in);
    const int x = hoisted->accumulators.at[0].products.at[0].operand.node;
    cr_expect_geq(infer->buffers.at[infer->buffer_of[x]].last, loop->phase, "x is still there");
}

Test(loops, large_weights_stay_hoisted) {
    const Program *infer = compiled_text(large)->infer;
    const Kernel *loop = recurrence(infer, 1);
    for (int s = 0; s < loop->stages.len; s++) cr_expect_eq(loop->stages.at[s].taken.len, 0);
}

Test(loops, two_directions_are_one_phase) {
    const char *text =
        "model m {\n  target label: class(a, b)\n  input text: words\n"
        "  x = embedding(text, 24)\n"
        "  there = scan rnn(32) over x\n  back = scan rnn(32) over x backward\n"
        "  logits = linear(mean_pool(concat(there.h, back.h)), label.size)\n"
        "  loss cross_entropy(logits, label)\n  output logits\n}\n";
    Source source = {.path = "loops.rondo", .text = text, .length = strlen(text)};
    const Compilation *c = compile(arena, &source, STAGE_LOOPS, NULL);
    cr_assert(c->train);
    int phase[4], count = 0;
    for (int k = 0; k < c->train->kernels.len && count < 4; k++)
        if (sums_of(&c->train->kernels.at[k]) && c->train->kernels.at[k].direction)
            phase[count++] = c->train->kernels.at[k].phase;
    cr_assert_eq(count, 4, "two recurrences and their adjoints");
    cr_expect_eq(phase[0], phase[1]);
    cr_expect_eq(phase[2], phase[3]);
}

/* What kernels and sums are said to cost for a step and an example is the work of all products. */
static void assert_costs(const Program *program) {
    const double words[] = {0, 50};
    double step = 0, example = 0, all_steps = 0, all_examples = 0;
    count_flops(program, -1, 50, &step, &example);
    for (int k = 0; k < program->kernels.len; k++) {
        Cost cost = kernel_cost(program, k, words);
        bool steps = program->kernels.at[k].space == SPACE_STEPS;
        *(steps ? &all_steps : &all_examples) += cost.products;
        cr_assert_gt(cost.bytes, 0);
        cr_assert_eq(cost.products > 0, cost.weights > 0);
        for (int s = 0; s < program->kernels.at[k].stages.len; s++)
            if (program->kernels.at[k].stages.at[s].moves_in)
                all_steps += stage_cost(program, k, s, words).products;
    }
    for (int axis = 0; axis < program->graph->syms.len; axis++)
        *(axis ? &all_steps : &all_examples) += sums_cost(program, axis, words).products;
    cr_assert_float_eq(all_steps, step, 1e-9 * step);
    cr_assert_float_eq(all_examples, example, 1e-9 * example);
}

Test(loops, costs_of_kernels_add_up) {
    Compilation *c = compiled(six_equations);
    assert_costs(c->infer);
    assert_costs(c->train);
}

Test(loops, a_row_of_a_plain_cell_costs) {
    const double words[] = {0, 50};
    Compilation *c = compiled(
        "cell unit(x: [I], H) {\n"
        "  state h: [H]\n"
        "  param w: [H, I], u: [H, H] ~ uniform(0.1)\n"
        "  h' = tanh(w @ x + u @ h)\n"
        "}\n");
    Cost cost = kernel_cost(c->train, 0, words);
    cr_assert_eq(cost.products, 2 * (24 + 32) * 32);
    cr_assert_eq(cost.weights, 4 * (24 + 32) * 32);
    cr_assert_eq(cost.others, 2 * 32); /* tanh, and the addition */
    /* a row of the table read, x written and read, h read and written */
    cr_assert_eq(cost.bytes, 4 * (3 * 24 + 2 * 32));
}
