#include "bleu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* ---- the words of mteval-v13a ---- */

/* A text that grows. */
typedef struct {
    char *text;
    size_t length, room;
} Out;

static void put(Out *out, const char *text, size_t length) {
    out->text = rd_grow(out->text, &out->room, out->length + length + 1, 1);
    memcpy(out->text + out->length, text, length);
    out->text[out->length += length] = '\0';
}

static void put_char(Out *out, char c) { put(out, &c, 1); }

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool stop(char c) { return c == '.' || c == ','; }

/* What is a word of its own: {-~ [-` blank-& (-+ :-@ / */
static bool mark(char c) {
    return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
           (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

/* Without <skipped> and hyphens at line ends, in one line, &quot; &amp; &lt; &gt; one after the
 * other as characters. */
static void replace(Out *out, const char *from, const char *to) {
    Out old = *out;
    *out = (Out){0};
    put(out, "", 0);
    for (const char *at = old.text, *found; *at; at = found + strlen(from)) {
        found = strstr(at, from);
        put(out, at, found ? (size_t)(found - at) : strlen(at));
        if (!found) break;
        put(out, to, strlen(to));
    }
    free(old.text);
}

/* Two neighbours that `pair` says yes to are written as `form` says: a and b for them. */
static void part(Out *out, bool pair(char a, char b), const char *form) {
    Out old = *out;
    *out = (Out){0};
    for (size_t i = 0; i < old.length; i++) {
        bool found = i + 1 < old.length && pair(old.text[i], old.text[i + 1]);
        if (!found) put_char(out, old.text[i]);
        for (const char *f = form; found && *f; f++)
            put_char(out, *f == 'a' ? old.text[i] : *f == 'b' ? old.text[i + 1] : *f);
        i += found;
    }
    free(old.text);
}

static bool stop_behind(char a, char b) { return !digit(a) && stop(b); }
static bool stop_before(char a, char b) { return stop(a) && !digit(b); }
static bool dash_behind(char a, char b) { return digit(a) && b == '-'; }

void rd_tokenize_13a(RdTokenizer *t, const char *text) {
    static const char *const replaced[][2] = {{"<skipped>", ""}, {"-\n", ""},    {"\n", " "},
                                              {"&quot;", "\""},  {"&amp;", "&"}, {"&lt;", "<"},
                                              {"&gt;", ">"}};
    Out line = {0}, out = {0};
    size_t length = strlen(text);
    while (length && strchr(" \t\n\v\f\r", text[length - 1])) length--;
    put(&line, text, length);
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
        replace(&line, replaced[i][0], replaced[i][1]);
    put_char(&out, ' ');
    for (size_t i = 0; i < line.length; i++) {
        if (mark(line.text[i])) put_char(&out, ' ');
        put_char(&out, line.text[i]);
        if (mark(line.text[i])) put_char(&out, ' ');
    }
    put_char(&out, ' ');
    part(&out, stop_behind, "a b ");
    part(&out, stop_before, " a b");
    part(&out, dash_behind, "a b ");
    rd_tokenize_whitespace(t, out.text, out.length, NULL);
    free(line.text);
    free(out.text);
}

/* ---- BLEU ---- */

static bool same(const char *const *a, const char *const *b, int n) {
    for (int i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0) return false;
    return true;
}

/* How often words[at .. at + n) stand in the words before `end`. */
static int seen(const char *const *words, int end, const char *const *gram, int n) {
    int count = 0;
    for (int i = 0; i + n <= end; i++) count += same(words + i, gram, n);
    return count;
}

/* The n-grams that are right: none more often than it is wanted. */
static long right_ones(const RdTokenizer *produced, const RdTokenizer *wanted, int n) {
    long right = 0;
    for (int i = 0; i + n <= produced->count; i++) {
        const char *const *gram = produced->word + i;
        int before = seen(produced->word, i + n - 1, gram, n);
        right += before < seen(wanted->word, wanted->count, gram, n);
    }
    return right;
}

void rd_bleu_add(RdBleu *bleu, const char *produced, const char *wanted) {
    RdTokenizer a = {0}, b = {0};
    rd_tokenize_13a(&a, produced);
    rd_tokenize_13a(&b, wanted);
    for (int n = 1; n <= RD_BLEU_ORDER; n++) {
        bleu->right[n - 1] += right_ones(&a, &b, n);
        if (a.count >= n) bleu->all[n - 1] += a.count - n + 1;
    }
    bleu->produced += a.count;
    bleu->wanted += b.count;
    rd_tokenizer_free(&a);
    rd_tokenizer_free(&b);
}

double rd_bleu(const RdBleu *bleu) {
    double log_mean = 0, none = 1;
    if (bleu->right[0] == 0) return 0;
    for (int n = 0; n < RD_BLEU_ORDER; n++) {
        if (bleu->all[n] == 0) return 0;
        if (bleu->right[n] == 0) none /= 2;
        double right = bleu->right[n] ? (double)bleu->right[n] : none;
        log_mean += log(right / (double)bleu->all[n]) / RD_BLEU_ORDER;
    }
    double shorter = 1 - (double)bleu->wanted / (double)bleu->produced;
    return 100 * exp(fmin(shorter, 0) + log_mean);
}

/* ---- error rates ---- */

long rd_edit_distance(const char *const *a, int a_count, const char *const *b, int b_count) {
    long *row = rd_zeros((size_t)b_count + 1, sizeof *row);
    for (int j = 0; j <= b_count; j++) row[j] = j;
    for (int i = 1; i <= a_count; i++) {
        long diagonal = row[0]; /* of i - 1 and j - 1 */
        row[0] = i;
        for (int j = 1; j <= b_count; j++) {
            long changed = diagonal + (strcmp(a[i - 1], b[j - 1]) != 0), above = row[j];
            diagonal = above;
            row[j] = changed < above + 1 ? changed : above + 1;
            if (row[j - 1] + 1 < row[j]) row[j] = row[j - 1] + 1;
        }
    }
    long distance = row[b_count];
    free(row);
    return distance;
}

static void add(RdErrorRate *rate, const char *produced, const char *wanted,
                bool tokenize(RdTokenizer *, const char *, size_t, RdError *)) {
    RdTokenizer a = {0}, b = {0};
    tokenize(&a, produced, strlen(produced), NULL);
    tokenize(&b, wanted, strlen(wanted), NULL);
    rate->errors += rd_edit_distance(a.word, a.count, b.word, b.count);
    rate->length += b.count;
    rd_tokenizer_free(&a);
    rd_tokenizer_free(&b);
}

void rd_words_add(RdErrorRate *rate, const char *produced, const char *wanted) {
    add(rate, produced, wanted, rd_tokenize_whitespace);
}

void rd_chars_add(RdErrorRate *rate, const char *produced, const char *wanted) {
    add(rate, produced, wanted, rd_tokenize_chars);
}

double rd_error_rate(const RdErrorRate *rate) {
    if (rate->length) return (double)rate->errors / (double)rate->length;
    return rate->errors ? 1 : 0;
}
