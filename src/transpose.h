/* Blocks of up to LANES x LANES reals turned over in registers, which packing, staging and storing share. */
#ifndef FC_TRANSPOSE_H
#define FC_TRANSPOSE_H

#include "kernel.h"

/* to[column][row] = from[row][column] for `room` rows, those beyond `rows` zero. */
FC_INLINE void transpose_block(const real *from, ptrdiff_t ld_from, int rows, int columns, real *to, ptrdiff_t ld_to, int room) {
    vec v[LANES];
    const mask wide = mask_bits(bits_below(columns)), tall = mask_bits(bits_below(room));
    if (rows == LANES && columns == LANES) {
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) v[i] = vec_load(from + i * ld_from);
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) v[i] = i < rows ? vec_load_some(from + i * ld_from, 1, wide) : vec_zero();
    }
    vec_transpose(v);
    if (columns == LANES && room == LANES) {
#pragma GCC unroll 16
        for (int j = 0; j < LANES; j++) vec_store(to + j * ld_to, v[j]);
    } else {
#pragma GCC unroll 16
        for (int j = 0; j < LANES; j++) {
            if (j >= columns) break;
            vec_store_some(to + j * ld_to, v[j], tall);
        }
    }
}

#endif
