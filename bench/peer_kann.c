// A character language model in KANN: peer_native.py runs it.
//
//     peer_kann FILE REPEAT THREADS
//
// FILE (peer_native.h) has the characters that are read and those that follow, [T, B], the logits
// that PyTorch finds for them, [T, B, V], loss, and norm of all gradients; then the number of
// layers, the embedding [E, V], for each layer the weights and biases of the gates [i, f, g, o][H,
// I], [i, f, g, o][H, H] and [i, f, g, o][H], and the output's [V, H] and [V]. KANN must find the
// same. Prints a line of JSON.
//
// A character is a vector with a one, as KANN reads them, so the embedding is a product. Adam is
// our own: KANN has none. Its products are those of OpenBLAS; with threads it parts the batch.

#include <string.h>

#include "kann.h"
#include "peer_native.h"

enum { STARTS = 7 };  // the label of the zeros that recurrences start from

typedef struct {
    kann_t *network;
    float *means, *squares;
    int steps;
} Training;

// ---- the network, of one step ----

// The leaves in the order of the file, to be filled when the network exists.
static kad_node_t *leaves[64];
static int leaf_count;

static kad_node_t *leaf(kad_node_t *node) { return leaves[leaf_count++] = node; }

static kad_node_t *start(int size) {
    kad_node_t *zeros = kad_feed(2, 1, size);
    zeros->ext_label = STARTS;
    return zeros;
}

// i, f, o = sigmoid(W x + U h + b), g = tanh(…), c' = f c + i g, h' = o tanh(c')
static kad_node_t *lstm(kad_node_t *x, int inputs, int size) {
    kad_node_t *h = start(size), *c = start(size), *gates[4];
    for (int k = 0; k < 4; k++) {
        kad_node_t *w = leaf(kann_new_weight(size, inputs)), *u = leaf(kann_new_weight(size, size));
        gates[k] = kad_add(kad_add(kad_cmul(x, w), kad_cmul(h, u)), leaf(kann_new_bias(size)));
        gates[k] = k == 2 ? kad_tanh(gates[k]) : kad_sigm(gates[k]);
    }
    kad_node_t *new_c = kad_add(kad_mul(gates[1], c), kad_mul(gates[0], gates[2]));
    kad_node_t *new_h = kad_mul(gates[3], kad_tanh(new_c));
    new_c->pre = c;
    new_h->pre = h;
    return new_h;
}

static kann_t *network(int characters, int width, int size, int layers) {
    kad_node_t *x = kann_layer_input(characters);
    x = kad_cmul(x, leaf(kann_new_weight(width, characters)));
    for (int i = 0; i < layers; i++) {
        x = lstm(x, i ? size : width, size);
    }
    x = kad_cmul(x, leaf(kann_new_weight(characters, size)));
    x = kad_add(x, leaf(kann_new_bias(characters)));
    x->ext_flag |= KANN_F_OUT;
    kad_node_t *truth = kad_feed(2, 1, characters);
    truth->ext_flag |= KANN_F_TRUTH;
    return kann_new(kad_ce_multi(kad_softmax(x), truth), 0);
}

// ---- what is measured ----

static void adam(Training *state) {
    const float rate = 0.001f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
    float *restrict x = state->network->x, *restrict m = state->means, *restrict v = state->squares;
    const float *restrict g = state->network->g;
    int count = kann_size_var(state->network), t = ++state->steps;
    float size = rate / (1 - powf(beta1, t)), spread = 1 / sqrtf(1 - powf(beta2, t));
    for (int i = 0; i < count; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        x[i] -= size * m[i] / (sqrtf(v[i]) * spread + epsilon);
    }
}

static void train(void *on) {
    Training *state = on;
    kann_cost(state->network, 0, 1);
    kann_grad_clip(5, kann_size_var(state->network), state->network->g);
    adam(state);
}

static void predict(void *on) { kann_eval_out(((Training *)on)->network); }

// ---- beside PyTorch ----

static float **one_hot(Array characters, int size) {
    int steps = characters.dims[0], batch = characters.dims[1];
    float **vectors = malloc(steps * sizeof(float *));
    for (int t = 0; t < steps; t++) {
        vectors[t] = calloc((size_t)batch * size, sizeof(float));
        for (int b = 0; b < batch; b++) {
            vectors[t][b * size + (int)characters.data[t * batch + b]] = 1;
        }
    }
    return vectors;
}

static float logits_apart(kann_t *network, Array logits) {
    size_t step = (size_t)logits.dims[1] * logits.dims[2];
    float most = 0;
    for (int i = 0, t = 0; i < network->n; i++) {
        if (network->v[i]->ext_flag & KANN_F_OUT) {
            most =
                fmaxf(most, largest_difference(network->v[i]->x, logits.data + t++ * step, step));
        }
    }
    return most;
}

// PyTorch has two biases with the same gradient for each gate.
static double norm(kann_t *network) {
    double sum = squares(network->g, kann_size_var(network));
    for (int i = 0; i < leaf_count - 1; i++) {
        sum += leaves[i]->n_d == 1 ? squares(leaves[i]->g, kad_len(leaves[i])) : 0;
    }
    return sqrt(sum);
}

int main(int argc, char **argv) {
    FILE *file = argc == 4 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: peer_kann FILE REPEAT THREADS\n");
        return 2;
    }
    flush_denormals();
    int repeat = atoi(argv[2]), threads = atoi(argv[3]);
    Array read = read_array(file), next = read_array(file), logits = read_array(file);
    Array loss = read_array(file), expected_norm = read_array(file), sizes = read_array(file);
    int steps = logits.dims[0], batch = logits.dims[1], characters = logits.dims[2];
    int width = sizes.data[0], size = sizes.data[1], layers = sizes.data[2];

    kann_t *step = network(characters, width, size, layers);
    for (int i = 0; i < leaf_count; i++) {
        Array given = read_array(file);
        memcpy(leaves[i]->x, given.data, kad_len(leaves[i]) * sizeof(float));
    }
    kann_t *text = kann_unroll(step, steps);
    kann_set_batch_size(text, batch);
    float *zeros[16];
    for (int i = 0; i < 2 * layers; i++) {
        zeros[i] = calloc((size_t)batch * size, sizeof(float));
    }
    kann_feed_bind(text, KANN_F_IN, 0, one_hot(read, characters));
    kann_feed_bind(text, KANN_F_TRUTH, 0, one_hot(next, characters));
    kann_feed_bind(text, 0, STARTS, zeros);
    kann_mt(text, threads, batch);

    int count = kann_size_var(step);
    Training state = {text, calloc(count, sizeof(float)), calloc(count, sizeof(float)), 0};
    double loss_apart = fabs(kann_cost(text, 0, 1) / loss.data[0] - 1);
    double gradient_apart = fabs(norm(text) / expected_norm.data[0] - 1);
    predict(&state);
    double apart = logits_apart(text, logits);
    must_be_close("KANN's logits", apart, 1e-4);
    must_be_close("KANN's loss", loss_apart, 5e-6);
    must_be_close("KANN's gradient", gradient_apart, 1e-4);
    double predicts = median_seconds(predict, &state, repeat);
    double trains = median_seconds(train, &state, repeat);
    printf(
        "{\"version\": \"%s\", \"apart\": {\"logits\": %g, \"loss\": %g, \"gradient\": %g}, "
        "\"predict_seconds\": %.9f, \"train_seconds\": %.9f}\n",
        KANN_VERSION, apart, loss_apart, gradient_apart, predicts, trains);
}
