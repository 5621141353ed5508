/* Loses memory, so that it is known whether a sanitized test run would notice. */
#include <criterion/criterion.h>
#include <stdlib.h>

static char *volatile lost;

Test(leak, loses_memory) {
    lost = malloc(10);
    lost = NULL;
}
