// The most that this processor multiplies and adds, in GFLOP/s, with so many threads: products' shares are of this.
//
//     cc -O2 -march=native -pthread peak.c -o peak && ./peak 2

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

enum { CHAINS = 12, STEPS = 4000000, ROUNDS = 5 };  // More chains than two units of latency 4 need.

#if defined(__AVX512F__)
typedef __m512 vector;
#define LANES 16
#define MULTIPLY_ADD(sum, a) _mm512_fmadd_ps(a, a, sum)
#elif defined(__AVX2__) && defined(__FMA__)
typedef __m256 vector;
#define LANES 8
#define MULTIPLY_ADD(sum, a) _mm256_fmadd_ps(a, a, sum)
#else
typedef float vector __attribute__((vector_size(16)));
#define LANES 4
#define MULTIPLY_ADD(sum, a) ((sum) + (a) * (a))
#endif

#define OPAQUE(value) __asm__ volatile("" : "+x"(value))
#if defined(__AVX512F__)
#undef OPAQUE
#define OPAQUE(value) __asm__ volatile("" : "+v"(value))
#endif

static void *fp32(void *unused) {
    vector sums[CHAINS] = {{0}}, a = {0};
    OPAQUE(a);
    for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
        for (int chain = 0; chain < CHAINS; chain++) {
            sums[chain] = MULTIPLY_ADD(sums[chain], a);
            OPAQUE(sums[chain]);
        }
    }
    return unused;
}

#if defined(__AVX512BF16__)
static void *bf16(void *unused) {
    __m512 sums[CHAINS] = {{0}};
    __m512i zero = _mm512_setzero_si512();
    OPAQUE(zero);
    __m512bh a = (__m512bh)zero;
    for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
        for (int chain = 0; chain < CHAINS; chain++) {
            sums[chain] = _mm512_dpbf16_ps(sums[chain], a, a);
            OPAQUE(sums[chain]);
        }
    }
    return unused;
}
#endif

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

// The best of some rounds, in GFLOP/s of all threads together.
static double measure(void *(*work)(void *), int threads, int lanes) {
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t ids[256];
        double start = seconds();
        for (int i = 0; i < threads; i++) {
            if (pthread_create(&ids[i], NULL, work, NULL) != 0) exit(1);
        }
        for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
        double rate = 2.0 * lanes * CHAINS * STEPS * threads / (seconds() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}

int main(int count, char **words) {
    int threads = count > 1 ? atoi(words[1]) : 1;
    if (threads < 1 || threads > 256) return 64;
    printf("{\"fp32\": %.1f", measure(fp32, threads, LANES));
#if defined(__AVX512BF16__)
    printf(", \"bf16\": %.1f", measure(bf16, threads, 2 * LANES));
#endif
    printf("}\n");
    return 0;
}
