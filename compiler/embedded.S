/* The runtime's archive and headers, as bytes of the compiler. */
    .section .rodata

#define EMBED(name, file)      \
    .global name, name##_end;  \
    .balign 16;                \
    name: .incbin file;        \
    name##_end: .byte 0

EMBED(runtime_archive, RUNTIME_ARCHIVE)
EMBED(runtime_rondo_h, "rondo.h")
EMBED(runtime_simd_h, "simd.h")
EMBED(runtime_kernels_h, "kernels.h")
EMBED(runtime_kernels_c, "kernels.c")
EMBED(runtime_pairs_c, "pairs.c")
EMBED(runtime_sums_c, "sums.c")
EMBED(runtime_optimizers_h, "optimizers.h")
EMBED(runtime_library_h, "library.h")

    .section .note.GNU-stack,"",%progbits
