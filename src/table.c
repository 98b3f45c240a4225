/* Puts the kernels of one instruction set and float width into a table. */
#include "fastconv.h"
#include "kernel.h"

void FC_FN(fill)(struct fc_kernels *t) {
    t->isa = FC_STRING(FC_ISA);
    t->lanes = LANES;
    t->mr = FC_MR;
    t->nr = FC_NV * LANES;
    t->rm = FC_RM;
    t->rn = FC_RV * LANES;
#define FC_KERNEL(result, name, arguments) t->name = FC_FN(name);
#define FC_BYTE_KERNEL(result, name, arguments) t->name = FC_PASTE(name, f32, FC_ISA);
#include "kernels.def"
#undef FC_KERNEL
}
