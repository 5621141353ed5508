/* Models as the runtime's readers see them: columns and parameters, without compiled code. */
#ifndef RONDO_SAMPLE_MODELS_H
#define RONDO_SAMPLE_MODELS_H

#include "rondo.h"

enum { LABEL = 0, TEXT = 1 };

static const char *const moods[] = {"negative", "positive"};
static const char *const topics[] = {"sports", "politics", "music"};

/* label: class, text: words of at most 8 */
static const RdColumn mood_columns[] = {
    {.name = "label", .kind = RD_CLASS, .target = true, .class_count = 2, .classes = moods},
    {.name = "text",
     .kind = RD_WORDS,
     .per_step = 1,
     .max_vocab = 100,
     .min_count = 1,
     .max_length = 8},
};
static const RdSequence mood_sequences[] = {{.column = TEXT}};
static const RdParam mood_params[] = {
    {.name = "embedding.weight", .rank = 2, .dims = {-1 - TEXT, 3}, .init = RD_NORMAL, .spread = 1},
    {.name = "linear.weight", .rank = 2, .dims = {2, 3}, .init = RD_UNIFORM, .spread = 0.5},
    {.name = "linear.bias", .rank = 1, .dims = {2}, .init = RD_CONSTANT, .center = 0.25},
    {.name = "scale", .rank = 0, .dims = {0}, .init = RD_CONSTANT, .center = 1},
};
static const RdModel mood = {.name = "mood",
                             .real_size = sizeof(float),
                             .column_count = 2,
                             .columns = mood_columns,
                             .sequence_count = 1,
                             .sequences = mood_sequences,
                             .param_count = 4,
                             .params = mood_params,
                             .training = {.slot = {"exp_avg", "exp_avg_sq"}}};

/* the text first, two columns of classes behind it */
static const RdColumn topic_columns[] = {
    {.name = "text", .kind = RD_WORDS, .per_step = 1},
    {.name = "topic", .kind = RD_CLASS, .target = true, .class_count = 3, .classes = topics},
    {.name = "mood", .kind = RD_CLASS, .class_count = 2, .classes = moods},
};
static const RdSequence first_column[] = {{.column = 0}};
static const RdModel topic = {.name = "topic",
                              .column_count = 3,
                              .columns = topic_columns,
                              .sequence_count = 1,
                              .sequences = first_column};

/* two columns of words that go side by side */
static const RdColumn tag_columns[] = {
    {.name = "text", .kind = RD_WORDS, .per_step = 1, .max_length = 6},
    {.name = "tags", .kind = RD_WORDS, .target = true, .per_step = 1, .max_length = 4},
};
static const RdModel tag = {.name = "tag",
                            .column_count = 2,
                            .columns = tag_columns,
                            .sequence_count = 1,
                            .sequences = first_column};

/* two texts, each of its own length */
static const RdColumn pair_columns[] = {
    {.name = "left", .kind = RD_WORDS, .per_step = 1, .max_length = 6},
    {.name = "right", .kind = RD_WORDS, .target = true, .per_step = 2, .max_length = 4},
};
static const RdSequence pair_sequences[] = {{.column = 0}, {.column = 1}};
static const RdModel pair = {.name = "pair",
                             .column_count = 2,
                             .columns = pair_columns,
                             .sequence_count = 2,
                             .sequences = pair_sequences};

/* no words at all */
static const RdColumn table_columns[] = {
    {.name = "topic", .kind = RD_CLASS, .class_count = 3, .classes = topics},
    {.name = "mood", .kind = RD_CLASS, .target = true, .class_count = 2, .classes = moods},
};
static const RdModel table = {.name = "table", .column_count = 2, .columns = table_columns};

/* numbers to predict from a text and from other numbers */
static const RdColumn score_columns[] = {
    {.name = "score", .kind = RD_NUMBERS, .target = true, .numbers = 1},
    {.name = "size", .kind = RD_NUMBERS, .numbers = 2},
    {.name = "text", .kind = RD_WORDS, .per_step = 1, .max_length = 6},
};
static const RdSequence score_sequences[] = {{.column = 2}};
static const RdModel score = {.name = "score",
                              .real_size = sizeof(float),
                              .column_count = 3,
                              .columns = score_columns,
                              .sequence_count = 1,
                              .sequences = score_sequences};

/* sequences of two numbers a frame, of at most three frames, with a class and a number each */
static const RdColumn take_columns[] = {
    {.name = "mood", .kind = RD_CLASS, .target = true, .class_count = 2, .classes = moods},
    {.name = "mfcc",
     .kind = RD_NUMBERS,
     .numbers = 2,
     .per_step = 1,
     .max_length = 3,
     .by = "take"},
    {.name = "age", .kind = RD_NUMBERS, .numbers = 1, .as_is = true},
};
static const RdSequence frames[] = {{.column = 1}};
static const RdModel take = {.name = "take",
                             .sequence_count = 1,
                             .sequences = frames,
                             .real_size = sizeof(float),
                             .column_count = 3,
                             .columns = take_columns};

/* windows of two lines, and what comes two lines later */
static const char *const series_fields[] = {"sales", "pm2_5"}, *const next_fields[] = {"sales"};
static const RdColumn series_columns[] = {
    {.name = "next",
     .kind = RD_NUMBERS,
     .target = true,
     .numbers = 1,
     .ahead = 2,
     .fields = next_fields},
    {.name = "past",
     .kind = RD_NUMBERS,
     .numbers = 2,
     .per_step = 1,
     .max_length = 2,
     .window = 2,
     .fields = series_fields},
};
static const RdModel series = {.name = "series",
                               .sequence_count = 1,
                               .sequences = frames,
                               .real_size = sizeof(float),
                               .column_count = 2,
                               .columns = series_columns};

/* words, their characters, tags over them: learned from the data, and listed */
static const char *const parts[] = {"NOUN", "VERB", "DET", "PUNCT"};
static const RdColumn tagger_columns[] = {
    {.name = "words", .kind = RD_WORDS, .per_step = 1, .split = true, .max_length = 5},
    {.name = "letters",
     .kind = RD_WORDS,
     .per_step = 2,
     .inner = true,
     .over = 0,
     .tokens = RD_BY_CHARS,
     .max_length = 4},
    {.name = "tag", .kind = RD_TAGS, .target = true, .per_step = 1, .over = 0, .class_count = 5},
};
static const RdColumn parts_columns[] = {
    {.name = "words", .kind = RD_WORDS, .per_step = 1, .split = true},
    {.name = "part",
     .kind = RD_TAGS,
     .target = true,
     .per_step = 1,
     .over = 0,
     .class_count = 4,
     .classes = parts},
};
static const RdSequence words_and_letters[] = {{.column = 0}, {.column = 1, .parent = 1}};
static const RdModel tagger = {.name = "tagger",
                               .real_size = sizeof(float),
                               .column_count = 3,
                               .columns = tagger_columns,
                               .sequence_count = 2,
                               .sequences = words_and_letters};
static const RdModel listed = {.name = "listed",
                               .real_size = sizeof(float),
                               .column_count = 2,
                               .columns = parts_columns,
                               .sequence_count = 1,
                               .sequences = first_column};

/* from: words; to: words that are produced; what comes before these */
static const RdColumn said_columns[] = {
    {.name = "from", .kind = RD_WORDS, .per_step = 1, .max_length = 4},
    {.name = "to",
     .kind = RD_WORDS,
     .target = true,
     .marked = true,
     .per_step = 2,
     .max_vocab = 6,
     .max_length = 3},
    {.name = "to.previous", .kind = RD_PREVIOUS, .per_step = 2, .previous = 1},
};
static const RdSequence said_sequences[] = {{.column = 0}, {.column = 1}};
static const RdModel said = {.name = "said",
                             .column_count = 3,
                             .columns = said_columns,
                             .sequence_count = 2,
                             .sequences = said_sequences,
                             .loss_per_step = 2};

/* frames, words with their characters and tags, and a text without a mark, all of one recording */
static const RdColumn speech_columns[] = {
    {.name = "mfcc",
     .kind = RD_NUMBERS,
     .numbers = 2,
     .per_step = 1,
     .max_length = 3,
     .by = "take"},
    {.name = "words", .kind = RD_WORDS, .per_step = 2, .split = true, .max_length = 2},
    {.name = "letters",
     .kind = RD_WORDS,
     .per_step = 3,
     .inner = true,
     .over = 1,
     .tokens = RD_BY_CHARS,
     .max_length = 4},
    {.name = "tag", .kind = RD_TAGS, .target = true, .per_step = 2, .over = 1, .class_count = 5},
    {.name = "said",
     .kind = RD_WORDS,
     .target = true,
     .per_step = 4,
     .tokens = RD_BY_CHARS,
     .max_length = 5},
};
static const RdSequence speech_sequences[] = {
    {.column = 0}, {.column = 1}, {.column = 2, .parent = 2}, {.column = 4}};
static const RdModel speech = {.name = "speech",
                               .column_count = 5,
                               .columns = speech_columns,
                               .sequence_count = 4,
                               .sequences = speech_sequences,
                               .real_size = sizeof(float)};

/* a long text in streams of 4 characters, what comes before each, and a state */
static const RdColumn book_columns[] = {
    {.name = "y",
     .kind = RD_WORDS,
     .tokens = RD_BY_CHARS,
     .target = true,
     .marked = true,
     .per_step = 1,
     .window = 4,
     .stride = 4,
     .stream = true},
    {.name = "y.previous", .kind = RD_PREVIOUS, .per_step = 1, .previous = 0},
    {.name = "h", .kind = RD_CARRIED, .numbers = 2},
};
static const RdModel book = {.name = "book",
                             .real_size = sizeof(float),
                             .column_count = 3,
                             .columns = book_columns,
                             .sequence_count = 1,
                             .sequences = first_column,
                             .loss_per_step = 1};

#endif
