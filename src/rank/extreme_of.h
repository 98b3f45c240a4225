/* The loops of extreme.c for keys of one type. */

#define PICK_EACH(to, largest, a, b)                                      \
    if (largest)                                                          \
        for (ptrdiff_t i = 0; i < count; i++) (to)[i] = MORE(a, b);       \
    else                                                                  \
        for (ptrdiff_t i = 0; i < count; i++) (to)[i] = LESS(a, b);

/* to = the extremes of windows that begin at 0, a and b keys further. */
static void OF(join)(KEY *restrict to, const KEY *from, ptrdiff_t count, ptrdiff_t a, ptrdiff_t b, int largest) {
    if (a == b) {
        PICK_EACH(to, largest, from[i], from[i + a])
    } else if (largest) {
        for (ptrdiff_t i = 0; i < count; i++) {
            const KEY pair = MORE(from[i], from[i + a]);
            to[i] = MORE(pair, from[i + b]);
        }
    } else {
        for (ptrdiff_t i = 0; i < count; i++) {
            const KEY pair = LESS(from[i], from[i + a]);
            to[i] = LESS(pair, from[i + b]);
        }
    }
}

/* to = the extremes of `count` windows of kw pixels of the staged row `from`, which is overwritten as `spare` is. */
static void OF(along)(const struct fc_rank *s, KEY *from, KEY *spare, KEY *to, ptrdiff_t count) {
    ptrdiff_t width = 1;
    while (width < s->kw) {
        const ptrdiff_t wider = 3 * width < s->kw ? 3 * width : s->kw, last = (wider - width) * s->step;
        KEY *next = wider == s->kw ? to : spare;
        OF(join)(next, from, count + (s->kw - wider) * s->step, wider > 2 * width ? width * s->step : last, last, s->largest);
        spare = from, from = next, width = wider;
    }
}

/* Suffixes of a block of rows, where they lie. */
static void OF(suffixes)(char *block, ptrdiff_t pitch, ptrdiff_t rows, ptrdiff_t count, int largest) {
    for (ptrdiff_t r = rows - 2; r >= 0; r--) {
        KEY *restrict to = (KEY *)(void *)(block + r * pitch);
        const KEY *restrict next = (const KEY *)(void *)(block + (r + 1) * pitch);
        PICK_EACH(to, largest, to[i], next[i])
    }
}

/* prefix = the extremes of the prefix before and one more row; y = those of that and of a suffix. */
static void OF(prefixes)(KEY *restrict prefix, const KEY *before, const KEY *row, const KEY *suffix, KEY *restrict y,
                         ptrdiff_t count, int largest) {
    if (largest) {
        for (ptrdiff_t i = 0; i < count; i++) {
            const KEY all = MORE(before[i], row[i]);
            prefix[i] = all, y[i] = MORE(all, suffix[i]);
        }
    } else {
        for (ptrdiff_t i = 0; i < count; i++) {
            const KEY all = LESS(before[i], row[i]);
            prefix[i] = all, y[i] = LESS(all, suffix[i]);
        }
    }
}

/* What a call of extreme.c works on. */
struct OF(extreme_job) {
    const struct fc_rank *s;
    int key;
    const char *plane;
    ptrdiff_t column, pixels;
    KEY *staged, *spare;
};

/* The extremes along the row that output row `row` reads at its tap `r` into `to`; whether it holds NaN. */
static int OF(load)(const struct OF(extreme_job) *job, ptrdiff_t row, ptrdiff_t r, KEY *to) {
    const struct fc_rank *s = job->s;
    const ptrdiff_t pad = s->kw - 1;
    const char *from = row_of(s, job->plane, row - s->top + r);
    const int odd = FC_FN(rank_stage)(s, job->key, from, job->column - s->left, job->pixels + pad, pad ? job->staged : to);
    if (!odd && pad) OF(along)(s, job->staged, job->spare, to, job->pixels * s->step);
    return odd;
}

static int OF(extreme)(const struct fc_rank *s, int key, const char *plane, char *y, const struct part *part, char *scratch) {
#define ROW(base, r) ((KEY *)(void *)((base) + (r) * s->pitch))
    const struct OF(extreme_job) job = {
        s, key, plane, part->column, part->column_end - part->column, ROW(scratch, 0), ROW(scratch, 1)};
    const ptrdiff_t count = job.pixels * s->step;
    const int direct = stores_directly(s, key, y);
    char *block = scratch + 5 * s->pitch, *next = block + s->kh * s->pitch;
    for (ptrdiff_t r = 0; s->kh > 1 && r < s->kh; r++)
        if (OF(load)(&job, part->row, r, ROW(block, r))) return 1;
    for (ptrdiff_t row = part->row; row < part->row_end; row++) {
        const ptrdiff_t r = (row - part->row) % s->kh; /* rows of the block that are no longer read */
        char *at = y + row * s->y_row + part->column * s->y_pixel;
        KEY *to = direct ? (KEY *)(void *)at : ROW(scratch, 2), *last = ROW(next, (r + s->kh - 1) % s->kh);
        if (s->kh == 1) {
            if (OF(load)(&job, row, 0, to)) return 1;
        } else if (r > 0 || row > part->row) {
            if (OF(load)(&job, row, s->kh - 1, last)) return 1;
        }
        if (s->kh > 1 && r == 0) {
            if (row > part->row) {
                char *other = block;
                block = next, next = other;
            }
            OF(suffixes)(block, s->pitch, s->kh, count, s->largest);
            memcpy(to, block, (size_t)count * sizeof(KEY));
        } else if (s->kh > 1) {
            const KEY *before = r == 1 ? last : ROW(scratch, 4 - r % 2);
            OF(prefixes)(ROW(scratch, 3 + r % 2), before, last, ROW(block, r), to, count, s->largest);
        }
        if (!direct) FC_FN(rank_store)(s, key, to, job.pixels, at);
    }
    return 0;
#undef ROW
}

#undef PICK_EACH
