/* The tokenizer on any bytes: words are not empty, hold no white space, and are words again. */
#include <stdlib.h>
#include <string.h>

#include "tokenize.h"

static void check(bool good) {
    if (!good) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static RdTokenizer tokenizer, again;
    RdError error;
    bool valid = rd_utf8_valid((const char *)bytes, size) == size && !memchr(bytes, 0, size);
    bool good = rd_tokenize(&tokenizer, (const char *)bytes, size, &error);
    check(good == valid && (good || tokenizer.count == 0));
    const char *end = tokenizer.count ? tokenizer.word[0] : NULL;
    for (int i = 0; i < tokenizer.count; i++) {
        const char *word = tokenizer.word[i];
        size_t length = strlen(word);
        check(word == end && length > 0 && rd_utf8_valid(word, length) == length);
        check(rd_tokenize(&again, word, length, &error) && again.count == 1);
        end = word + length + 1;
    }
    check(tokenizer.count == 0 || end == tokenizer.word[0] + tokenizer.bytes);
    return 0;
}
