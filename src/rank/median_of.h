/* The loops of median.c for keys of one type. */

#define BLOCK (64 / (ptrdiff_t)sizeof(KEY))

/* `count` and as many more as make whole vectors, where what lies behind is scratch. */
FC_INLINE ptrdiff_t OF(whole)(ptrdiff_t count) { return (count + BLOCK - 1) / BLOCK * BLOCK; }

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

/* One row of medians from five rows of keys. */
static void OF(row_5)(const struct fc_rank *s, KEY *const *rows, ptrdiff_t count, KEY *columns, KEY *to) {
    const ptrdiff_t step = s->step, pitch = CHUNK / (ptrdiff_t)sizeof(KEY), most = pitch - 4 * step - 2 * BLOCK;
    const ptrdiff_t parts = (count + most - 1) / most, part = OF(whole)((count + parts - 1) / parts);
    for (ptrdiff_t i = 0; i < count; i += part) {
        const ptrdiff_t some = count - i < part ? count - i : part;
        KEY *at[5], *pairs = columns + 5 * pitch;
        for (ptrdiff_t r = 0; r < 5; r++) at[r] = rows[r] + i;
        OF(sort_5)(at, OF(whole)(some + 4 * step), columns, pitch);
        OF(merge_5)(columns, pitch, step, OF(whole)(some + 3 * step), pairs);
        OF(select_5)(pairs, columns, pitch, step, some, to + i);
    }
}

static int OF(median)(const struct fc_rank *s, int key, const char *const *x, char *y, const struct part *part, char *scratch) {
    const ptrdiff_t pixels = part->column_end - part->column, count = pixels * s->step;
    const ptrdiff_t pitch = s->pitch / (ptrdiff_t)sizeof(KEY);
    const int direct = stores_directly(s, key, y);
    KEY *staged = (KEY *)(void *)scratch, *aside = staged + 5 * pitch, *sorted = aside + pitch;
    KEY *const rows[5] = {staged, staged + pitch, staged + 2 * pitch, staged + 3 * pitch, staged + 4 * pitch};
    for (ptrdiff_t row = part->row; row < part->row_end; row++) {
        const ptrdiff_t turn = row - part->row;
        char *at = y + row * s->y_row + part->column * s->y_pixel;
        KEY *to = direct ? (KEY *)(void *)at : aside;
        if (stage_ring(s, key, x, part, turn, scratch)) return 1;
        OF(row_5)(s, rows, count, sorted, to);
        if (!direct) FC_FN(rank_store)(s, key, to, pixels, at);
    }
    return 0;
}

#undef BLOCK
