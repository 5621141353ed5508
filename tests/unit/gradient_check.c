#include "gradient_check.h"

#include <math.h>

#include "graph/grad.h"

int loss_of(const Graph *graph) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_LOSS) return graph->outputs.at[i].node;
    return -1;
}

double loss_value(const Graph *graph, const EvalInput *in) {
    Arena *arena = arena_new();
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, in, results);
    const Tensor *loss = &results[loss_of(graph)];
    double sum = 0;
    for (long i = 0; i < tensor_size(loss); i++) sum += loss->at[i];
    arena_free(arena);
    return sum;
}

/* (f(x + h) - f(x - h)) / 2h, without the error of order h² */
static double difference(const Graph *forward, const EvalInput *in, double *x) {
    double old = *x, h = 1e-4, slope[2];
    for (int i = 0; i < 2; i++, h /= 2) {
        *x = old + h;
        double up = loss_value(forward, in);
        *x = old - h;
        double down = loss_value(forward, in);
        *x = old;
        slope[i] = (up - down) / (2 * h);
    }
    return (4 * slope[1] - slope[0]) / 3;
}

static double param_error(const Graph *forward, const EvalInput *in, int param,
                          const Tensor *gradient, int samples) {
    long size = tensor_size(gradient), stride = (size + samples - 1) / samples;
    double worst = 0;
    for (long k = 0; k < size; k += stride) {
        double slope = difference(forward, in, &in->params[param].at[k]);
        double scale = fmax(fmax(fabs(slope), fabs(gradient->at[k])), 1e-2);
        double error = fabs(slope - gradient->at[k]) / scale;
        if (!(error <= worst)) worst = error;
    }
    return worst;
}

/* The same graph without what is appended to the original from now on. */
static Graph *snapshot(const Graph *graph) {
    Graph *copy = graph_like(graph);
    copy->nodes = graph->nodes;
    copy->outputs = graph->outputs;
    return copy;
}

double gradient_error(Graph *graph, const EvalInput *in, int samples, const char **worst) {
    Graph *forward = snapshot(graph);
    graph_differentiate(graph, loss_of(graph));
    Tensor *results = ARENA_ARRAY(graph->arena, Tensor, graph->nodes.len);
    graph_eval(graph->arena, graph, in, results);
    double most = 0;
    for (int i = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        if (output->role != ROLE_GRADIENT) continue;
        double error = param_error(forward, in, output->param, &results[output->node], samples);
        if (error <= most) continue;
        most = error;
        *worst = output->name;
    }
    return most;
}
