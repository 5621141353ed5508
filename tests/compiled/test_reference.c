/* Compiled models, in single precision, against the numbers of PyTorch in tests/reference. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"
#include "programs.h"
#include "reference.h"
#include "runner.h"

enum { MAX_MODELS = 32, STEPS = 20 };

typedef struct {
    Arena *arena;
    const char *name;
    Reference file, gradients;
    const RdModel *model;
} Case;

static const char *const all_cases[] = {"sentiment_small",
                                        "sentiment_full",
                                        "rnn_tanh",
                                        "rnn_relu",
                                        "gru",
                                        "gru_reset_before",
                                        "lstm_final",
                                        "bilstm_final",
                                        "mean_pooling",
                                        "max_pooling",
                                        "linear",
                                        "bilstm_crf",
                                        "rnn_equations",
                                        "class_weights",
                                        "attention_pooling",
                                        "logistic",
                                        "svm",
                                        "bigru_mean",
                                        "forecast",
                                        "tagger",
                                        "convolution",
                                        "transformer",
                                        "transformer_causal",
                                        "language",
                                        "language_tied",
                                        "sampled",
                                        "translation",
                                        "stream",
                                        "ctc",
                                        NULL};

/* The cells of examples/cells, and how each is called in the model that has a reference. */
static const struct {
    const char *name, *call;
} cells[] = {
    {"antisymmetric", "antisymmetric(7)"},
    {"bistable", "bistable(7)"},
    {"cornn", "cornn(7)"},
    {"coupled_lstm", "coupled_lstm(7)"},
    {"fastgrnn", "fastgrnn(7)"},
    {"indrnn", "indrnn(7)"},
    {"janet", "janet(7)"},
    {"jordan", "jordan(7)"},
    {"layer_norm_lstm", "layer_norm_lstm(7)"},
    {"lstm_equations", "lstm_equations(7)"},
    {"minimal_gated_unit", "minimal_gated_unit(7)"},
    {"multiplicative_lstm", "multiplicative_lstm(7)"},
    {"peephole_lstm", "peephole_lstm(7)"},
    {"projected_lstm", "projected_lstm(7, 4)"},
    {"qrnn", "qrnn(7)"},
    {"recurrent_highway", "recurrent_highway(7)"},
    {"sru", "sru()"},
    {"ugrnn", "ugrnn(7)"},
    {"variational_lstm", "variational_lstm(7)"},
    {"zoneout_lstm", "zoneout_lstm(7)"},
};

enum { CELLS = sizeof cells / sizeof *cells, CELLS_TOGETHER = 5 };

/* ---- running a case ---- */

/* Words, labels, and numbers or states under the name of their column. */
static Data batch_of(const Case *c, const char *batch) {
    static const char *const keys[] = {
        [RD_WORDS] = "tokens", [RD_CLASS] = "labels", [RD_TAGS] = "labels"};
    Data data = {0};
    int count;
    data.length = reference_integers(&c->file, &data.count, "lengths.%s", batch);
    data.further[1] = reference_integers(&c->file, &count, "letter_counts.%s", batch);
    if (!data.further[1])
        data.further[1] = reference_integers(&c->file, &count, "produced_counts.%s", batch);
    for (int i = 0; i < c->model->column_count; i++) {
        const RdColumn *column = &c->model->columns[i];
        if (column->kind == RD_PREVIOUS) continue;
        const char *key = column->inner ? "letters" : keys[column->kind];
        if (column->kind == RD_WORDS && column->target && i > 0) key = "produced";
        if (column->kind == RD_NUMBERS || column->kind == RD_CARRIED)
            data.real[i] = reference_reals(&c->file, &count, "%s.%s", column->name, batch);
        else
            data.column[i] = reference_integers(&c->file, &count, "%s.%s", key, batch);
        bool there = data.length && (data.real[i] || data.column[i]);
        cr_assert(there, "%s: no column %s of batch %s", c->name, column->name, batch);
        data.vocab[i] = column->kind == RD_WORDS ? column->max_vocab : 0;
    }
    return data;
}

static Runner *open_runner(const Case *c, const Data *data, int threads, bool training) {
    Runner *runner = runner_open(c->arena, c->model, data, data->count, threads, training);
    for (int p = 0; p < c->model->param_count; p++) {
        int count;
        const char *name = c->model->params[p].name;
        const double *values = reference_reals(&c->file, &count, "param.%s", name);
        cr_assert(values && count == runner_size(runner, p), "%s: no parameter %s", c->name, name);
        runner_set(runner, p, values);
    }
    return runner;
}

static double mean_loss(const Results *got) {
    double sum = 0;
    for (int i = 0; i < got->losses; i++) sum += got->loss[i];
    return sum / got->weight;
}

/* ---- comparing ---- */

static void near(const Case *c, const char *batch, const char *what, double error, double most) {
    cr_expect(error < most, "%s, %s: %s is off by %g", c->name, batch, what, error);
    cr_log_info("%s, %s: %s is off by %g", c->name, batch, what, error);
}

/* The reference's tensor `key` is the model's output `name`; no tensor is fine when `may_lack`. */
static void check_output(const Case *c, const char *batch, const Results *got, const char *key,
                         const char *name, bool may_lack) {
    int count;
    const double *wanted = reference_reals(&c->file, &count, "%s.%s", key, batch);
    cr_assert(wanted || may_lack, "%s: no %s", c->name, key);
    for (int o = 0; wanted && o < c->model->output_count; o++) {
        if (strcmp(c->model->outputs[o].name, name) != 0) continue;
        cr_assert_eq(got->output_size[o], count);
        near(c, batch, name, difference(got->output[o], wanted, count, 1), 1e-5);
        return;
    }
    cr_assert(!wanted, "%s: no output %s", c->name, name);
}

/* In training a model with masks has other outputs: they stand under "masked.". */
static void check_outputs(const Case *c, const char *batch, const Results *got, bool training) {
    int count;
    const double *loss = NULL;
    if (training) loss = reference_reals(&c->file, &count, "masked.loss.%s", batch);
    bool masked = loss;
    if (!masked) loss = reference_reals(&c->file, &count, "loss.%s", batch);
    near(c, batch, "the loss", fabs(mean_loss(got) - *loss), 1e-5);
    bool logits = !reference_reals(&c->file, &count, "prediction.%s", batch);
    if (logits) check_output(c, batch, got, masked ? "masked.logits" : "logits", "logits", false);
    check_output(c, batch, got, "attention", "weights", true);
    check_output(c, batch, got, "path", "path", true);
    check_output(c, batch, got, "prediction", "prediction", true);
    check_output(c, batch, got, "predictions", "predictions", true);
}

static void check_gradients(const Case *c, const char *batch, const Results *got) {
    for (int p = 0; p < c->model->param_count; p++) {
        const char *name = c->model->params[p].name;
        int count;
        const double *wanted = reference_reals(&c->gradients, &count, "grad.%s.%s", batch, name);
        if (!wanted && strcmp(batch, "ragged") != 0) continue;
        cr_assert(wanted, "%s: no gradient of %s", c->name, name);
        bool zero = strcmp(name, "attention.bias") == 0;
        near(c, batch, name, difference(got->gradient[p], wanted, count, zero ? 1 : 0),
             zero ? 1e-7 : 1e-4);
    }
}

static void check_batch(const Case *c, const char *batch) {
    Data data = batch_of(c, batch);
    Runner *runner = open_runner(c, &data, 1, false);
    Results got = runner_infer(runner);
    check_outputs(c, batch, &got, false);
    runner_close(runner);
    runner = open_runner(c, &data, 1, true);
    got = runner_train(runner, 1);
    check_outputs(c, batch, &got, true);
    check_gradients(c, batch, &got);
    runner_close(runner);
}

/* ---- training ---- */

typedef struct {
    double loss[STEPS], norm[STEPS];
} Course;

static Course train(const Case *c, int threads, double clip) {
    Data data = batch_of(c, "ragged");
    Runner *runner = open_runner(c, &data, threads, true);
    Course t;
    for (int i = 0; i < STEPS; i++) {
        Results got = runner_train(runner, 1);
        t.loss[i] = mean_loss(&got);
        t.norm[i] = runner_update(runner, i + 1, clip);
    }
    runner_close(runner);
    return t;
}

static void check_training(const Case *c, const char *clip) {
    int count;
    Course t = train(c, 1, atof(clip));
    const double *losses = reference_reals(&c->file, &count, "losses.clip%s", clip);
    cr_assert(losses && count == STEPS, "%s: no losses", c->name);
    const double *norms = reference_reals(&c->file, &count, "norms.clip%s", clip);
    cr_assert(norms && count == STEPS, "%s: no norms", c->name);
    near(c, clip, "a loss", difference(t.loss, losses, STEPS, 1), 1e-4);
    near(c, clip, "a norm", difference(t.norm, norms, STEPS, 1), 1e-4);
    Course other = train(c, 2, atof(clip));
    cr_expect(memcmp(&t, &other, sizeof t) == 0, "%s: two threads train otherwise", c->name);
}

/* ---- threads ---- */

static void same_bits(const Case *c, const Results *a, const Results *b) {
    size_t each = sizeof(double);
    bool same = memcmp(a->loss, b->loss, (size_t)a->losses * each) == 0;
    for (int o = 0; o < c->model->output_count; o++)
        same &= memcmp(a->output[o], b->output[o], (size_t)a->output_size[o] * each) == 0;
    cr_expect(same, "%s: outputs depend on the threads", c->name);
}

static void check_threads(const Case *c, bool training) {
    Data data = batch_of(c, "ragged");
    Runner *one = open_runner(c, &data, 1, training), *two = open_runner(c, &data, 2, training);
    Results a = training ? runner_train(one, 1) : runner_infer(one);
    Results b = training ? runner_train(two, 1) : runner_infer(two);
    same_bits(c, &a, &b);
    for (int p = 0; training && p < c->model->param_count; p++)
        cr_expect(
            memcmp(a.gradient[p], b.gradient[p], (size_t)runner_size(one, p) * sizeof(double)) == 0,
            "%s: the gradient of %s depends on the threads", c->name, c->model->params[p].name);
    runner_close(one);
    runner_close(two);
}

/* ---- the cases ---- */

static void check_case(Case one) {
    one.file = one.gradients = reference_open(one.arena, one.name);
    if (strcmp(one.name, "sentiment_full") == 0)
        one.gradients = reference_open(one.arena, "sentiment_full_grad");
    check_batch(&one, "single");
    check_batch(&one, "equal");
    check_batch(&one, "ragged");
    check_training(&one, "5");
    check_training(&one, "0.1");
    check_threads(&one, false);
    check_threads(&one, true);
}

/* The models of these texts, compiled together. */
static void check_texts(Arena *arena, int count, const char *const *names, const char *const *texts,
                        const char *flags) {
    const char *c[MAX_MODELS] = {NULL};
    for (int i = 0; i < count; i++) {
        Programs programs = programs_of_text(arena, "model.rondo", texts[i]);
        cr_assert(programs.c, "%s", programs.said);
        c[i] = programs.c;
    }
    Object object = object_load(arena, c, count, false, flags);
    for (int i = 0; i < count; i++)
        check_case((Case){.arena = arena, .name = names[i], .model = object.model[i]});
    object_unload(&object);
}

static void check_cases(const char *const *names, const char *flags) {
    Arena *arena = arena_new();
    const char *texts[MAX_MODELS];
    int count = 0;
    for (; names[count]; count++) texts[count] = reference_model(arena, names[count]);
    check_texts(arena, count, names, texts, flags);
    arena_free(arena);
}

/* The cell of the example, without its model, in a small model. */
static const char *cell_text(Arena *arena, int cell) {
    size_t length;
    const char *path = arena_printf(arena, "examples/cells/%s.rondo", cells[cell].name);
    const char *text = project_file(arena, path, &length);
    const char *model = text ? strstr(text, "\nmodel ") : NULL;
    cr_assert(model, "no model in %s", path);
    return arena_printf(arena,
                        "%.*smodel tried {\n  target label: class(neg, pos)\n"
                        "  input text: words(max_vocab = 30, max_length = 64)\n"
                        "  x = embedding(text, 6)\n  states = scan %s over x\n"
                        "  logits = linear(mean(states.h) + states.final.h, label.size)\n"
                        "  loss cross_entropy(logits, label)\n  output logits\n"
                        "  train { optimizer = adam(rate = 0.01) }\n}\n",
                        (int)(model - text), text, cells[cell].call);
}

static void check_cells(int first, const char *flags) {
    Arena *arena = arena_new();
    const char *names[CELLS_TOGETHER], *texts[CELLS_TOGETHER];
    int count = 0;
    for (; count < CELLS_TOGETHER && first + count < CELLS; count++) {
        names[count] = arena_printf(arena, "cells/%s", cells[first + count].name);
        texts[count] = cell_text(arena, first + count);
    }
    check_texts(arena, count, names, texts, flags);
    arena_free(arena);
}

static const char *const few_cases[] = {"sentiment_small", "gru_reset_before", "max_pooling", NULL};

Test(reference, on_this_machine) { check_cases(all_cases, "-O1 -march=native"); }
Test(reference, one_number_at_a_time) { check_cases(few_cases, "-O1 -DRD_VECTOR_BYTES=4"); }
Test(reference, vectors_of_16_bytes) { check_cases(few_cases, "-O1 -DRD_VECTOR_BYTES=16"); }
Test(reference, vectors_of_32_bytes) { check_cases(few_cases, "-O1 -DRD_VECTOR_BYTES=32"); }
Test(reference, vectors_of_64_bytes) { check_cases(few_cases, "-O1 -DRD_VECTOR_BYTES=64"); }

static const char *const stacks[] = {"bilstm_stacked", "gru_stacked", NULL};

Test(reference, stacks) { check_cases(stacks, "-O0"); }

/* ---- a whole training ---- */

enum { NEXT_WORD_STEPS = 300, NEXT_WORD_EVERY = 50 };

static void follow_course(const Case *c) {
    int count;
    Data data = batch_of(c, "ragged");
    Runner *runner = open_runner(c, &data, 1, true);
    const double *course = reference_reals(&c->file, &count, "course.ragged");
    cr_assert(course && count == NEXT_WORD_STEPS / NEXT_WORD_EVERY);
    for (int i = 0; i < NEXT_WORD_STEPS; i++) {
        Results got = runner_train(runner, 1);
        if (i % NEXT_WORD_EVERY == 0)
            near(c, "course", "a loss", fabs(mean_loss(&got) - course[i / NEXT_WORD_EVERY]), 1e-4);
        runner_update(runner, i + 1, 0);
    }
    Results got = runner_infer(runner);
    const double *logits = reference_reals(&c->file, &count, "logits.ragged");
    int classes = c->model->columns[1].class_count;
    for (int i = 0; i < data.count; i++) {
        const double *own = logits + i * classes, *softmax = got.output[1] + i * classes;
        for (int k = 1; k < classes; k++)
            near(c, "course", "an answer", fabs(softmax[k] / softmax[0] / exp(own[k] - own[0]) - 1),
                 1e-2);
    }
    runner_close(runner);
}

Test(reference, next_word) {
    Arena *arena = arena_new();
    size_t length;
    const char *text = project_file(arena, "examples/next_word.rondo", &length);
    Programs programs = programs_of_text(arena, "model.rondo", text);
    cr_assert(programs.c, "%s", programs.said);
    Object object = object_load(arena, &programs.c, 1, false, "-O1");
    Case c = {.arena = arena, .name = "next_word", .model = object.model[0]};
    c.file = c.gradients = reference_open(arena, c.name);
    follow_course(&c);
    object_unload(&object);
    arena_free(arena);
}

/* ---- the LSTM as one packed product and as six equations ---- */

/* Sets a packed parameter from those of the gates; NULL: to zeros. */
static void set_packed(const Case *c, Runner *runner, int param, const char *gates) {
    int size = runner_size(runner, param), count = 0;
    double *values = ARENA_ARRAY(c->arena, double, size);
    for (int gate = 0; gates && gate < 4; gate++) {
        const double *part =
            reference_reals(&c->file, &count, "param.states.%s_%c", gates, "ifgo"[gate]);
        cr_assert(part && count == size / 4);
        memcpy(values + gate * count, part, sizeof(double) * (size_t)count);
    }
    runner_set(runner, param, values);
}

static Results run_form(const Case *c, bool packed) {
    static const struct {
        const char *name, *gates;
    } params[] = {{"states.weight_ih", "W"},
                  {"states.weight_hh", "U"},
                  {"states.bias_ih", "b"},
                  {"states.bias_hh", NULL}};
    Data *data = ARENA_NEW(c->arena, Data);
    *data = batch_of(c, "ragged");
    Runner *runner = packed ? runner_open(c->arena, c->model, data, data->count, 1, false)
                            : open_runner(c, data, 1, false);
    for (int p = 0; packed && p < c->model->param_count; p++) {
        const char *name = c->model->params[p].name;
        int count;
        const double *values = reference_reals(&c->file, &count, "param.%s", name);
        if (values) runner_set(runner, p, values);
        for (int i = 0; i < 4; i++)
            if (strcmp(params[i].name, name) == 0) set_packed(c, runner, p, params[i].gates);
    }
    Results results = runner_infer(runner);
    runner_close(runner);
    return results;
}

Test(reference, lstm_in_both_forms) {
    static const char packed[] =
        "model tried {\n  target label: class(neg, pos)\n"
        "  input text: words(max_vocab = 30, max_length = 64)\n"
        "  x = embedding(text, 6)\n  states = scan lstm(7) over x\n"
        "  logits = linear(mean(states.h) + states.final.h, label.size)\n"
        "  loss cross_entropy(logits, label)\n  output logits\n}\n";
    Arena *arena = arena_new();
    int equations = 0;
    while (strcmp(cells[equations].name, "lstm_equations") != 0) equations++;
    Programs one = programs_of_text(arena, "model.rondo", packed);
    Programs six = programs_of_text(arena, "model.rondo", cell_text(arena, equations));
    cr_expect_str_eq(print_recurrences(one.infer, one.train),
                     print_recurrences(six.infer, six.train));
    Object object = object_load(arena, (const char *[]){one.c, six.c}, 2, false, "-O0");
    Case c = {.arena = arena, .name = "cells/lstm_equations", .model = object.model[0]};
    c.file = reference_open(arena, c.name);
    Results a = run_form(&c, true);
    c.model = object.model[1];
    Results b = run_form(&c, false);
    cr_expect(memcmp(a.output[0], b.output[0], sizeof(double) * (size_t)a.output_size[0]) == 0,
              "packed or not: other logits");
    cr_expect(memcmp(a.loss, b.loss, sizeof(double) * (size_t)a.losses) == 0);
    object_unload(&object);
    arena_free(arena);
}

Test(reference, cells) {
    for (int first = 0; first < CELLS; first += CELLS_TOGETHER) check_cells(first, "-O0");
}
