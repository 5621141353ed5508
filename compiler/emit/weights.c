/* Panels: the weights as the tiles read them. */
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

void emit_panel_places(Writer *writer) {
    const Program *program = writer->program;
    const char *previous = "0";
    text_puts(writer->out, "/* Where the weights of each tile start. */\nenum {\n");
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++) {
            const Stage *stage = &program->kernels.at[k].stages.at[s];
            if (!stage->accumulators.len) continue;
            const char *name = PRINT("%s_panel_%d", writer->kernel_names[k], s);
            text_printf(writer->out, "  %s = %s,\n", name, previous);
            previous = PRINT("%s + RD_VECTORS(%d) * LANES * %ld", name, stage->columns,
                             panel_depth(stage));
        }
    text_printf(writer->out, "  %s_panels = %s\n};\n\n", writer->program->name, previous);
}

static void emit_pack_stage(Writer *writer, int k, int s, int item) {
    const Stage *stage = &writer->program->kernels.at[k].stages.at[s];
    Text *out = writer->out;
    const TilePhases phases = tile_phases(writer->graph->arena, stage);
    text_printf(out, "case %d: /* %s, stage %d */\n", item, writer->kernel_names[k], s);
    out->indent++;
    text_printf(out, "for (int v = 0; v < RD_VECTORS(%d); v += %d) {\n", stage->columns,
                stage->blocks);
    out->indent++;
    text_printf(out, "const int blocks = RD_MIN(%d, RD_VECTORS(%d) - v);\n", stage->blocks,
                stage->columns);
    text_printf(out, "real *to = panels + %s_panel_%d + (long)v * LANES * %ld;\n",
                writer->kernel_names[k], s, panel_depth(stage));
    for (int p = 0; p < phases.len; p++) {
        const TilePhase *phase = &phases.at[p];
        for (int i = 0; i < phase->products.len; i++) {
            const Product *x = phase->products.at[i];
            const char *from = PRINT("rd_param(run, %d)", x->param);
            if (x->base) from = PRINT("%s + %ld", from, x->base);
            text_printf(out, "rd_pack(to, %d, %d, blocks, %s, v, %d, %ld, %ld, %d); /* %s */\n", i,
                        phase->products.len, from, stage->columns, x->column_stride,
                        x->depth_stride, x->depth, writer->graph->params.at[x->param].name);
        }
        text_printf(out, "to += %ld * blocks * LANES;\n", (long)phase->products.len * phase->depth);
    }
    out->indent--;
    text_puts(out, "}\nbreak;\n");
    out->indent--;
}

void emit_pack(Writer *writer) {
    const Program *program = writer->program;
    Text *out = writer->out;
    int items = 0;
    text_printf(out,
                "/* Copies the weights into panels: the columns of a tile side by side. */\n"
                "static void %s_pack(void *context, int item) {\n",
                program->name);
    out->indent++;
    text_puts(out, "const RdRun *run = context;\nreal *panels = run->packed;\nswitch (item) {\n");
    out->indent++;
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++)
            if (program->kernels.at[k].stages.at[s].accumulators.len)
                emit_pack_stage(writer, k, s, items++);
    text_puts(out, "default: (void)panels; break;\n");
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
    text_printf(out, "}\n\nenum { %s_packs = %d };\n\n", program->name, items);
}
