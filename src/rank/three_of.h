/* The loops of three.c for keys of one type. They take `count` >= BLOCK keys in whole blocks, of which the last lies over the
 * one before: no loop needs to take some keys one by one. */

#define BLOCK (64 / (ptrdiff_t)sizeof(KEY))
#define EACH_BLOCK for (ptrdiff_t j = 0, at = 0; j < count; j += BLOCK, at = j + BLOCK <= count ? j : count - BLOCK)

static void OF(medians)(const KEY *const *from, ptrdiff_t step, ptrdiff_t count, KEY *const *to) {
    EACH_BLOCK
#pragma GCC ivdep
    for (ptrdiff_t i = at; i < at + BLOCK; i++) {
        KEY low[ROWS + 2], middle[ROWS + 2], high[ROWS + 2];
#pragma GCC unroll 6
        for (int r = 0; r < ROWS + 2; r++) {
            const KEY a = from[r][i], b = from[r][i + step], c = from[r][i + 2 * step];
            const KEY less = LESS(a, b), more = MORE(a, b), rest = LESS(more, c);
            high[r] = MORE(more, c), low[r] = LESS(less, rest), middle[r] = MORE(less, rest);
        }
#pragma GCC unroll 4
        for (int r = 0; r < ROWS; r++) {
            /* The two rows that this result shares with its neighbour: the one below, or, of odd ones, the one above. */
            const int one = r | 1, two = one + 1, own = r % 2 ? r + 2 : r;
            const KEY lows = MORE(low[one], low[two]), highs = LESS(high[one], high[two]);
            const KEY less = LESS(middle[one], middle[two]), more = MORE(middle[one], middle[two]);
            const KEY a = MORE(lows, low[own]), b = LESS(more, middle[own]), c = LESS(highs, high[own]), m = MORE(less, b);
            const KEY small = LESS(a, m), large = MORE(a, m), rest = LESS(large, c);
            to[r][i] = MORE(small, rest);
        }
    }
}

FC_INLINE void OF(extremes)(const KEY *const *from, ptrdiff_t step, ptrdiff_t count, KEY *const *to, const int largest) {
#define BEST(a, b) (largest ? MORE(a, b) : LESS(a, b))
    EACH_BLOCK
#pragma GCC ivdep
    for (ptrdiff_t i = at; i < at + BLOCK; i++) {
        KEY along[ROWS + 2];
#pragma GCC unroll 6
        for (int r = 0; r < ROWS + 2; r++) {
            const KEY a = from[r][i], b = from[r][i + step], c = from[r][i + 2 * step], pair = BEST(a, b);
            along[r] = BEST(pair, c);
        }
#pragma GCC unroll 4
        for (int r = 0; r < ROWS; r++) {
            const int one = r | 1, own = r % 2 ? r + 2 : r;
            const KEY shared = BEST(along[one], along[one + 1]);
            to[r][i] = BEST(shared, along[own]);
        }
    }
#undef BEST
}

/* Rows that are not there repeat the last one, and what comes of them stays aside, as what comes of short rows does at first. */
static int OF(three)(const struct fc_rank *s, int key, const char *plane, char *y, const struct part *part, char *scratch,
                     int what) {
    const ptrdiff_t pixels = part->column_end - part->column, keys = pixels * s->step, count = keys < BLOCK ? BLOCK : keys;
    const int direct = stores_directly(s, key, y) && keys >= BLOCK;
    for (ptrdiff_t row = part->row, staged = 0; row < part->row_end; row += ROWS) {
        if (row + ROWS > part->row_end && part->row_end - ROWS > part->row) row = part->row_end - ROWS;
        const ptrdiff_t first = row - part->row, rows = part->row_end - row < ROWS ? part->row_end - row : ROWS;
        char *at = y + row * s->y_row + part->column * s->y_pixel;
        if (plane && pixels * s->x_pixel <= FAR)
            ask_for(plane + part->column * s->x_pixel, s->x_row, s->h, row + 2 * ROWS - s->top, pixels * s->x_pixel);
        if (pixels * s->y_pixel <= FAR)
            ask_for(y + part->column * s->y_pixel, s->y_row, part->row_end, row + ROWS, pixels * s->y_pixel);
        const KEY *from[ROWS + 2];
        KEY *to[ROWS];
        for (; staged < first + rows + 2; staged++)
            if (FC_FN(rank_stage)(s, key, row_of(s, plane, part->row - s->top + staged), part->column - s->left, pixels + 2,
                                  scratch + staged % (ROWS + 2) * s->pitch))
                return 1;
        for (ptrdiff_t r = 0; r < ROWS + 2; r++)
            from[r] = (const KEY *)(const void *)(scratch + (r < rows + 2 ? first + r : staged - 1) % (ROWS + 2) * s->pitch);
        for (ptrdiff_t r = 0; r < ROWS; r++)
            to[r] = (KEY *)(void *)(direct && r < rows ? at + r * s->y_row : scratch + (ROWS + 2 + r) * s->pitch);
        if (what == MEDIAN)
            OF(medians)(from, s->step, count, to);
        else if (what == LARGEST)
            OF(extremes)(from, s->step, count, to, 1);
        else
            OF(extremes)(from, s->step, count, to, 0);
        for (ptrdiff_t r = 0; !direct && r < rows; r++) FC_FN(rank_store)(s, key, to[r], pixels, at + r * s->y_row);
    }
    return 0;
}

#undef BLOCK
#undef EACH_BLOCK
