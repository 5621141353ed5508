// The recurrent part of a workload by oneDNN's LSTM primitive: forward, and backward to the
// gradients of weights and inputs. Without embedding, output layer, clipping and optimizer.
//
//     peer_onednn FILE REPEAT
//
// FILE (peer_native.h) has the inputs [T, B, I], what PyTorch finds for them, [T, B, directions ×
// H], the gradient of that, and the norm of the weights' gradients; then for each layer its weights
// [1, directions, I, 4, H], [1, directions, H, 4, H] and biases [1, directions, 4, H]. oneDNN must
// find the same. Prints a line of JSON. OMP_NUM_THREADS says how many threads.
//
// States start from zeros that are given: without them, oneDNN 2.6.3 finds another gradient of the
// recurrent weights where there is one direction.
//
// Weights have the format that oneDNN wants, for each of both passes; bringing them there, which
// after a step of an optimizer would have to be done again, is not counted. Written for oneDNN 2.6.

#include <string.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "peer_native.h"

using namespace dnnl;
using Desc = memory::desc;
using Tag = memory::format_tag;

static engine cpu(engine::kind::cpu, 0);
static stream queue(cpu);

static Desc of(memory::dims dims, Tag tag) { return Desc(dims, memory::data_type::f32, tag); }

static memory::dims dims_of(const Array &array, int count) {
    return memory::dims(array.dims, array.dims + count);
}

static float *numbers(memory &values) { return (float *)values.get_data_handle(); }

static memory zeros(const Desc &desc) {
    memory values(desc, cpu);
    memset(values.get_data_handle(), 0, desc.get_size());
    return values;
}

static memory reordered(memory from, const Desc &to) {
    memory result(to, cpu);
    reorder(from, result).execute(queue, from, result);
    queue.wait();
    return result;
}

struct Layer {
    lstm_forward train, predict;
    lstm_backward backward;
    std::unordered_map<int, memory> train_with, predict_with, backward_with;
    std::vector<memory> gradients;  // of weights, which oneDNN adds to
    memory result;

    Layer(memory inputs, memory d_result, const Array &w, const Array &u, const Array &b) {
        auto direction = w.dims[1] == 2 ? rnn_direction::bidirectional_concat
                                        : rnn_direction::unidirectional_left2right;
        auto x = inputs.get_desc(), h = d_result.get_desc(), none = Desc();
        auto w_any = of(dims_of(w, 5), Tag::any), u_any = of(dims_of(u, 5), Tag::any);
        auto bias = of(dims_of(b, 4), Tag::ldgo);
        auto start = of({1, w.dims[1], x.dims()[1], u.dims[2]}, Tag::ldnc);
        auto forward = [&](prop_kind kind) {
            return lstm_forward::primitive_desc(
                {kind, direction, x, start, start, w_any, u_any, bias, h, none, none}, cpu);
        };
        auto trains = forward(prop_kind::forward_training);
        auto predicts = forward(prop_kind::forward_inference);
        lstm_backward::desc backwards(prop_kind::backward, direction, x, start, start, w_any, u_any,
                                      bias, h, none, none, x, start, start, w_any, u_any, bias, h,
                                      none, none);
        lstm_backward::primitive_desc back(backwards, cpu, trains);
        memory w_plain(of(dims_of(w, 5), Tag::ldigo), cpu, w.data);
        memory u_plain(of(dims_of(u, 5), Tag::ldigo), cpu, u.data);
        memory biases(bias, cpu, b.data);
        result = zeros(h);
        for (auto &desc : {back.diff_weights_layer_desc(), back.diff_weights_iter_desc(), bias}) {
            gradients.push_back(zeros(desc));
        }
        train_with = {{DNNL_ARG_SRC_LAYER, inputs},
                      {DNNL_ARG_SRC_ITER, zeros(start)},
                      {DNNL_ARG_SRC_ITER_C, zeros(start)},
                      {DNNL_ARG_WEIGHTS_LAYER, reordered(w_plain, trains.weights_layer_desc())},
                      {DNNL_ARG_WEIGHTS_ITER, reordered(u_plain, trains.weights_iter_desc())},
                      {DNNL_ARG_BIAS, biases},
                      {DNNL_ARG_DST_LAYER, result},
                      {DNNL_ARG_WORKSPACE, zeros(trains.workspace_desc())}};
        predict_with = train_with;
        predict_with.erase(DNNL_ARG_WORKSPACE);
        predict_with[DNNL_ARG_WEIGHTS_LAYER] = reordered(w_plain, predicts.weights_layer_desc());
        predict_with[DNNL_ARG_WEIGHTS_ITER] = reordered(u_plain, predicts.weights_iter_desc());
        backward_with = train_with;
        backward_with[DNNL_ARG_WEIGHTS_LAYER] = reordered(w_plain, back.weights_layer_desc());
        backward_with[DNNL_ARG_WEIGHTS_ITER] = reordered(u_plain, back.weights_iter_desc());
        backward_with.insert({{DNNL_ARG_DIFF_SRC_LAYER, zeros(x)},
                              {DNNL_ARG_DIFF_SRC_ITER, zeros(start)},
                              {DNNL_ARG_DIFF_SRC_ITER_C, zeros(start)},
                              {DNNL_ARG_DIFF_DST_LAYER, d_result},
                              {DNNL_ARG_DIFF_WEIGHTS_LAYER, gradients[0]},
                              {DNNL_ARG_DIFF_WEIGHTS_ITER, gradients[1]},
                              {DNNL_ARG_DIFF_BIAS, gradients[2]}});
        train = lstm_forward(trains);
        predict = lstm_forward(predicts);
        backward = lstm_backward(back);
    }

    // As PyTorch counts them: it has two biases with the same gradient.
    double squared_gradients(const Array &w, const Array &u) {
        memory w_plain = reordered(gradients[0], of(dims_of(w, 5), Tag::ldigo));
        memory u_plain = reordered(gradients[1], of(dims_of(u, 5), Tag::ldigo));
        size_t biases = gradients[2].get_desc().get_size() / sizeof(float);
        return squares(numbers(w_plain), w.size) + squares(numbers(u_plain), u.size) +
               2 * squares(numbers(gradients[2]), biases);
    }
};

static void predict(void *on) {
    for (Layer &layer : *(std::vector<Layer> *)on) {
        layer.predict.execute(queue, layer.predict_with);
    }
    queue.wait();
}

static void train(void *on) {
    auto &layers = *(std::vector<Layer> *)on;
    for (Layer &layer : layers) {
        layer.train.execute(queue, layer.train_with);
    }
    for (size_t i = layers.size(); i-- > 0;) {
        for (memory &gradient : layers[i].gradients) {
            memset(gradient.get_data_handle(), 0, gradient.get_desc().get_size());
        }
        layers[i].backward.execute(queue, layers[i].backward_with);
    }
    queue.wait();
}

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: peer_onednn FILE REPEAT\n");
        return 2;
    }
#pragma omp parallel
    flush_denormals();
    Array x = read_array(file), states = read_array(file), d_states = read_array(file);
    Array norm = read_array(file), layer_count = read_array(file);
    int count = (int)layer_count.data[0], repeat = atoi(argv[2]);
    std::vector<Array> weights;
    for (int i = 0; i < 3 * count; i++) {
        weights.push_back(read_array(file));
    }
    // Each layer writes the gradient of its inputs where the one below reads that of its result.
    std::vector<Layer> layers;
    memory inputs(of(dims_of(x, 3), Tag::tnc), cpu, x.data);
    memory last(of(dims_of(states, 3), Tag::tnc), cpu, d_states.data);
    for (int i = 0; i < count; i++) {
        Array *own = &weights[3 * i];
        memory d_result = i == count - 1 ? last : zeros(last.get_desc());
        layers.emplace_back(inputs, d_result, own[0], own[1], own[2]);
        inputs = layers[i].result;
        if (i > 0) {
            layers[i].backward_with[DNNL_ARG_DIFF_SRC_LAYER] =
                layers[i - 1].backward_with[DNNL_ARG_DIFF_DST_LAYER];
        }
    }

    train(&layers);
    double apart = largest_difference(numbers(layers.back().result), states.data, states.size);
    double squared = 0;
    for (int i = 0; i < count; i++) {
        squared += layers[i].squared_gradients(weights[3 * i], weights[3 * i + 1]);
    }
    double gradient = fabs(sqrt(squared) / norm.data[0] - 1);
    must_be_close("oneDNN's result", apart, 1e-4);
    must_be_close("oneDNN's gradient", gradient, 1e-4);
    predict(&layers);
    must_be_close("oneDNN's prediction",
                  largest_difference(numbers(layers.back().result), states.data, states.size),
                  1e-4);
    double predicts = median_seconds(predict, &layers, repeat);
    double trains = median_seconds(train, &layers, repeat);
    const dnnl_version_t *version = dnnl_version();
    printf(
        "{\"version\": \"%d.%d.%d\", \"apart\": {\"states\": %g, \"gradient\": %g}, "
        "\"predict_seconds\": %.9f, \"train_seconds\": %.9f}\n",
        version->major, version->minor, version->patch, apart, gradient, predicts, trains);
}
