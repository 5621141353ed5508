/* How long each kernel takes, when somebody asks. */
#include <time.h>

#include "rondo.h"

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t rd_start(const RdRun *run) { return run->took ? nanoseconds() : 0; }

void rd_took(const RdRun *run, int kernel, int64_t start) {
    if (run->took) run->took[kernel] += nanoseconds() - start;
}
