/* What the files elaborate*.c share: values, frames, and who offers what.
 *
 * Elaborating runs a model at compile time: variables hold values, and a value that depends on the
 * data is a node of the graph. A layer is a function that is run anew at each call.
 *
 *   elaborate.c             the entry: definitions, the model, its limits
 *   elaborate_error.c       errors, placed where the user can act on them
 *   elaborate_frame.c       variables, parameter names, what is in scope
 *   elaborate_value.c       tensors with hidden axes, broadcasting
 *   elaborate_number.c      compile-time numbers and dimensions
 *   elaborate_decl.c        declared shapes and what is given for them
 *   elaborate_expr.c        expressions
 *   elaborate_product.c     @ and [ ]
 *   elaborate_builtin.c     the functions of the language
 *   elaborate_axes.c        those of them that arrange and number axes
 *   elaborate_call.c        arguments, mapping, layers
 *   elaborate_scan.c        scan and step
 *   elaborate_body.c        param, state, let, repeat
 *   elaborate_start.c       what a param starts from
 *   elaborate_model.c       input, target, loss, output, metric
 *   elaborate_numbers.c     the types real and frames
 *   elaborate_text.c        the types words, chars and bytes, and what comes before in a text
 *   elaborate_train.c       train { }
 *
 * Hidden axes. A layer that is mapped over leading axes of its arguments has a body that does not
 * know of them: they are hidden. A tensor's node has its hidden axes first (in order of their
 * ids: the outermost mapping first), then the axes that the language sees. A tensor lacks the
 * hidden axes that it does not depend on; operators give it what their other operands have. */
#ifndef RONDO_ELABORATOR_H
#define RONDO_ELABORATOR_H

#include "front/ast.h"
#include "graph/graph.h"

enum {
    MAX_PARAMETERS = 32,    /* of a layer or cell */
    MAX_SIZE = 1 << 24,     /* of one dimension */
    MAX_ELEMENTS = 1 << 30, /* of one value, lengths not counted */
    MAX_PARTS = 4096,       /* of one split */
    MAX_RANGE = 65536,      /* numbers that a range lists */
    MAX_SHIFT = 1000,       /* steps that a sequence is moved, shortened or lengthened by */
    MAX_REPEAT = 1000,      /* passes through the body of a repeat */
    MAX_CALLS = 20000,      /* calls of layers and cells in one model */
    MAX_PASSES = 20000,     /* through the bodies of all repeats */
    MAX_PARAMS = 20000,     /* of a model */
    MAX_LISTED = 1000,      /* classes or outputs of a model */
    MAX_COLUMNS = 16,       /* RD_MAX_COLUMNS: inputs, the target, what `previous` reads */
    MAX_ITEMS = 10000,      /* layers and cells of a file */
    MAX_ERRORS = 100,       /* that are reported */
    MAX_DEPTH = 64,         /* calls within calls */
    MAX_NODES = 1000000,    /* of the graph */
    MAX_NESTING = 1000,     /* expressions within expressions, over all calls */
    MAX_VOCAB_LIMIT = 1 << 24,
    MAX_LENGTH_LIMIT = 1 << 20,
    MAX_REALS = 1 << 16, /* of a column */
    MAX_BATCH = 1 << 16,
    MAX_EPOCHS = 1000000,
};

/* ---- values ---- */

typedef struct Elaborator Elaborator;
typedef struct Frame Frame;
typedef struct Scan Scan;
typedef struct Tuple Tuple;
typedef struct Builtin Builtin;

/* A layer or cell and where it was found. */
typedef struct {
    const Item *item;
    bool from_library;
    bool used;
    bool warned; /* of what is unused in it */
} Definition;

/* Something that can be called: a layer, a cell, a builtin, or else an op of the table. */
typedef struct {
    const char *name;
    Definition *definition;
    const Builtin *builtin;
    Op op;
} Function;

/* A set of hidden axes: ids in ascending order. */
typedef struct {
    int count;
    int at[2 * MAX_RANK];
} Axes;

typedef enum {
    VALUE_ERROR,    /* of a wrong expression: silences what follows from it */
    VALUE_NUMBER,   /* known at compile time, or a size that is not known yet (dim.sym) */
    VALUE_TENSOR,   /* a node of the graph */
    VALUE_FUNCTION, /* passed by name: act = tanh */
    VALUE_SCAN,     /* what a scan gives: .h, .final */
    VALUE_FINAL,    /* its .final */
    VALUE_TUPLE,    /* several results */
} ValueKind;

typedef struct {
    ValueKind kind;
    double number;     /* NUMBER, when dim.sym is 0 */
    Dim dim;           /* NUMBER: the size of a symbol, plus a constant */
    int node;          /* TENSOR */
    Axes hidden;       /* TENSOR: the hidden axes of the node */
    Function function; /* FUNCTION */
    const Scan *scan;  /* SCAN FINAL */
    const Tuple *tuple;
} Value;

typedef struct {
    const char *name; /* NULL for a result without one */
    Value value;
    bool state; /* of a scan: has a .final */
} Field;

typedef VEC(Field) FieldList;

struct Tuple {
    const char *maker; /* the function whose results these are */
    FieldList fields;
};

/* A scan's fields still have its axes hidden: they come back when a field is read. */
struct Scan {
    const char *cell;
    FieldList fields;
    Axes mapped; /* the axes that the whole scan was mapped over */
    Axes all;    /* these and the axis of time */
    int axis;    /* of time */
    int direction;
};

/* A value with the expression it came from, for messages. */
typedef struct {
    Value value;
    const Expr *expr;
} Operand;

/* ---- frames ---- */

typedef enum { BIND_LET, BIND_PARAM, BIND_STATE, BIND_ARGUMENT, BIND_DIM, BIND_COLUMN } BindKind;

typedef struct {
    BindKind kind;
    const char *name;
    bool next; /* c' */
    bool used;
    int stamp; /* of the repeat pass that set it */
    int older; /* the next binding of its bucket */
    Span span;
    Value value;
} Binding;

/* A hash table of indices, plus 1; elements of one bucket are chained by `older`. */
typedef struct {
    int *at, count;
} Buckets;

/* A name of a parameter or call at one level; `next` is where to look for a free suffix. */
typedef struct {
    const char *name; /* interned */
    int next, older;
} Taken;

/* A state of a running cell. */
typedef struct {
    const Decl *decl;
    Value value;   /* before the step */
    int delay;     /* its node in a scan */
    Type type;     /* of the node */
    bool has_next; /* its equation was met */
    bool broken;   /* its declaration was wrong */
} State;

/* How a cell is run: with one step, or over a sequence. */
typedef struct {
    bool scan;
    Axes hidden; /* the state's hidden axes */
    int axis;    /* of time */
    int direction;
    Value *init; /* a state each, VALUE_NUMBER 0 by default */
    Span *init_span;
} Run;

/* One call of a layer or cell, or the model itself. */
struct Frame {
    Frame *caller;
    Definition *definition;
    Span call;
    const char *path;  /* "decoder.gru"; "" in the model */
    const char *marks; /* "_l0_reverse" behind the names of parameters, which are claimed from … */
    Frame *home;       /* … the caller, or itself */
    const char *shown;  /* the path for the names of values */
    const char *repeat; /* ".0.1" inside of two repeats */
    int stamp, depth;
    VEC(Binding) bindings;
    Buckets buckets; /* of the bindings, by name */
    VEC(Taken) taken;
    Buckets taken_buckets;
    VEC(State) states; /* of a cell */
    const Run *run;    /* of a cell */
    Value result;      /* of a layer: the expression that stands alone */
    const Expr *result_expr;
    bool failed; /* an error was reported in it */
};

struct Elaborator {
    Arena *arena;
    Intern *names;
    Graph *graph;
    Diag *diag;
    Frame *frame;
    VEC(Definition) definitions; /* the file's own, then the library's */
    VEC(Dim) axes;               /* sizes of hidden axes by id */
    int streams;                 /* random streams given out */
    int calls, nesting, stamps;
    bool gave_up;  /* a limit was hit: stop quietly */
    bool too_many; /* errors */
    bool muted;    /* what would be reported now is not, nor its notes */
    int warnings;
    bool has_column, has_loss, has_output, has_train;
    Span loss_span, train_span, sampling_span;
    VEC(Span) metric_spans; /* of graph->metrics */
    struct {
        bool set;
        Span span;
        const char *text;
    } context; /* the note that ends the message being written */
};

/* ---- elaborate_error.c ---- */

/* Stops elaborating, after an error. */
void give_up(Elaborator *e, Span where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same as fail for what is wrong with the value of `operand`: inside of a library layer that
 * was given the value as an argument it is reported where the argument stands. */
void fail_operand(Elaborator *e, const Operand *operand, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports an error at `where`. Inside of a library layer it is reported at the user's call, with a
 * note at `where`; inside of the user's own layer a note tells which call led there. fail_in does
 * the same for a place in the body of `frame`. */
void fail(Elaborator *e, Span where, const char *format, ...) __attribute__((format(printf, 3, 4)));
void fail_in(Elaborator *e, Frame *frame, Span where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A warning; none once there were errors, and none for the library. */
void caution(Elaborator *e, Span where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A note to the message that was reported last. */
void note(Elaborator *e, Span where, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A line of advice for the message that was reported last. */
void advise(Elaborator *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the message reported last. */
void finish_message(Elaborator *e);

/* A note with the shape of `operand` and where it came from. */
void note_operand(Elaborator *e, const Operand *operand);

/* "did you mean 'x'?" when one of `candidates` is near to `name`. */
void hint_nearest(Elaborator *e, const char *name, const char *const *candidates, int count);

/* A hint to choose a field when the value is the result of a scan. */
void hint_scan(Elaborator *e, const Value *value);

/* A dimension and a shape for messages: "text.size", "[text, 128]". */
const char *dim_text(Elaborator *e, Dim dim);
const char *shape_text(Elaborator *e, const Type *type);
const char *type_text(Elaborator *e, const Type *type); /* the same, and that it is an index */

/* The source text of `span`, white space squeezed. */
const char *span_text(Elaborator *e, Span span);

/* "lstm(x: [I], H)" */
const char *signature(Elaborator *e, const Item *item);

/* "a layer", "[T, 100]", "the number 3": what a value is, for messages. */
const char *describe(Elaborator *e, const Value *value);

/* ---- elaborate_frame.c ---- */

Frame *push_frame(Elaborator *e, Definition *definition, Span call, const char *path);

/* The same for `as l, reverse`: what the callee claims, the caller claims with marks behind it. */
Frame *push_marked_frame(Elaborator *e, Definition *definition, Span call, const ExprList *marks);
void pop_frame(Elaborator *e);

/* The latest binding of `name` in `frame`, or NULL. */
Binding *find_binding(Frame *frame, const char *name, bool next);

/* Binds `name`; a name that is taken is an error that points at the first definition. Inside of a
 * repeat an outer name is updated. */
void define_name(Elaborator *e, BindKind kind, const char *name, bool next, Value value, Span span);

/* Forgets the bindings after the first `count`. */
void drop_bindings(Elaborator *e, Frame *frame, int count);

/* The function that `name` stands for where e->frame is. */
bool find_function(Elaborator *e, const char *name, Function *function);

/* The name of a parameter or scope of e->frame, made unique: "decoder.gru", "decoder.gru_2". */
const char *claim_name(Elaborator *e, const char *name);

/* Names the node of `value` after a variable of e->frame, unless it has a name. */
void name_node(Elaborator *e, const Value *value, const char *name, bool next);

/* "unknown name 'x'", with a suggestion; `call` prefers what can be called. */
void fail_unknown(Elaborator *e, Span where, const char *name, bool call);

/* ---- elaborate_value.c ---- */

Value value_error(void);
Value value_number(double number);
Value value_dim(Dim dim);
Value value_tensor(int node, Axes hidden);
Value value_tuple(Elaborator *e, const char *maker, FieldList fields);

/* The value of a new node; an error when it is too large. */
Value made(Elaborator *e, int node, Axes hidden, Span span);

/* The node's type without its hidden axes. */
Type visible_type(const Elaborator *e, const Value *value);

Axes axes_union(Axes a, Axes b);
Axes axes_with(Axes axes, int id);
Axes axes_without(Axes axes, Axes others);
int axes_find(Axes axes, int id); /* the position of `id`, or -1 */

/* A new hidden axis of this size. */
int new_axis(Elaborator *e, Dim size);

/* The type with the hidden axes put in front; false (and an error) when there are too many. */
bool hidden_type(Elaborator *e, Axes hidden, const Type *visible, Span span, Type *type);

/* `value` repeated along the hidden axes that it lacks, and along the leading axes that `visible`
 * has more. A number becomes a constant. */
Value spread(Elaborator *e, Value value, Axes hidden, const Type *visible, Span span);

/* The hidden axis whose every element has a length of its own, found in an argument of the frame;
 * none for a length that every example has. */
bool outer_axis(Elaborator *e, int sym, Span span, Axes *hidden);

/* The number or size as a tensor []. */
Value number_tensor(Elaborator *e, const Value *value, Span span);

/* Hides the first axes.count visible axes, which lie behind all hidden ones; reveal is the way
 * back, and gives the value those axes that it lacks. */
Value hide(Value value, Axes axes);
Value reveal(Elaborator *e, Value value, Axes axes, Span span);

/* True for a tensor of reals or a number; else an error that says what it is. */
bool need_real(Elaborator *e, const Operand *operand, const char *what);
bool need_index(Elaborator *e, const Operand *operand, const char *what);

/* The op on all operands, broadcast. */
Value elementwise(Elaborator *e, Op op, const Expr *at, const Operand *operands, int count);

/* ---- elaborate_number.c ---- */

/* The op on numbers (none a size of unknown value). */
Value fold_number(Elaborator *e, Op op, const Expr *at, const Operand *operands, int count);

/* a + b and a - b where one is a size of unknown value and the result is one too. */
bool fold_size(Op op, const Value *a, const Value *b, Value *result);

/* Why the value cannot be a dimension, or NULL. */
const char *dim_problem(Elaborator *e, const Value *value);

/* A number as the size of a dimension; an error when it is not a whole positive number. */
bool number_dim(Elaborator *e, const Value *value, Span span, Dim *dim);

/* The operand, or the value of `expr`, as a real (whole) number within limits, for `what`. */
bool real_of(Elaborator *e, const Operand *operand, const char *what, double *number);
bool whole_of(Elaborator *e, const Operand *operand, const char *what, int low, int high,
              int *number);
bool eval_real(Elaborator *e, const Expr *expr, const char *what, double *number);
bool eval_whole(Elaborator *e, const Expr *expr, const char *what, int low, int high, int *number);

/* ---- elaborate_decl.c ---- */

/* The type that a declaration states, all its names being bound. */
bool decl_type(Elaborator *e, const Decl *decl, Type *type);

/* A hint for the one who passes words where real numbers are declared. */
void hint_index(Elaborator *e, const Decl *decl, const Value *value);

/* How many axes a declaration has. */
int decl_rank(const Decl *decl);
bool decl_is_tensor(const Decl *decl);

/* A value and the declaration it must fit. */
typedef struct {
    const Decl *decl;
    const Value *value; /* a tensor */
    const char *what;   /* "argument 'x'" */
    const char *shown;  /* the value as its giver sees it; NULL: as it is */
    Span where;
} Fit;

/* Binds the names in `callee` that the declaration mentions first. */
void bind_dims(Elaborator *e, Frame *callee, const Fit *fit);

/* The same, then compares; a misfit is an error in the body of `reporter`. */
bool fit_decl(Elaborator *e, Frame *callee, Frame *reporter, const Fit *fit);

/* ---- elaborate_expr.c ---- */

/* Any value. `hint` is the variable it will be bound to, or NULL: the scope of the outermost call
 * is named after it. */
Value eval_any(Elaborator *e, const Expr *expr, const char *hint);

/* One value: several results are an error. */
Value eval(Elaborator *e, const Expr *expr);

/* ---- elaborate_product.c ---- */

Value product(Elaborator *e, const Expr *at, const Operand *left, const Operand *right);
Value element(Elaborator *e, const Expr *at, const Operand *table, const Operand *index);
Value same_index(Elaborator *e, const Expr *at, const Operand *args, int count);

/* ---- elaborate_builtin.c ---- */

const Builtin *find_builtin(const char *name);
int builtin_names(const char **names, int room); /* of builtins and ops, for suggestions */
Value call_builtin(Elaborator *e, const Expr *at, const Function *function, const Operand *args,
                   int count);

/* ---- elaborate_call.c ---- */

/* The value given for a parameter of a layer or cell. */
typedef struct {
    const Decl *decl;
    bool given;
    Value value;
    Span span;
    const char *shown; /* the value before its leading axes were mapped over */
} Argument;

/* The arguments of the call, in the order of the parameters from number `first` on. */
bool match_arguments(Elaborator *e, const Expr *at, const Definition *definition, int first,
                     const ExprList *exprs, Argument *arguments);

/* Finds the leading axes that the arguments have more than declared (scanned: a sequence has one
 * more), hides them, and gives the hidden axes. */
typedef struct {
    Value *value;
    Span span;
    const char *name;
    int rank; /* declared */
} Mapped;
bool map_leading(Elaborator *e, Mapped *items, int count, Axes *mapped);

/* Checks the call, makes its frame and binds the arguments in it. NULL after an error. */
Frame *enter(Elaborator *e, Definition *definition, Span call, const char *hint,
             const ExprList *marks, Argument *arguments, int count);

Value eval_call(Elaborator *e, const Expr *at, const char *hint);

/* The layer, cell or function that a callee names; false after an error. */
bool resolve_callee(Elaborator *e, const Expr *callee, Function *function);

/* ---- elaborate_axes.c ---- */

/* A real tensor; one whose last axis, into *type, has a known size. False after an error. */
bool need_tensor(Elaborator *e, const Operand *operand, const char *what);
bool last_axis(Elaborator *e, const Operand *operand, const char *what, Type *type);

Value flatten(Elaborator *e, const Expr *at, const Operand *args, int count);
Value unflatten(Elaborator *e, const Expr *at, const Operand *args, int count);
Value transpose(Elaborator *e, const Expr *at, const Operand *args, int count);
Value range(Elaborator *e, const Expr *at, const Operand *args, int count);
Value position(Elaborator *e, const Expr *at, const Operand *args, int count);

/* ---- elaborate_scan.c ---- */

Value eval_scan(Elaborator *e, const Expr *expr, const char *hint);
Value eval_step(Elaborator *e, const Expr *expr, const char *hint);
Value scan_field(Elaborator *e, const Expr *at, const Value *value);

/* ---- elaborate_body.c ---- */

void run_body(Elaborator *e, const StmtList *body);
void run_let(Elaborator *e, const Stmt *stmt);
void run_param(Elaborator *e, const Stmt *stmt);
void run_repeat(Elaborator *e, const Stmt *stmt, void (*run)(Elaborator *, const StmtList *));

/* ---- elaborate_text.c ---- */

/* Fill in an input of the type; false after an error. */
bool words_type(Elaborator *e, const Expr *type, Input *input);
bool whitespace_type(Elaborator *e, const Expr *type, Input *input);
bool chars_type(Elaborator *e, const Expr *type, Input *input);
bool bytes_type(Elaborator *e, const Expr *type, Input *input);
bool regex_type(Elaborator *e, const Expr *type, Input *input);
bool bpe_type(Elaborator *e, const Expr *type, Input *input);

/* Whether it is a text that the model is to produce. */
bool is_produced(const Input *input);

/* The text that is read as streams and has these steps, or NULL; and what there is to say of it
 * behind an error. */
const Input *stream_of(const Elaborator *e, Dim steps);
void note_stream(Elaborator *e, const Input *text);

/* previous(y): what stands before each word of a produced text. */
Value previous(Elaborator *e, const Expr *at, const Operand *args, int count);

/* ---- elaborate_produce.c ---- */

/* generate y from logits; decode y from scores, blank = 0 */
void run_generate(Elaborator *e, const Stmt *stmt);
void run_decode(Elaborator *e, const Stmt *stmt);

/* Whether the model generates or decodes a text. */
bool is_made(const Graph *graph);

/* At the end of a model: which of its texts have the mark </s>. */
void settle_marks(Elaborator *e);

/* ---- elaborate_tags.c ---- */

/* tags(over = text), tags(over = text, NOUN, VERB): a choice for each word of a column above. */
bool tags_type(Elaborator *e, const Expr *type, Input *input);

/* Takes an argument such as `over = text`, which names a column of words further up: into
 * input->over, which is -1 before. */
void words_setting(Elaborator *e, const Expr *arg, Input *input);

/* Takes `column = UPOS`, a setting of several types: what data files call the column. False when
 * the argument is something else. */
bool field_setting(Elaborator *e, const Expr *arg, Input *input);

/* ---- elaborate_start.c ---- */

/* A distribution, `uniform(0.1)`. False after an error. */
bool eval_start(Elaborator *e, const Expr *expr, Start *start);

/* What a parameter of this type starts from when `given` stands behind it, or nothing (NULL). */
bool start_for(Elaborator *e, const Decl *decl, const Type *type, const Start *given, Start *start);

/* ---- elaborate_model.c ---- */

void run_model(Elaborator *e, const Item *item);

/* Adds an output, which is named after the expression. */
void add_output(Elaborator *e, const Expr *expr, Output output);

/* Whether a value has the whole length of a sequence, or none: what leaves the model must. */
bool whole_length(Elaborator *e, const Expr *expr, const char *what, const Value *value);

/* Gives up when the model has no room for another column. */
void need_column(Elaborator *e, Span span);

/* ---- elaborate_numbers.c ---- */

/* Fill in an input of the type; false after an error. */
bool real_type(Elaborator *e, const Expr *type, Input *input);
bool frames_type(Elaborator *e, const Expr *type, Input *input);

bool is_frames(const Input *input);

/* Whether the model's columns can stand beside each other in the data; settles `ahead`. */
void check_columns(Elaborator *e);

/* ---- elaborate_train.c ---- */

void run_train(Elaborator *e, const Stmt *stmt);

#endif
