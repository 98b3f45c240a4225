# What Cython needs of src/fastconv.h, and the one way to a table of kernels.
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t

cdef extern from "fastconv.h" nogil:
    cdef struct fc_activation:
        int kind
        double slope

    cdef struct fc_border:
        int present
        int kind[3][2]
        double value[3][2]

    cdef struct fc_conv:
        Py_ssize_t n, c_in, c_out, groups
        Py_ssize_t d, h, w
        Py_ssize_t kd, kh, kw
        Py_ssize_t od, oh, ow
        Py_ssize_t stride_d, stride_h, stride_w
        Py_ssize_t dilation_d, dilation_h, dilation_w
        Py_ssize_t pad_d, pad_h, pad_w
        Py_ssize_t x_channel, x_pixel, y_channel, y_pixel
        fc_activation after
        fc_border border

    cdef struct fc_block:
        Py_ssize_t rows, row_step, row_tap, staged_rows
        Py_ssize_t columns, column_step, column_tap, pitch
        Py_ssize_t windows
        int rows_apart, columns_apart

    cdef struct fc_run:
        Py_ssize_t a, b, count

    cdef struct fc_pool:
        Py_ssize_t planes
        Py_ssize_t d, h, w
        Py_ssize_t kd, kh, kw
        Py_ssize_t od, oh, ow
        Py_ssize_t stride_d, stride_h, stride_w
        Py_ssize_t dilation_d, dilation_h, dilation_w
        Py_ssize_t pad_d, pad_h, pad_w
        Py_ssize_t tail_d, tail_h, tail_w
        Py_ssize_t divisor
        int count_include_pad

    enum fc_follow:
        FC_CHECK, FC_PUT, FC_ADD, FC_GET

    enum fc_element:
        FC_I8, FC_U8, FC_I16, FC_U16, FC_I32, FC_U32, FC_I64, FC_U64, FC_F32, FC_F64, FC_BOOL, FC_WILD

    cdef struct fc_network:
        Py_ssize_t exchanges
        const int32_t *low
        const int32_t *high
        const int32_t *keep
        const int32_t *results

    cdef struct fc_rank:
        int x_kind, y_kind
        int wide
        int largest
        int border_h, border_w
        double value
        Py_ssize_t h, w, step, kh, kw, top, left, planes
        Py_ssize_t x_row, x_pixel, x_element, y_row, y_pixel, y_element
        Py_ssize_t pitch, rank, taps
        const int32_t *tap_row
        const int32_t *tap_column
        const double *structure
        fc_network columns, across

    cdef struct fc_planes:
        Py_ssize_t axes
        const Py_ssize_t *sizes
        const Py_ssize_t *x_strides
        const Py_ssize_t *y_strides
        const int32_t *borders
        const int64_t *reach

    cdef struct fc_curve:
        int kind
        double a, b, c

    cdef struct fc_norm:
        Py_ssize_t runs, run, pitch, step
        double eps
        int given

    cdef struct fc_local:
        Py_ssize_t d, h, w, pitch, step
        Py_ssize_t size_d, size_h, size_w, before_d, before_h, before_w
        double k, scale, beta

    enum fc_pair_kind:
        FC_SUM, FC_PRODUCT, FC_GATE, FC_GLU

    ctypedef void (*fc_rank_kernel)(const fc_rank *, const char *const *, char *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                    Py_ssize_t, char *) noexcept nogil

    enum fc_box_kind:
        FC_SUMS, FC_SQUARES, FC_CUBES, FC_POWERS, FC_MAXIMA, FC_MAGNITUDES

    enum fc_box_scale:
        FC_AS_IS, FC_MEAN, FC_WHOLE

    cdef struct fc_boxes:
        int kind, scale
        double power
        Py_ssize_t d, h, w
        Py_ssize_t od, oh, ow
        const Py_ssize_t *spans_d
        const Py_ssize_t *spans_h
        const Py_ssize_t *spans_w
        Py_ssize_t step, kw, left, pitch
        Py_ssize_t taps

    cdef struct fc_take:
        Py_ssize_t d, h, w, inner
        Py_ssize_t kd, kh, kw, od, oh, ow
        const int64_t *at_d
        const int64_t *at_h
        const int64_t *at_w
        const int64_t *runs
        Py_ssize_t step
        int twice
        double value

    cdef struct fc_axis:
        Py_ssize_t taps, pitch
        const int32_t *index
        const void *weights

    enum fc_along:
        FC_BY_TAPS, FC_COPIED, FC_DOUBLED

    cdef struct fc_resample:
        Py_ssize_t d, h, w, inner
        Py_ssize_t od, oh, ow
        Py_ssize_t low, high
        int along
        fc_axis axis[3]

    cdef struct fc_grid:
        Py_ssize_t size[3]
        int rank, mode, border, align

    cdef struct fc_sgd:
        double rate, momentum, share, decay
        int begin, ahead

    cdef struct fc_adam:
        double rate, beta_1, beta_2, eps, decay, keep, root

    cdef struct fc_kernels:
        const char *isa
        int lanes
        int mr
        int nr
        int rm
        int rn
        void (*activate)(const fc_activation *, const void *, void *, Py_ssize_t) noexcept nogil
        void (*add_bias)(const fc_activation *, const void *, Py_ssize_t, void *, Py_ssize_t) noexcept nogil
        void (*untied_grad_bias)(const fc_conv *, const void *, void *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                 Py_ssize_t) noexcept nogil
        void (*filter_load)(int, const void *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*filter_store)(int, const void *, Py_ssize_t, void *, Py_ssize_t) noexcept nogil
        void (*filter_round)(int, void *, Py_ssize_t) noexcept nogil
        void (*filter_margins)(const Py_ssize_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, double, void *) noexcept nogil
        void (*filter_rows)(const void *const *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, const void *,
                            Py_ssize_t, void *const *, Py_ssize_t) noexcept nogil
        void (*filter_taps)(const void *const *, Py_ssize_t, const Py_ssize_t *, const Py_ssize_t *, const void *,
                            Py_ssize_t, void *const *, Py_ssize_t) noexcept nogil
        void (*box_across)(const void *const *, Py_ssize_t, Py_ssize_t, void *const *, Py_ssize_t) noexcept nogil
        void (*box_along)(void *, Py_ssize_t, void *, Py_ssize_t) noexcept nogil
        int (*bytes_size_fits)(Py_ssize_t) noexcept nogil
        void (*bytes_sum)(const void *, const void *, Py_ssize_t, void *) noexcept nogil
        void (*bytes_means)(const void *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*bytes_margins)(const Py_ssize_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, void *) noexcept nogil
        void (*bytes_along)(void *, Py_ssize_t, Py_ssize_t, void *, void *) noexcept nogil
        void (*bytes_weigh_across)(const void *const *, const int16_t *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*bytes_weigh_along)(const void *, const int16_t *, Py_ssize_t, Py_ssize_t, int, void *) noexcept nogil
        void (*blend)(const void *const *, const void *, const double *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*gemm_tile)(Py_ssize_t, const void *, const void *, const void *, void *, Py_ssize_t, int, int,
                          const fc_activation *) noexcept nogil
        void (*pack_rows)(const void *, Py_ssize_t, int, Py_ssize_t, int, void *) noexcept nogil
        void (*pack_columns)(const void *, Py_ssize_t, int, Py_ssize_t, int, void *) noexcept nogil
        void (*pack_patches)(const fc_conv *, const void *, Py_ssize_t, int, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*patches_tile)(const fc_conv *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, void *, const void *,
                             const void *, void *, Py_ssize_t, int, int) noexcept nogil
        void (*rows_product)(Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t,
                             Py_ssize_t, const void *, const void *, int, void *, Py_ssize_t,
                             const fc_activation *) noexcept nogil
        void (*gather_rows)(const fc_conv *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, void *,
                            Py_ssize_t) noexcept nogil
        void (*turn)(const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t) noexcept nogil
        void (*turn_rows)(const fc_conv *, const void *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*pack_filters)(const fc_conv *, const void *, int, Py_ssize_t, void *) noexcept nogil
        void (*taps_product)(Py_ssize_t, Py_ssize_t, Py_ssize_t, const Py_ssize_t *, const void *, Py_ssize_t, Py_ssize_t,
                             const void *, Py_ssize_t, Py_ssize_t, const void *, int, void *, Py_ssize_t,
                             const fc_activation *) noexcept nogil
        void (*taps_apart)(Py_ssize_t, const Py_ssize_t *, const void *, Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t,
                           const void *, void *, const fc_activation *) noexcept nogil
        void (*pairs)(int, const void *, const void *, void *, Py_ssize_t) noexcept nogil
        void (*winograd_weights)(const fc_conv *, int, int, const void *, int, void *) noexcept nogil
        void (*winograd_input)(const fc_conv *, int, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, void *,
                               Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        int (*winograd_output)(const fc_conv *, int, const void *, Py_ssize_t, Py_ssize_t, const void *, void *, Py_ssize_t,
                               Py_ssize_t, Py_ssize_t, Py_ssize_t, int, void *) noexcept nogil
        void (*direct_forward)(const fc_conv *, const void *, const void *, const void *, void *, int, Py_ssize_t,
                               Py_ssize_t, Py_ssize_t, Py_ssize_t *) noexcept nogil
        void (*direct_staged)(const fc_conv *, const void *, const void *, const void *, void *, Py_ssize_t, Py_ssize_t,
                              Py_ssize_t, const Py_ssize_t *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*direct_grad_bias)(const fc_conv *, const void *, void *) noexcept nogil
        void (*depthwise_rows)(const fc_conv *, const void *, const void *, const void *, void *, Py_ssize_t, int,
                               Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*depthwise_staged)(const fc_conv *, const fc_block *, const void *, const void *, const void *, void *,
                                 Py_ssize_t, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                 void *) noexcept nogil
        void (*depthwise_channels)(const fc_conv *, const fc_block *, const void *, const void *, const void *, void *,
                                   Py_ssize_t, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                   void *) noexcept nogil
        void (*interleave)(const void *const *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*interleave_pixels)(const void *const *, const Py_ssize_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                  void *) noexcept nogil
        void (*scatter_row)(const fc_conv *, const void *, const void *, const void *, void *, Py_ssize_t, Py_ssize_t,
                            void *) noexcept nogil
        int (*all_finite)(const void *, Py_ssize_t) noexcept nogil
        void (*turn_taps)(const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, const Py_ssize_t *, Py_ssize_t,
                          void *, Py_ssize_t) noexcept nogil
        void (*depthwise_transposed)(const fc_conv *, const void *, const void *, const void *, void *, Py_ssize_t,
                                     Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*gather_patch)(const fc_conv *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                             Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*tiled_product)(Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t,
                              void *, Py_ssize_t) noexcept nogil
        void (*tiled_lanes)(Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t,
                            void *, Py_ssize_t) noexcept nogil
        void (*tiled_grad_weight)(Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t,
                                  int, int, void *, Py_ssize_t) noexcept nogil
        void (*tiled_grad_patch)(Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const void *,
                                 Py_ssize_t, Py_ssize_t, int, void *, Py_ssize_t) noexcept nogil
        void (*add_patch)(const fc_conv *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                          Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*copy_channels)(const void *, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t) noexcept nogil
        Py_ssize_t (*max_pool_scratch)(const fc_pool *, int) noexcept nogil
        void (*max_pool)(const fc_pool *, const void *, void *, void *, int, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                         char *) noexcept nogil
        Py_ssize_t (*average_pool_scratch)(const fc_pool *) noexcept nogil
        void (*average_pool)(const fc_pool *, const void *, void *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                             char *) noexcept nogil
        void (*average_pool_grad)(const fc_pool *, const void *, void *) noexcept nogil
        void (*max_pool_last)(const fc_pool *, const void *, void *, void *, int, Py_ssize_t, int64_t, int64_t, int64_t,
                              Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*average_pool_last)(const fc_pool *, const void *, void *, Py_ssize_t, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*average_pool_last_grad)(const fc_pool *, const void *, void *, Py_ssize_t, Py_ssize_t,
                                       Py_ssize_t) noexcept nogil
        Py_ssize_t (*follow_switches)(const fc_pool *, int, const void *, int, void *, void *, Py_ssize_t, Py_ssize_t,
                                      Py_ssize_t) noexcept nogil
        int (*has_nan)(const void *, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*split_nan)(const void *, Py_ssize_t, Py_ssize_t, void *, void *) noexcept nogil
        void (*divide_valid)(void *, Py_ssize_t, Py_ssize_t, const void *, const void *, double) noexcept nogil
        Py_ssize_t (*rank_planes)(const fc_rank *, const fc_planes *, Py_ssize_t, const char *, const char **) noexcept nogil
        fc_rank_kernel rank_extreme
        fc_rank_kernel rank_median
        fc_rank_kernel rank_median_3
        fc_rank_kernel rank_extreme_3
        fc_rank_kernel rank_network
        fc_rank_kernel rank_window
        fc_rank_kernel rank_grey
        double (*fma_loop)(Py_ssize_t) noexcept nogil
        void (*copy)(const void *, void *, Py_ssize_t) noexcept nogil
        void (*box_pool)(const fc_boxes *, const void *, void *, int64_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                         void *) noexcept nogil
        void (*box_pool_last)(const fc_boxes *, const void *, void *, int64_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                              Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*box_grad)(const fc_boxes *, const void *, const void *, const void *, void *, void *) noexcept nogil
        void (*box_grad_last)(const fc_boxes *, const void *, const void *, const void *, void *, Py_ssize_t, Py_ssize_t,
                              Py_ssize_t, void *) noexcept nogil
        void (*max_pool_typed)(const fc_pool *, int, const void *, void *, void *, int, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                               Py_ssize_t) noexcept nogil
        void (*curve)(const fc_curve *, const void *, void *, Py_ssize_t) noexcept nogil
        void (*curve_grad)(const fc_curve *, const void *, const void *, void *, Py_ssize_t) noexcept nogil
        void (*channelwise)(int, const void *, const void *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                            void *) noexcept nogil
        void (*pairs_grad)(int, const void *, const void *, const void *, void *, void *, Py_ssize_t) noexcept nogil
        void (*softmax_rows)(int, const void *, void *, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*softmax_columns)(int, const void *, void *, Py_ssize_t, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*softmax_grad_rows)(int, const void *, const void *, void *, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*softmax_grad_columns)(int, const void *, const void *, void *, Py_ssize_t, Py_ssize_t,
                                     Py_ssize_t) noexcept nogil
        void (*dropout)(const uint32_t *, int64_t, Py_ssize_t, double, const double *, const void *, void *,
                        Py_ssize_t) noexcept nogil
        void (*threefry)(const uint32_t *, const uint32_t *, uint32_t *) noexcept nogil
        void (*norm_planes)(const fc_norm *, const void *, const void *, const void *, double *, double *,
                            void *) noexcept nogil
        void (*norm_planes_grad)(const fc_norm *, const void *, const void *, const void *, const double *, const double *,
                                 void *, double *, double *) noexcept nogil
        void (*norm_rows_moments)(const void *, const void *, Py_ssize_t, Py_ssize_t, double *) noexcept nogil
        void (*norm_rows_merge)(const double *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                double *, double *) noexcept nogil
        void (*norm_rows_fold)(Py_ssize_t, Py_ssize_t, double, const void *, const void *, const double *, const double *,
                               void *) noexcept nogil
        void (*norm_rows_apply)(const void *, Py_ssize_t, Py_ssize_t, const void *, void *) noexcept nogil
        void (*norm_rows_sums)(const void *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double *,
                               double *) noexcept nogil
        void (*norm_rows_fold_grad)(const double *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, double, int,
                                    const void *, const double *, const double *, void *, double *, double *) noexcept nogil
        void (*norm_rows_apply_grad)(const void *, const void *, Py_ssize_t, Py_ssize_t, const void *, int,
                                     void *) noexcept nogil
        void (*norm_layer)(const void *, Py_ssize_t, Py_ssize_t, int, double, const void *, const void *,
                           void *) noexcept nogil
        void (*norm_layer_grad)(const void *, const void *, Py_ssize_t, Py_ssize_t, int, double, const void *, double *,
                                void *) noexcept nogil
        void (*norm_layer_grad_weight)(const void *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double *,
                                       double *, double *) noexcept nogil
        void (*local_norm)(const fc_local *, const void *, void *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*local_norm_parts)(const fc_local *, const void *, const void *, void *, void *, Py_ssize_t, Py_ssize_t,
                                 void *) noexcept nogil
        void (*local_norm_grad)(const fc_local *, const void *, const void *, void *, Py_ssize_t, Py_ssize_t,
                                void *) noexcept nogil
        void (*contrast_mean)(int, const void *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                              void *) noexcept nogil
        void (*contrast_subtract)(const void *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                  void *, void *) noexcept nogil
        void (*contrast_combine)(const void *, const void *, const void *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                 Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*contrast_smooth)(const void *, const void *, const void *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                                Py_ssize_t, Py_ssize_t, void *, void *) noexcept nogil
        void (*take_rows)(const fc_take *, const void *, void *, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*fold_rows)(const fc_conv *, const void *, void *, Py_ssize_t, Py_ssize_t, int) noexcept nogil
        void (*resample_rows)(const fc_resample *, const void *, void *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*resample_back)(const fc_resample *, const void *, void *, void *) noexcept nogil
        void (*gather_taps)(Py_ssize_t, Py_ssize_t, Py_ssize_t, const int32_t *, const void *, const void *, const void *,
                            void *) noexcept nogil
        void (*gather_pixels)(Py_ssize_t, Py_ssize_t, Py_ssize_t, const int32_t *, const void *, const void *, Py_ssize_t,
                              void *) noexcept nogil
        void (*spread_taps)(Py_ssize_t, Py_ssize_t, Py_ssize_t, const int32_t *, const void *, const void *,
                            void *) noexcept nogil
        void (*grid_taps)(const fc_grid *, const void *, Py_ssize_t, Py_ssize_t, int32_t *, void *, void *) noexcept nogil
        void (*affine_rows)(int, const void *, const void *const *, const Py_ssize_t *, void *, Py_ssize_t,
                            Py_ssize_t) noexcept nogil
        void (*region_axis)(const void *, int, double, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int32_t *,
                            void *, Py_ssize_t *) noexcept nogil
        void (*region_max)(const void *, double, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                           const void *, Py_ssize_t, void *, int64_t *, Py_ssize_t) noexcept nogil
        void (*spread_switches)(const void *, const int64_t *, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t) noexcept nogil
        void (*outer_product)(const fc_run *, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const void *,
                              Py_ssize_t, Py_ssize_t, int, void *, Py_ssize_t) noexcept nogil
        void (*stage_pixels)(const fc_conv *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                             Py_ssize_t, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t, Py_ssize_t) noexcept nogil
        int (*winograd_products)(const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, void *,
                                 Py_ssize_t) noexcept nogil
        void (*depthwise_grad)(const void *, Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                               Py_ssize_t, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, const Py_ssize_t *, const void *,
                               void *) noexcept nogil
        void (*stage_windows)(const fc_conv *, const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                              Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*lane_sums)(const void *, Py_ssize_t, void *) noexcept nogil
        void (*depthwise_short)(const fc_conv *, const void *, const void *, const void *, void *, Py_ssize_t, int,
                                Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*depthwise_rows_grad)(const fc_conv *, const void *, const void *, void *) noexcept nogil
        void (*channels_grad_bias)(const void *, Py_ssize_t, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
        void (*activate_marked)(const fc_activation *, const void *, void *, uint8_t *, Py_ssize_t) noexcept nogil
        void (*marked_grad)(const fc_activation *, const uint8_t *, const void *, void *, Py_ssize_t) noexcept nogil
        int (*dense_rows)() noexcept nogil
        void (*dense_forward)(Py_ssize_t, const void *, Py_ssize_t, const void *, Py_ssize_t, const void *, void *,
                              Py_ssize_t, void *) noexcept nogil
        void (*dense_input)(Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, void *,
                            void *) noexcept nogil
        void (*dense_weight)(Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t, const void *, Py_ssize_t, Py_ssize_t,
                             void *) noexcept nogil
        void (*sgd_step)(const fc_sgd *, void *, const void *, void *, Py_ssize_t) noexcept nogil
        void (*adam_step)(const fc_adam *, void *, const void *, void *, void *, Py_ssize_t) noexcept nogil

cdef const fc_kernels *kernels_of(int isa, int width) noexcept
