#include "samples.h"

#include <criterion/criterion.h>
#include <string.h>

/* sum works along the first axis; this one along the last. */
#define SUM_COLUMNS "layer sum_columns(x: [N]) -> [] { sum(x) }\n"

#define X "  x = embedding(text, 5)\n"
#define LINEAR "  logits = linear(hidden, label.size)\n"

/* The state goes through two products a step. */
#define TWO_STAGES                                        \
    "cell two_stages(x: [I], H) {\n"                      \
    "  state h: [H]\n"                                    \
    "  param w: [2*H, I], u: [H, H], v: [H, H], b: [H]\n" \
    "  xr, xn = split(w @ x, 2)\n"                        \
    "  r = sigmoid(xr + u @ h + b)\n"                     \
    "  h' = 0.5 * h + 0.5 * tanh(xn + v @ (r * h))\n"     \
    "}\n"

/* A row reduction between the product and the gates. */
#define NORMED_LSTM                                        \
    "cell normed_lstm(x: [I], H) {\n"                      \
    "  state h: [H], c: [H]\n"                             \
    "  param w: [4*H, I], u: [4*H, H]\n"                   \
    "  i, f, g, o = split(layer_norm(w @ x + u @ h), 4)\n" \
    "  c' = sigmoid(f) * c + sigmoid(i) * tanh(g)\n"       \
    "  h' = sigmoid(o) * tanh(layer_norm(c'))\n"           \
    "}\n"

#define SOFTMAX_CELL                        \
    "cell choosing(x: [I], H) {\n"          \
    "  state p: [H]\n"                      \
    "  param w: [H, I], u: [H, H]\n"        \
    "  p' = softmax(w @ x + 3 * (u @ p))\n" \
    "}\n"

#define COUPLED                                 \
    "cell coupled(x: [I], H, G) {\n"            \
    "  state a: [H], b: [G]\n"                  \
    "  param w: [H, I], u: [H, G], v: [G, H]\n" \
    "  a' = tanh(w @ x + u @ b)\n"              \
    "  b' = tanh(v @ a' + b)\n"                 \
    "}\n"

#define HIGHWAY                                      \
    "layer highway(x: [N]) -> [N] {\n"               \
    "  gate = sigmoid(linear(x, N))\n"               \
    "  gate * tanh(linear(x, N)) + (1 - gate) * x\n" \
    "}\n"                                            \
    "layer twice(x: [N]) -> [N] { highway(highway(x)) }\n"

/* One product with the input and the state side by side. */
#define CONCAT_RNN                           \
    "cell concat_rnn(x: [I], H) {\n"         \
    "  state h: [H]\n"                       \
    "  h' = relu(linear(concat(x, h), H))\n" \
    "}\n"

#define WITHIN                                        \
    "cell within(x: [I], H) {\n"                      \
    "  state s: [H]\n"                                \
    "  seen = tanh(linear(concat(x, s), H))\n"        \
    "  new = step gru(H) on concat(seen, x) from s\n" \
    "  s' = 0.5 * (s + new)\n"                        \
    "}\n"

#define SCALAR_STATE               \
    "cell counter(x: [I]) {\n"     \
    "  state n: []\n"              \
    "  param w: [I], u: []\n"      \
    "  n' = tanh(w @ x + u * n)\n" \
    "}\n"

#define MASKED                                             \
    "cell zoneout(x: [I], H) {\n"                          \
    "  state h: [H]\n"                                     \
    "  param w: [H, I], u: [H, H]\n"                       \
    "  new = tanh(w @ x + u @ (h * keep_mask(h, 0.25)))\n" \
    "  h' = h + 0.5 * (new - h) * keep_mask(h, 0.5)\n"     \
    "}\n"

#define GATED_BY_MAX                          \
    "cell peak(x: [I], H) {\n"                \
    "  state h: [H]\n"                        \
    "  param w: [H, I], u: [H, H]\n"          \
    "  h' = tanh(w @ x + max(h) * (u @ h))\n" \
    "}\n"

#define HOSTILE                        \
    "cell rows(x: [I], H) {\n"         \
    "  state sums: [H], NAN: [H]\n"    \
    "  param at: [H, I], w: [H, H]\n"  \
    "  blocks = at @ x\n"              \
    "  rd_fma = w @ sums\n"            \
    "  vec = tanh(blocks + rd_fma)\n"  \
    "  NAN' = vec * 0.5 + NAN * 0.5\n" \
    "  sums' = NAN' + vec\n"           \
    "}\n"

#define TIMES_WEIGHT "layer times_weight(x: [I]) -> [6] { param w: [6, I]\n w @ x }\n"

/* Additive attention (Bahdanau et al. 2015), and a decoder that attends. */
#define ADDITIVE                                                                    \
    SUM_COLUMNS                                                                     \
    "layer additive(query: [Q], keys: [S, K], H) -> context: [K], weights: [S] {\n" \
    "  param score: [H]\n"                                                          \
    "  weights = softmax(tanh(linear(keys, H) + linear(query, H)) @ score)\n"       \
    "  context = weights @ keys\n"                                                  \
    "}\n"

#define ATTENDING                                        \
    "cell attending(y: [E], keys: [S, K], H) {\n"        \
    "  state s: [H]\n"                                   \
    "  context, weights = additive(s, keys, 3)\n"        \
    "  new = step gru(H) on concat(y, context) from s\n" \
    "  s' = new\n"                                       \
    "}\n"

/* The state of a scan inside of each word starts from the word, and sees the example. */
#define BIASED_BY                                    \
    "cell biased_by(x: [I], b: [H]) {\n"             \
    "  state h: [H]\n"                               \
    "  h' = tanh(linear(x, H) + linear(h, H) * b)\n" \
    "}\n"

#define BIASED                                                                                    \
    "cell biased(x: [I], b: [I]) {\n  state h: [I]\n  param u: [I, I], w: [I, I]\n  h' = tanh(w " \
    "@ x + u @ h + b)\n}\n"

#define BY_CLASS "layer by_class(x: [N], t: [C, N], l: index(C)) -> [N] { tanh(x * t[l]) }\n"

#define SPLIT_WEIGHT                                                                               \
    "layer parts(x: [I], w: [O, J]) -> [O] {\n  a, b = split(w, 2)\n  c, d = split_rows(a, 2)\n  " \
    "concat(c @ x, d @ tanh(x)) + b @ x\n}\n"

#define ALONE                                                                                  \
    "cell alone(x: [I], H) {\n  state h: [H]\n  param u: [H, H], b: [H]\n  h' = tanh(u @ h + " \
    "b)\n}\n"

#define SHIFTED                                                                                   \
    "cell shifted(x: [I]) {\n  state p: [I], q: [I], m: [I]\n  m' = keep_mask(x, 0.5)\n  q' = x " \
    "* m\n  p' = q * 0.5\n}\n"

#define OUTER                                       \
    "layer times(a: [], b: [N]) -> [N] { a * b }\n" \
    "layer outer(a: [M], b: [N]) -> [M, N] { times(a, b) }\n"

/* Log-sum-exp over the last axis of [K, K], and over the first. */
#define CHAINS                                               \
    "cell rows(x: [I], K) {\n"                               \
    "  state alpha: [K]\n"                                   \
    "  param move: [K, K], weight: [K, I]\n"                 \
    "  alpha' = logsumexp(move + alpha) + weight @ x\n"      \
    "}\n"                                                    \
    "layer plus(a: [], b: [N]) -> [N] { a + b }\n"           \
    "cell columns(x: [I], K) {\n"                            \
    "  state alpha: [K]\n"                                   \
    "  param move: [K, K], weight: [K, I]\n"                 \
    "  s = plus(alpha, move * 0.5)\n"                        \
    "  top = stop(max(s))\n"                                 \
    "  alpha' = top + log(sum(exp(s - top))) + weight @ x\n" \
    "}\n"                                                    \
    "cell highest(x: [I], K) {\n"                            \
    "  state best: [K]\n"                                    \
    "  param move: [K, K], weight: [K, I]\n"                 \
    "  s = plus(best, move)\n"                               \
    "  back = argmax(move + best)\n"                         \
    "  best' = max(s) * 0.7 + weight @ x\n"                  \
    "}\n"

/* A state with two axes that is read and written by outer products. */
#define MEMORY                                                       \
    "cell memory(x: [I], K) {\n"                                     \
    "  state m: [K, I]\n"                                            \
    "  param w: [K, I], u: [K, K]\n"                                 \
    "  key = tanh(w @ x)\n"                                          \
    "  seen = m @ x\n"                                               \
    "  back = seen @ m\n"                                            \
    "  each = linear(m, 3)\n"                                        \
    "  m' = tanh(0.5 * m + outer(key + u @ seen, x + back) * 0.3)\n" \
    "}\n"

/* Weight normalization (Salimans and Kingma 2016) in a recurrence. */
#define NORMED_WEIGHTS                                         \
    "layer square_norm(v: [N]) -> [] { v @ v }\n"              \
    "layer direction(v: [M, N], g: [M]) -> [M, N] {\n"         \
    "  times(g / sqrt(square_norm(v)), v)\n}\n"                \
    "cell normed(x: [I], H) {\n"                               \
    "  state h: [H]\n"                                         \
    "  param v: [H, I], g: [H], u: [H, H], k: [H]\n"           \
    "  h' = tanh(direction(v, g) @ x + direction(u, k) @ h)\n" \
    "}\n"

/* States that are a whole sequence, moved along it, beside one of the step alone. */
#define ROWS_OF_STATES                                                  \
    "layer scaled(a: [], b: [N]) -> [N] { a * b }\n"                    \
    "layer most(x: [N]) -> [] { max(x) }\n"                             \
    "cell rows(x: [I], keys: [S, N]) {\n"                               \
    "  state m: [S, N], s: [S], h: [N]\n"                               \
    "  param w: [N, I], u: [N, N]\n"                                    \
    "  gate = sigmoid(keys @ (w @ x) + s)\n"                            \
    "  m' = 0.5 * shift(m, 1) + scaled(gate, tanh(linear(m, N) + h))\n" \
    "  s' = 0.5 * shift(s, -1) + gate * shift(gate, 2)\n"               \
    "  h' = tanh(u @ h + mean(m'))\n"                                   \
    "}\n"

const Sample samples[] = {
    {"no_recurrence", "", X "  hidden = mean(tanh(x))\n" LINEAR, NULL},
    {"bag_of_words", "", "  logits = sum(embedding(text, 3))\n", NULL},
    {"lstm_1", "", X "  s = scan lstm(1) over x\n  hidden = s.final.h\n" LINEAR, NULL},
    {"lstm_3", "", X "  s = scan lstm(3) over x\n  hidden = s.final.h\n" LINEAR, NULL},
    {"lstm_17", "", X "  s = scan lstm(17) over x\n  hidden = mean(s.h)\n" LINEAR, NULL},
    {"lstm_32", "", X "  s = scan lstm(32) over x backward\n  hidden = max_pool(s.h)\n" LINEAR,
     NULL},
    {"gru_17", "", X "  s = scan gru(17) over x\n  hidden = max_pool(s.h)\n" LINEAR, NULL},
    {"rnn_17", "", X "  s = scan rnn(17, act = relu) over x\n  hidden = mean(s.h)\n" LINEAR, NULL},
    {"reset_before", "",
     X "  s = scan gru_reset_before(6) over x backward\n  hidden = s.final.h\n" LINEAR, NULL},
    {"two_stages", TWO_STAGES, X "  s = scan two_stages(17) over x\n  hidden = mean(s.h)\n" LINEAR,
     NULL},
    {"large_state", TWO_STAGES,
     X "  s = scan two_stages(384) over x\n  r = scan two_stages(384) over x backward\n"
       "  hidden = mean(s.h) + r.final.h\n" LINEAR,
     NULL},
    {"normed_lstm", NORMED_LSTM,
     X "  s = scan normed_lstm(7) over x\n  hidden = mean(s.h)\n" LINEAR, NULL},
    {"softmax_cell", SOFTMAX_CELL,
     X "  s = scan choosing(6) over x\n  hidden = max_pool(s.p) + s.final.p\n" LINEAR, NULL},
    {"coupled_states", COUPLED,
     X "  s = scan coupled(9, 4) over x\n  hidden = concat(mean(s.a), s.final.b)\n" LINEAR, NULL},
    {"peak_cell", GATED_BY_MAX, X "  s = scan peak(6) over x\n  hidden = s.final.h\n" LINEAR, NULL},
    {"scalar_state", SCALAR_STATE,
     X "  s = scan counter() over x\n  r = scan counter() over x backward\n"
       "  logits = linear(mean(x) * s.final.n + r.final.n, label.size)\n",
     NULL},
    {"zoneout", MASKED,
     X "  s = scan zoneout(6) over x\n  hidden = dropout(s.final.h, 0.3)\n" LINEAR, NULL},
    {"masked_words", "",
     X "  s = scan gru(6) over dropout(x, 0.4)\n  hidden = mean(dropout(s.h, 0.2))\n" LINEAR, NULL},
    {"step_within", WITHIN, X "  s = scan within(6) over x\n  hidden = s.final.s\n" LINEAR, NULL},
    {"from_final", "",
     X "  e = scan lstm(6) over x\n  d = scan gru(6) over x backward from h = e.final.h\n"
       "  hidden = mean(d.h)\n" LINEAR,
     NULL},
    {"from_computed", "",
     X "  e = scan gru(4) over x backward\n"
       "  d = scan lstm(6) over x from h = tanh(linear(e.final.h, 6)), c = linear(mean(x), 6)\n"
       "  hidden = d.final.c\n" LINEAR,
     NULL},
    {"from_param", "",
     "  param start: [6]\n" X
     "  s = scan gru(6) over x from h = start\n  hidden = max_pool(s.h)\n" LINEAR,
     NULL},
    {"both_directions", "",
     X "  f = scan lstm(6) over x\n  b = scan lstm(6) over x backward\n"
       "  c, w = attention(concat(f.h, b.h))\n  hidden = c\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output w, logits, concat(f.h, b.h), f.final.c\n"},
    {"stacked", "",
     X "  a = scan lstm(6) over x\n  b = scan gru(7) over a.h backward\n"
       "  c = scan rnn(8) over concat(b.h, a.h)\n  hidden = c.final.h\n" LINEAR,
     NULL},
    {"stacked_both_ways", "",
     X "  repeat 2 {\n    f = scan gru(3) over layer_norm(x)\n"
       "    b = scan gru(2) over layer_norm(x) backward\n    x = x + concat(f.h, b.h)\n  }\n"
       "  hidden = max_pool(x)\n" LINEAR,
     NULL},
    {"two_attentions", "",
     X "  s = scan gru(6) over x\n  c, w = attention(s.h)\n  d, v = attention(tanh(s.h))\n"
       "  hidden = concat(c, d)\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output w, v, logits, argmax(logits)\n"},
    {"query_attention", SUM_COLUMNS,
     X "  s = scan gru(6) over x\n"
       "  weights = softmax(sum_columns(tanh(linear(s.h, 6) + linear(s.final.h, 6))))\n"
       "  hidden = weights @ s.h\n" LINEAR,
     NULL},
    {"shared_embedding", "",
     X "  a = scan lstm(6) over x\n  hidden = concat(a.final.h, mean(x), max_pool(x))\n" LINEAR,
     NULL},
    {"shared_layer", "",
     "  param w: [5, 5]\n" X
     "  a = tanh(x @ w)\n  hidden = mean(a) @ w + max_pool(tanh(a @ w))\n" LINEAR,
     NULL},
    {"nested_layers", HIGHWAY, X "  hidden = mean(twice(x)) + twice(max_pool(x))\n" LINEAR, NULL},
    {"three_pools", "",
     X "  s = scan rnn(6) over x\n  hidden = concat(mean(s.h), max_pool(s.h), last(s.h))\n" LINEAR,
     NULL},
    {"final_only", "", X "  s = scan lstm(6) over x backward\n  hidden = s.final.c\n" LINEAR, NULL},
    {"two_texts", "",
     "  input other: words(max_vocab = 7, max_length = 9)\n" X
     "  z = embedding(other, 4)\n  a = scan gru(6) over x\n  b = scan lstm(5) over z backward\n"
     "  c, w = attention(b.h)\n"
     "  hidden = concat(a.final.h, b.final.h, c, mean(z) / other.length, max_pool(a.h))\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output logits, w, a.h, argmax(z), other\n"},
    {"encoder_decoder", SUM_COLUMNS,
     "  input other: words(max_vocab = 7, max_length = 9)\n" X
     "  z = embedding(other, 4)\n  a = scan gru(6) over x\n  b = scan gru(6) over x backward\n"
     "  s = tanh(linear(concat(a.final.h, b.final.h), 8))\n"
     "  d = scan lstm(8) over dropout(z, 0.2) from h = s, c = linear(mean(b.h), 8)\n"
     "  l = softmax(linear(d.h + s, 4))\n",
     "  loss -log(sum_columns(l * l)) * (1 + sum(mean(x))) + abs(sum(mean(z)))\n"
     "  output l, a.h\n"},
    {"letters_in_words", SUM_COLUMNS,
     "  input letters: chars(of = text, max_vocab = 9, max_length = 8)\n" X
     "  z = dropout(embedding(letters, 4), 0.3)\n  a = scan gru(6) over z\n"
     "  b = scan lstm(5) over z backward\n  c, w = attention(concat(a.h, b.h))\n"
     "  seen = concat(x, a.final.h, b.final.h, c, mean_pool(z), max_pool(z))\n"
     "  r = scan gru(7) over dropout(seen, 0.2)\n  logits = linear(r.h, 3)\n",
     "  loss -log(sum_columns(softmax(logits) * softmax(logits)))\n  output logits, w, a.h\n"},
    {"letters_after_words", BIASED_BY,
     "  input other: words(max_vocab = 5, max_length = 9)\n"
     "  input letters: chars(of = other, max_vocab = 9, max_length = 8)\n" X
     "  e = scan gru(4) over x\n  start = tanh(linear(e.final.h, 4))\n"
     "  z = softmax(embedding(letters, 4) + start) * e.final.h\n"
     "  a = scan biased_by(start) over z from h = linear(embedding(other, 3), 4)\n"
     "  hidden = concat(mean(a.final.h), max_pool(mean_pool(tanh(a.h))), e.final.h)\n" LINEAR,
     NULL},
    {"cross_attention", ADDITIVE,
     "  input other: words(max_vocab = 7, max_length = 9)\n" X
     "  a = scan gru(6) over x\n  b = scan gru(5) over embedding(other, 4) backward\n"
     "  c, w = additive(a.h, dropout(b.h, 0.2), 4)\n"
     "  l = softmax(dropout(linear(tanh(c), 4), 0.3))\n",
     "  loss -log(sum_columns(l * l))\n  output l, w, c\n"},
    {"self_attention", ADDITIVE,
     X "  c, w = additive(x, x, 6)\n  d, v = additive(c, x, 3)\n"
       "  hidden = concat(max_pool(c), mean(d))\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output logits, v\n"},
    {"attending_decoder", ADDITIVE ATTENDING,
     "  input other: words(max_vocab = 7, max_length = 9)\n" X
     "  a = scan gru(4) over x\n  b = scan lstm(3) over x backward\n"
     "  keys = dropout(concat(a.h, b.h), 0.2)\n"
     "  d = scan attending(keys, 6) over embedding(other, 4) from s = tanh(linear(a.final.h, 6))\n"
     "  l = softmax(linear(d.s, 4))\n",
     "  loss -log(sum_columns(l * l))\n  output l, d.weights\n"},
    {"step_loss", "", X "  s = scan gru(6) over x\n  param key: [6]\n  score = s.h @ key\n",
     "  loss log(1 + exp(score)) + 0.1 * score * score\n  output score, s.h\n"},
    {"step_loss_backward", SUM_COLUMNS,
     X "  param key: [6]\n  s = scan lstm(6) over x backward\n  l = softmax(linear(s.h, 4))\n",
     "  loss -log(sum_columns(l * l)) * (s.h @ key)\n  output argmax(l), l\n"},
    {"column_work", "",
     X "  y = maximum(x, 0.1) * minimum(x, 0.5) + select(less(x, 0), abs(x), sqrt(abs(x) + 1))\n"
       "  hidden = mean(y) / (1 + max_pool(abs(y)))\n" LINEAR,
     NULL},
    {"hostile_names", HOSTILE,
     X "  train_rows = scan rows(4) over x\n  INFINITY = train_rows.final.sums\n"
       "  start_0 = tanh(INFINITY)\n  logits = linear(start_0, label.size)\n",
     NULL},

    {"shared_bias", TIMES_WEIGHT,
     "  param b: [6]\n" X
     "  hidden = mean(tanh(times_weight(x) + b)) + tanh(times_weight(mean(x)) + b)\n"
     "         + max_pool(times_weight(tanh(x)) * b)\n" LINEAR,
     NULL},
    {"shared_bias_of_cells", BIASED,
     "  param b: [5]\n" X "  f = scan biased(b) over x\n  r = scan biased(b) over x backward\n"
     "  hidden = concat(mean(f.h), mean(r.h))\n" LINEAR,
     NULL},
    {"many_products", "",
     X "  y = mean(x)\n  repeat 70 {\n    y = y + linear(mean(tanh(linear(x, 2))), 5)\n  }\n"
       "  hidden = y\n" LINEAR,
     NULL},
    {"many_parts", "",
     X "  a = concat(mean(x), max_pool(x), mean(tanh(x)), max_pool(x * x), mean(sigmoid(x)))\n"
       "  b = concat(a, tanh(a), sigmoid(a), a * a, relu(a), a * 3, abs(a), exp(-a * a), -a)\n"
       "  c = concat(b, max_pool(relu(x)), mean(exp(-x * x)), max_pool(-x))\n  hidden = c\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output c, logits\n"},
    {"label_each_step", BY_CLASS,
     "  param t: [label.size, 5]\n" X "  hidden = mean(by_class(x, t, label))\n" LINEAR, NULL},
    {"sizes_as_numbers", "",
     X "  hidden = sum(x) / x.length + sum(tanh(x)) / text.size + x.length * 0.01\n" LINEAR, NULL},
    {"index_outputs", "", X "  hidden = mean(x)\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output label, text, argmax(x), x, hidden\n"},
    {"softmax_of_parameter", "",
     "  param mix: [2]\n" X "  a, b = split(softmax(mix), 2)\n  s = scan gru(5) over x\n"
     "  hidden = mean(s.h) * sum(a) + mean(x) * sum(b)\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output mix, mix * 2, logits\n"},
    {"parts_of_weights", SPLIT_WEIGHT,
     "  param w: [6, 10]\n" X "  hidden = mean(parts(x, w))\n" LINEAR, NULL},
    {"loss_of_parameters", "", "  param w: [5]\n" X "  hidden = mean(x * w)\n" LINEAR,
     "  loss sum(w * w)\n  output logits\n"},
    {"input_unused", ALONE, X "  s = scan alone(4) over x\n  hidden = s.final.h\n" LINEAR, NULL},
    {"states_without_weights", SHIFTED,
     X "  s = scan shifted() over x\n  hidden = s.final.p + mean(s.m)\n" LINEAR, NULL},
    {"width_of_one", "",
     X "  y = linear(x, 1)\n  s = scan gru(1) over y\n"
       "  hidden = concat(mean(y), s.final.h, max_pool(s.h))\n" LINEAR,
     NULL},
    {"windows", "",
     X "  y = conv(x, 6, 3)\n  z = relu(conv(y, 4, 2))\n  f = scan gru(3) over y\n"
       "  b = scan lstm(3) over y backward from h = linear(last(z), 3)\n"
       "  c, w = attention(z)\n"
       "  hidden = concat(max_pool(z), mean(y), last(y), f.final.h, b.final.h, mean(b.c), c,\n"
       "                  max_pool(conv(dropout(x, 0.3), 5, 20))) / (1 + y.length)\n" LINEAR,
     NULL},
    {"padded_windows", "",
     X "  causal = tanh(causal_conv(x, 6, 4))\n"
       "  same = filters(windows(pad(causal, 1, 1), 3), 5)\n"
       "  s = scan gru(3) over concat(shift(causal, 2), shift(x, -1), same)\n"
       "  ends = conv(pad(conv(same, 4, 3), 2, 1), 3, 2)\n"
       "  hidden = concat(mean(s.h), max_pool(ends), mean(shift(same * x, 1)))\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output logits, causal, same, shift(same, 3)\n"},
    {"loss_each_step_of_one_label", "", X "  l = linear(x, label.size)\n  logits = mean(l)\n",
     "  loss cross_entropy(l, label)\n  output logits, argmax(l)\n"},
    {"chains", CHAINS,
     X "  a = scan rows(3) over x\n  b = scan columns(9) over x backward\n"
       "  c = scan highest(5) over x\n  hidden = concat(a.final.alpha, mean(b.alpha), "
       "c.final.best)\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output c.back, b.alpha, logits\n"},
    {"memory", OUTER MEMORY,
     X "  s = scan memory(3) over x\n  z = mean(s.m)\n"
       "  hidden = concat(sum(s.final.m), flatten(z), max(mean(s.each)), mean(s.back))\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output s.final.m, s.m, z, s.each, logits\n"},
    {"computed_weights", OUTER NORMED_WEIGHTS,
     "  param a: [5, 3], b: [5, 5]\n" X
     "  s = scan normed(4) over x\n  y = x @ (a * a) + x.length * 0.01\n"
     "  q = tanh(max(y))\n  o = outer(q, s.final.h)\n  z = o @ s.final.h + q * (q @ o @ "
     "s.final.h)\n"
     "  hidden = concat(z, mean(s.h), max_pool(y), mean(x) @ exp(b))\n" LINEAR,
     NULL},
    {"crf", "",
     X "  gold = argmax(linear(x, 3))\n  scores = linear(x, 3)\n  cost, path = crf(scores, gold)\n"
       "  logits = linear(mean(x), label.size)\n",
     "  loss cost + cross_entropy(logits, label)\n  output path, gold, cost, logits\n"},
    {"matrix_a_step",
     OUTER "layer flat(x: [M, N]) -> [M*N] { flatten(x) }\n"
           "layer parts(x: [M, N]) {\n  a, b, c, d, e = split_rows(x, 5)\n"
           "  concat(a * b, layer_norm(c) + relu(-d), e)\n}\n",
     "  param table: [4, 6], bias: [6], scale: [5, 10]\n" X "  o = outer(x, tanh(linear(x, 4)))\n"
     "  y = dropout(concat(softmax(o), o @ table + bias), 0.2) * scale\n"
     "  t = parts(y)\n"
     "  hidden = concat(max_pool(max(y)), mean(flat(tanh(y))), flatten(mean(t)))\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output argmax(y), o, y, t, logits\n"},
    {"columns_of_numbers", "",
     "  input size: real[3]\n  input price: real\n" X
     "  hidden = concat(mean(tanh(linear(x, 3) + size)), linear(size, 4)) * price\n" LINEAR,
     "  loss mean(huber(logits, size, 0.5)) + hinge(max(logits), price)\n"
     "      + binary_cross_entropy(sigmoid(sum(logits)), 0.25) + multi_margin(logits, label)\n"
     "      + binary_cross_entropy_with_logits(max(hidden), 0.75, 2)\n"
     "  output logits, size, (price, sum(logits), 3)\n"},
    {"heads", "",
     X "  param w: [7, 6], b: [2]\n"
       "  wide = learned_positions(linear(x, 6), 256)\n"
       "  a = multi_head_attention(wide, wide, wide, 2, p = 0.2)\n"
       "  c = multi_head_attention(a, a, wide, 3, attend_causally, 0.1)\n"
       "  hidden = concat(mean(positional_encoding(c)), max_pool(a), mean(c @ "
       "transpose(w)))\n" LINEAR,
     NULL},
    {"pairs_of_two_texts",
     "layer best(x: [N]) -> [] { max(x) }\n"
     "layer answer(query: [D], keys: [S, D], bias: [], scale: [], far: []) -> z: [D], m: [] {\n"
     "  scores = tanh(keys @ query / (1 + scale))\n"
     "  z = weighed(scores, bias, far) @ keys\n  m = best(scores)\n}\n"
     "layer weighed(x: [S], bias: [], far: []) {\n"
     "  e = exp(x + bias - select(less(far, position(x)), 0.5, 0))\n"
     "  dropout(e, 0.2) / sum(e)\n}\n"
     "layer nearest(query: [D], keys: [S, D]) -> [] { max(across(tanh(keys + query))) }\n"
     "layer across(x: [D]) -> [] { sum(x) }\n"
     "layer answers(query: [T, D], keys: [S, D], bias: [], scale: []) -> z: [T, D], m: [T] {\n"
     "  z, m = answer(query, keys, bias, scale, position(query))\n}\n",
     "  input other: words(max_vocab = 9, max_length = 20)\n  param bias: [3]\n" X
     "  y = parts_of(tanh(linear(embedding(other, 7), 12)), 3)\n"
     "  z, m = answers(parts_of(linear(x, 12), 3), y, bias, x.length * 0.1)\n"
     "  u = attend(tanh(linear(x, 5)), tanh(linear(x, 5)), x)\n"
     "  v, t = answers(x, x, 1, 0)\n  n = nearest(x, linear(embedding(other, 3), 5))\n"
     "  hidden = concat(mean(joined(z)), mean(u), mean(transpose(m)) * max(t) + mean(n), "
     "mean(v))\n" LINEAR,
     NULL},
    {"word_scores", "",
     "  param pair: [text.size, 10], kinds: [3, 8] ~ normal(1)\n" X
     "  a, b = split(pair, 2)\n  c, d = split(kinds, 2)\n"
     "  s = scan lstm(9) over x + a[text] * b[text]\n"
     "  words = linear(concat(s.h, x), text.size)\n"
     "  hidden = concat(s.final.h, c[label] * d[label])\n" LINEAR,
     "  loss cross_entropy(words, text, 0.1)\n"
     "  output softmax(words), argmax(words), words, logits, log_softmax(words)\n"},
    {"tied_scores", SUM_COLUMNS "layer best(x: [N]) -> [] { max(x) }\n",
     "  param table: [text.size, 6] ~ normal(1)\n  param back: [6, text.size] ~ normal(1)\n"
     "  x = table[text]\n  s = scan gru(6) over x\n  words = tied_linear(s.h, table)\n"
     "  p = softmax(dropout(words, 0.3))\n  hidden = mean(p @ table)\n"
     "  one = s.final.h @ back\n" LINEAR,
     "  loss cross_entropy(logits, label) - logsumexp(one) + one[argmax(one)]\n"
     "  output one, p, best(words), sum_columns(words * words), logits\n"},
    {"large_vocabulary", "",
     "  target label: class(no, maybe, yes)\n  input text: words(max_vocab = 30000)\n"
     "  param table: [text.size, 40] ~ normal(0.1)\n"
     "  s = scan gru(40) over table[text]\n  words = tied_linear(s.h, table)\n"
     "  p = softmax(words)\n  hidden = mean(p @ table) + s.final.h\n" LINEAR,
     "  loss cross_entropy(words, text) + cross_entropy(logits, label)\n  output argmax(words), p, "
     "logits\n"},
    {"state_of_scores",
     "cell remembering(x: [I], V) {\n  state p: [V]\n  param u: [V, I] ~ normal(1)\n"
     "  p' = 0.5 * p + tanh(u @ x)\n}\n",
     "  input other: words(max_vocab = 9, max_length = 5)\n"
     "  param pairs: [text.size, text.size], down: [4, other.size] ~ normal(1)\n" X
     "  s = scan remembering(other.size) over x\n  next = pairs[text]\n"
     "  hidden = concat(down @ s.final.p, down @ max_pool(s.p))\n" LINEAR,
     "  loss cross_entropy(next, text) + cross_entropy(logits, label)\n"
     "  output next, s.p, max_pool(s.p), s.final.p\n"},
    {"weighted_loss", "", X "  hidden = mean(x)\n" LINEAR,
     "  loss weighted_cross_entropy(logits, label, (1, 2.5, 0), 0.1)\n"
     "  output logits * (1, 2, 3), (-1, 0, 1)[label]\n"},
    {"weighted_steps", "", X "  l = linear(x, label.size)\n  logits = mean(l)\n",
     "  loss cross_entropy(l, label) over (0.5, 2, 0)[label]\n  output logits\n"},
    {"frames_from_numbers", CONCAT_RNN,
     "  target label: class(0, 1, 2)\n  input x: frames[3]\n  input start: real[6]\n"
     "  f = scan concat_rnn(6) over x from h = start\n"
     "  r = scan gru(6) over x backward from h = tanh(linear(start, 6))\n"
     "  steps = linear(f.h, 2)\n"
     "  hidden = concat(f.final.h, max_pool(r.h), mean(x * x), last(x), start, "
     "mean(steps))\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output x, start, steps, f.h, f.final.h, logits\n"},
    {"numbers_from_frames", "",
     "  target y: real(y, ahead = 1)\n  input x: frames(y, window = 9)\n  input k: real\n"
     "  param start: [4]\n  s = scan rnn(4, relu) over x from h = start * k\n"
     "  p = sum(last(x)) + sum(s.final.h) * k\n",
     "  loss (p - y) * (p - y)\n  output p, y, x, s.h\n"},
    {"stream", COUPLED,
     "  target y: words(max_vocab = 11, stream = 9)\n  x = embedding(previous(y), 5)\n"
     "  s = scan coupled(4, 6) over x from a = 0.5\n  t = scan gru(4) over dropout(s.b, 0.25)\n"
     "  logits = linear(concat(t.h, s.a), y.size)\n",
     "  loss cross_entropy(logits, y)\n  output t.h, logits, t.final.h\n"},
    {"translation",
     "layer asking(query: [Q], keys: [S, Q]) -> context: [Q], weights: [S] {\n"
     "  weights = softmax(keys @ query)\n  context = weights @ keys\n}\n",
     "  input text: words(max_vocab = 9)\n  target y: words(max_vocab = 7, max_length = 9)\n" X
     "  read = scan gru(4) over x backward\n  z = embedding(previous(y), 3)\n"
     "  s = scan lstm(4) over z from h = read.final.h\n  context, seen = asking(s.h, read.h)\n"
     "  logits = linear(s.h + context, y.size)\n",
     "  loss cross_entropy(logits, y)\n  output seen, s.c, logits, mean(embedding(y, 2))\n"},
    {"masks",
     "layer rows(x: [D]) { x * keep_mask(sum(x), 0.3) }\n"
     "layer added(query: [D], keys: [S, D]) -> [D] { thinned(pressed(keys, query)) @ keys }\n"
     "layer pressed(key: [D], query: [D]) -> [] { sum(dropout(tanh(key + query), 0.4)) }\n"
     "layer thinned(x: [S]) { dropout(x * x, 0.25) * keep_mask(sum(x), 0.2) / x.length }\n"
     "layer scaled(x: [D]) { x * shared_mask(sum(x), 0.5) }\n",
     X "  k = keep_mask(x, 0.5)\n  a = added(rows(x), tanh(linear(x, 5)))\n"
       "  hidden = concat(mean(a), mean(shift(k, 1) * x), mean(k * shift(x, -1)),\n"
       "                  mean(scaled(x) + variational_dropout(x, 0.2)))\n" LINEAR,
     NULL},
    {"states_of_rows", ROWS_OF_STATES,
     "  input other: words(max_vocab = 7, max_length = 9)\n" X "  keys = embedding(other, 3)\n"
     "  a = scan rows(keys) over x from m = tanh(keys)\n"
     "  b = scan rows(keys) over x backward from s = most(keys)\n"
     "  hidden = concat(a.final.h, mean(a.final.m), mean(b.final.m), a.final.s @ keys,\n"
     "                  b.final.s @ keys, mean(b.h))\n" LINEAR,
     "  loss cross_entropy(logits, label)\n  output logits, a.final.m, b.final.s, a.s, b.m\n"},
    {"ctc", "",
     "  input text: words(max_vocab = 9)\n  target y: words(max_vocab = 4, max_length = 9)\n" X
     "  s = scan gru(4) over x\n  scores = linear(s.h, y.size)\n"
     "  cost = ctc(scores, y, zero_infinity = 1)\n",
     "  loss cost\n  output cost, same(y, y), scores\n"},
};

const int sample_count = sizeof samples / sizeof *samples;

const char *sample_text(Arena *arena, const Sample *sample) {
    const char *rest = sample->rest;
    if (!rest) rest = "  loss cross_entropy(logits, label)\n  output logits, argmax(logits)\n";
    const char *columns = strstr(sample->body, "  target ")
                              ? ""
                              : "  target label: class(no, maybe, yes)\n"
                                "  input text: words(max_vocab = 11, max_length = 150)\n";
    return arena_printf(arena, "%smodel sample {\n%s%s%s}\n", sample->cells, columns, sample->body,
                        rest);
}

const Sample *sample_named(const char *name) {
    for (int i = 0; i < sample_count; i++)
        if (strcmp(samples[i].name, name) == 0) return &samples[i];
    cr_assert_fail("no sample %s", name);
    return NULL;
}
