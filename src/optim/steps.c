/* Computes:     one step of an optimiser on some parameters: stochastic gradient descent, with or without momentum, and Adam.
 * Source:       Sutskever, Martens, Dahl & Hinton, ICML 2013 (momentum); Kingma & Ba, ICLR 2015 (Adam); Loshchilov & Hutter, ICLR 2019
 *               (decay apart from the gradient).
 * Applies when: always; the arrays do not overlap.
 * Layout:       `count` consecutive reals of each array.
 * Plan:         one call owns its count elements.
 * Tile:         one vector at a time.
 * Cost:         one pass: the parameters and what is kept of earlier steps read and written, the gradient read.
 * Accuracy:     two to four roundings an element.
 * Measured:     see kernels/optim.pyx. */
#include "kernel.h"

/* Without a decay nothing is added: not 0 times a parameter that is infinite. */
FC_INLINE vec decayed(double decay, vec by, vec p, vec g) { return decay == 0 ? g : vec_fma(by, p, g); }

/* The numbers of a step in every lane. */
struct descent {
    vec rate, momentum, share, decay;
};

FC_INLINE void descend(const struct fc_sgd *s, const struct descent *with, real *p, const real *g, real *velocity, mask some) {
    const vec at = vec_load_some(p, 1, some), d = decayed(s->decay, with->decay, at, vec_load_some(g, 1, some));
    vec move = d;
    if (velocity) {
        if (!s->begin) move = vec_fma(with->share, d, vec_mul(with->momentum, vec_load_some(velocity, 1, some)));
        vec_store_some(velocity, move, some);
        if (s->ahead) move = vec_fma(with->momentum, move, d);
    }
    vec_store_some(p, vec_fma(with->rate, move, at), some);
}

void FC_FN(sgd_step)(const struct fc_sgd *s, void *p, const void *g, void *velocity, ptrdiff_t count) {
    const struct descent with = {vec_set1((real)-s->rate), vec_set1((real)s->momentum), vec_set1((real)s->share),
                                 vec_set1((real)s->decay)};
    for (ptrdiff_t i = 0; i < count; i += LANES)
        descend(s, &with, (real *)p + i, (const real *)g + i, velocity ? (real *)velocity + i : NULL,
                mask_bits(bits_below(count - i)));
}

void FC_FN(adam_step)(const struct fc_adam *s, void *p, const void *g, void *mean, void *square, ptrdiff_t count) {
    const vec rate = vec_set1((real)-s->rate), eps = vec_set1((real)s->eps), root = vec_set1((real)s->root);
    const vec towards = vec_set1((real)(1 - s->beta_1)), beta = vec_set1((real)s->beta_2), rest = vec_set1((real)(1 - s->beta_2));
    const vec decay = vec_set1((real)s->decay), keep = vec_set1((real)s->keep);
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        const vec at = vec_mul(keep, vec_load_some((real *)p + i, 1, some));
        const vec d = decayed(s->decay, decay, at, vec_load_some((const real *)g + i, 1, some));
        const vec before = vec_load_some((real *)mean + i, 1, some);
        const vec m = vec_fma(towards, vec_sub(d, before), before);
        const vec v = vec_fma(vec_mul(rest, d), d, vec_mul(beta, vec_load_some((real *)square + i, 1, some)));
        const vec under = vec_add(vec_div(vec_sqrt(v), root), eps);
        vec_store_some((real *)mean + i, m, some);
        vec_store_some((real *)square + i, v, some);
        vec_store_some((real *)p + i, vec_fma(rate, vec_div(m, under), at), some);
    }
}
