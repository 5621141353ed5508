/* The 256 bytes as characters that can be seen, those of GPT-2: a byte that is a printable
 * character of Latin-1 is that character, the others are U+0100 on, in their order. So a token of
 * bytes has a name in UTF-8 whatever its bytes are, and stands in a vocabulary as a word does. A
 * blank is "Ġ". */
#ifndef RONDO_BYTES_H
#define RONDO_BYTES_H

#include <stddef.h>
#include <stdint.h>

enum { RD_BYTES = 256, RD_BYTE_NAME = 3 };

/* The character of a byte. */
int32_t rd_byte_code(unsigned char byte);

/* The name of the byte whose character is number `place` in their order; writes it with its NUL. */
void rd_byte_name(int place, char name[RD_BYTE_NAME]);

/* The bytes that a name stands for: written to out, which has room for as many as the name has.
 * Returns how many; what is no byte's character stays as it is. */
size_t rd_bytes_named(const char *name, char *out);

#endif
