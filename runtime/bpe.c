#include "bpe.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "alloc.h"

/* ---- pieces ---- */

typedef enum { END, SPACE, LETTER, DIGIT, OTHER } Class;

/* The class of the code point at text, and its length; END when there is none. */
static Class class_of(const char *text, size_t length, size_t *n) {
    utf8proc_int32_t code;
    *n = 0;
    if (length == 0) return END;
    utf8proc_ssize_t read =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &code);
    *n = read < 1 ? 1 : (size_t)read;
    if (read < 1) return OTHER;
    utf8proc_category_t category = utf8proc_category(code);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return LETTER;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return DIGIT;
    bool space = (code >= '\t' && code <= '\r') || code == 0x85 ||
                 (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP);
    return space ? SPACE : OTHER;
}

/* 's 't 're 've 'm 'll 'd */
static size_t contraction(const char *text, size_t length) {
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (n <= length && memcmp(text, endings[i], n) == 0) return n;
    }
    return 0;
}

/* The end of the code points of one class from `at` on, and where the last of them begins. */
static size_t run(const char *text, size_t length, size_t at, Class class, size_t *last) {
    size_t n;
    while (at < length && class_of(text + at, length - at, &n) == class) {
        if (at && at + n > RD_BPE_PIECE) break;
        *last = at;
        at += n;
    }
    return at;
}

size_t rd_bpe_piece(const char *text, size_t length) {
    size_t n, last = 0, short_form = contraction(text, length);
    if (short_form) return short_form;
    size_t blank = text[0] == ' ' && length > 1;
    Class class = class_of(text + blank, length - blank, &n);
    if (class != SPACE) return run(text, length, blank, class, &last);
    size_t end = run(text, length, 0, SPACE, &last);
    bool followed = end < length && class_of(text + end, length - end, &n) != SPACE;
    return followed && last > 0 ? last : end;
}

/* ---- merges ---- */

static size_t pair_hash(int left, int right) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    key *= UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(key ^ key >> 29);
}

/* Where a pair stands in the table, or the empty slot where it would. */
static size_t find_pair(const RdBpe *bpe, int left, int right) {
    size_t at = pair_hash(left, right) & (bpe->slot_count - 1);
    for (; bpe->slot[at]; at = (at + 1) & (bpe->slot_count - 1)) {
        int merge = bpe->slot[at] - 1;
        if (bpe->left[merge] == left && bpe->right[merge] == right) break;
    }
    return at;
}

int rd_bpe_find(const RdBpe *bpe, int left, int right) {
    return bpe->slot[find_pair(bpe, left, right)] - 1;
}

/* The same for the name[0 .. length) of a token. */
static size_t find_name(const RdBpe *bpe, const char *name, size_t length) {
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(1099511628211);
    size_t at = (size_t)(hash ^ hash >> 32) & (bpe->slot_count - 1);
    for (; bpe->name_slot[at]; at = (at + 1) & (bpe->slot_count - 1)) {
        const char *there = bpe->name[bpe->name_slot[at] - 1];
        if (strncmp(there, name, length) == 0 && !there[length]) break;
    }
    return at;
}

/* The token with the name, or -1. */
static int token_called(const RdBpe *bpe, const char *name, size_t length) {
    return bpe->name_slot[find_name(bpe, name, length)] - 1;
}

/* Tables of twice the size. */
static void grow_tables(RdBpe *bpe) {
    free(bpe->slot);
    free(bpe->name_slot);
    bpe->slot_count *= 2;
    bpe->slot = rd_zeros(bpe->slot_count, sizeof *bpe->slot);
    bpe->name_slot = rd_zeros(bpe->slot_count, sizeof *bpe->name_slot);
    for (int i = 0; i < bpe->merges; i++)
        bpe->slot[find_pair(bpe, bpe->left[i], bpe->right[i])] = i + 1;
    for (int i = 0; i < bpe->tokens; i++)
        bpe->name_slot[find_name(bpe, bpe->name[i], strlen(bpe->name[i]))] = i + 1;
}

RdBpe *rd_bpe_new(void) {
    RdBpe *bpe = rd_zeros(1, sizeof *bpe);
    char name[RD_BYTE_NAME];
    bpe->name = rd_grow(NULL, &bpe->name_room, RD_BYTES, sizeof *bpe->name);
    for (int i = 0; i < RD_BYTES; i++) {
        rd_byte_name((unsigned char)i, name);
        bpe->name[rd_byte_place((unsigned char)i)] = rd_copy(name);
    }
    bpe->tokens = RD_BYTES;
    bpe->slot_count = RD_BYTES;
    grow_tables(bpe);
    return bpe;
}

bool rd_bpe_reserved(const RdBpe *bpe, int left, int right) {
    static const char *const marks[] = {"<unk>", "</s>"};
    const char *a = bpe->name[left], *b = bpe->name[right];
    size_t n = strlen(a);
    for (int i = 0; i < 2; i++)
        if (strncmp(marks[i], a, n) == 0 && strcmp(marks[i] + n, b) == 0) return true;
    return false;
}

/* The token that two become: a new one, or one with these bytes that there is. */
static int make_token(RdBpe *bpe, int left, int right) {
    size_t n = strlen(bpe->name[left]), m = strlen(bpe->name[right]);
    char *name = rd_zeros(n + m + 1, 1);
    memcpy(name, bpe->name[left], n);
    memcpy(name + n, bpe->name[right], m);
    int made = token_called(bpe, name, n + m);
    if (made >= 0) return free(name), made;
    bpe->name = rd_grow((void *)bpe->name, &bpe->name_room, (size_t)bpe->tokens + 1, sizeof name);
    bpe->name[bpe->tokens] = name;
    bpe->name_slot[find_name(bpe, name, n + m)] = bpe->tokens + 1;
    return bpe->tokens++;
}

int rd_bpe_merge(RdBpe *bpe, int left, int right) {
    size_t need = (size_t)bpe->merges + 1, a = bpe->merge_room, b = a;
    if (2 * ((size_t)bpe->tokens + 1) > bpe->slot_count) grow_tables(bpe);
    bpe->left = rd_grow(bpe->left, &a, need, sizeof *bpe->left);
    bpe->right = rd_grow(bpe->right, &b, need, sizeof *bpe->right);
    bpe->made = rd_grow(bpe->made, &bpe->merge_room, need, sizeof *bpe->made);
    bpe->left[bpe->merges] = left;
    bpe->right[bpe->merges] = right;
    bpe->made[bpe->merges] = make_token(bpe, left, right);
    size_t at = find_pair(bpe, left, right);
    bpe->slot[at] = bpe->merges + 1;
    return bpe->merges++;
}

void rd_bpe_free(RdBpe *bpe) {
    if (!bpe) return;
    for (int i = 0; i < bpe->tokens; i++) free((void *)bpe->name[i]);
    free((void *)bpe->name);
    free(bpe->left);
    free(bpe->right);
    free(bpe->made);
    free(bpe->slot);
    free(bpe->name_slot);
    free(bpe);
}

/* ---- as text ---- */

bool rd_bpe_from_text(const char *text, RdBpe **bpe, RdError *error) {
    *bpe = rd_bpe_new();
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n"), left = strcspn(line, " \n");
        size_t right = left < length ? length - left - 1 : 0;
        int a = token_called(*bpe, line, left);
        int b = right ? token_called(*bpe, line + left + 1, right) : -1;
        bool good = a >= 0 && b >= 0 && rd_bpe_find(*bpe, a, b) < 0 && !rd_bpe_reserved(*bpe, a, b);
        if (!good) return rd_fail(error, "merge %d is none of two tokens", (*bpe)->merges + 1);
        rd_bpe_merge(*bpe, a, b);
        line += length + (line[length] == '\n');
    }
    return true;
}

/* ---- a text's tokens ---- */

int rd_bpe_encode(const RdBpe *bpe, int *token, int count) {
    for (;;) {
        int first = bpe->merges, at = 0;
        for (int i = 0; i + 1 < count; i++) {
            int merge = rd_bpe_find(bpe, token[i], token[i + 1]);
            if (merge >= 0 && merge < first) first = merge, at = i;
        }
        if (first == bpe->merges) return count;
        token[at] = bpe->made[first];
        memmove(token + at + 1, token + at + 2, (size_t)(count - at - 2) * sizeof *token);
        count--;
    }
}

/* The name of a piece of bytes; returns its length. */
static size_t name_piece(const char *text, size_t length, char *name) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        n += (size_t)utf8proc_encode_char(rd_byte_code((unsigned char)text[i]),
                                          (utf8proc_uint8_t *)name + n);
    return n;
}

static void put_piece(RdTokenizer *t, const RdBpe *bpe, const char *text, size_t length) {
    int token[RD_BPE_PIECE], count = 0;
    for (size_t i = 0; i < length; i++) token[count++] = rd_byte_place((unsigned char)text[i]);
    count = rd_bpe_encode(bpe, token, count);
    for (int i = 0; i < count; i++)
        rd_tokenizer_put(t, bpe->name[token[i]], strlen(bpe->name[token[i]]));
}

bool rd_tokenize_bpe(RdTokenizer *t, const RdBpe *bpe, const char *text, size_t length,
                     RdError *error) {
    char name[2 * RD_BPE_PIECE];
    if (!rd_tokenizer_begin(t, text, length, 3 * length, error)) return false;
    for (size_t at = 0, n; at < length; at += n) {
        n = rd_bpe_piece(text + at, length - at);
        if (bpe)
            put_piece(t, bpe, text + at, n);
        else
            rd_tokenizer_put(t, name, name_piece(text + at, n, name));
    }
    return true;
}
