/* The types real and frames: columns of numbers. */
#include <string.h>

#include "front/elaborator.h"

/* ---- settings ---- */

typedef enum { SET_BY, SET_WINDOW, SET_LENGTH, SET_AHEAD, SET_SCALE, SETTINGS } NumberSetting;

static const struct {
    const char *name;
    bool frames, real; /* the types that have it */
} settings[SETTINGS] = {
    [SET_BY] = {"by", true, false},
    [SET_WINDOW] = {"window", true, false},
    [SET_LENGTH] = {"max_length", true, false},
    [SET_AHEAD] = {"ahead", false, true},
    [SET_SCALE] = {"scale", true, true},
};

typedef struct {
    Elaborator *e;
    Input *input;
    const char *type; /* "real" or "frames" */
    bool frames;
    Span given[SETTINGS];
} Numbers;

static bool same(const char *a, const char *b) { return a && strcmp(a, b) == 0; }

static bool unknown_setting(Numbers *n, const Expr *arg) {
    const char *names[SETTINGS];
    int count = 0;
    for (int i = 0; i < SETTINGS; i++)
        if (n->frames ? settings[i].frames : settings[i].real) names[count++] = settings[i].name;
    fail(n->e, arg->op_span, "'%s' has no setting '%s'", n->type, arg->name);
    hint_nearest(n->e, arg->name, names, count);
    return false;
}

static bool read_by(Numbers *n, const Expr *value) {
    n->input->by = value->name;
    if (value->kind == EXPR_NAME) return true;
    fail(n->e, value->span, "'by' is the name of the field with the ids of sequences");
    return false;
}

static bool read_scale(Numbers *n, const Expr *value) {
    bool name = value->kind == EXPR_NAME;
    n->input->as_is = name && same(value->name, "none");
    if (n->input->as_is || (name && same(value->name, "standard"))) return true;
    fail(n->e, value->span, "'scale' is standard or none");
    return false;
}

static bool read_setting(Numbers *n, const Expr *arg) {
    Elaborator *e = n->e;
    int i = 0;
    while (i < SETTINGS && !((n->frames ? settings[i].frames : settings[i].real) &&
                             same(arg->name, settings[i].name)))
        i++;
    if (i == SETTINGS) return unknown_setting(n, arg);
    if (n->given[i].source) {
        fail(e, arg->span, "'%s' is given twice", arg->name);
        note(e, n->given[i], "it is first given here");
        return false;
    }
    n->given[i] = arg->span;
    switch ((NumberSetting)i) {
        case SET_BY:
            return read_by(n, arg->right);
        case SET_WINDOW:
            return eval_whole(e, arg->right, "window", 1, MAX_LENGTH_LIMIT, &n->input->window);
        case SET_LENGTH:
            return eval_whole(e, arg->right, "max_length", 1, MAX_LENGTH_LIMIT,
                              &n->input->max_length);
        case SET_AHEAD:
            return eval_whole(e, arg->right, "ahead", 0, MAX_LENGTH_LIMIT, &n->input->ahead);
        default:
            return read_scale(n, arg->right);
    }
}

/* ---- the numbers themselves ---- */

static bool misshapen(Numbers *n, Span span) {
    fail(n->e, span,
         n->frames ? "'frames' needs the numbers of a frame" : "this is no form of 'real'");
    advise(n->e, n->frames ? "frames[13] are 13 numbers each, frames(a, b) the fields 'a' and 'b'"
                           : "'real' is one number, real[3] are three, real(a, b) the fields 'a' "
                             "and 'b'");
    return false;
}

/* frames[13, …]: *count is the first argument. */
static bool read_count(Numbers *n, const Expr *type, int *count) {
    if (!type->args.len || type->args.at[0]->kind == EXPR_NAMED) return misshapen(n, type->span);
    return eval_whole(n->e, type->args.at[0], "the number of reals", 1, MAX_REALS, count);
}

/* frames(a, b, …): the fields are the arguments without a name. */
static bool read_field(Numbers *n, const Expr *arg, int *count) {
    if (arg->kind != EXPR_NAME) return misshapen(n, arg->span);
    n->input->fields[(*count)++] = arg->name;
    return true;
}

static bool read_arguments(Numbers *n, const Expr *type, int *count) {
    bool sized = type->kind == EXPR_INDEX, good = true;
    n->input->fields = ARENA_ARRAY(n->e->arena, const char *, type->args.len + 1);
    *count = 0;
    if (sized && !read_count(n, type, count)) return false;
    for (int i = sized; i < type->args.len; i++) {
        const Expr *arg = type->args.at[i];
        if (arg->kind == EXPR_NAMED)
            good = read_setting(n, arg) && good;
        else if (sized)
            return misshapen(n, arg->span);
        else
            good = read_field(n, arg, count) && good;
    }
    if (sized || !*count) n->input->fields = NULL;
    if (good && n->frames && !*count) return misshapen(n, type->span);
    return good;
}

static bool read_numbers(Numbers *n, const Expr *type, int *count) {
    n->input->kind = INPUT_REAL;
    n->input->ahead = -1;
    if (type->kind != EXPR_NAME) return read_arguments(n, type, count);
    *count = 0;
    return !n->frames || misshapen(n, type->span);
}

/* real, real[N], real(a, b): [] or [N] */
bool real_type(Elaborator *e, const Expr *type, Input *input) {
    Numbers n = {.e = e, .input = input, .type = "real"};
    int count;
    if (!read_numbers(&n, type, &count)) return false;
    Dim dim = dim_const(count);
    bool row = count > 1 || type->kind == EXPR_INDEX;
    input->type = row ? type_real(1, &dim) : type_real(0, NULL);
    return true;
}

/* frames[N], frames(a, b): [T, N] */
bool frames_type(Elaborator *e, const Expr *type, Input *input) {
    Numbers n = {.e = e, .input = input, .type = "frames", .frames = true};
    int count;
    input->max_length = 1000;
    if (!read_numbers(&n, type, &count)) return false;
    if (input->window && n.given[SET_LENGTH].source) {
        fail(e, n.given[SET_LENGTH], "windows have one length");
        note(e, n.given[SET_WINDOW], "it is given here");
        return false;
    }
    if (input->window) input->max_length = input->window;
    if (!input->window && !input->by) input->by = "id";
    Sym sym = {.name = input->name,
               .kind = SYM_LENGTH,
               .max = input->max_length,
               .input = e->graph->inputs.len};
    vec_push(e->arena, &e->graph->syms, sym);
    input->type = type_real(2, (Dim[]){{e->graph->syms.len - 1, 0}, dim_const(count)});
    return true;
}

/* ---- columns beside each other ---- */

/* All frames of a line are one column. A text is that of a whole sequence, not of a window. */
static bool check_beside(Elaborator *e, const Input *frames, const Input *other) {
    bool text = other->kind == INPUT_WORDS && frames->window;
    if (other == frames || (!text && !is_frames(other))) return true;
    fail(e, other->span, "a model with %s",
         text ? "windows of frames can have no text" : "frames can have no other frames");
    note(e, frames->span, "the frames are here");
    if (text)
        advise(e, "a text can stand beside whole sequences: frames[%d, by = id]",
               frames->type.dim[1].add);
    else
        advise(e, "one column may have more numbers: frames(a, b, c)");
    return false;
}

bool is_frames(const Input *input) { return input->kind == INPUT_REAL && input->type.rank == 2; }

/* Where no `ahead` is given a target is read from the line behind a window, an input from the last
 * of it. */
static void settle_ahead(Elaborator *e, Input *input, const Input *frames) {
    bool windows = frames && frames->window;
    if (!windows && input->kind == INPUT_REAL && input->ahead >= 0) {
        fail(e, input->span, "'ahead' counts lines behind a window, and there are no windows");
        advise(e, "such as 'input past: frames(sales, window = 12)'");
    }
    if (input->kind != INPUT_REAL || input->ahead < 0) input->ahead = windows && input->target;
}

/* A text that is cut into windows has the file for itself. */
static void check_long_text(Elaborator *e) {
    const Graph *graph = e->graph;
    for (int i = 0; i < graph->inputs.len; i++) {
        const Input *text = &graph->inputs.at[i];
        if (text->kind != INPUT_WORDS || !text->window) continue;
        for (int k = 0; k < graph->inputs.len; k++) {
            const Input *other = &graph->inputs.at[k];
            if (other == text || other->kind == INPUT_PREVIOUS) continue;
            fail(e, other->span, "a model with a long text can have no other column");
            note(e, text->span, "the text is here: it is read in %s",
                 text->stream ? "streams" : "windows");
            return;
        }
    }
}

void check_columns(Elaborator *e) {
    Graph *graph = e->graph;
    settle_marks(e);
    check_long_text(e);
    const Input *frames = NULL;
    for (int i = 0; i < graph->inputs.len && !frames; i++)
        if (is_frames(&graph->inputs.at[i])) frames = &graph->inputs.at[i];
    if (frames && frames->target) {
        fail(e, frames->span, "a target of frames is not supported yet");
        return;
    }
    bool good = true;
    for (int i = 0; frames && i < graph->inputs.len && good; i++)
        good = check_beside(e, frames, &graph->inputs.at[i]);
    for (int i = 0; i < graph->inputs.len; i++) settle_ahead(e, &graph->inputs.at[i], frames);
}
