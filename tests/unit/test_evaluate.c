#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "answers.h"
#include "collect.h"
#include "evaluate.h"
#include "report.h"
#include "units.h"

/* A model that names each word of a text: the tag is the word's own number, but 3 is taken for 1.
 * The loss of a step is a quarter of its word. */

enum { TAGS, TEXT, COLUMNS };

static const RdColumn columns[] = {
    {.name = "tags",
     .kind = RD_WORDS,
     .target = true,
     .per_step = 1,
     .max_vocab = 5,
     .max_length = 8},
    {.name = "text", .kind = RD_WORDS, .per_step = 1, .max_vocab = 5, .max_length = 8},
};
static const RdSequence sequences[] = {{.column = TEXT}};
static const RdOutput outputs[] = {
    {.name = "weights", .per_step = 1, .columns = 1, .of = -1},
    {.name = "tag", .index = true, .per_step = 1, .columns = 1, .of = TAGS},
};
static const char *const metrics[] = {"accuracy", "f1"};

static size_t packed_bytes(const RdSizes *sizes, RdPrecision precision) {
    (void)precision;
    return sizes ? 64 : 0;
}

static size_t memory_bytes(const RdSizes *sizes, bool training) {
    return (size_t)sizes->rows[0] * (training ? 16 : 12);
}

static void prepare(RdRun *run, bool training) { *(bool *)run->packed = training; }

static void infer(RdRun *run) {
    float *loss = run->memory, *weight = loss + run->sizes.rows[0];
    int *tag = (int *)(void *)(weight + run->sizes.rows[0]);
    for (int row = 0; row < run->batch->packing[0].rows; row++) {
        int word = run->batch->index[TEXT][row];
        loss[row] = 0.25f * (float)word;
        weight[row] = 1.0f / (float)(1 + word);
        tag[row] = word == 3 ? 1 : word;
    }
    run->loss = loss;
    run->output[0] = weight;
    run->output[1] = tag;
}

static const RdModel tagger = {.name = "tagger",
                               .real_size = sizeof(float),
                               .column_count = COLUMNS,
                               .output_count = 2,
                               .metric_count = 2,
                               .columns = columns,
                               .sequence_count = 1,
                               .sequences = sequences,
                               .outputs = outputs,
                               .metrics = metrics,
                               .loss_per_step = 1,
                               .packed_bytes = packed_bytes,
                               .memory_bytes = memory_bytes,
                               .prepare = prepare,
                               .infer = infer};

/* Texts of 3, 1, 4 and 2 words. */
static int lengths[] = {3, 1, 4, 2};
static size_t first[] = {0, 3, 4, 8, 10};
static int words[] = {1, 2, 3, 0, 4, 3, 2, 1, 0, 2}, tags[] = {1, 2, 3, 0, 4, 1, 2, 2, 0, 2};
static const RdExamples examples = {
    .count = 4,
    .column_count = COLUMNS,
    .sequence_count = 1,
    .sequence = {{.owners = 4, .longest = 4, .length = lengths, .first = first}},
    .per_step = {1, 1},
    .number = {tags, words}};
static const char *names[] = {"<unk>", "a", "b", "c", "d"};
static const RdVocab vocab[COLUMNS] = {{.size = 5, .word = names}, {.size = 5, .word = names}};

typedef struct {
    RdPlan plan;
    RdSession session;
} Opened;

static Opened open_session(const RdModel *model, int batch) {
    Opened opened;
    RdError error;
    rd_plan_new(&examples, batch, &opened.plan);
    cr_assert(rd_session_open(&opened.session, model, rd_plan_sizes(&opened.plan, vocab), NULL,
                              false, &error));
    return opened;
}

static void close_session(Opened *opened) {
    rd_session_close(&opened->session);
    rd_plan_free(&opened->plan);
}

Test(evaluate, a_target_a_step) {
    for (int batch = 1; batch <= 5; batch++) {
        Opened opened = open_session(&tagger, batch);
        RdEvaluation evaluation;
        double value;
        cr_assert(rd_evaluation_init(&evaluation, &tagger, vocab, &examples));
        rd_evaluate(&evaluation, &opened.session, &opened.plan);
        cr_expect_eq(evaluation.targets, 10);
        cr_expect_eq(evaluation.loss, 0.25 * 18 / 10);
        cr_expect_eq(evaluation.accuracy, 0.8);
        cr_expect_eq(evaluation.confusion.classes, 0);
        cr_expect(rd_metric_value(&evaluation, "accuracy", &value) && value == 0.8);
        cr_expect(!rd_metric_value(&evaluation, "f1", &value));
        cr_expect(!rd_metric_value(&evaluation, "confusion", &value));
        rd_evaluation_free(&evaluation);
        close_session(&opened);
    }
}

Test(evaluate, which_outputs_answer) {
    RdAnswer answer = rd_answer(&tagger);
    cr_expect_eq(answer.column, TAGS);
    cr_expect_eq(answer.index, 1);
    cr_expect_eq(answer.probability, -1);
    cr_expect_eq(answer.weight, 0);
    cr_expect(rd_answer_per_step(&tagger, &answer));
    answer = rd_answer(&rd_model);
    cr_expect_eq(answer.column, 0);
    cr_expect_eq(answer.index, 0);
    cr_expect_eq(answer.probability, 1);
    cr_expect_eq(answer.weight, 2);
    cr_expect(!rd_answer_per_step(&rd_model, &answer));
}

Test(evaluate, outputs_are_collected_in_the_order_of_the_data) {
    for (int batch = 1; batch <= 5; batch++) {
        Opened opened = open_session(&tagger, batch);
        const bool wanted[] = {true, true};
        RdCollected collected;
        rd_collect(&collected, &opened.session, &opened.plan, wanted);
        for (int i = 0; i < examples.count; i++)
            for (int t = 0; t < lengths[i]; t++) {
                int word = words[first[i] + (size_t)t];
                cr_expect_eq(*rd_collected_row(&collected, 1, i, t), word == 3 ? 1 : word);
                cr_expect_eq((float)*rd_collected_row(&collected, 0, i, t),
                             1.0f / (float)(1 + word));
            }
        rd_collected_free(&collected);
        close_session(&opened);
    }
}

/* What is printed for example 2, "d c b a". */
static char *printed(const RdModel *model, bool json, bool explain) {
    Opened opened = open_session(model, 3);
    RdAnswerStyle style = {.model = model,
                           .produced = -1,
                           .vocab = vocab,
                           .answer = rd_answer(model),
                           .json = json,
                           .explain = explain};
    bool wanted[2];
    RdCollected collected;
    char bytes[] = "a\0b\0c\0<unk>\0d\0c\0b\0a\0<unk>\0b", text[] = "D c\tb a";
    size_t starts[] = {0, 6, 12, 20};
    char *texts[] = {NULL, NULL, text, NULL};
    RdData data = {
        .count = 4, .words[TEXT] = {.bytes = bytes, .first = starts}, .text[TEXT] = texts};
    rd_answers_wanted(&style, wanted);
    rd_collect(&collected, &opened.session, &opened.plan, wanted);
    char *out;
    size_t size;
    FILE *file = open_memstream(&out, &size);
    rd_print_answer(file, &style, &data, &collected, 2);
    fclose(file);
    rd_collected_free(&collected);
    close_session(&opened);
    return out;
}

static void expect_print(const RdModel *model, bool json, bool explain, const char *wanted) {
    char *out = printed(model, json, explain);
    cr_expect_str_eq(out, wanted);
    free(out);
}

Test(answers, an_answer_a_step) {
    expect_print(&tagger, false, false, "d a b a\tD c b a\n");
    expect_print(&tagger, true, false,
                 "{\"label\":[\"d\",\"a\",\"b\",\"a\"],\"text\":\"D c\\tb a\"}\n");
    expect_print(&tagger, false, true,
                 "d a b a\tD c b a\n"
                 "  d  0.200  ############\n"
                 "  c  0.250  ###############\n"
                 "  b  0.333  ####################\n"
                 "  a  0.500  ##############################\n"
                 "\n");
}

Test(answers, no_answer_prints_all_outputs) {
    static const RdOutput numbers[] = {
        {.name = "weights", .per_step = 1, .columns = 1, .of = -1},
        {.name = "code", .index = true, .per_step = 1, .columns = 1, .of = -1}};
    RdModel model = tagger;
    model.outputs = numbers;
    expect_print(&model, false, false, "weights=0.2,0.25,0.333333,0.5\tcode=4,1,2,1\tD c b a\n");
    expect_print(&model, true, false,
                 "{\"outputs\":{\"weights\":[0.200000003,0.25,0.333333343,0.5],"
                 "\"code\":[4,1,2,1]},\"text\":\"D c\\tb a\"}\n");
}

/* ---- reports ---- */

Test(report, tables_are_aligned) {
    static const char *const classes[] = {"bad", "mäßig"};
    static const RdColumn one = {
        .name = "label", .kind = RD_CLASS, .class_count = 2, .classes = classes};
    const RdModel model = {.column_count = 1, .columns = &one};
    long count[] = {7, 3, 1, 9};
    RdEvaluation evaluation = {
        .confusion = {2, count}, .loss = 0.5, .accuracy = 0.8, .targets = 20};
    char *out;
    size_t size;
    FILE *file = open_memstream(&out, &size);
    rd_report_text(file, &model, &(RdVocab){0}, &evaluation, 20);
    fclose(file);
    cr_expect_str_eq(out,
                     "examples  20\n"
                     "loss      0.500\n"
                     "accuracy  0.800\n"
                     "f1        0.818  (of 'mäßig')\n"
                     "macro f1  0.798\n"
                     "\n"
                     "       precision  recall     f1   count\n"
                     "bad        0.875   0.700  0.778      10\n"
                     "mäßig      0.750   0.900  0.818      10\n"
                     "\n"
                     "true   predicted\n"
                     "          bad   mäßig\n"
                     "bad         7       3\n"
                     "mäßig       1       9\n");
    free(out);
}

Test(report, numbers_for_people) {
    char text[RD_UNIT_TEXT];
    cr_expect_str_eq(rd_bytes_text(text, 999), "999 bytes");
    cr_expect_str_eq(rd_bytes_text(text, 1000), "1.0 kB");
    cr_expect_str_eq(rd_bytes_text(text, 4249000), "4.2 MB");
    cr_expect_str_eq(rd_bytes_text(text, 999499999), "999 MB");
    cr_expect_str_eq(rd_bytes_text(text, 999500000), "1.0 GB");
    cr_expect_str_eq(rd_bytes_text(text, 12000000000), "12 GB");
    cr_expect_str_eq(rd_count_text(text, 7), "7");
    cr_expect_str_eq(rd_count_text(text, 999), "999");
    cr_expect_str_eq(rd_count_text(text, 1234567), "1,234,567");
    cr_expect_str_eq(rd_time_text(text, 0.84), "0.8 s");
    cr_expect_str_eq(rd_time_text(text, 9.96), "10 s");
    cr_expect_str_eq(rd_time_text(text, 125), "2:05");
    cr_expect_str_eq(rd_time_text(text, 3765), "1:02:45");
}
