/* The only file that asks what CPU this is. Fills one table per instruction set: the scalar kernels first, then each
 * stronger set the machine has overwrites the slots it implements. */
#include "fastconv.h"

#define FC_ISA_any(name, probe) FC_ROW(name, probe)
#ifdef __x86_64__
#define FC_ISA_x86_64(name, probe) FC_ROW(name, probe)
#define FC_CPU(feature) __builtin_cpu_supports(feature)
#else
#define FC_ISA_x86_64(name, probe)
#endif
#define FC_ISA(name, machine, flags, probe) FC_ISA_##machine(name, probe)

#define FC_ROW(name, probe)                         \
    void fc_fill_f32_##name(struct fc_kernels *t);  \
    void fc_fill_f64_##name(struct fc_kernels *t);
#include "isa.def"
#undef FC_ROW

static struct row {
    const char *name;
    void (*fill[2])(struct fc_kernels *);
    struct fc_kernels table[2];
} rows[] = {
#define FC_ROW(name, probe) {#name, {fc_fill_f32_##name, fc_fill_f64_##name}, {{0}, {0}}},
#include "isa.def"
#undef FC_ROW
};

static int runnable;

int fc_isa_built(void) { return (int)(sizeof rows / sizeof *rows); }

int fc_isa_count(void) {
    if (runnable) return runnable;
#ifdef __x86_64__
    __builtin_cpu_init();
#endif
    const int probes[] = {
#define FC_ROW(name, probe) (probe),
#include "isa.def"
#undef FC_ROW
    };
    int n = 0;
    for (; n < fc_isa_built() && probes[n]; n++)
        for (int width = 0; width < 2; width++) {
            if (n) rows[n].table[width] = rows[n - 1].table[width];
            rows[n].fill[width](&rows[n].table[width]);
        }
    return runnable = n;
}

const char *fc_isa_name(int isa) { return rows[isa].name; }

const struct fc_kernels *fc_kernels_of(int isa, int width) { return &rows[isa].table[width == 64]; }
