#include "bytes.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

static bool printable(int byte) {
    return (byte > ' ' && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
}

int32_t rd_byte_code(unsigned char byte) {
    int32_t hidden = 0;
    if (printable(byte)) return byte;
    for (int b = 0; b < byte; b++) hidden += !printable(b);
    return 0x100 + hidden;
}

/* The byte whose character this is, or -1. */
static int byte_of(int32_t code) {
    if (code < RD_BYTES) return code >= 0 && printable(code) ? code : -1;
    for (int b = 0; b < RD_BYTES; b++)
        if (!printable(b) && code-- == 0x100) return b;
    return -1;
}

void rd_byte_name(int place, char name[RD_BYTE_NAME]) {
    int byte = 0;
    for (int pass = 0, seen = 0; pass < 2; pass++)
        for (int b = 0; b < RD_BYTES; b++)
            if (printable(b) == (pass == 0) && seen++ == place) byte = b;
    int32_t code = rd_byte_code((unsigned char)byte);
    name[utf8proc_encode_char(code, (utf8proc_uint8_t *)name)] = '\0';
}

size_t rd_bytes_named(const char *name, char *out) {
    size_t length = strlen(name), written = 0;
    for (size_t at = 0; at < length;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)name + at,
                                              (utf8proc_ssize_t)(length - at), &code);
        if (n < 1) n = 1, code = -1;
        int byte = byte_of(code);
        if (byte >= 0) out[written++] = (char)byte;
        for (utf8proc_ssize_t i = 0; byte < 0 && i < n; i++) out[written++] = name[at + (size_t)i];
        at += (size_t)n;
    }
    return written;
}
