#include "vocab.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "tokens.h"

static const char unknown[] = "<unk>";

/* ---- the hash table: open addressing, at most half full ---- */

static uint64_t word_hash(const char *word) {
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *word; word++) hash = (hash ^ (unsigned char)*word) * UINT64_C(1099511628211);
    return hash ^ (hash >> 32);
}

/* Where `word` stands in the table, or the empty slot where it would. */
static size_t find_slot(const int *slot, size_t slot_count, const char *const *words,
                        const char *word) {
    size_t at = word_hash(word) & (slot_count - 1);
    while (slot[at] && strcmp(words[slot[at] - 1], word) != 0) at = (at + 1) & (slot_count - 1);
    return at;
}

static size_t slots_for(size_t words) {
    size_t count = 16;
    while (count < 2 * words) count *= 2;
    return count;
}

/* Builds the table of a vocabulary whose words are set; false, with *twice, when one stands there
 * twice. */
static bool index_words(RdVocab *vocab, const char **twice) {
    vocab->slot_count = slots_for((size_t)vocab->size);
    vocab->slot = rd_zeros(vocab->slot_count, sizeof *vocab->slot);
    for (int i = 0; i < vocab->size; i++) {
        size_t at = find_slot(vocab->slot, vocab->slot_count, vocab->word, vocab->word[i]);
        if (vocab->slot[at]) return *twice = vocab->word[i], false;
        vocab->slot[at] = i + 1;
    }
    return true;
}

int rd_vocab_lookup(const RdVocab *vocab, const char *word) {
    if (vocab->size == 0) return 0;
    int found = vocab->slot[find_slot(vocab->slot, vocab->slot_count, vocab->word, word)];
    return found ? found - 1 : 0;
}

/* ---- from words to a vocabulary ---- */

/* Copies the words, whose memory is the caller's, into the vocabulary. */
static void own_words(RdVocab *vocab, const char *const *words, int size) {
    const char *twice; /* none is: they were counted */
    size_t bytes = 0;
    for (int i = 0; i < size; i++) bytes += strlen(words[i]) + 1;
    *vocab = (RdVocab){.size = size};
    vocab->word = rd_zeros((size_t)size, sizeof *vocab->word);
    vocab->bytes = rd_zeros(bytes, 1);
    char *at = vocab->bytes;
    for (int i = 0; i < size; i++) {
        size_t n = strlen(words[i]) + 1;
        vocab->word[i] = memcpy(at, words[i], n);
        at += n;
    }
    index_words(vocab, &twice);
}

/* The different words seen so far. `words` repeats them for the hash table. */
typedef struct {
    RdBpePiece *entry;
    const char **words;
    int count;
    size_t entry_capacity, words_capacity;
    int *slot;
    size_t slot_count;
} Counter;

static void grow_table(Counter *counter) {
    free(counter->slot);
    counter->slot_count = slots_for(2 * (size_t)counter->count + 1);
    counter->slot = rd_zeros(counter->slot_count, sizeof *counter->slot);
    for (int i = 0; i < counter->count; i++)
        counter->slot[find_slot(counter->slot, counter->slot_count, counter->words,
                                counter->words[i])] = i + 1;
}

static void count_word(Counter *counter, const char *word) {
    if (2 * ((size_t)counter->count + 1) > counter->slot_count) grow_table(counter);
    size_t at = find_slot(counter->slot, counter->slot_count, counter->words, word);
    if (counter->slot[at]) {
        counter->entry[counter->slot[at] - 1].count++;
        return;
    }
    size_t need = (size_t)counter->count + 1;
    counter->entry =
        rd_grow(counter->entry, &counter->entry_capacity, need, sizeof *counter->entry);
    counter->words =
        rd_grow((void *)counter->words, &counter->words_capacity, need, sizeof(char *));
    counter->entry[counter->count] = (RdBpePiece){word, 1};
    counter->words[counter->count] = word;
    counter->slot[at] = ++counter->count;
}

static int more_often_first(const void *a, const void *b) {
    const RdBpePiece *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Puts <unk> and the words to keep into counter->words, in order; returns how many. */
static int choose_words(Counter *counter, int max_vocab, int min_count, bool marked) {
    int size = 0;
    const char **chosen = rd_zeros((size_t)counter->count + 2, sizeof *chosen);
    qsort(counter->entry, (size_t)counter->count, sizeof *counter->entry, more_often_first);
    chosen[size++] = unknown;
    if (marked) chosen[size++] = rd_mark;
    for (int i = 0; i < counter->count && (max_vocab <= 0 || size < max_vocab); i++) {
        if (counter->entry[i].count < min_count) break;
        const char *word = counter->entry[i].name;
        if (!strcmp(word, unknown) || (marked && !strcmp(word, rd_mark))) continue;
        chosen[size++] = word;
    }
    free((void *)counter->words);
    counter->words = chosen;
    return size;
}

static void count_words(Counter *counter, const RdWords *words) {
    const char *word = words->bytes;
    for (int i = 0; i < words->owners; i++)
        for (int k = 0; k < words->word_count[i]; k++, word = rd_next_word(word))
            count_word(counter, word);
}

static void free_counter(Counter *counter) {
    free(counter->entry);
    free((void *)counter->words);
    free(counter->slot);
}

void rd_vocab_build(const RdData *data, int column, int max_vocab, int min_count, bool marked,
                    RdVocab *vocab) {
    Counter counter = {0};
    count_words(&counter, &data->words[column]);
    int size = choose_words(&counter, max_vocab, min_count, marked);
    own_words(vocab, counter.words, size);
    free_counter(&counter);
}

void rd_vocab_from_bpe(RdBpe *bpe, bool marked, RdVocab *vocab) {
    int first = 1 + marked;
    size_t tokens = (size_t)bpe->tokens;
    const char **words = rd_zeros((size_t)first + tokens, sizeof *words);
    words[0] = unknown;
    if (marked) words[RD_MARK] = rd_mark;
    memcpy(words + first, bpe->name, tokens * sizeof *words);
    own_words(vocab, words, first + bpe->tokens);
    vocab->bpe = bpe;
    free((void *)words);
}

/* The merges that the pieces of the data show. */
static RdBpe *learn_merges(const RdData *data, int column, const RdColumn *c) {
    Counter counter = {0};
    count_words(&counter, &data->words[column]);
    qsort(counter.entry, (size_t)counter.count, sizeof *counter.entry, more_often_first);
    RdBpe *bpe = rd_bpe_learn(counter.entry, counter.count, c->merges, c->min_count);
    free_counter(&counter);
    return bpe;
}

bool rd_column_learned(const RdColumn *column) {
    return column->kind == RD_WORDS || (column->kind == RD_TAGS && !column->classes);
}

bool rd_vocab_learn(const RdData *data, const RdModel *model, int column, RdVocab *vocab,
                    RdError *error) {
    const RdColumn *c = &model->columns[column];
    if (c->kind == RD_WORDS && rd_tokens_are_bytes(c)) {
        bool learned = c->tokens == RD_BY_BPE;
        rd_vocab_from_bpe(learned ? learn_merges(data, column, c) : rd_bpe_new(), c->marked, vocab);
        return true;
    }
    rd_vocab_build(data, column, c->max_vocab, c->min_count, c->marked, vocab);
    if (c->kind == RD_WORDS || vocab->size <= c->class_count) return true;
    return rd_fail(error,
                   "%s: '%s' has %d different tags; the model has room for %d: max_tags = %d",
                   data->path, c->name, vocab->size - 1, c->class_count - 1, vocab->size);
}

const char *rd_value_name(const RdColumn *column, const RdVocab *vocab, int number) {
    if (column->classes) return column->classes[number];
    return number < vocab->size ? vocab->word[number] : unknown;
}

/* ---- text ---- */

/* Parts a copy of the text into its lines, in place. */
static void split_lines(RdVocab *vocab, const char *text) {
    size_t room = 0;
    vocab->bytes = rd_copy(text);
    for (char *line = vocab->bytes, *next = line; next; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        vocab->word = rd_grow((void *)vocab->word, &room, (size_t)vocab->size + 1, sizeof(char *));
        vocab->word[vocab->size++] = line;
    }
}

static bool check_words(RdVocab *vocab, RdError *error) {
    if (strcmp(vocab->word[0], unknown) != 0)
        return rd_fail(error, "the vocabulary does not begin with %s", unknown);
    for (int i = 0; i < vocab->size; i++)
        if (!vocab->word[i][0]) return rd_fail(error, "the vocabulary has an empty word");
    const char *twice;
    if (index_words(vocab, &twice)) return true;
    return rd_fail(error, "the vocabulary has the word '%s' twice", twice);
}

static bool read_lines(const char *text, RdVocab *vocab, RdError *error) {
    *vocab = (RdVocab){0};
    if (strlen(text) >= INT32_MAX) return rd_fail(error, "the vocabulary is too large");
    split_lines(vocab, text);
    return true;
}

bool rd_vocab_from_text(const char *text, RdVocab *vocab, RdError *error) {
    return read_lines(text, vocab, error) && check_words(vocab, error);
}

bool rd_vocab_from_chars(const char *text, RdVocab *vocab, RdError *error) {
    if (!read_lines(text, vocab, error)) return false;
    for (int i = 0; i < vocab->size; i++)
        if (strcmp(vocab->word[i], "\\n") == 0) vocab->word[i] = "\n";
    return check_words(vocab, error);
}

bool rd_vocab_check_mark(const RdVocab *vocab, RdError *error) {
    if (vocab->size > RD_MARK && !strcmp(vocab->word[RD_MARK], rd_mark)) return true;
    return rd_fail(error, "the vocabulary does not have %s as its second word", rd_mark);
}

void rd_vocab_free(RdVocab *vocab) {
    free((void *)vocab->word);
    free(vocab->bytes);
    free(vocab->slot);
    free(vocab->mean);
    free(vocab->deviation);
    rd_bpe_free(vocab->bpe);
    *vocab = (RdVocab){0};
}
