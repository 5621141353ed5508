#include "pipeline.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "base/die.h"
#include "emit/emit.h"
#include "front/elaborate.h"
#include "graph/grad.h"
#include "graph/print.h"
#include "graph/rewrite.h"
#include "graph/verify.h"

bool read_source(Arena *arena, const char *path, Source *source) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!file) return false;
    struct stat info;
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        fclose(file);
        errno = EISDIR;
        return false;
    }
    size_t length = 0, cap = 1 << 16, got;
    char *text = arena_alloc(arena, cap + 1);
    while ((got = fread(text + length, 1, cap - length, file)) > 0) {
        length += got;
        if (length < cap) continue;
        char *bigger = arena_alloc(arena, 2 * cap + 1);
        memcpy(bigger, text, length);
        text = bigger;
        cap *= 2;
    }
    bool bad = ferror(file);
    if (file != stdin) fclose(file);
    text[length] = '\0';
    *source =
        (Source){.path = strcmp(path, "-") == 0 ? "<stdin>" : path, .text = text, .length = length};
    return !bad;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Ends a pass: the graph must be whole, and the log gets a line. */
static double passed(const char *pass, const Graph *graph, double since, FILE *log) {
    const char *problem;
    if (graph && !graph_verify(graph, &problem)) die("after pass %s: %s", pass, problem);
    double end = now();
    if (log) fprintf(log, "%-14s %6.2f ms\n", pass, end - since);
    return now();
}

static File *parse_library(Arena *arena, Intern *names, Diag *diag, File **library) {
    for (int i = 0; i < library_count; i++)
        library[i] = parse(arena, names, &library_sources[i], diag);
    return library[0];
}

static int loss_of(const Graph *graph) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_LOSS) return graph->outputs.at[i].node;
    die("a model without a loss came through elaboration");
}

/* A copy of the graph: passes that append to a graph leave the stage before them as it was. */
static Graph *copy_graph(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    for (int i = 0; i < graph->nodes.len; i++) rebuild.map[i] = rebuild_copy(&rebuild, i);
    return rebuild_finish(&rebuild);
}

static Program *lower(Graph *graph, const char *name, int rows, Diag *diag, FILE *log) {
    double t = now();
    Program *program = pack(graph, name, rows, diag);
    t = passed("pack", program ? program->graph : NULL, t, log);
    if (!program) return NULL;
    fuse(program);
    recompute(program);
    find_products(program);
    take_products(program);
    plan_memory(program);
    passed("fuse", program->graph, t, log);
    return program;
}

/* What is generated must be causal. */
static void refuse_generation(Compilation *c, const Graph *graph) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_GENERATED)
            diag_error(c->diag, c->steps.where, "'%s' cannot be generated step by step: %s",
                       graph->outputs.at[i].name, c->steps.why);
}

static void derive_steps(Compilation *c, Graph *inference, double since, FILE *log) {
    c->steps = derive_step(inference);
    if (!c->steps.step) {
        refuse_generation(c, inference);
        return;
    }
    c->steps.begin = simplify(c->steps.begin);
    since = passed("begin", c->steps.begin, since, log);
    c->steps.step = simplify(order_axes(c->steps.step));
    c->steps.step = simplify(split_products(c->steps.step));
    passed("step", c->steps.step, since, log);
}

/* What cannot be packed takes no steps; that is no error, unless the model generates. */
static void lower_steps(Compilation *c, FILE *log) {
    Diag *diag = diag_new(c->arena);
    if (!c->steps.step) return;
    if (c->steps.begin->outputs.len) c->begin = lower(c->steps.begin, "begin", 1, diag, log);
    if (diag_errors(diag) == 0) c->step = lower(c->steps.step, "step", 1, diag, log);
    if (diag_errors(diag) == 0) return;
    c->begin = NULL;
    c->steps.step = NULL;
    c->steps.why = diag_first_error(diag, &c->steps.where);
    refuse_generation(c, c->graph);
}

static Compilation *run_passes(Arena *arena, const Source *source, StageName last, bool flow,
                               FILE *log) {
    Compilation *c = ARENA_NEW(arena, Compilation);
    double start = now(), t = start;
    Intern *names = intern_new(arena);
    File **library = ARENA_ARRAY(arena, File *, library_count + 1);
    c->arena = arena;
    c->diag = diag_new(arena);
    c->file = parse(arena, names, source, c->diag);
    t = passed("parse", NULL, t, log);
    if (last == STAGE_AST || diag_errors(c->diag)) return c;
    parse_library(arena, names, c->diag, library);
    Graph *graph =
        elaborate(arena, names, c->file, (const File *const *)library, library_count, c->diag);
    t = passed("elaborate", diag_errors(c->diag) ? NULL : graph, t, log);
    if (!graph || diag_errors(c->diag)) return c;
    c->graph = simplify(widen_pairs(simplify(order_axes(graph))));
    t = passed("simplify", c->graph, t, log);
    c->graph = simplify(split_products(c->graph));
    t = passed("products", c->graph, t, log);
    if (last == STAGE_GRAPH) return c;
    Graph *carried = carry_states(guess_words(c->graph));
    t = passed("carry", carried, t, log);
    Graph *gradient = copy_graph(without_outputs(carried, ROLE_GUESSED));
    if (flow)
        graph_differentiate_with_flow(gradient, loss_of(gradient));
    else
        graph_differentiate(gradient, loss_of(gradient));
    t = passed("differentiate", gradient, t, log);
    gradient = simplify(split_products(simplify(gradient)));
    t = passed("simplify", gradient, t, log);
    gradient = simplify(rotate(gradient));
    t = passed("rotate", gradient, t, log);
    c->gradient = gradient;
    if (last == STAGE_GRADIENT) return c;
    Graph *inference = simplify(for_inference(c->graph));
    t = passed("inference", inference, t, log);
    derive_steps(c, inference, t, log);
    if (last == STAGE_STEP) lower_steps(c, log);
    if (last == STAGE_STEP || diag_errors(c->diag)) return c;
    inference = simplify(for_inference(carried));
    c->infer = lower(inference, "infer", 1, c->diag, log);
    if (!c->infer) return c;
    lower_steps(c, log);
    if (diag_errors(c->diag)) return c;
    c->train = lower(gradient, "train", graph->training.batch, c->diag, log);
    if (!c->train || last < STAGE_C) return c;
    t = now();
    c->c = emit_c(&(Emitted){c->infer, c->train, c->begin, c->step, c->steps.sequence});
    passed("emit", NULL, t, log);
    c->milliseconds = now() - start;
    return c;
}

Compilation *compile(Arena *arena, const Source *source, StageName last, FILE *log) {
    return run_passes(arena, source, last, false, log);
}

Compilation *compile_with_flow(Arena *arena, const Source *source, StageName last, FILE *log) {
    return run_passes(arena, source, last, true, log);
}

/* Both graphs; or, as a comment, why there are none. */
static const char *step_text(const Compilation *c) {
    const StepPrograms *s = &c->steps;
    if (s->step)
        return arena_printf(c->arena, "# begin\n%s\n# step\n%s", graph_print(s->begin),
                            graph_print(s->step));
    if (!s->where.source) return arena_printf(c->arena, "# no step program: %s\n", s->why);
    return arena_printf(c->arena, "# no step program: %s  %s:%d:%d\n", s->why,
                        s->where.source->path, s->where.line, s->where.column);
}

const char *stage_text(const Compilation *c, StageName stage) {
    switch (stage) {
        case STAGE_AST:
            return ast_print(c->arena, c->file);
        case STAGE_GRAPH:
            return graph_print(c->graph);
        case STAGE_GRADIENT:
            return graph_print(c->gradient);
        case STAGE_STEP:
            return step_text(c);
        case STAGE_PACKED:
            return arena_printf(c->arena, "%s\n%s", print_packed(c->infer), print_packed(c->train));
        case STAGE_LOOPS:
            return arena_printf(c->arena, "%s\n%s", print_loops(c->infer), print_loops(c->train));
        case STAGE_PRODUCTS:
            return print_recurrences(c->infer, c->train);
        default:
            return c->c;
    }
}
