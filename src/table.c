/* Puts the kernels of one instruction set and float width into a table. */
#include "fastconv.h"
#include "kernel.h"

void FC_FN(fill)(struct fc_kernels *t) {
    t->isa = FC_STRING(FC_ISA);
    t->lanes = LANES;
    t->mr = FC_MR;
    t->nr = FC_NV * LANES;
    t->gemm_tile = FC_FN(gemm_tile);
    t->pack_rows = FC_FN(pack_rows);
    t->pack_columns = FC_FN(pack_columns);
    t->pack_patches = FC_FN(pack_patches);
    t->patches_tile = FC_FN(patches_tile);
    t->direct_forward = FC_FN(direct_forward);
    t->direct_grad_input = FC_FN(direct_grad_input);
    t->direct_grad_weight = FC_FN(direct_grad_weight);
    t->direct_grad_bias = FC_FN(direct_grad_bias);
    t->depthwise_rows = FC_FN(depthwise_rows);
    t->max_pool = FC_FN(max_pool);
    t->max_pool_grad = FC_FN(max_pool_grad);
    t->average_pool = FC_FN(average_pool);
    t->average_pool_grad = FC_FN(average_pool_grad);
    t->check_switches = FC_FN(check_switches);
    t->unpool = FC_FN(unpool);
    t->unpool_grad = FC_FN(unpool_grad);
    t->fma_loop = FC_FN(fma_loop);
    t->copy = FC_FN(copy);
}
