/* Batch invariance and independence of the number of threads, bit by bit, in the precision and with
 * the options of the programs that are built. */
#include <criterion/criterion.h>

#include "batches.h"
#include "object.h"
#include "programs.h"
#include "reference.h"
#include "samples.h"

enum { MAX_MODELS = 32 };

static void check(const char *const *names, bool of_reference, int count, int longest) {
    Arena *arena = arena_new();
    const char *c[MAX_MODELS];
    int models = 0;
    for (; names[models]; models++) {
        const char *text = of_reference ? reference_model(arena, names[models])
                                        : sample_text(arena, sample_named(names[models]));
        Programs programs = programs_of_text(arena, "model.rondo", text);
        cr_assert(programs.c, "%s", programs.said);
        c[models] = programs.c;
    }
    Object object = object_load(arena, c, models, false, PROGRAM_FLAGS);
    for (int i = 0; i < models; i++) {
        Data data = sentences(arena, object.model[i], count, longest, 5);
        check_batches(arena, names[i], object.model[i], &data);
    }
    object_unload(&object);
    arena_free(arena);
}

Test(batches, of_the_library) {
    check((const char *[]){"gru", "gru_reset_before", "max_pooling", "sentiment_small", NULL}, true,
          75, 30);
}

Test(batches, of_other_structures) {
    check((const char *[]){"normed_lstm", "softmax_cell", "two_stages", "from_computed",
                           "two_attentions", "query_attention", "zoneout", "step_loss",
                           "encoder_decoder", "letters_in_words", "attending_decoder",
                           "stacked_both_ways", "no_recurrence", "shared_bias",
                           "shared_bias_of_cells", "label_each_step", "large_vocabulary",
                           "large_state", NULL},
          false, 75, 30);
}

/* So many steps that the products of pairs have several panels, and parts of their depths. */
Test(batches, of_pairs) { check((const char *[]){"pairs_of_two_texts", NULL}, false, 33, 140); }
