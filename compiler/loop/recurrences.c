/* What has become of the products of each recurrence, for people. */
#include "loop/program.h"

typedef struct {
    int products, merged;
} Count;

/* A recurrence of the source: the cycles whose states stand in one scope, and their adjoints. */
typedef struct {
    const char *scope;
    bool infer; /* it is needed to predict */
    Count predict_hoisted, predict_inside, train_hoisted, train_inside, adjoint;
} Recurrence;

typedef struct {
    Arena *arena;
    VEC(Recurrence) found;
} Report;

/* ---- names ---- */

/* "states" of "states.h" */
static const char *scope_of(Arena *arena, const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? arena_copy(arena, name, (size_t)(dot - name)) : name;
}

/* The scope of the states that the kernel carries along; NULL when none of them has a name. Where a
 * state is needed as a value too, a copy of it has the name. */
static const char *own_scope(const Program *program, int kernel) {
    const Graph *g = program->graph;
    for (int i = 0; i < g->nodes.len; i++) {
        const Node *named = graph_node(g, i);
        const Node *n = named->op == OP_STOP ? graph_node(g, named->in[0]) : named;
        if (n->op == OP_DELAY && named->name && program->kernel_of[n->in[0]] == kernel)
            return scope_of(g->arena, named->name);
    }
    return NULL;
}

/* The scope of the recurrence of which the kernel is the adjoint: it computes d_x, that one x. */
static const char *adjoint_scope(const Program *program, int kernel) {
    const Graph *g = program->graph;
    const NodeList *nodes = &program->kernels.at[kernel].nodes;
    for (int i = 0; i < nodes->len; i++) {
        const char *name = graph_node(g, nodes->at[i])->name;
        for (int k = 0; name && strncmp(name, "d_", 2) == 0 && k < g->nodes.len; k++) {
            int other = program->kernel_of[k];
            const char *of = graph_node(g, k)->name;
            if (of && strcmp(of, name + 2) == 0 && other >= 0 && other != kernel &&
                program->kernels.at[other].recurrence)
                return own_scope(program, other);
        }
    }
    return NULL;
}

static Recurrence *recurrence_of(Report *report, const char *scope) {
    for (int i = 0; i < report->found.len; i++)
        if (strcmp(report->found.at[i].scope, scope) == 0) return &report->found.at[i];
    vec_push(report->arena, &report->found, (Recurrence){.scope = scope});
    return &report->found.at[report->found.len - 1];
}

/* ---- counting ---- */

/* Those products of a kernel that are marked, and the calls that compute them. */
static Count count_marked(const Program *program, const Kernel *kernel, const bool *marked) {
    Count count = {0};
    for (int s = 0; s < kernel->stages.len; s++) {
        TilePhases phases = tile_phases(program->graph->arena, &kernel->stages.at[s]);
        for (int p = 0, end; p < phases.len; p = end) {
            int before = count.products;
            end = end_of_call(&phases, p);
            for (int q = p; q < end; q++)
                for (int i = 0; i < phases.at[q].products.len; i++)
                    count.products += marked[phases.at[q].products.at[i]->node];
            count.merged += count.products > before;
        }
    }
    return count;
}

static Count inside(const Program *program, int kernel) {
    const Graph *g = program->graph;
    bool *marked = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    for (int i = 0; i < g->nodes.len; i++) marked[i] = program->kernel_of[i] == kernel;
    return count_marked(program, &program->kernels.at[kernel], marked);
}

/* A product for all steps at once, or what lies between such a one and a loop. */
static bool may_be_hoisted(const Program *program, int node) {
    int kernel = program->kernel_of[node];
    if (kernel >= 0)
        return program->space[node] == SPACE_STEPS && !program->kernels.at[kernel].recurrence &&
               !program->kernels.at[kernel].direction;
    return program->space[node] == SPACE_STEPS && graph_node(program->graph, node)->count > 0;
}

/* The products outside of all loops whose results the kernel reads. */
static Count hoisted(const Program *program, int kernel) {
    const Graph *g = program->graph;
    bool *read = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1), changed = true;
    while (changed) {
        changed = false;
        for (int i = g->nodes.len - 1; i >= 0; i--) {
            const Node *n = graph_node(g, i);
            bool through = program->kernel_of[i] == kernel || (read[i] && n->op != OP_CONTRACT);
            for (int k = 0; through && k < n->count; k++) {
                if (read[n->in[k]] || !may_be_hoisted(program, n->in[k])) continue;
                read[n->in[k]] = changed = true;
            }
        }
    }
    Count count = {0};
    for (int k = 0; k < program->kernels.len; k++) {
        if (k == kernel) continue;
        Count more = count_marked(program, &program->kernels.at[k], read);
        count.products += more.products;
        count.merged += more.merged;
    }
    return count;
}

static void add(Count *sum, Count count) {
    sum->products += count.products;
    sum->merged += count.merged;
}

static void count_program(Report *report, const Program *program, bool training) {
    for (int k = 0; k < program->kernels.len; k++) {
        const Kernel *kernel = &program->kernels.at[k];
        if (!kernel->recurrence) continue;
        const char *own = own_scope(program, k);
        Count in_loop = inside(program, k);
        const char *scope = own ? own : adjoint_scope(program, k);
        Recurrence *r = recurrence_of(report, scope ? scope : "?");
        r->infer |= !training;
        if (own) add(training ? &r->train_hoisted : &r->predict_hoisted, hoisted(program, k));
        add(!own ? &r->adjoint : training ? &r->train_inside : &r->predict_inside, in_loop);
    }
}

/* ---- printing ---- */

/* " 8 inside as 1", or nothing */
static const char *print_count(Text *out, const char *separator, Count count, const char *where) {
    if (!count.products) return separator;
    text_printf(out, "%s %d %s as %d", separator, count.products, where, count.merged);
    return ",";
}

static void print_recurrence(Text *out, const Recurrence *r) {
    text_printf(out, "  recurrence  %s: products", r->scope);
    if (r->infer) {
        text_puts(out, " to predict");
        const char *separator = print_count(out, "", r->predict_hoisted, "hoisted");
        separator = print_count(out, separator, r->predict_inside, "inside");
        text_puts(out, *separator ? ";" : " none;");
    }
    text_puts(out, " to train");
    const char *separator = print_count(out, "", r->train_hoisted, "hoisted");
    separator = print_count(out, separator, r->train_inside, "inside");
    separator = print_count(out, separator, r->adjoint, "backward");
    text_puts(out, *separator ? "\n" : " none\n");
}

const char *print_recurrences(const Program *infer, const Program *train) {
    Report report = {.arena = infer->graph->arena};
    count_program(&report, infer, false);
    count_program(&report, train, true);
    Text out = text_new(report.arena);
    for (int i = 0; i < report.found.len; i++) print_recurrence(&out, &report.found.at[i]);
    return text_string(&out);
}
