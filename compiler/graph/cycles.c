/* Tarjan's algorithm with a stack of its own: a graph can be deeper than the machine's stack. */
#include "graph/cycles.h"

typedef struct {
    const Graph *graph;
    int *order;   /* when a node was first met, from 1; 0: not yet */
    int *low;     /* the earliest node on the stack that it reaches */
    bool *waits;  /* on the stack of nodes without a component */
    int *stack;   /* those nodes */
    int *path;    /* the nodes being visited */
    int *operand; /* for each the next operand to follow */
    int *root;    /* the result: a representative, or -1 outside of every cycle */
    int met, waiting, depth;
} Search;

static void enter(Search *s, int node) {
    s->order[node] = s->low[node] = ++s->met;
    s->waits[node] = true;
    s->stack[s->waiting++] = node;
    s->path[s->depth++] = node;
}

static bool uses_itself(const Node *node, int index) {
    for (int i = 0; i < node->count; i++)
        if (node->in[i] == index) return true;
    return false;
}

/* Takes the component of `node`, whose search is over, off the stack. */
static void close_component(Search *s, int node) {
    bool cycle = s->stack[s->waiting - 1] != node || uses_itself(graph_node(s->graph, node), node);
    int member;
    do {
        member = s->stack[--s->waiting];
        s->waits[member] = false;
        s->root[member] = cycle ? node : -1;
    } while (member != node);
}

static void lower(int *low, int to) {
    if (to < *low) *low = to;
}

static void leave(Search *s, int node) {
    if (s->low[node] == s->order[node]) close_component(s, node);
    s->depth--;
    if (s->depth) lower(&s->low[s->path[s->depth - 1]], s->low[node]);
}

static void search_from(Search *s, int start) {
    enter(s, start);
    while (s->depth) {
        int node = s->path[s->depth - 1];
        const Node *at = graph_node(s->graph, node);
        if (s->operand[node] == at->count) {
            leave(s, node);
            continue;
        }
        int next = at->in[s->operand[node]++];
        if (next < 0 || next >= s->graph->nodes.len) continue;
        if (!s->order[next])
            enter(s, next);
        else if (s->waits[next])
            lower(&s->low[node], s->order[next]);
    }
}

/* Numbers the components by their first nodes. */
static int *number_components(Arena *arena, const int *root, int count) {
    int *number = ARENA_ARRAY(arena, int, count + 1), *result = ARENA_ARRAY(arena, int, count + 1);
    int components = 0;
    for (int i = 0; i < count; i++) {
        if (root[i] < 0) continue;
        if (!number[root[i]]) number[root[i]] = ++components;
        result[i] = number[root[i]];
    }
    return result;
}

int *graph_cycles(Arena *arena, const Graph *graph) {
    int count = graph->nodes.len;
    Search s = {.graph = graph,
                .order = ARENA_ARRAY(arena, int, count + 1),
                .low = ARENA_ARRAY(arena, int, count + 1),
                .waits = ARENA_ARRAY(arena, bool, count + 1),
                .stack = ARENA_ARRAY(arena, int, count + 1),
                .path = ARENA_ARRAY(arena, int, count + 1),
                .operand = ARENA_ARRAY(arena, int, count + 1),
                .root = ARENA_ARRAY(arena, int, count + 1)};
    for (int i = 0; i < count; i++)
        if (!s.order[i]) search_from(&s, i);
    return number_components(arena, s.root, count);
}
