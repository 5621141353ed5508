/* A stage with products: tiles of a few rows and vectors of columns, whose sums stay in registers
 * until the equations that follow them are done. */
#include "base/die.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* The sum of sizes, some of which may be those of vocabularies; each `times`. */
typedef struct {
    long fixed;
    const char *more;
} SizeSum;

static void add_size(const Writer *writer, SizeSum *sum, int size, int times) {
    if (!is_vocabulary(size))
        sum->fixed += (long)size * times;
    else if (times == 1)
        sum->more = PRINT("%s + %s", sum->more ? sum->more : "", size_text(writer, size));
    else
        sum->more =
            PRINT("%s + %s * %d", sum->more ? sum->more : "", size_text(writer, size), times);
}

static const char *sum_text(const Writer *writer, SizeSum sum) {
    if (!sum.more) return PRINT("%ld", sum.fixed);
    return sum.fixed ? PRINT("(%ld%s)", sum.fixed, sum.more) : PRINT("(%s)", sum.more + 3);
}

const char *panel_depth(const Writer *writer, const Stage *stage) {
    SizeSum depth = {0};
    for (int s = 0; s < stage->accumulators.len; s++)
        for (int i = 0; i < stage->accumulators.at[s].products.len; i++)
            add_size(writer, &depth, stage->accumulators.at[s].products.at[i].depth, 1);
    return sum_text(writer, depth);
}

int panel_products(const Stage *stage) {
    int products = 0;
    for (int s = 0; s < stage->accumulators.len; s++)
        products += stage->accumulators.at[s].products.len;
    return products;
}

static const char *product_text(const Writer *writer, const TilePhase *phase) {
    const Node *left = graph_node(writer->graph, phase->operand.node);
    const char *name = left->name ? left->name : writer->names[phase->operand.node];
    const char *when = phase->operand.row == ROW_PREVIOUS  ? "[t-1]"
                       : phase->operand.row == ROW_NEXT    ? "[t+1]"
                       : phase->operand.row == ROW_SHIFTED ? PRINT("[t%+d]", phase->operand.by)
                                                           : "";
    return PRINT("%s @ %s%s", writer->graph->params.at[phase->products.at[0]->param].name, name,
                 when);
}

/* ---- rows, panels and vectors ---- */

/* Whether tiles of few rows go through several panels at once. Where all rows are done with the
 * same columns they wait for memory, and rows that are mostly zeros have little to wait for. */
static bool is_wide(const Stage *stage) {
    bool wide = stage->tiles == TILES_BY_ROWS;
    for (int s = 0; s < stage->accumulators.len; s++)
        for (int i = 0; i < stage->accumulators.at[s].products.len; i++)
            wide &= !stage->accumulators.at[s].products.at[i].sparse;
    return wide;
}

const char *tile_sum(const Writer *writer, const Stage *stage, int s) {
    const char *vector = stage->blocks == 1 ? PRINT("%d", s)
                         : s == 0           ? "u"
                         : s == 1           ? "blocks + u"
                                            : PRINT("%d * blocks + u", s);
    return PRINT("sums[%s][%s]", is_wide(stage) ? "p * rows + r" : "r", vector);
}

static void begin_loop(Writer *writer, const char *variable, const char *count) {
    text_printf(writer->out, "RD_ROLLED for (int %s = 0; %s < %s; %s++) {\n", variable, variable,
                count, variable);
    writer->out->indent++;
}

static void end_loop(Writer *writer) {
    writer->out->indent--;
    text_puts(writer->out, "}\n");
}

/* How many panels a tile goes through. */
static const char *wide_of(const Stage *stage) { return is_wide(stage) ? "wide" : "1"; }

static void begin_panels(Writer *writer, const Stage *stage) {
    if (is_wide(stage)) begin_loop(writer, "p", "wide");
}

static void end_panels(Writer *writer, const Stage *stage) {
    if (is_wide(stage)) end_loop(writer);
}

static void begin_vectors(Writer *writer, const Stage *stage) {
    if (stage->blocks > 1) begin_loop(writer, "u", "blocks");
}

static void end_vectors(Writer *writer, const Stage *stage) {
    if (stage->blocks > 1) end_loop(writer);
}

/* The first column of a vector. */
static const char *column_of(const Writer *writer, const Stage *stage) {
    const char *panel = !is_wide(stage)     ? ""
                        : stage->blocks > 1 ? PRINT(" + p * %d", stage->blocks)
                                            : " + p";
    const char *v = PRINT("v%s%s", panel, stage->blocks > 1 ? " + u" : "");
    return strlen(v) > 1 ? PRINT("(%s) * LANES", v) : "v * LANES";
}

/* Loops over all rows and vectors of a tile, in which `at` and `column` are where they are. */
static void begin_tile(Writer *writer, const Stage *stage) {
    begin_panels(writer, stage);
    begin_loop(writer, "r", "rows");
    text_puts(writer->out, "const long at = row + r;\n(void)at;\n");
    begin_vectors(writer, stage);
    text_printf(writer->out, "const int column = %s;\n(void)column;\n", column_of(writer, stage));
}

static void end_tile(Writer *writer, const Stage *stage) {
    end_vectors(writer, stage);
    end_loop(writer);
    end_panels(writer, stage);
}

/* ---- products taken in ---- */

static const Stage *taken_stage(const Writer *writer, const Taken *taken) {
    return &writer->program->kernels.at[taken->kernel].stages.at[taken->stage];
}

/* The phases of the stages that are taken in, which add to the sums of `stage`, and then its own.
 */
static TilePhases all_phases(const Writer *writer, const Stage *stage) {
    Arena *arena = writer->graph->arena;
    TilePhases all = {0};
    for (int t = 0; t < stage->taken.len; t++) {
        const Taken *taken = &stage->taken.at[t];
        const TilePhases phases = tile_phases(arena, taken_stage(writer, taken));
        for (int p = 0; p < phases.len; p++) {
            for (int i = 0; i < phases.at[p].sums.len; i++)
                phases.at[p].sums.at[i] = taken->sums.at[phases.at[p].sums.at[i]];
            vec_push(arena, &all, phases.at[p]);
        }
    }
    const TilePhases own = tile_phases(arena, stage);
    for (int p = 0; p < own.len; p++) vec_push(arena, &all, own.at[p]);
    return all;
}

const char *takes_in(const Writer *writer, const Stage *hoisted, const char *run) {
    return PRINT("rd_takes_in(%s, %d)", packing_of(writer, run, hoisted->axis), SEVERAL_ROWS);
}

/* The variable that says whether it is taken in. */
static const char *inside(const Writer *writer, int t) {
    return t ? PRINT("inside_%d", t) : "inside";
}

static void emit_inside(Writer *writer, const Stage *stage) {
    for (int t = 0; t < stage->taken.len; t++)
        text_printf(writer->out, "const bool %s = %s;\n", inside(writer, t),
                    takes_in(writer, taken_stage(writer, &stage->taken.at[t]), "w->"));
}

/* The sum that `node` is of a stage that is taken in; *t says which of those. */
static const Accumulator *taken_sum(const Writer *writer, const Stage *stage, int node, int *t) {
    for (*t = 0; *t < stage->taken.len; (*t)++) {
        const Accumulator *sum = sum_of(taken_stage(writer, &stage->taken.at[*t]), node);
        if (sum) return sum;
    }
    die("a sum starts from one that no stage taken in has");
}

/* Whether a row is likely to be in memory alone: another kernel has computed it, or it is long. */
static bool is_far(const Writer *writer, Access access) {
    const Program *program = writer->program;
    return program->buffer_of[access.node] >= 0 && !access.splat &&
           (program->kernel_of[access.node] != writer->kernel ||
            is_vocabulary(program->columns[access.node]));
}

/* How much further on the rows of the next tile are; 0 if they need not be fetched. Where many rows
 * are done with the same columns, they are in the cache after the first columns. */
static const char *ahead_of(const Writer *writer, const Stage *stage, Access access) {
    if (access.row != ROW_SAME || !is_far(writer, access)) return "0";
    const char *next = PRINT("rows * %s", stride_of(writer, access.node));
    return stage->tiles == TILES_BY_ROWS ? next : PRINT("v ? 0 : %s", next);
}

/* The rows that the products read, which no column changes. */
static void emit_left(Writer *writer, const Stage *stage, const TilePhases *phases) {
    Text *out = writer->out;
    text_printf(out, "RdLeft left[%d];\n", phases->len);
    for (int p = 0; p < phases->len; p++)
        text_printf(out, "left[%d].depth = %s, left[%d].ahead = %s; /* %s */\n", p,
                    size_text(writer, phases->at[p].depth), p,
                    ahead_of(writer, stage, phases->at[p].operand),
                    product_text(writer, &phases->at[p]));
    text_puts(out, "RD_ROLLED for (int r = 0; r < rows; r++) {\n");
    out->indent++;
    text_puts(out, "const long at = row + r;\n");
    for (int p = 0; p < phases->len; p++)
        text_printf(out, "left[%d].row[r] = %s;\n", p,
                    line_pointer(writer, phases->at[p].operand, "at"));
    out->indent--;
    text_puts(out, "}\n");
}

/* What a sum starts from. */
static const char *start_of(Writer *writer, const Accumulator *sum) {
    const char *start = NULL;
    for (int i = 0; i < sum->shared.len; i++) {
        const char *term = operand(writer, sum->shared.at[i], "column");
        start = start ? PRINT("%s + %s", start, term) : term;
    }
    return start ? start : "rd_splat(0)";
}

/* The same for row r; a hoisted sum if it was not taken in, and else what that starts from. */
static const char *start_of_row(Writer *writer, const Stage *stage, int s, const char **start) {
    int hoisted = stage->accumulators.at[s].start, t = 0;
    const char *shared = PRINT("start_%d", s);
    if (hoisted < 0) return shared;
    *start = start_of(writer, taken_sum(writer, stage, hoisted, &t));
    return PRINT("%s ? %s : rd_load(w->%s + (row + r) * %s + column)", inside(writer, t), shared,
                 writer->names[hoisted], stride_of(writer, hoisted));
}

static void emit_start(Writer *writer, const Stage *stage) {
    Text *out = writer->out;
    begin_loads(writer, false);
    int sums = stage->accumulators.len;
    const char **start = ARENA_ARRAY(writer->graph->arena, const char *, sums + 1);
    const char **of_row = ARENA_ARRAY(writer->graph->arena, const char *, sums + 1);
    bool columns = false;
    for (int s = 0; s < sums; s++) {
        start[s] = start_of(writer, &stage->accumulators.at[s]);
        of_row[s] = start_of_row(writer, stage, s, &start[s]);
        columns |= strstr(start[s], "column") || strstr(of_row[s], "column");
    }
    begin_panels(writer, stage);
    begin_vectors(writer, stage);
    if (columns) text_printf(out, "const int column = %s;\n", column_of(writer, stage));
    for (int s = 0; s < sums; s++) {
        text_printf(out, "const vec start_%d = %s;\n", s, start[s]);
        text_printf(out, "RD_ROLLED for (int r = 0; r < rows; r++) %s = %s;\n",
                    tile_sum(writer, stage, s), of_row[s]);
    }
    end_vectors(writer, stage);
    end_panels(writer, stage);
}

/* How many vectors the panel has from vector v on. */
static const char *blocks_of(const Stage *stage) { return stage->blocks > 1 ? "blocks" : "1"; }

static void emit_blocks(Writer *writer, const Stage *stage) {
    if (stage->blocks > 1)
        text_printf(writer->out, "const int blocks = RD_MIN(%d, RD_VECTORS(%s) - v);\n",
                    stage->blocks, size_text(writer, stage->columns));
}

static void emit_multiply(Writer *writer, const Stage *stage, const TilePhase *phases, int first,
                          int last, const char *panel) {
    Text *out = writer->out;
    const NodeList *sums = &phases[first].sums;
    text_printf(out, "static const int to_%d[] = {", first);
    for (int i = 0; i < sums->len; i++) text_printf(out, "%s%d", i ? ", " : "", sums->at[i]);
    text_printf(out, "};\nrd_multiply%s(sums[0], %d, to_%d, %d, %s, rows, left + %d, %d, &%s);\n",
                phases[first].sparse ? "_sparse" : "", stage->accumulators.len * stage->blocks,
                first, sums->len, blocks_of(stage), first, last - first, panel);
}

/* A sum that is no more than one of a stage taken in. */
static bool is_taken_sum(const Stage *stage, int s) {
    return stage->accumulators.at[s].start == stage->accumulators.at[s].node;
}

/* What follows the products: the equations of a stage for each row and vector of the tile. */
static void emit_update(Writer *writer, const Stage *stage) {
    Text *out = writer->out;
    begin_loads(writer, true);
    begin_tile(writer, stage);
    for (int s = 0; s < stage->accumulators.len; s++)
        if (is_taken_sum(stage, s))
            text_printf(out, "const vec %s = %s;\n", writer->names[stage->accumulators.at[s].node],
                        tile_sum(writer, stage, s));
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, "vec %s = all_%s[r];\n", writer->names[stage->nodes.at[i]],
                        writer->names[stage->nodes.at[i]]);
    for (int i = 0; i < stage->nodes.len; i++)
        emit_node(writer, stage, stage->nodes.at[i], "column");
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, "all_%s[r] = %s;\n", writer->names[stage->nodes.at[i]],
                        writer->names[stage->nodes.at[i]]);
    end_tile(writer, stage);
}

/* What the rows from `row` on have summed up, to memory. */
static void emit_tile_sums_end(Writer *writer, const Stage *stage) {
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        if (!is_row_sum(writer, node)) continue;
        text_puts(writer->out,
                  "RD_ROLLED for (int r = 0; r < rows; r++) {\n  const long at = row + r;\n  ");
        emit_sum_end(writer, node, PRINT("all_%s[r]", writer->names[node]), "column");
        text_puts(writer->out, "}\n");
    }
}

/* The weights of the columns from vector v on. */
static const char *panel_of(Writer *writer, int kernel, int s, const char *wide) {
    const Stage *stage = &writer->program->kernels.at[kernel].stages.at[s];
    return PRINT("rd_panels(&w->panels[%s_panel_%d], v, %s, %s, %s, %d)",
                 writer->kernel_names[kernel], s, blocks_of(stage), wide,
                 panel_depth(writer, stage), panel_products(stage));
}

/* Phases [first, last). */
static void emit_multiplies(Writer *writer, const Stage *stage, const TilePhases *phases, int first,
                            int last, const char *panel) {
    for (int p = first, next; p < last; p = next) {
        next = end_of_call(phases, p) < last ? end_of_call(phases, p) : last;
        emit_multiply(writer, stage, phases->at, p, next, panel);
    }
}

/* The products of the stages that are taken in; returns how many phases that were. */
static int emit_taken(Writer *writer, const Stage *stage, const TilePhases *phases) {
    int first = 0;
    for (int t = 0; t < stage->taken.len; t++) {
        const Taken *taken = &stage->taken.at[t];
        int last = first + tile_phases(writer->graph->arena, taken_stage(writer, taken)).len;
        text_printf(writer->out, "if (%s) {\n", inside(writer, t));
        writer->out->indent++;
        text_printf(writer->out, "RdPanel hoisted = %s;\n",
                    panel_of(writer, taken->kernel, taken->stage, wide_of(stage)));
        emit_multiplies(writer, stage, phases, first, last, "hoisted");
        writer->out->indent--;
        text_puts(writer->out, "}\n");
        first = last;
    }
    return first;
}

static int vectors_of_row(const Stage *stage) { return stage->accumulators.len * stage->blocks; }

/* ---- functions ---- */

/* What a tile's function is given for each sum over columns: where those of its rows are. */
static const char *row_sum_arguments(const Writer *writer, const Stage *stage, const char *before,
                                     const char *behind) {
    const char *text = "";
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text = PRINT("%s, %sall_%s%s", text, before, writer->names[stage->nodes.at[i]], behind);
    return text;
}

static const char *stage_name(const Writer *writer, int s) {
    return PRINT("%s_stage_%d", writer->kernel_names[writer->kernel], s);
}

static void begin_function(Writer *writer, const char *name, const char *parameters) {
    text_printf(writer->out, "static void %s(const %s *w, long row, int rows%s) {\n", name,
                writer->type, parameters);
    writer->out->indent++;
}

static void end_function(Writer *writer) {
    writer->out->indent--;
    text_puts(writer->out, "}\n\n");
}

static void begin_columns(Writer *writer, const Stage *stage) {
    const char *all = PRINT("RD_VECTORS(%s)", size_text(writer, stage->columns));
    const char *blocks = stage->blocks > 1 ? PRINT(" * %d", stage->blocks) : "";
    const char *panels =
        stage->blocks > 1 ? PRINT("(%s - v) / %d", all, stage->blocks) : PRINT("%s - v", all);
    if (is_wide(stage))
        text_printf(writer->out, "RD_ROLLED for (int v = 0, wide; v < %s; v += wide%s) {\n", all,
                    blocks);
    else
        text_printf(writer->out, "RD_ROLLED for (int v = 0; v < %s; v += %d) {\n", all,
                    stage->blocks);
    writer->out->indent++;
    if (is_wide(stage)) text_printf(writer->out, "wide = rd_wide(rows, %s);\n", panels);
}

/* A call of `function` for each tile of the rows. */
static void call_tiles(Writer *writer, const char *function, const char *arguments) {
    text_puts(writer->out,
              "RD_ROLLED for (int from = 0, tile; from < rows; from += tile) {\n"
              "  tile = rd_tile(rows - from, RD_TALL_ROWS);\n");
    text_printf(writer->out, "  %s(w, row + from, tile%s);\n}\n", function, arguments);
}

/* What follows the products, as text: what it reads from memory is known then. */
static const char *update_text(Writer *writer, const Stage *stage) {
    Text *out = writer->out, aside = text_new(writer->graph->arena);
    aside.width = out->width;
    writer->out = &aside;
    emit_update(writer, stage);
    writer->out = out;
    return text_string(&aside);
}

/* Asks for the lines of memory that the update will read or write, so that they come while the
 * products are computed. */
static void emit_fetches(Writer *writer, const Stage *stage) {
    const char *fetches = "";
    for (int i = 0; i < writer->load_count; i++)
        if (is_far(writer, writer->loads[i].access))
            fetches = PRINT("%srd_fetch_to_read(%s + column);\n", fetches,
                            line_pointer(writer, writer->loads[i].access, "at"));
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_stored_row(writer, stage->nodes.at[i]))
            fetches = PRINT("%srd_fetch_to_write(%s + column);\n", fetches,
                            own_row(writer, stage->nodes.at[i]));
    if (!*fetches) return;
    begin_tile(writer, stage);
    text_puts(writer->out, fetches);
    end_tile(writer, stage);
}

/* From the panel of the columns at v to what follows their sums. */
static void emit_one_tile(Writer *writer, const Stage *stage, int s, const TilePhases *phases) {
    emit_blocks(writer, stage);
    text_printf(writer->out, "RdPanel panel = %s;\n",
                panel_of(writer, writer->kernel, s, wide_of(stage)));
    text_printf(writer->out, "vec sums[%s][%d];\n",
                stage->tiles == TILES_BY_ROWS ? "RD_ROWS" : "RD_TALL_ROWS", vectors_of_row(stage));
    emit_start(writer, stage);
    const char *update = update_text(writer, stage);
    emit_fetches(writer, stage);
    int own = emit_taken(writer, stage, phases);
    emit_multiplies(writer, stage, phases, own, phases->len, "panel");
    text_puts(writer->out, update);
}

/* All columns of a tile's rows. */
static void emit_by_rows(Writer *writer, const Stage *stage, int s) {
    const TilePhases phases = all_phases(writer, stage);
    begin_function(writer, stage_name(writer, s), "");
    begin_lines(writer, stage);
    emit_inside(writer, stage);
    emit_left(writer, stage, &phases);
    emit_row_sums(writer, stage, "RD_ROWS");
    begin_columns(writer, stage);
    emit_one_tile(writer, stage, s, &phases);
    writer->out->indent--;
    text_puts(writer->out, "}\n");
    emit_tile_sums_end(writer, stage);
    end_lines(writer);
    end_function(writer);
}

/* A function for a tile, and one that calls it for the same columns of all rows, column after
 * column. */
static void emit_by_columns(Writer *writer, const Stage *stage, int s) {
    const TilePhases phases = all_phases(writer, stage);
    const char *name = stage_name(writer, s), *tile = PRINT("%s_tile", name);
    const char *sums = row_sum_arguments(writer, stage, "vec *", "");
    begin_function(writer, tile, PRINT(", int v%s", sums));
    emit_inside(writer, stage);
    emit_left(writer, stage, &phases);
    emit_one_tile(writer, stage, s, &phases);
    end_function(writer);
    begin_function(writer, name, "");
    emit_row_sums(writer, stage, "RD_MANY_ROWS");
    begin_columns(writer, stage);
    call_tiles(writer, tile, PRINT(", v%s", row_sum_arguments(writer, stage, "", " + from")));
    writer->out->indent--;
    text_puts(writer->out, "}\n");
    emit_tile_sums_end(writer, stage);
    end_function(writer);
}

/* ---- parts of the depth ---- */

/* The product of one phase with the depths from `k` on. */
static void emit_deep_product(Writer *writer, const Stage *stage, int s, const TilePhases *phases,
                              int p) {
    Text *out = writer->out;
    const TilePhase *phase = &phases->at[p];
    SizeSum before = {0};
    int products = 0;
    for (int q = 0; q < p; q++) {
        add_size(writer, &before, phases->at[q].depth, phases->at[q].sums.len);
        products += phases->at[q].sums.len;
    }
    begin_function(writer, PRINT("%s_product_%d", stage_name(writer, s), p),
                   PRINT(", int v, int k, vec (*sums)[%d]", vectors_of_row(stage)));
    emit_blocks(writer, stage);
    text_printf(out, "static const int to[] = {");
    for (int i = 0; i < phase->sums.len; i++)
        text_printf(out, "%s%d", i ? ", " : "", phase->sums.at[i]);
    text_printf(out, "};\nconst RdPanel all = %s;\n", panel_of(writer, writer->kernel, s, "1"));
    const char *blocks = blocks_of(stage);
    text_printf(out, "RdPanel panel = rd_panel(&all, (%s + %d * (long)k) * %s, %d * %s);\n",
                sum_text(writer, before), phase->sums.len, blocks, products, blocks);
    text_printf(out, "/* %s */\nRdLeft left = {.depth = RD_MIN(RD_DEPTH, %s - k), .ahead = %s};\n",
                product_text(writer, phase), size_text(writer, phase->depth),
                ahead_of(writer, stage, phase->operand));
    text_printf(out,
                "RD_ROLLED for (int r = 0; r < rows; r++) {\n  const long at = row + r;\n"
                "  left.row[r] = %s + k;\n}\n",
                line_pointer(writer, phase->operand, "at"));
    text_printf(out, "rd_multiply(sums[0], %d, to, %d, %s, rows, &left, 1, &panel);\n",
                vectors_of_row(stage), phase->sums.len, blocks);
    end_function(writer);
}

/* A loop over those columns whose sums are in memory, with a call for each tile of the rows. */
static void call_for_columns(Writer *writer, const Stage *stage, const char *function,
                             const char *arguments, const char *behind) {
    text_printf(writer->out, "RD_ROLLED for (int v = here; v < next; v += %d)\n", stage->blocks);
    writer->out->indent++;
    call_tiles(writer, function,
               PRINT(", v%s, sums[(v - here) / %d] + from%s", arguments, stage->blocks, behind));
    writer->out->indent--;
}

/* Functions for what the sums of a tile start from, for the products, and for what follows them;
 * and one that calls them for some columns of all rows, with one part of the depth after another.
 */
static void emit_by_depth(Writer *writer, const Stage *stage, int s) {
    enum { VECTORS = 16 }; /* of a row, whose sums are in memory */
    Text *out = writer->out;
    const TilePhases phases = tile_phases(writer->graph->arena, stage);
    const char *name = stage_name(writer, s);
    const int each = vectors_of_row(stage), columns = each < VECTORS ? VECTORS / each : 1;
    const char *sums = PRINT(", vec (*sums)[%d]", each);
    begin_function(writer, PRINT("%s_start", name), PRINT(", int v%s", sums));
    text_puts(out, "(void)w, (void)row;\n");
    emit_blocks(writer, stage);
    emit_start(writer, stage);
    end_function(writer);
    for (int p = 0; p < phases.len; p++) emit_deep_product(writer, stage, s, &phases, p);
    begin_function(writer, PRINT("%s_update", name),
                   PRINT(", int v%s%s", sums, row_sum_arguments(writer, stage, "vec *", "")));
    emit_blocks(writer, stage);
    emit_update(writer, stage);
    end_function(writer);
    begin_function(writer, name, "");
    emit_row_sums(writer, stage, "RD_MANY_ROWS");
    text_printf(out, "vec sums[%d][RD_MANY_ROWS][%d];\n", columns, each);
    text_printf(out, "const int all = RD_VECTORS(%s);\n", size_text(writer, stage->columns));
    text_printf(out, "RD_ROLLED for (int here = 0, next; here < all; here = next) {\n");
    out->indent++;
    text_printf(out, "next = RD_MIN(all, here + %d);\n", columns * stage->blocks);
    call_for_columns(writer, stage, PRINT("%s_start", name), "", "");
    for (int p = 0; p < phases.len; p++) {
        text_printf(out, "RD_ROLLED for (int k = 0; k < %s; k += RD_DEPTH)\n",
                    size_text(writer, phases.at[p].depth));
        out->indent++;
        call_for_columns(writer, stage, PRINT("%s_product_%d", name, p), ", k", "");
        out->indent--;
    }
    call_for_columns(writer, stage, PRINT("%s_update", name), "",
                     row_sum_arguments(writer, stage, "", " + from"));
    out->indent--;
    text_puts(out, "}\n");
    emit_tile_sums_end(writer, stage);
    end_function(writer);
}

void emit_tile_stage(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    for (int i = 0; i < stage->accumulators.len; i++)
        if (is_taken_sum(stage, i)) writer->known[stage->accumulators.at[i].node] = true;
    if (stage->tiles == TILES_BY_COLUMNS)
        emit_by_columns(writer, stage, s);
    else if (stage->tiles == TILES_BY_DEPTH)
        emit_by_depth(writer, stage, s);
    else
        emit_by_rows(writer, stage, s);
    for (int i = 0; i < stage->accumulators.len; i++)
        if (is_taken_sum(stage, i)) writer->known[stage->accumulators.at[i].node] = false;
}
