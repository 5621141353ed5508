/* No text crashes the reader of graphs; what it accepts prints and reads back to the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "graph/print.h"
#include "graph/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Graph *read_text(Arena *arena, const char *text, size_t length) {
    Source source = {.path = "fuzz", .text = text, .length = length};
    return graph_read(arena, intern_new(arena), &source, diag_new(arena));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    Graph *graph = read_text(arena, arena_copy(arena, (const char *)data, size), size);
    if (graph) {
        const char *text = graph_print(graph);
        Graph *again = read_text(arena, text, strlen(text));
        if (!again || strcmp(graph_print(again), text) != 0) abort();
    }
    arena_free(arena);
    return 0;
}
