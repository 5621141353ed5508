/* The runtime's archive and headers, as bytes of the compiler. */
    .section .rodata

#define EMBED(name, file)      \
    .global name, name##_end;  \
    .balign 16;                \
    name: .incbin file;        \
    name##_end: .byte 0

EMBED(runtime_archive, RUNTIME_ARCHIVE)
EMBED(runtime_rondo_h, RUNTIME_RONDO_H)
EMBED(runtime_simd_h, RUNTIME_SIMD_H)
EMBED(runtime_kernels_h, RUNTIME_KERNELS_H)

    .section .note.GNU-stack,"",%progbits
