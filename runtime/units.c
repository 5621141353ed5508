#include "units.h"

#include <stdio.h>
#include <time.h>

const char *rd_bytes_text(char text[RD_UNIT_TEXT], size_t bytes) {
    static const char *const unit[] = {"kB", "MB", "GB", "TB"};
    if (bytes < 1000) {
        snprintf(text, RD_UNIT_TEXT, "%zu bytes", bytes);
        return text;
    }
    double value = (double)bytes / 1000;
    int i = 0;
    for (; value >= 999.5 && i < 3; i++) value /= 1000;
    snprintf(text, RD_UNIT_TEXT, value < 9.95 ? "%.1f %s" : "%.0f %s", value, unit[i]);
    return text;
}

const char *rd_precision_name(RdPrecision precision) {
    static const char *const names[] = {"f32", "bf16", "int8"};
    return names[precision];
}

const char *rd_count_text(char text[RD_UNIT_TEXT], size_t count) {
    char digits[RD_UNIT_TEXT];
    int length = snprintf(digits, sizeof digits, "%zu", count), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

const char *rd_time_text(char text[RD_UNIT_TEXT], double seconds) {
    long whole = (long)(seconds + 0.5);
    if (seconds < 9.95)
        snprintf(text, RD_UNIT_TEXT, "%.1f s", seconds);
    else if (whole < 60)
        snprintf(text, RD_UNIT_TEXT, "%ld s", whole);
    else if (whole < 3600)
        snprintf(text, RD_UNIT_TEXT, "%ld:%02ld", whole / 60, whole % 60);
    else
        snprintf(text, RD_UNIT_TEXT, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    return text;
}

double rd_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}
