#include "bytes.h"

#include <string.h>
#include <utf8proc.h>

/* The bytes that are no printable characters: 0 to 32, 127 to 160, 173. */
enum { FIRST = 33, SECOND = 34, HIDDEN = FIRST + SECOND + 1, SOFT_HYPHEN = 0xAD };

/* The place of a byte among those that are hidden, or -1. */
static int hidden(int byte) {
    if (byte < FIRST) return byte;
    if (byte >= 0x7F && byte < 0x7F + SECOND) return FIRST + byte - 0x7F;
    return byte == SOFT_HYPHEN ? FIRST + SECOND : -1;
}

int32_t rd_byte_code(unsigned char byte) {
    int place = hidden(byte);
    return place < 0 ? byte : 0x100 + place;
}

int rd_byte_place(unsigned char byte) {
    int place = hidden(byte);
    if (place >= 0) return RD_BYTES - HIDDEN + place;
    return byte - FIRST - (byte > 0x7E ? SECOND : 0) - (byte > SOFT_HYPHEN);
}

/* The byte whose character this is, or -1. */
static int byte_of(int32_t code) {
    if (code < 0x100) return code >= 0 && hidden(code) < 0 ? code : -1;
    code -= 0x100;
    if (code < FIRST) return code;
    if (code < FIRST + SECOND) return code - FIRST + 0x7F;
    return code == FIRST + SECOND ? SOFT_HYPHEN : -1;
}

size_t rd_byte_name(unsigned char byte, char name[RD_BYTE_NAME]) {
    size_t n = (size_t)utf8proc_encode_char(rd_byte_code(byte), (utf8proc_uint8_t *)name);
    name[n] = '\0';
    return n;
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
