/* Computes:     the first register tile of a panel of patches, and packs that panel for the tiles that follow.
 * Source:       our own; Georganas et al., SC'18, also feed a register tile from the image itself.
 * Applies when: always; it saves time at stride 1 where every vector is one piece (patches.h) and the kernel has at most TAPS
 *               taps, and otherwise packs first and multiplies then.
 * Layout:       as pack_patches and gemm_tile.
 * Plan:         one call owns its tile of C and its panel.
 * Tile:         that of gemm_tile. A step of k costs 3 unaligned loads and 3 stores beside its 24 multiply-adds, which hide
 *               them; packing by itself takes as long as 1 to 1.5 tiles.
 * Cost:         that of gemm_tile.
 * Accuracy:     bit for bit that of pack_patches followed by gemm_tile.
 * Measured:     64 -> 64 3x3 on 56 x 56, whole call: 81 -> 88 % of the FMA peak (AVX-512, Zen 5, one thread). */
#include "patches.h"
#include "tile.h"

static void multiply_while_packing(const struct fc_conv *s, struct plan *plan, const real *x, ptrdiff_t k, ptrdiff_t k_end,
                                   real *panel, const real *a, const real *init, real *c, ptrdiff_t ldc, int m, int n) {
    const ptrdiff_t taps = s->kd * s->kh * s->kw, plane = s->d * s->h * s->w;
    const struct fc_activation *after = k_end == s->c_in / s->groups * taps ? &s->after : NULL;
    uint32_t lanes[TAPS][FC_NV];
    const real *from[FC_NV];
    aim_taps(s, plan, 0, taps);
    whole_vectors(plan, x + k / taps * plane, taps, lanes, from);

    vec sum[FC_MR][FC_NV];
    tile_clear(sum, FC_NV);
    tile_ask(c, ldc, m, FC_NV);
    for (ptrdiff_t t = k % taps; k < k_end; t = 0) {
        const ptrdiff_t stop = k - t + taps < k_end ? taps : t + k_end - k;
        k += stop - t;
        for (; t < stop; t++, panel += NR, a += FC_MR) {
            vec column[FC_NV];
#pragma GCC unroll 8
            for (int v = 0; v < FC_NV; v++) {
                column[v] = vec_load_some(from[v] + plan->shift[t], 1, mask_bits(lanes[t][v]));
                vec_store(panel + v * LANES, column[v]);
                __builtin_prefetch(from[v] + plan->shift[t] + NR, 0, 2); /* for the next panel: its rows lie a plane apart */
            }
            tile_step(sum, a, column, FC_NV);
        }
        for (int v = 0; v < FC_NV; v++) from[v] += plane;
    }
    tile_store(sum, init, c, ldc, m, n, FC_NV, after);
}

void FC_FN(patches_tile)(const struct fc_conv *s, const void *x, ptrdiff_t p, ptrdiff_t k, ptrdiff_t k_end, void *panel,
                         const void *a, const void *init, void *c, ptrdiff_t ldc, int m, int n) {
    struct plan plan;
    make_plan(s, p, n, &plan);
    if (s->stride_w == 1 && s->kd * s->kh * s->kw <= TAPS && is_whole(&plan) && plan.vectors == FC_NV) {
        multiply_while_packing(s, &plan, x, k, k_end, panel, a, init, c, ldc, m, n);
        return;
    }
    FC_FN(pack_patches)(s, x, p, n, k, k_end, panel);
    const ptrdiff_t depth = s->c_in / s->groups * s->kd * s->kh * s->kw;
    FC_FN(gemm_tile)(k_end - k, a, panel, init, c, ldc, m, n, k_end == depth ? &s->after : NULL);
}
