/* Single steps on numbers: what a causal model puts out step by step is what it puts out as a
 * whole, in the precision of the programs that are built. */
#include <criterion/criterion.h>

#include "batches.h"
#include "object.h"
#include "programs.h"
#include "steps.h"

#define TAGGER(body)                                                             \
    "model tagger {\n"                                                           \
    "  input text: words(max_vocab = 30, max_length = 40)\n"                     \
    "  target tag: tags(over = text, A, B, C, D, E)\n"                           \
    "  x = embedding(text, 6)\n" body                                            \
    "  loss cross_entropy(logits, tag)\n  output logits, argmax(logits), near\n" \
    "}\n"

static const struct {
    const char *name, *text, *exact;
} models[] = {
    {"lstm tagger",
     TAGGER("  a = scan lstm(9) over x\n"
            "  b = scan gru(17) over causal_conv(a.h, 8, 2)\n"
            "  near = tanh(linear(x, 19))\n"
            "  logits = linear(b.h, tag.size)\n"),
     "near"},
    {"characters",
     "model characters {\n"
     "  target y: chars(max_vocab = 40)\n"
     "  states = stacked(embedding(previous(y), 7), 12, layers = 2)\n"
     "  logits = linear(states, y.size)\n"
     "  loss cross_entropy(logits, y)\n  generate y from logits\n  output logits, argmax(logits)\n"
     "}\n",
     NULL},
    {"causal transformer",
     TAGGER("  places = learned_positions(linear(x, 8), 40)\n"
            "  past = transformer(places, 2, F = 12, depth = 2, with = attend_causally)\n"
            "  near = causal_conv(x, 5, 3)\n"
            "  logits = linear(past, tag.size)\n"),
     "near"},
};
enum { MODELS = sizeof models / sizeof *models };

Test(steps, are_the_whole) {
    Arena *arena = arena_new();
    const char *c[MODELS];
    for (int i = 0; i < MODELS; i++) {
        Programs programs = programs_of_text(arena, "model.rondo", models[i].text);
        cr_assert(programs.c, "%s", programs.said);
        c[i] = programs.c;
    }
    Object object = object_load(arena, c, MODELS, false, "-O1 -march=native");
    for (int i = 0; i < MODELS; i++) {
        Data data = sentences(arena, object.model[i], 40, 30, 5);
        check_steps(arena, models[i].name, object.model[i], &data, models[i].exact);
    }
    object_unload(&object);
    arena_free(arena);
}
