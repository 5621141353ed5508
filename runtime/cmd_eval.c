#include "compare.h"
#include "program.h"
#include "report.h"
#include "trained.h"

static RdReadOptions how_to_read(const RdTrained *trained, const RdOptions *options) {
    return (RdReadOptions){
        .need_targets = true, .skip_bad = options->skip_bad, .learned = trained->saved.vocab};
}

/* What n-grams of the training text say of the data. */
static bool measure_baseline(const RdTrained *trained, const RdOptions *options, const RdData *data,
                             RdBaseline *baseline, RdError *error) {
    RdData train;
    int column = rd_produced_text(trained->model);
    if (column < 0)
        return rd_fail(error, "--ngram %d: the model '%s' has no target for each word of a text",
                       options->ngram, trained->model->name);
    *baseline = (RdBaseline){options->ngram, options->add_k, options->train, 0};
    bool read =
        rd_data_read(options->train, trained->model, how_to_read(trained, options), &train, error);
    if (read) {
        rd_note_data(trained->model, &train);
        rd_baseline_measure(baseline, trained->model, trained->saved.vocab, column, &train, data);
    }
    rd_data_free(&train);
    return read;
}

/* What the model answers with, and where that has weights of fewer bits, the same in full. */
typedef struct {
    RdModel model[2];
    RdComparison comparison[2];
    RdEvaluation evaluation[2];
    RdBaseline baseline;
    int count;
} Measured;

static bool compare(RdTrained *trained, const RdOptions *options, const RdData *data,
                    Measured *measured, RdError *error) {
    bool good = true;
    for (int i = measured->count - 1; good && i >= 0; i--) {
        rd_trained_become(trained, &measured->model[i]);
        good = rd_compare_texts(trained, options, data, &measured->comparison[i], error);
    }
    return good;
}

/* Reads and encodes the data. */
static bool read_examples(RdTrained *trained, const RdOptions *options, RdExamples *examples,
                          Measured *measured, RdError *error) {
    RdData data;
    bool read =
        rd_data_read(options->data, trained->model, how_to_read(trained, options), &data, error);
    if (read) rd_note_data(trained->model, &data);
    if (read && options->ngram)
        read = measure_baseline(trained, options, &data, &measured->baseline, error);
    if (read && rd_compares(trained->model))
        read = compare(trained, options, &data, measured, error);
    if (read) rd_encode(trained->model, &data, trained->saved.vocab, examples);
    if (read) rd_examples_cut(examples, trained->model, options->batch);
    rd_data_free(&data);
    return read;
}

static bool measure(RdTrained *trained, RdPlan *plan, RdEvaluation *evaluation, RdError *error) {
    if (!rd_trained_fit(trained, rd_plan_sizes(plan, trained->saved.vocab), error)) return false;
    if (!rd_evaluation_init(evaluation, trained->model, trained->saved.vocab, plan->examples))
        return rd_fail(error, "not enough memory to evaluate");
    rd_evaluate(evaluation, &trained->session, plan);
    return true;
}

static bool measure_all(RdTrained *trained, RdPlan *plan, Measured *measured, RdError *error) {
    bool good = true;
    for (int i = measured->count - 1; good && i >= 0; i--) {
        RdEvaluation *evaluation = &measured->evaluation[i];
        rd_trained_become(trained, &measured->model[i]);
        good = measure(trained, plan, evaluation, error);
        evaluation->comparison = measured->comparison[i];
        if (i == 0) evaluation->baseline = measured->baseline;
    }
    if (measured->count == 2) measured->evaluation[0].full = &measured->evaluation[1];
    return good;
}

static bool measure_examples(RdTrained *trained, const RdOptions *options, RdExamples *examples,
                             Measured *measured, RdError *error) {
    RdPlan plan;
    rd_plan_new(examples, options->batch, &plan);
    bool good = measure_all(trained, &plan, measured, error);
    if (good)
        (options->json ? rd_report_json : rd_report_text)(stdout, &measured->model[0],
                                                          trained->saved.vocab,
                                                          measured->evaluation, examples->count);
    for (int i = 0; i < measured->count; i++) rd_evaluation_free(&measured->evaluation[i]);
    rd_plan_free(&plan);
    rd_examples_free(examples);
    return good;
}

static bool evaluate(RdTrained *trained, const RdOptions *options, RdError *error) {
    const RdModel *model = trained->model;
    RdExamples examples;
    Measured measured = {.model = {*model, *model}, .count = model->precision ? 2 : 1};
    measured.model[1].precision = RD_FULL;
    bool good = read_examples(trained, options, &examples, &measured, error) &&
                measure_examples(trained, options, &examples, &measured, error);
    rd_trained_become(trained, model);
    return good;
}

int rd_cmd_eval(const RdProgram *program, const RdOptions *options) {
    RdError error;
    RdTrained trained;
    bool done =
        rd_trained_load(&trained, program->model, options->model, options->threads, &error) &&
        evaluate(&trained, options, &error);
    rd_trained_close(&trained);
    return done ? RD_EXIT_OK : rd_report(&error);
}
