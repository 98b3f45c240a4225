/* The loops of median.c for keys of one type. */

/* Rows 0, 1, 2 of `to`: the smallest, middle and largest of each column of three rows. */
static void OF(sort_3)(KEY *const *rows, ptrdiff_t count, KEY *restrict to, ptrdiff_t pitch) {
    const KEY *first = rows[0], *second = rows[1], *third = rows[2];
    for (ptrdiff_t i = 0; i < count; i++) {
        KEY v[3] = {first[i], second[i], third[i]};
        SWAP(0, 1) SWAP(1, 2) SWAP(0, 1)
        to[i] = v[0], to[i + pitch] = v[1], to[i + 2 * pitch] = v[2];
    }
}

/* The median of 3 x 3 is that of the largest smallest, the median median and the smallest largest of the columns. */
static void OF(select_3)(const KEY *from, ptrdiff_t pitch, ptrdiff_t step, ptrdiff_t count, KEY *restrict to) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const KEY *low = from + i, *mid = low + pitch, *top = mid + pitch;
        KEY v[6] = {low[0], mid[0], top[0], mid[step], mid[2 * step], 0};
        v[0] = MORE(v[0], low[step]);
        v[0] = MORE(v[0], low[2 * step]);
        v[2] = LESS(v[2], top[step]);
        v[2] = LESS(v[2], top[2 * step]);
        SWAP(1, 3) HIGH(1, 4) LOW(3, 4)
        v[1] = v[3];
        SWAP(0, 1) HIGH(0, 2) LOW(1, 2)
        to[i] = v[1];
    }
}

static void OF(sort_5)(KEY *const *rows, ptrdiff_t count, KEY *restrict to, ptrdiff_t pitch) {
    const KEY *first = rows[0], *second = rows[1], *third = rows[2], *fourth = rows[3], *fifth = rows[4];
    for (ptrdiff_t i = 0; i < count; i++) {
        KEY v[5] = {first[i], second[i], third[i], fourth[i], fifth[i]};
        SORT_5
        to[i] = v[2], to[i + pitch] = v[3], to[i + 2 * pitch] = v[0], to[i + 3 * pitch] = v[1], to[i + 4 * pitch] = v[4];
    }
}

/* Rows 0 ... 9 of `to`: two neighbouring sorted columns as one. */
static void OF(merge_5)(const KEY *from, ptrdiff_t pitch, ptrdiff_t step, ptrdiff_t count, KEY *restrict to) {
    for (ptrdiff_t i = 0; i < count; i++) {
        KEY v[10];
#pragma GCC unroll 5
        for (int r = 0; r < 5; r++) v[r] = from[i + r * pitch], v[5 + r] = from[i + r * pitch + step];
        MERGE_5_5
        to[i] = v[0], to[i + pitch] = v[1], to[i + 2 * pitch] = v[2], to[i + 3 * pitch] = v[3], to[i + 4 * pitch] = v[4];
        to[i + 5 * pitch] = v[6], to[i + 6 * pitch] = v[7], to[i + 7 * pitch] = v[8], to[i + 8 * pitch] = v[5];
        to[i + 9 * pitch] = v[9];
    }
}

/* The median of pairs of columns 0 and 2 and of column 4. */
static void OF(select_5)(const KEY *pairs, const KEY *columns, ptrdiff_t pitch, ptrdiff_t step, ptrdiff_t count,
                         KEY *restrict to) {
    for (ptrdiff_t i = 0; i < count; i++) {
        KEY v[25];
#pragma GCC unroll 10
        for (int r = 0; r < 10; r++) v[r] = pairs[i + r * pitch], v[10 + r] = pairs[i + r * pitch + 2 * step];
#pragma GCC unroll 5
        for (int r = 0; r < 5; r++) v[20 + r] = columns[i + r * pitch + 4 * step];
        SELECT_10_10_5
        to[i] = v[14];
    }
}

/* One row of medians from kh rows of keys. */
static void OF(median_row)(const struct fc_rank *s, KEY *const *rows, ptrdiff_t count, KEY *columns, KEY *to) {
    const ptrdiff_t step = s->step, pitch = CHUNK / (ptrdiff_t)sizeof(KEY), most = pitch - (s->kw - 1) * step;
    for (ptrdiff_t i = 0; i < count; i += most) {
        const ptrdiff_t some = count - i < most ? count - i : most;
        KEY *at[5], *pairs = columns + 5 * pitch;
        for (ptrdiff_t r = 0; r < s->kh; r++) at[r] = rows[r] + i;
        if (s->kh == 3) {
            OF(sort_3)(at, some + 2 * step, columns, pitch);
            OF(select_3)(columns, pitch, step, some, to + i);
        } else {
            OF(sort_5)(at, some + 4 * step, columns, pitch);
            OF(merge_5)(columns, pitch, step, some + 3 * step, pairs);
            OF(select_5)(pairs, columns, pitch, step, some, to + i);
        }
    }
}

static int OF(median)(const struct fc_rank *s, int key, const char *const *x, char *y, const struct part *part, char *scratch) {
    const ptrdiff_t pixels = part->column_end - part->column, kh = s->kh;
    const int direct = stores_directly(s, key, y);
    KEY *aside = (KEY *)(void *)(scratch + kh * s->pitch), *columns = (KEY *)(void *)(scratch + (kh + 1) * s->pitch);
    for (ptrdiff_t row = part->row; row < part->row_end; row++) {
        KEY *rows[5];
        for (ptrdiff_t r = 0; r < kh; r++) rows[r] = (KEY *)(void *)(scratch + r * s->pitch);
        if (stage_ring(s, key, x, part, row - part->row, scratch)) return 1;
        char *at = y + row * s->y_row + part->column * s->y_pixel;
        KEY *to = direct ? (KEY *)(void *)at : aside;
        OF(median_row)(s, rows, pixels * s->step, columns, to);
        if (!direct) FC_FN(rank_store)(s, key, to, pixels, at);
    }
    return 0;
}
