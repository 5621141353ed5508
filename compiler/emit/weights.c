/* Panels: the weights as the tiles read them. */
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

int count_tiles(const Program *program) {
    int tiles = 0;
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++)
            tiles += program->kernels.at[k].stages.at[s].accumulators.len > 0;
    return tiles;
}

typedef void EachTile(Writer *writer, int kernel, int stage, int number);

static void each_tile(Writer *writer, EachTile *emit) {
    const Program *program = writer->program;
    int number = 0;
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++)
            if (program->kernels.at[k].stages.at[s].accumulators.len) emit(writer, k, s, number++);
}

static void emit_number(Writer *writer, int k, int s, int number) {
    text_printf(writer->out, "%s%s_panel_%d", number ? ", " : "", writer->kernel_names[k], s);
}

static void emit_place(Writer *writer, int k, int s, int number) {
    const Stage *stage = &writer->program->kernels.at[k].stages.at[s];
    (void)number;
    text_printf(writer->out,
                "rd_place_panel(panels, %s_panel_%d, memory, &size, precision, %s, %s, %d);\n",
                writer->kernel_names[k], s, size_text(writer, stage->columns),
                panel_depth(writer, stage), panel_products(stage));
}

void emit_panel_places(Writer *writer) {
    Text *out = writer->out;
    int tiles = count_tiles(writer->program);
    text_puts(out, "/* The weights of each tile. */\n");
    if (tiles) {
        text_puts(out, "enum { ");
        each_tile(writer, emit_number);
        text_puts(out, " };\n");
    }
    writer->vocab = "vocab";
    text_printf(out,
                "\n/* Where in `memory` they start; returns how many bytes they are. */\n"
                "static size_t %s_panels(const int *vocab, RdPrecision precision, void *memory, "
                "RdPanel *panels) {\n",
                writer->program->name);
    out->indent++;
    text_puts(out, "size_t size = 0;\n(void)vocab, (void)precision, (void)memory, (void)panels;\n");
    each_tile(writer, emit_place);
    text_puts(out, "return size;\n");
    out->indent--;
    text_puts(out, "}\n\n");
    writer->vocab = "w->vocab";
}

static void emit_pack_stage(Writer *writer, int k, int s, int item) {
    const Stage *stage = &writer->program->kernels.at[k].stages.at[s];
    Text *out = writer->out;
    const TilePhases phases = tile_phases(writer->graph->arena, stage);
    const char *columns = size_text(writer, stage->columns);
    text_printf(out, "case %d: /* %s, stage %d */\n", item, writer->kernel_names[k], s);
    out->indent++;
    text_printf(out, "for (int v = 0; v < RD_VECTORS(%s); v += %d) {\n", columns, stage->blocks);
    out->indent++;
    text_printf(out, "const int blocks = RD_MIN(%d, RD_VECTORS(%s) - v);\n", stage->blocks,
                columns);
    text_printf(out, "RdPanel to = rd_panel(&panels[%s_panel_%d], (long)v * %s, v * %d);\n",
                writer->kernel_names[k], s, panel_depth(writer, stage), panel_products(stage));
    for (int p = 0; p < phases.len; p++) {
        const TilePhase *phase = &phases.at[p];
        for (int i = 0; i < phase->products.len; i++) {
            const Product *x = phase->products.at[i];
            const char *from = PRINT("rd_param(run, %d)", x->param);
            if (x->base) from = PRINT("%s + %ld", from, x->base);
            text_printf(out, "rd_pack(&to, %d, %d, blocks, %s, v, %s, %s, %s, %s); /* %s */\n", i,
                        phase->products.len, from, columns, size_text(writer, x->column_stride),
                        size_text(writer, x->depth_stride), size_text(writer, x->depth),
                        writer->graph->params.at[x->param].name);
        }
        if (p + 1 < phases.len)
            text_printf(out, "to = rd_panel(&to, %d * (long)%s * blocks, %d * blocks);\n",
                        phase->products.len, size_text(writer, phase->depth), phase->products.len);
    }
    out->indent--;
    text_puts(out, "}\nbreak;\n");
    out->indent--;
}

void emit_pack(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    int tiles = count_tiles(program);
    writer->vocab = "run->sizes.vocab";
    text_printf(out,
                "/* Copies the weights into panels: the columns of a tile side by side. */\n"
                "static void %s_pack(void *context, int item) {\n",
                program->name);
    out->indent++;
    text_puts(out, "const RdRun *run = context;\n");
    text_printf(out, "RdPanel panels[%d];\n", tiles + 1);
    text_printf(out, "%s_panels(run->sizes.vocab, run->precision, run->packed, panels);\n",
                program->name);
    text_puts(out, "switch (item) {\n");
    out->indent++;
    each_tile(writer, emit_pack_stage);
    text_puts(out, "default: break;\n");
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
    text_printf(out, "}\n\nenum { %s_packs = %d };\n\n", program->name, tiles);
    writer->vocab = "w->vocab";
}
