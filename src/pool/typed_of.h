/* The loops of typed.c for keys of one type. */

/* Elements `step` apart as keys, side by side. */
static void OF(gather)(const KEY *restrict from, ptrdiff_t step, KEY flip, ptrdiff_t count, KEY *restrict to) {
    if (step == 1)
        for (ptrdiff_t i = 0; i < count; i++) to[i] = (KEY)(from[i] ^ flip);
    else if (step == 2)
        for (ptrdiff_t i = 0; i < count; i++) to[i] = (KEY)(from[2 * i] ^ flip);
    else
        for (ptrdiff_t i = 0; i < count; i++) to[i] = (KEY)(from[i * step] ^ flip);
}

/* best = the larger of it and a tap's keys, and `few` or `many`, whichever there is, where that is the tap. */
static void OF(fold)(const KEY *restrict from, ptrdiff_t count, ptrdiff_t tap, KEY *restrict best, KEY *restrict few,
                     ptrdiff_t *restrict many) {
    if (few)
        for (ptrdiff_t i = 0; i < count; i++) few[i] = from[i] > best[i] ? (KEY)tap : few[i];
    for (ptrdiff_t i = 0; many && i < count; i++)
        if (from[i] > best[i]) many[i] = tap;
    for (ptrdiff_t i = 0; i < count; i++) best[i] = from[i] > best[i] ? from[i] : best[i];
}

static __attribute__((noinline)) void OF(store)(const struct typed *b, const KEY *few, const ptrdiff_t *many, ptrdiff_t o) {
    if (b->compact) {
        uint8_t *restrict to = (uint8_t *)b->switches + o;
        for (ptrdiff_t i = 0; i < b->count; i++) to[i] = (uint8_t)(few ? (ptrdiff_t)few[i] : many[i]);
        return;
    }
    int64_t *restrict to = (int64_t *)b->switches + o;
    if (!few) {
        for (ptrdiff_t i = 0; i < b->count; i++) to[i] = place_of(b, i, many[i]);
        return;
    }
    int64_t offsets[FEW];
    know_offsets(b, offsets);
    const int64_t corner = (start_d(b) * b->s->h + start_h(b)) * b->s->w + start_w(b, 0);
    const int64_t step = b->channels == 1 ? b->s->stride_w : 0;
    for (ptrdiff_t i = 0; i < b->count; i++) to[i] = corner + i * step + offsets[(uint8_t)few[i]];
}

static void OF(block)(const struct typed *b, ptrdiff_t o) {
    const struct fc_pool *s = b->s;
    KEY best[BLOCK], line[BLOCK], of_few[BLOCK];
    ptrdiff_t of_many[BLOCK];
    KEY *few = b->switches && has_few(s) ? of_few : NULL;
    ptrdiff_t *many = b->switches && !has_few(s) ? of_many : NULL;
    const KEY flip = (KEY)b->flip;
    const ptrdiff_t id = start_d(b), ih = start_h(b), step = b->channels == 1 ? s->stride_w : 1;
    const struct taps d = taps_inside(id, s->dilation_d, s->kd, s->d), h = taps_inside(ih, s->dilation_h, s->kh, s->h);
    for (ptrdiff_t i = 0; i < b->count; i++) best[i] = LEAST;
    for (ptrdiff_t i = 0; few && i < b->count; i++) few[i] = (KEY)((d.begin * s->kh + h.begin) * s->kw);
    for (ptrdiff_t i = 0; few && i < b->count && start_w(b, i) < 0; i++) few[i] = (KEY)first_tap(b, i);
    for (ptrdiff_t i = 0; many && i < b->count; i++) many[i] = first_tap(b, i);
    for (ptrdiff_t kd = d.begin; kd < d.end; kd++)
        for (ptrdiff_t kh = h.begin; kh < h.end; kh++)
            for (ptrdiff_t kw = 0; kw < s->kw; kw++) {
                const struct taps in = outputs_inside(b, kw);
                const ptrdiff_t row = ((id + kd * s->dilation_d) * s->h + ih + kh * s->dilation_h) * s->w;
                const ptrdiff_t at = (row + start_w(b, 0) + kw * s->dilation_w) * b->channels + b->channel;
                OF(gather)((const KEY *)b->x + at + in.begin * step, step, flip, in.end - in.begin, line);
                OF(fold)(line, in.end - in.begin, (kd * s->kh + kh) * s->kw + kw, best + in.begin,
                         few ? few + in.begin : NULL, many ? many + in.begin : NULL);
            }
    KEY *restrict to = (KEY *)b->y + o;
    for (ptrdiff_t i = 0; i < b->count; i++) to[i] = (KEY)(best[i] ^ flip);
    if (b->switches) OF(store)(b, few, many, o);
}
