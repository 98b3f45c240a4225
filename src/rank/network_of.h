/* The loops of network.c for keys of one type. */

#define LINE (CHUNK / (ptrdiff_t)sizeof(KEY))
#define BLOCK (64 / (ptrdiff_t)sizeof(KEY))

/* a and b in order; keep 1 and 2: only the smaller in a, only the larger in b. */
static void OF(exchange)(KEY *restrict a, KEY *restrict b, int keep, ptrdiff_t count) {
    if (keep == 1) {
        for (; count > 0; count -= BLOCK, a += BLOCK, b += BLOCK)
            for (ptrdiff_t i = 0; i < BLOCK; i++) a[i] = LESS(a[i], b[i]);
    } else if (keep == 2) {
        for (; count > 0; count -= BLOCK, a += BLOCK, b += BLOCK)
            for (ptrdiff_t i = 0; i < BLOCK; i++) b[i] = MORE(a[i], b[i]);
    } else {
        for (; count > 0; count -= BLOCK, a += BLOCK, b += BLOCK)
            for (ptrdiff_t i = 0; i < BLOCK; i++) {
                const KEY low = LESS(a[i], b[i]), high = MORE(a[i], b[i]);
                a[i] = low, b[i] = high;
            }
    }
}

/* Whole blocks of the first `count` keys of lines, whatever lies behind the last of them. */
static void OF(exchange_lines)(const struct fc_network *network, KEY *lines, ptrdiff_t count) {
    for (ptrdiff_t e = 0; e < network->exchanges; e++)
        OF(exchange)(lines + network->low[e] * LINE, lines + network->high[e] * LINE, network->keep[e], count);
}

/* Sorts the columns of the ring, of rows `pitch` apart as in `to`. */
static void OF(sort_columns)(const struct fc_rank *s, char *ring, ptrdiff_t turn, ptrdiff_t count, char *to, KEY *lines) {
    const ptrdiff_t rows = s->planes * s->kh;
    for (ptrdiff_t i = 0; i < count; i += LINE) {
        const ptrdiff_t some = count - i < LINE ? count - i : LINE;
        const size_t bytes = (size_t)some * sizeof(KEY);
        for (ptrdiff_t r = 0; r < rows; r++)
            memcpy(lines + r * LINE, (KEY *)(void *)ring_row(s, ring, r / s->kh, r % s->kh, turn) + i, bytes);
        OF(exchange_lines)(&s->columns, lines, some);
        for (ptrdiff_t r = 0; r < rows; r++)
            memcpy((KEY *)(void *)(to + r * s->pitch) + i, lines + s->columns.results[r] * LINE, bytes);
    }
}

static int OF(network)(const struct fc_rank *s, int key, const char *const *x, char *y, const struct part *part, char *scratch) {
    const ptrdiff_t pixels = part->column_end - part->column, count = pixels * s->step, rows = s->planes * s->kh;
    const int direct = stores_directly(s, key, y), sorts = s->columns.exchanges > 0;
    char *sorted = scratch + rows * s->pitch;
    KEY *aside = (KEY *)(void *)(sorted + rows * s->pitch), *lines = (KEY *)(void *)(sorted + (rows + 1) * s->pitch);
    for (ptrdiff_t row = part->row; row < part->row_end; row++) {
        const ptrdiff_t turn = row - part->row;
        char *at = y + row * s->y_row + part->column * s->y_pixel;
        KEY *to = direct ? (KEY *)(void *)at : aside;
        if (stage_ring(s, key, x, part, turn, scratch)) return 1;
        if (sorts) OF(sort_columns)(s, scratch, turn, count + (s->kw - 1) * s->step, sorted, lines);
        for (ptrdiff_t i = 0; i < count; i += LINE) {
            const ptrdiff_t some = count - i < LINE ? count - i : LINE;
            for (ptrdiff_t t = 0; t < s->taps; t++) {
                const ptrdiff_t r = s->tap_row[t];
                const char *from = sorts ? sorted + r * s->pitch : ring_row(s, scratch, r / s->kh, r % s->kh, turn);
                memcpy(lines + t * LINE, (const KEY *)(const void *)from + i + s->tap_column[t] * s->step,
                       (size_t)some * sizeof(KEY));
            }
            OF(exchange_lines)(&s->across, lines, some);
            memcpy(to + i, lines + s->across.results[0] * LINE, (size_t)some * sizeof(KEY));
        }
        if (!direct) FC_FN(rank_store)(s, key, to, pixels, at);
    }
    return 0;
}

#undef LINE
#undef BLOCK
