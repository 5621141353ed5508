#include "program.h"
#include "report.h"
#include "trained.h"

/* Reads and encodes the data. */
static bool read_examples(const RdTrained *trained, const RdOptions *options, RdExamples *examples,
                          RdError *error) {
    RdData data;
    RdReadOptions how = {
        .need_targets = true, .skip_bad = options->skip_bad, .learned = trained->saved.vocab};
    bool read = rd_data_read(options->data, trained->model, how, &data, error);
    if (read) {
        rd_note_data(trained->model, &data);
        rd_encode(trained->model, &data, trained->saved.vocab, examples);
    }
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

static bool evaluate(RdTrained *trained, const RdOptions *options, RdError *error) {
    RdExamples examples;
    RdPlan plan;
    RdEvaluation evaluation = {0};
    if (!read_examples(trained, options, &examples, error)) return false;
    rd_plan_new(&examples, options->batch, &plan);
    bool measured = measure(trained, &plan, &evaluation, error);
    if (measured)
        (options->json ? rd_report_json : rd_report_text)(
            stdout, trained->model, trained->saved.vocab, &evaluation, examples.count);
    rd_evaluation_free(&evaluation);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
    return measured;
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
