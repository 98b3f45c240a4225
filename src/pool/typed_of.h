/* The loops of typed.c for keys of one type. */

/* best = the larger of it and a tap, and won where that is the tap. */
FC_INLINE void OF(fold)(const KEY *restrict from, ptrdiff_t step, KEY flip, ptrdiff_t count, ptrdiff_t tap, KEY *restrict best,
                        ptrdiff_t *restrict won, const int marked) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const KEY value = (KEY)(from[i * step] ^ flip);
        const int wins = value > best[i];
        if (marked) won[i] = wins ? tap : won[i];
        best[i] = wins ? value : best[i];
    }
}

FC_INLINE void OF(tap)(const KEY *from, ptrdiff_t step, KEY flip, ptrdiff_t count, ptrdiff_t tap, KEY *best, ptrdiff_t *won) {
    if (won)
        OF(fold)(from, step, flip, count, tap, best, won, 1);
    else if (step == 1)
        OF(fold)(from, 1, flip, count, tap, best, NULL, 0);
    else if (step == 2)
        OF(fold)(from, 2, flip, count, tap, best, NULL, 0);
    else
        OF(fold)(from, step, flip, count, tap, best, NULL, 0);
}

static void OF(block)(const struct typed *b, ptrdiff_t o) {
    const struct fc_pool *s = b->s;
    KEY best[BLOCK];
    ptrdiff_t won[BLOCK];
    const KEY flip = (KEY)b->flip;
    const ptrdiff_t id = start_d(b), ih = start_h(b), step = b->channels == 1 ? s->stride_w : 1;
    const struct taps d = taps_inside(id, s->dilation_d, s->kd, s->d), h = taps_inside(ih, s->dilation_h, s->kh, s->h);
    for (ptrdiff_t i = 0; i < b->count; i++) best[i] = LEAST;
    if (b->switches) first_winners(b, won);
    for (ptrdiff_t kd = d.begin; kd < d.end; kd++)
        for (ptrdiff_t kh = h.begin; kh < h.end; kh++)
            for (ptrdiff_t kw = 0; kw < s->kw; kw++) {
                const struct taps in = outputs_inside(b, kw);
                const ptrdiff_t row = ((id + kd * s->dilation_d) * s->h + ih + kh * s->dilation_h) * s->w;
                const ptrdiff_t at = (row + start_w(b, 0) + kw * s->dilation_w) * b->channels + b->channel;
                OF(tap)((const KEY *)b->x + at + in.begin * step, step, flip, in.end - in.begin, winner_of(b, kd, kh, kw),
                        best + in.begin, b->switches ? won + in.begin : NULL);
            }
    KEY *restrict to = (KEY *)b->y + o;
    for (ptrdiff_t i = 0; i < b->count; i++) to[i] = (KEY)(best[i] ^ flip);
    if (b->switches) store_winners(b, won, o);
}
