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

/* The place of its character in the order of all of them, from 0. */
int rd_byte_place(unsigned char byte);

/* Writes its name, with a NUL behind it; returns the length. */
size_t rd_byte_name(unsigned char byte, char name[RD_BYTE_NAME]);

/* The bytes that a name stands for: written to out, which has room for as many as the name has.
 * Returns how many; what is no byte's character stays as it is. */
size_t rd_bytes_named(const char *name, char *out);

#endif
