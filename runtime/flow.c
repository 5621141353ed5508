#include "flow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum { WIDTH = 640, HEIGHT = 400, LEFT = 64, RIGHT = 150, TOP = 24, BOTTOM = 44 };

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), n = strlen(end);
    return length > n && strcmp(text + length - n, end) == 0;
}

static int most_steps(const RdExamples *examples) {
    int steps = 1;
    for (int n = 0; n < examples->sequence_count; n++)
        if (examples->sequence[n].longest > steps) steps = examples->sequence[n].longest;
    return steps;
}

bool rd_flow_open(RdFlowRecord *record, const RdModel *model, const RdExamples *examples,
                  const char *path, RdError *error) {
    *record = (RdFlowRecord){.model = model, .path = path, .svg = ends_with(path, ".svg")};
    if (!record->svg && !ends_with(path, ".csv"))
        return rd_fail(error, "--gradient-flow %s: the name must end with .csv or .svg", path);
    if (!model->flow_count)
        return rd_fail(error,
                       "--gradient-flow %s: this program does not tell the gradients of states; "
                       "build a model with a scan by 'rondo build --gradient-flow'",
                       path);
    record->steps = most_steps(examples);
    size_t count = (size_t)model->flow_count * (size_t)record->steps;
    record->sum = rd_zeros(count, sizeof(double));
    record->first = rd_zeros(count, sizeof(double));
    record->last = rd_zeros(count, sizeof(double));
    record->count = rd_zeros(count, sizeof(long));
    record->file = fopen(path, "we");
    if (!record->file) return rd_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    if (!record->svg) fputs("epoch,state,step,sequences,norm\n", record->file);
    return true;
}

static double real_at(const RdModel *model, const void *reals, int i) {
    return model->real_size == sizeof(double) ? ((const double *)reals)[i]
                                              : (double)((const float *)reals)[i];
}

void rd_flow_add(RdFlowRecord *record, const RdRun *run, double weight) {
    if (!record->file) return;
    for (int f = 0; f < record->model->flow_count; f++) {
        const RdPacking *packing = &run->batch->packing[record->model->flows[f].per_step - 1];
        for (int row = 0; row < packing->rows; row++) {
            size_t at = (size_t)f * (size_t)record->steps + (size_t)packing->step[row];
            record->sum[at] += weight * real_at(record->model, run->flow[f], row);
            record->count[at]++;
        }
    }
}

void rd_flow_epoch(RdFlowRecord *record, int epoch) {
    if (!record->file) return;
    for (int f = 0; f < record->model->flow_count; f++)
        for (int t = 0; t < record->steps; t++) {
            size_t at = (size_t)f * (size_t)record->steps + (size_t)t;
            long count = record->count[at];
            double mean = count ? record->sum[at] / (double)count : 0;
            if (count && !record->svg)
                fprintf(record->file, "%d,%s,%d,%ld,%.9g\n", epoch, record->model->flows[f].name,
                        t + 1, count, mean);
            record->last[at] = mean;
            if (!record->epochs) record->first[at] = mean;
            record->sum[at] = 0;
            record->count[at] = 0;
        }
    record->epochs++;
}

/* ---- the drawing ---- */

/* The powers of ten between which all norms lie. */
static void find_decades(const RdFlowRecord *record, int *low, int *high) {
    double least = HUGE_VAL, most = 0;
    for (int i = 0; i < record->model->flow_count * record->steps; i++)
        for (int k = 0; k < 2; k++) {
            double norm = k ? record->last[i] : record->first[i];
            if (norm > 0 && norm < least) least = norm;
            if (norm > most) most = norm;
        }
    *low = most > 0 ? (int)floor(log10(least)) : -1;
    *high = most > 0 ? (int)ceil(log10(most)) : 0;
    if (*low < *high - 20) *low = *high - 20;
    if (*low >= *high) *low = *high - 1;
}

static double place_of_step(const RdFlowRecord *record, int t) {
    double part = record->steps > 1 ? (double)t / (record->steps - 1) : 0.5;
    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static double place_of_power(double power, int low, int high) {
    return TOP + (high - power) / (high - low) * (HEIGHT - TOP - BOTTOM);
}

static void draw_axes(const RdFlowRecord *record, int low, int high) {
    FILE *file = record->file;
    int each = (high - low + 9) / 10;
    for (int power = low; power <= high; power += each) {
        double y = place_of_power(power, low, high);
        fprintf(file, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n", LEFT, y, WIDTH - RIGHT);
        fprintf(file, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">1e%d</text>\n", LEFT - 6,
                y + 4, power);
    }
    fprintf(file, "<text x=\"%d\" y=\"%d\">1</text>\n", LEFT, HEIGHT - BOTTOM + 18);
    fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d</text>\n", WIDTH - RIGHT,
            HEIGHT - BOTTOM + 18, record->steps);
    fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">step t</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8);
    fprintf(file, "<text x=\"%d\" y=\"%d\">norm of the gradient of h_t, mean of an epoch</text>\n",
            LEFT, TOP - 8);
}

static void draw_line(const RdFlowRecord *record, const double *norm, int low, int high,
                      const char *style) {
    const char *verb = "M";
    fputs("<path fill=\"none\" d=\"", record->file);
    for (int t = 0; t < record->steps; t++) {
        if (!(norm[t] > 0)) continue;
        double power = log10(norm[t]);
        if (power < low) power = low;
        fprintf(record->file, "%s%.1f %.1f", verb, place_of_step(record, t),
                place_of_power(power, low, high));
        verb = "L";
    }
    fprintf(record->file, "\" %s/>\n", style);
}

static void draw(const RdFlowRecord *record) {
    static const char *const colours[] = {"#1f77b4", "#d62728", "#2ca02c",
                                          "#9467bd", "#ff7f0e", "#17becf"};
    int low, high;
    find_decades(record, &low, &high);
    fprintf(record->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, HEIGHT);
    draw_axes(record, low, high);
    for (int f = 0; f < record->model->flow_count; f++) {
        char style[64];
        const char *colour = colours[f % 6];
        size_t at = (size_t)f * (size_t)record->steps;
        snprintf(style, sizeof style, "stroke=\"%s\" stroke-dasharray=\"4 3\"", colour);
        draw_line(record, record->first + at, low, high, style);
        snprintf(style, sizeof style, "stroke=\"%s\" stroke-width=\"2\"", colour);
        draw_line(record, record->last + at, low, high, style);
        fprintf(record->file, "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", WIDTH - RIGHT + 8,
                TOP + 14 + 16 * f, colour, record->model->flows[f].name);
    }
    fprintf(record->file, "<text x=\"%d\" y=\"%d\">dashed: epoch 1</text>\n</svg>\n",
            WIDTH - RIGHT + 8, TOP + 14 + 16 * record->model->flow_count);
}

bool rd_flow_close(RdFlowRecord *record, RdError *error) {
    bool good = true;
    if (record->file && record->svg) draw(record);
    if (record->file) good = !ferror(record->file);
    if (record->file && fclose(record->file)) good = false;
    if (!good) rd_fail(error, "%s: cannot be written: %s", record->path, strerror(errno));
    free(record->sum);
    free(record->first);
    free(record->last);
    free(record->count);
    *record = (RdFlowRecord){0};
    return good;
}
