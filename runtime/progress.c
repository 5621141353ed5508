#include "progress.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "units.h"

enum { STEPS_A_LINE = 100 };
static const double REDRAW_INTERVAL = 0.1;

/* ---- opening and closing ---- */

bool rd_progress_open(RdProgress *progress, RdProgressOptions options, RdError *error) {
    *progress = (RdProgress){.log_path = options.log_path,
                             .text = !options.quiet && !options.json,
                             .json = options.json && !options.quiet,
                             .terminal = isatty(STDOUT_FILENO)};
    if (!options.log_path) return true;
    progress->log = fopen(options.log_path, options.append ? "ae" : "we");
    if (progress->log) return true;
    return rd_fail(error, "%s: cannot be written: %s", options.log_path, strerror(errno));
}

bool rd_progress_close(RdProgress *progress, RdError *error) {
    if (!progress->log) return true;
    bool bad = ferror(progress->log);
    bad |= fclose(progress->log) != 0;
    progress->log = NULL;
    return bad ? rd_fail(error, "%s: not all of the log could be written: %s", progress->log_path,
                         strerror(errno))
               : true;
}

/* ---- numbers ---- */

static size_t vocabulary(const RdTrainer *trainer) {
    size_t words = 0;
    for (int c = 0; c < trainer->model->column_count; c++) words += (size_t)trainer->vocab[c].size;
    return words;
}

static void json_number(FILE *out, const char *name, double value) {
    if (isfinite(value))
        fprintf(out, ",\"%s\":%.9g", name, value);
    else
        fprintf(out, ",\"%s\":null", name);
}

static double per_second(long count, double seconds) {
    return seconds > 0 ? (double)count / seconds : 0;
}

/* Seconds until the last epoch is over, if all goes on as it did. */
static double time_left(const RdProgress *progress, const RdTrainer *trainer) {
    long an_epoch = (long)rd_examples_tokens(trainer->model, trainer->examples);
    long left =
        an_epoch * (trainer->training.epochs - trainer->state.epoch) - progress->epoch_tokens;
    return progress->tokens ? (rd_now() - progress->start) * (double)left / (double)progress->tokens
                            : 0;
}

/* ---- the start ---- */

static void start_event(FILE *out, const RdTrainer *trainer, const RdMemory *memory) {
    fprintf(out,
            "{\"event\":\"start\",\"model\":\"%s\",\"examples\":%d,\"valid_examples\":%d,"
            "\"vocabulary\":%zu,\"parameters\":%zu,\"bytes\":%zu,\"epochs\":%d,\"batch\":%d,"
            "\"rate\":%.9g,\"seed\":%llu,\"threads\":%d,\"epoch\":%d,\"step\":%ld}\n",
            trainer->model->name, trainer->examples->count,
            trainer->valid ? trainer->valid->count : 0, vocabulary(trainer), memory->numbers,
            rd_memory_total(memory), trainer->training.epochs, trainer->training.batch,
            trainer->training.rate, (unsigned long long)trainer->seed,
            rd_pool_threads(trainer->pool), trainer->state.epoch, trainer->state.step);
    fflush(out);
}

static void start_line(const RdTrainer *trainer, const RdMemory *memory) {
    char examples[RD_UNIT_TEXT], words[RD_UNIT_TEXT], numbers[RD_UNIT_TEXT], bytes[RD_UNIT_TEXT];
    printf("%s examples, ", rd_count_text(examples, (size_t)trainer->examples->count));
    if (vocabulary(trainer)) printf("vocabulary %s, ", rd_count_text(words, vocabulary(trainer)));
    printf("%s parameters, %s of memory, %d thread%s\n", rd_count_text(numbers, memory->numbers),
           rd_bytes_text(bytes, rd_memory_total(memory)), rd_pool_threads(trainer->pool),
           rd_pool_threads(trainer->pool) == 1 ? "" : "s");
    if (trainer->state.step)
        printf("resuming after step %ld, in epoch %d of %d\n", trainer->state.step,
               trainer->state.epoch + 1, trainer->training.epochs);
    fflush(stdout);
}

void rd_progress_start(RdProgress *progress, const RdTrainer *trainer) {
    RdMemory memory = rd_session_memory(trainer->model, &trainer->session.run.sizes, true);
    if (!trainer->best) memory.best = 0;
    if (progress->log) start_event(progress->log, trainer, &memory);
    if (progress->json) start_event(stdout, trainer, &memory);
    if (progress->text) start_line(trainer, &memory);
    progress->start = progress->epoch_start = rd_now();
}

/* ---- steps ---- */

static void redraw(RdProgress *progress, const RdTrainer *trainer) {
    double now = rd_now();
    if (now - progress->last_drawn < REDRAW_INTERVAL) return;
    progress->last_drawn = now;
    const RdTrainState *state = &trainer->state;
    char speed[RD_UNIT_TEXT], left[RD_UNIT_TEXT];
    rd_count_text(speed, (size_t)per_second(progress->tokens, now - progress->start));
    printf("\r\033[Kepoch %d/%d  step %d/%d  loss %.3f  %s tokens/s  %s left", state->epoch + 1,
           trainer->training.epochs, state->batch, trainer->plan.batch_count,
           rd_mean_loss(state->loss_sum, state->weight), speed,
           rd_time_text(left, time_left(progress, trainer)));
    fflush(stdout);
}

static void on_step(void *context, const RdTrainer *trainer, double loss, int tokens) {
    RdProgress *progress = context;
    progress->tokens += tokens;
    progress->epoch_tokens += tokens;
    if (progress->text && progress->terminal) redraw(progress, trainer);
    if (!progress->log) return;
    progress->loss_sum += loss;
    progress->steps++;
    if (trainer->state.step % STEPS_A_LINE) return;
    fprintf(progress->log, "{\"event\":\"step\",\"epoch\":%d,\"step\":%ld",
            trainer->state.epoch + 1, trainer->state.step);
    json_number(progress->log, "loss", progress->loss_sum / progress->steps);
    fputs("}\n", progress->log);
    fflush(progress->log);
    progress->loss_sum = 0;
    progress->steps = 0;
}

/* ---- epochs ---- */

static void epoch_event(FILE *out, const RdTrainer *trainer, const RdEpoch *epoch, bool best,
                        double seconds, double speed) {
    fprintf(out, "{\"event\":\"epoch\",\"epoch\":%d,\"step\":%ld", epoch->epoch,
            trainer->state.step);
    json_number(out, "rate", trainer->rate);
    json_number(out, "loss", epoch->loss);
    if (trainer->valid) {
        json_number(out, "valid_loss", epoch->valid_loss);
        for (int i = 0; i < trainer->model->metric_count && i < RD_MAX_METRICS; i++)
            if (!isnan(epoch->metric[i]))
                json_number(out, trainer->model->metrics[i], epoch->metric[i]);
        fprintf(out, ",\"best\":%s", best ? "true" : "false");
    }
    fprintf(out, ",\"seconds\":%.3f,\"tokens_per_second\":%.0f}\n", seconds, speed);
    fflush(out);
}

static void epoch_line(const RdProgress *progress, const RdTrainer *trainer, const RdEpoch *epoch,
                       bool best, double seconds, double speed) {
    char tokens[RD_UNIT_TEXT], took[RD_UNIT_TEXT];
    if (progress->terminal) fputs("\r\033[K", stdout);
    printf("epoch %d/%d  loss %.3f", epoch->epoch, trainer->training.epochs, epoch->loss);
    if (trainer->valid) printf("  valid loss %.3f", epoch->valid_loss);
    for (int i = 0; i < trainer->model->metric_count && i < RD_MAX_METRICS; i++)
        if (!isnan(epoch->metric[i]))
            printf("  %s %.3f", trainer->model->metrics[i], epoch->metric[i]);
    if (trainer->training.schedule_count) printf("  rate %.3g", trainer->rate);
    printf("  %s tokens/s  %s%s\n", rd_count_text(tokens, (size_t)speed),
           rd_time_text(took, seconds), best ? "  (best so far)" : "");
    fflush(stdout);
}

static void on_epoch(void *context, const RdTrainer *trainer, const RdEpoch *epoch, bool best) {
    RdProgress *progress = context;
    double now = rd_now(), seconds = now - progress->epoch_start;
    double speed = per_second(progress->epoch_tokens, seconds);
    if (progress->text) epoch_line(progress, trainer, epoch, best, seconds, speed);
    if (progress->log) epoch_event(progress->log, trainer, epoch, best, seconds, speed);
    if (progress->json) epoch_event(stdout, trainer, epoch, best, seconds, speed);
    progress->epoch_start = now;
    progress->epoch_tokens = 0;
}

RdObserver rd_progress_observer(RdProgress *progress) {
    return (RdObserver){.context = progress, .step = on_step, .epoch = on_epoch};
}

/* ---- the end ---- */

static void end_event(FILE *out, const RdTrainer *trainer, RdOutcome outcome, double seconds) {
    const RdTrainState *state = &trainer->state;
    fprintf(out, "{\"event\":\"end\",\"outcome\":\"%s\",\"epoch\":%d,\"step\":%ld",
            outcome == RD_INTERRUPTED   ? "interrupted"
            : rd_stopped_early(trainer) ? "stopped early"
                                        : "trained",
            state->epoch, state->step);
    if (state->best_epoch) fprintf(out, ",\"best_epoch\":%d", state->best_epoch);
    fprintf(out, ",\"seconds\":%.3f}\n", seconds);
    fflush(out);
}

static void end_line(const RdProgress *progress, const RdTrainer *trainer, double seconds) {
    const RdTrainState *state = &trainer->state;
    char took[RD_UNIT_TEXT];
    if (progress->terminal) fputs("\r\033[K", stdout);
    if (state->best_epoch) {
        const RdEpoch *best = &trainer->history[state->best_epoch - 1];
        printf("%s: best epoch %d, valid loss %.3f", trainer->path, best->epoch, best->valid_loss);
        for (int i = 0; i < trainer->model->metric_count && i < RD_MAX_METRICS; i++)
            if (!isnan(best->metric[i]))
                printf(", %s %.3f", trainer->model->metrics[i], best->metric[i]);
    } else {
        printf("%s: %d epoch%s, %ld steps", trainer->path, state->epoch,
               state->epoch == 1 ? "" : "s", state->step);
    }
    printf("; %s%s\n", rd_time_text(took, seconds),
           rd_stopped_early(trainer) ? "; stopped early" : "");
    fflush(stdout);
}

void rd_progress_end(RdProgress *progress, const RdTrainer *trainer, RdOutcome outcome) {
    double seconds = rd_now() - progress->start;
    if (outcome == RD_TRAIN_FAILED) {
        if (progress->text && progress->terminal) puts("");
        return;
    }
    if (progress->log) end_event(progress->log, trainer, outcome, seconds);
    if (progress->json) end_event(stdout, trainer, outcome, seconds);
    if (progress->text) end_line(progress, trainer, seconds);
}
