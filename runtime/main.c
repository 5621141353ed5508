#include "program.h"

int main(int count, char **arguments) {
    const RdProgram program = {.model = &rd_model, .check = &rd_model_double};
    return rd_program_run(&program, count, arguments);
}
