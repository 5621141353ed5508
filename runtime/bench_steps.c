#include "bench_steps.h"

#include <math.h>

#include "search.h"
#include "units.h"

bool rd_measure_steps(const RdModel *model, RdSizes sizes, RdPool *pool, void *stretch, int length,
                      int repeat, RdStepSpeed *speed, RdError *error) {
    RdStepper stepper;
    RdSearchOptions how = {.width = 1, .limit = length, .endless = true};
    double fastest = INFINITY;
    bool good = rd_stepper_open(&stepper, model, sizes, 1, length + 1, pool, stretch, error);
    RdSearch *search = good ? rd_search_new(&stepper, &how) : NULL;
    int tokens = 0;
    for (int i = 0; good && i < repeat; i++) {
        rd_stepper_begin(&stepper, NULL, NULL);
        double start = rd_now();
        rd_search_run(search, NULL, NULL, 0);
        fastest = fmin(fastest, rd_now() - start);
        tokens = stepper.taken;
    }
    if (good)
        *speed = (RdStepSpeed){tokens / fastest,
                               (double)model->steps->step.packed_bytes(&sizes, model->precision)};
    rd_search_free(search);
    rd_stepper_close(&stepper);
    return good;
}
