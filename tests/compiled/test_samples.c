/* Programs of unusual structure: the compiled code against the interpreter on the graph that the
 * front end made, for vectors of every width. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "agreement.h"
#include "graph/rewrite.h"
#include "object.h"
#include "programs.h"
#include "samples.h"

ParameterizedTestParameters(samples, agree_with_the_interpreter) {
    static int width[WIDTHS] = {3, 2, 1, 0};
    return cr_make_param_array(int, width, TRIED_WIDTHS);
}

ParameterizedTest(int *width, samples, agree_with_the_interpreter) {
    Arena *arena = arena_new();
    const char **c = ARENA_ARRAY(arena, const char *, sample_count);
    for (int i = 0; i < sample_count; i++) {
        Programs programs =
            programs_of_text(arena, "sample.rondo", sample_text(arena, &samples[i]));
        cr_assert(programs.c, "%s: %s", samples[i].name, programs.said);
        c[i] = programs.c;
    }
    Object object = object_load(arena, c, sample_count, true, flags_of_width(*width));
    for (int i = 0; i < sample_count; i++)
        check_agreement(samples[i].name,
                        carry_states(graph_of_text(arena, sample_text(arena, &samples[i]))),
                        object.model[i], i);
    object_unload(&object);
    arena_free(arena);
}
