// What log softmax, argmax and margin need of a stretch of logits, in one pass over a stretch that is in cache.

/// The lowest column that holds `value`, or 0.
INLINE ptrdiff_t first_equal(const float *x, ptrdiff_t columns, float value) {
    ptrdiff_t c = 0;
    while (c + 16 <= columns && !__builtin_reduce_or(load(x + c) == value)) c += 16;
    while (c < columns && x[c] != value) c++;
    return c < columns ? c : 0;
}

INLINE ck_fold fold_row(const float *x, ptrdiff_t columns, ptrdiff_t first_column) {
    f32x16 best = splat(-infinity), second = best;
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        f32x16 v = load_part(x + c, columns - c);
        if (columns - c < 16)
            for (ptrdiff_t i = columns - c; i < 16; i++) v[i] = -infinity;
        const f32x16 lesser = v < best ? v : best;
        second = lesser > second ? lesser : second;
        best = v > best ? v : best;
    }
    ck_fold fold = {-infinity, -infinity, 0, 0};
    for (int i = 0; i < 16; i++) {
        const float lesser = best[i] < fold.maximum ? best[i] : fold.maximum;
        fold.second = lesser > fold.second ? lesser : fold.second;
        fold.second = second[i] > fold.second ? second[i] : fold.second;
        fold.maximum = best[i] > fold.maximum ? best[i] : fold.maximum;
    }
    fold.argmax = (int32_t)(first_column + first_equal(x, columns, fold.maximum));
    if (fold.maximum == -infinity) {
        // Nothing but −∞ adds nothing; a NaN stays visible.
        for (ptrdiff_t c = 0; c < columns; c++) fold.sum = x[c] == x[c] ? fold.sum : x[c];
        return fold;
    }
    f64x16 sum = 0;
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        const f32x16 difference = load_part(x + c, columns - c) - fold.maximum;
        f32x16 e = exp_accurate(difference);
        e = difference == difference ? e : difference;
        if (columns - c < 16)
            for (ptrdiff_t i = columns - c; i < 16; i++) e[i] = 0;
        sum += widen_lanes(e);
    }
    fold.sum = sum_lanes(sum);
    return fold;
}

static void fold(const float *logits, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t first_column,
                 ck_fold *folds, ptrdiff_t fold_stride) {
    for (ptrdiff_t r = 0; r < rows; r++)
        folds[r * fold_stride] = fold_row(logits + r * stride, columns, first_column);
}
