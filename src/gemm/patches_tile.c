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

/* The edges of a plan, at most one a vector and tap, and which taps have constants. */
struct lone {
    uint32_t lanes[TAPS][FC_NV];
    ptrdiff_t offset[TAPS][FC_NV];
    int constant[TAPS];
};

/* Whether a plan whose taps are all aimed at has no other edges than such. */
static int lone_edges(const struct plan *plan, ptrdiff_t taps, struct lone *lone) {
    for (ptrdiff_t t = 0; t < taps; t++) {
        lone->constant[t] = 0;
        for (int v = 0; v < FC_NV; v++) {
            lone->lanes[t][v] = 0, lone->offset[t][v] = 0;
            lone->constant[t] |= plan->constant[t][v] != 0;
        }
        for (int i = plan->edges[t]; i < plan->edges[t + 1]; i++) {
            const struct edge *edge = &plan->edge[i];
            if (lone->lanes[t][edge->vector]) return 0;
            lone->lanes[t][edge->vector] = edge->lanes;
            lone->offset[t][edge->vector] = edge->offset;
        }
    }
    return 1;
}

/* `lone` is NULL where no vector reads the border. */
FC_INLINE void multiply_while_packing(const struct fc_conv *s, const struct plan *plan, const struct lone *lone, const real *x,
                                      ptrdiff_t k, ptrdiff_t k_end, real *panel, const real *a, const real *init, real *c,
                                      ptrdiff_t ldc, int m, int n) {
    const ptrdiff_t taps = s->kd * s->kh * s->kw, plane = s->x_channel;
    const struct fc_activation *after = k_end == s->c_in / s->groups * taps ? &s->after : NULL;
    uint32_t lanes[TAPS][FC_NV];
    const real *from[FC_NV];
    x += k / taps * plane;
    whole_vectors(plan, x, taps, lanes, from);

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
                if (lone && lone->lanes[t][v])
                    column[v] = vec_or(column[v], vec_load_some(x + lone->offset[t][v], 1, mask_bits(lone->lanes[t][v])));
                if (lone && lone->constant[t])
                    column[v] = vec_select(mask_bits(plan->constant[t][v]), vec_set1(plan->value), column[v]);
                vec_store(panel + v * LANES, column[v]);
                __builtin_prefetch(from[v] + plan->shift[t] + NR, 0, 2); /* for the next panel: its rows lie a plane apart */
            }
            tile_step(sum, a, column, FC_NV);
        }
        for (int v = 0; v < FC_NV; v++) from[v] += plane;
        x += plane;
    }
    tile_store(sum, init, c, ldc, m, n, FC_NV, after);
}

void FC_FN(patches_tile)(const struct fc_conv *s, const void *x, ptrdiff_t p, ptrdiff_t k, ptrdiff_t k_end, void *panel,
                         const void *a, const void *init, void *c, ptrdiff_t ldc, int m, int n) {
    struct plan plan;
    make_plan(s, p, n, &plan);
    const ptrdiff_t taps = s->kd * s->kh * s->kw;
    if (s->stride_w == 1 && taps <= TAPS && is_whole(&plan) && plan.vectors == FC_NV && aim_taps(s, &plan, 0, taps) == taps) {
        struct lone lone;
        if (!plan.bordered) {
            multiply_while_packing(s, &plan, NULL, x, k, k_end, panel, a, init, c, ldc, m, n);
            return;
        }
        if (lone_edges(&plan, taps, &lone)) {
            multiply_while_packing(s, &plan, &lone, x, k, k_end, panel, a, init, c, ldc, m, n);
            return;
        }
    }
    FC_FN(pack_patches)(s, x, p, n, k, k_end, panel);
    const ptrdiff_t depth = s->c_in / s->groups * taps;
    FC_FN(gemm_tile)(k_end - k, a, panel, init, c, ldc, m, n, k_end == depth ? &s->after : NULL);
}
