/* What cannot be compiled yet is refused at the user's line: no program ends the compiler. */
#include <criterion/criterion.h>
#include <string.h>

#include "programs.h"

/* A model of which `body` begins on line 4, behind `cells`, each on a line of its own. */
typedef struct {
    const char *cells, *body;
    const char *place, *message; /* what the diagnostics say */
} Refused;

static void check(Refused refused) {
    Arena *arena = arena_new();
    const char *text = arena_printf(arena,
                                    "model m {\n  input text: words(max_vocab = 11)\n"
                                    "  target label: class(no, yes)\n%s\n}\n%s",
                                    refused.body, refused.cells);
    Programs programs = programs_of_text(arena, "refused.rondo", text);
    const char *line = strstr(programs.said, refused.place);
    cr_expect_null(programs.c, "it was compiled");
    cr_expect(line && strncmp(line + strlen(refused.place), "error:", 6) == 0,
              "nothing about %s in\n%s", refused.place, programs.said);
    cr_expect(strstr(programs.said, refused.message), "no '%s' in\n%s", refused.message,
              programs.said);
    arena_free(arena);
}

#define LOSS                                                                       \
    "  logits = linear(hidden, label.size)\n  loss cross_entropy(logits, label)\n" \
    "  output logits"
#define X "  x = embedding(text, 5)\n"

Test(refused, a_state_with_three_axes) {
    check((Refused){"cell memory(x: [I], K) {\n  state c: [K, K, I]\n  c' = c * 0.5 + x\n}\n",
                    X "  s = scan memory(4) over x\n  hidden = sum(sum(s.final.c))\n" LOSS,
                    "refused.rondo:12:9: ", "can have two axes"});
}

Test(refused, a_product_of_computed_matrices) {
    check(
        (Refused){"layer outer(a: [M], b: [N]) -> [M, N] { times(a, b) }\n"
                  "layer times(a: [], b: [N]) -> [N] { a * b }\n",
                  X "  o = outer(mean(x), max(x))\n  hidden = max(o @ o)\n" LOSS,
                  "refused.rondo:6:16: ", "can have two axes"});
}

Test(refused, a_product_of_parameters) {
    check((Refused){"layer f(x: [I], a: [O, K], b: [K, I]) -> [O] { (a @ b) @ x }\n",
                    "  param a: [6, 3], b: [3, 5]\n" X "  hidden = mean(f(x, a, b))\n" LOSS,
                    "refused.rondo:11:48: ", "is not supported"});
}

Test(refused, a_recurrence_along_the_second_of_two) {
    check((Refused){"layer plus(a: [N], b: [S, N]) -> [S, N] { b + a }\n",
                    "  input other: words(max_vocab = 7)\n" X
                    "  s = scan rnn(5) over plus(x, embedding(other, 5))\n"
                    "  hidden = max_pool(s.final.h)\n" LOSS,
                    "library/recurrent.rondo:6:9: ", "only the first can be stepped through"});
}

Test(refused, letters_without_their_words) {
    check((Refused){"",
                    "  input letters: chars(of = text)\n"
                    "  hidden = max_pool(sum(embedding(letters, 5)))\n" LOSS,
                    "refused.rondo:5:21: ", "'letters' has another length at each step of 'text'"});
}

Test(refused, a_step_that_is_selected) {
    check((Refused){"", "  param k: [5]\n" X "  hidden = x[argmax(x @ k)]\n" LOSS,
                    "refused.rondo:6:12: ", "selecting a row of what is computed"});
}

Test(refused, the_place_of_a_step) {
    check((Refused){"", "  param k: [5]\n" X "  hidden = mean(x)\n" LOSS ", argmax(x @ k)",
                    "refused.rondo:9:18: ", "is not supported as an output"});
}

Test(refused, a_parameter_of_three_axes) {
    check((Refused){"", "  param w: [5, 3, 4]\n" X "  hidden = flatten(mean(x) @ w)\n" LOSS,
                    "refused.rondo:6:20: ", "is not supported"});
}

Test(refused, a_vocabulary_beside_another_axis) {
    check((Refused){"",
                    "  param w: [5, text.size] ~ normal(1)\n" X "  hidden = mean(x)\n" LOSS
                    ", mean(x) @ exp(w)",
                    "refused.rondo:9:28: ", "text must be its only axis"});
}

Test(refused, a_sum_over_the_words_of_a_table) {
    check((Refused){
        "", "  param t: [text.size, 5] ~ normal(1)\n" X "  hidden = mean(x) + sum(t)\n" LOSS,
        "refused.rondo:6:22: ", "its rows can be selected"});
}

Test(refused, a_sequence_that_is_longer) {
    check((Refused){"", X "  hidden = max_pool(pad(x, 1, 1))\n" LOSS,
                    "refused.rondo:5:21: ", "a sequence that is longer than its input's"});
}
