#include "base/intern.h"

#include <stdint.h>
#include <string.h>

struct Intern {
    Arena *arena;
    const char **slots;
    size_t *lengths;
    size_t count, size; /* size is a power of two */
};

static uint64_t hash_bytes(const char *text, size_t length) { /* FNV-1a */
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

static void table_alloc(Intern *table, size_t size) {
    table->size = size;
    table->slots = ARENA_ARRAY(table->arena, const char *, size);
    table->lengths = ARENA_ARRAY(table->arena, size_t, size);
}

Intern *intern_new(Arena *arena) {
    Intern *table = ARENA_NEW(arena, Intern);
    table->arena = arena;
    table_alloc(table, 256);
    return table;
}

/* The slot that holds the text, or the empty slot where it belongs. */
static size_t find(const Intern *table, const char *text, size_t length) {
    size_t slot = hash_bytes(text, length) & (table->size - 1);
    while (table->slots[slot] &&
           (table->lengths[slot] != length || memcmp(table->slots[slot], text, length) != 0))
        slot = (slot + 1) & (table->size - 1);
    return slot;
}

static void grow(Intern *table) {
    Intern old = *table;
    table_alloc(table, 2 * old.size);
    for (size_t i = 0; i < old.size; i++) {
        if (!old.slots[i]) continue;
        size_t slot = find(table, old.slots[i], old.lengths[i]);
        table->slots[slot] = old.slots[i];
        table->lengths[slot] = old.lengths[i];
    }
}

const char *intern_n(Intern *table, const char *text, size_t length) {
    if (2 * table->count >= table->size) grow(table);
    size_t slot = find(table, text, length);
    if (!table->slots[slot]) {
        table->slots[slot] = arena_copy(table->arena, text, length);
        table->lengths[slot] = length;
        table->count++;
    }
    return table->slots[slot];
}

const char *intern(Intern *table, const char *text) { return intern_n(table, text, strlen(text)); }
