#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format's numbers are little-endian");

enum { LENGTH_BYTES = 8, LONGEST_HEADER = 100 * 1000 * 1000 };

static const char metadata_key[] = "__metadata__";

/* ---- writing ---- */

bool rd_safetensors_begin(RdAtomicFile *file, void (*put)(RdJson *json, const void *context),
                          const void *context, RdError *error) {
    RdJson measure = {0}, json = {.file = file, .error = error};
    put(&measure, context);
    uint64_t padded = (measure.size + 7) / 8 * 8;
    if (!rd_atomic_write(file, &padded, LENGTH_BYTES, error)) return false;
    put(&json, context);
    while (json.size < padded) rd_json_put(&json, " ");
    return rd_json_flush(&json);
}

void rd_tensor_put(RdJson *json, const char *prefix, const char *name, const RdTensor *tensor) {
    rd_json_put(json, ",");
    rd_json_open(json);
    rd_json_put(json, prefix);
    rd_json_put(json, name);
    rd_json_close(json);
    rd_json_put(json, ":{\"dtype\":\"F32\",\"shape\":[");
    for (int d = 0; d < tensor->rank; d++) {
        if (d > 0) rd_json_put(json, ",");
        rd_json_number(json, tensor->dims[d]);
    }
    rd_json_put(json, "],\"data_offsets\":[");
    rd_json_number(json, tensor->begin);
    rd_json_put(json, ",");
    rd_json_number(json, tensor->begin + tensor->count * sizeof(float));
    rd_json_put(json, "]}");
}

/* ---- reading ---- */

static bool read_at(const RdSafetensors *file, void *to, size_t size, size_t at, RdError *error) {
    for (char *next = to; size > 0;) {
        ssize_t n = pread(file->fd, next, size, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return rd_fail(error, "%s: cannot read: %s", file->path, strerror(errno));
        if (n == 0) return rd_fail(error, "%s: was cut short while it was read", file->path);
        next += n;
        at += (size_t)n;
        size -= (size_t)n;
    }
    return true;
}

static bool open_regular(RdSafetensors *file, size_t *size, RdError *error) {
    struct stat status;
    if (stat(file->path, &status) != 0)
        return rd_fail(error, "%s: cannot open: %s", file->path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return rd_fail(error, "%s: is %s; expected a model file", file->path,
                       S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &status) != 0)
        return rd_fail(error, "%s: cannot open: %s", file->path, strerror(errno));
    *size = (size_t)status.st_size;
    return true;
}

static bool read_header(RdSafetensors *file, size_t size, RdError *error) {
    uint64_t length;
    if (size == 0) return rd_fail(error, "%s: is empty; expected a model file", file->path);
    if (size < LENGTH_BYTES)
        return rd_fail(error, "%s: is not a safetensors file: %zu bytes", file->path, size);
    if (!read_at(file, &length, LENGTH_BYTES, 0, error)) return false;
    if (length > LONGEST_HEADER || length < 2)
        return rd_fail(error, "%s: is not a safetensors file", file->path);
    if (length > size - LENGTH_BYTES)
        return rd_fail(error,
                       "%s: is cut short, or not a safetensors file: %zu bytes, its header alone"
                       " would have %" PRIu64,
                       file->path, size, length);
    char *text = rd_zeros(length, 1);
    json_error_t why;
    bool good = read_at(file, text, length, LENGTH_BYTES, error);
    if (good) {
        file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
        if (!file->header)
            good = rd_fail(error, "%s: is not a safetensors file: its header is not JSON (%s)",
                           file->path, why.text);
        else if (!json_is_object(file->header))
            good = rd_fail(error, "%s: is not a safetensors file: its header is not an object",
                           file->path);
    }
    free(text);
    file->tensors_at = LENGTH_BYTES + length;
    return good;
}

/* A number that is not negative. */
static bool get_size(const json_t *json, size_t *size) {
    if (!json_is_integer(json) || json_integer_value(json) < 0) return false;
    *size = (size_t)json_integer_value(json);
    return true;
}

/* Reads one entry of the header, whatever it holds; NULL or what is wrong with it. */
static const char *parse_tensor(const json_t *json, RdTensor *tensor) {
    const char *type = json_string_value(json_object_get(json, "dtype"));
    const json_t *shape = json_object_get(json, "shape");
    const json_t *place = json_object_get(json, "data_offsets");
    size_t end;
    *tensor = (RdTensor){.count = 1};
    if (!type || !json_is_array(shape) || json_array_size(place) != 2)
        return "has no type, shape and place";
    if (strcmp(type, "F32") != 0) return "is not of type F32";
    if (json_array_size(shape) > RD_MAX_RANK) return "has too many dimensions";
    for (tensor->rank = 0; tensor->rank < (int)json_array_size(shape); tensor->rank++) {
        size_t *dim = &tensor->dims[tensor->rank];
        if (!get_size(json_array_get(shape, (size_t)tensor->rank), dim))
            return "has no valid shape";
        if (__builtin_mul_overflow(tensor->count, *dim, &tensor->count)) return "is too large";
    }
    if (tensor->count > SIZE_MAX / sizeof(float)) return "is too large";
    if (!get_size(json_array_get(place, 0), &tensor->begin) ||
        !get_size(json_array_get(place, 1), &end) || end < tensor->begin)
        return "has no valid place";
    if (end - tensor->begin != tensor->count * sizeof(float))
        return "has another size than its shape says";
    return NULL;
}

static bool check_metadata(const RdSafetensors *file, RdError *error) {
    json_t *metadata = json_object_get(file->header, metadata_key), *value;
    const char *key;
    if (!metadata) return true;
    if (!json_is_object(metadata))
        return rd_fail(error, "%s: its metadata is not an object", file->path);
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return rd_fail(error, "%s: its metadata '%s' is not a text", file->path, key);
    }
    return true;
}

static int by_begin(const void *a, const void *b) {
    const RdTensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->count > y->count) - (x->count < y->count);
}

/* The tensors must fill `size` bytes, one behind the other. */
static bool check_places(const RdSafetensors *file, RdTensor *tensors, size_t count, size_t size,
                         RdError *error) {
    size_t end = 0;
    qsort(tensors, count, sizeof *tensors, by_begin);
    for (size_t i = 0; i < count; i++) {
        if (tensors[i].begin != end)
            return rd_fail(error, "%s: is damaged: its tensors overlap or have gaps between them",
                           file->path);
        end += tensors[i].count * sizeof(float);
    }
    if (end == size) return true;
    return rd_fail(error, "%s: is %s: it has %zu bytes of tensors; its header says %zu", file->path,
                   end > size ? "cut short" : "damaged", size, end);
}

static bool check_tensors(const RdSafetensors *file, size_t size, RdError *error) {
    RdTensor *tensors = rd_zeros(json_object_size(file->header), sizeof *tensors);
    size_t count = 0;
    const char *name, *wrong = NULL;
    json_t *json;
    json_object_foreach(file->header, name, json) {
        if (strcmp(name, metadata_key) == 0) continue;
        wrong = parse_tensor(json, &tensors[count++]);
        if (wrong) break;
    }
    bool good = wrong ? rd_fail(error, "%s: its tensor '%s' %s", file->path, name, wrong)
                      : check_places(file, tensors, count, size, error);
    free(tensors);
    return good;
}

bool rd_safetensors_open(RdSafetensors *file, const char *path, RdError *error) {
    size_t size = 0;
    *file = (RdSafetensors){.path = path, .fd = -1};
    return open_regular(file, &size, error) && read_header(file, size, error) &&
           check_metadata(file, error) && check_tensors(file, size - file->tensors_at, error);
}

RdShapeText rd_shape_text(const RdTensor *tensor) {
    RdShapeText shape = {"["};
    size_t at = 1, size = sizeof shape.text;
    for (int d = 0; d < tensor->rank && at < size; d++)
        at += (size_t)snprintf(shape.text + at, size - at, "%s%zu", d ? ", " : "", tensor->dims[d]);
    if (at < size) snprintf(shape.text + at, size - at, "]");
    return shape;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **rd_safetensors_names(const RdSafetensors *file, size_t *count) {
    const char **names = rd_zeros(json_object_size(file->header) + 1, sizeof *names), *name;
    json_t *json;
    *count = 0;
    json_object_foreach(file->header, name, json) {
        if (strcmp(name, metadata_key) != 0) names[(*count)++] = name;
    }
    qsort((void *)names, *count, sizeof *names, by_name);
    return names;
}

bool rd_safetensors_find(const RdSafetensors *file, const char *name, RdTensor *tensor) {
    const json_t *json = json_object_get(file->header, name);
    return json && strcmp(name, metadata_key) != 0 && !parse_tensor(json, tensor);
}

bool rd_safetensors_read(const RdSafetensors *file, const RdTensor *tensor, float *values,
                         RdError *error) {
    return read_at(file, values, tensor->count * sizeof(float), file->tensors_at + tensor->begin,
                   error);
}

const char *rd_safetensors_text(const RdSafetensors *file, const char *key) {
    return json_string_value(json_object_get(json_object_get(file->header, metadata_key), key));
}

void rd_safetensors_close(RdSafetensors *file) {
    if (file->fd >= 0) close(file->fd);
    json_decref(file->header);
    file->fd = -1;
    file->header = NULL;
}
