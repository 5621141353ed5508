/* How many columns there are, where that may be the size of a vocabulary or a length. */
#include "loop/program.h"

int size_of(const Graph *graph, Dim dim) {
    const Sym *sym = &graph->syms.at[dim.sym];
    if (sym->kind == SYM_LENGTH) return LENGTH_OF + dim.sym;
    return sym->kind == SYM_VOCAB && !dim.add ? VOCABULARY + sym->input : dim.add;
}

bool is_vocabulary(int size) { return size >= VOCABULARY && size < LENGTH_OF; }

bool is_length(int size) { return size >= LENGTH_OF; }

int vocabulary_of(int size) { return size - VOCABULARY; }

double size_for(const Graph *graph, int size, double words) {
    if (is_length(size)) return graph->syms.at[size - LENGTH_OF].max;
    if (!is_vocabulary(size)) return size;
    return words < 0 ? graph->inputs.at[vocabulary_of(size)].max_vocab : words;
}

const char *size_name(const Graph *graph, int size) {
    if (is_length(size)) return graph->syms.at[size - LENGTH_OF].name;
    if (!is_vocabulary(size)) return arena_printf(graph->arena, "%d", size);
    return arena_printf(graph->arena, "%s.size", graph->inputs.at[vocabulary_of(size)].name);
}
