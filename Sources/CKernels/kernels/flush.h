// Sums of bfloat16 products flush tiny values to zero, as `vdpbf16ps` does whatever the control register says.

#if defined(__x86_64__) && ROUNDED_BYTES == 4

/// Flush-to-zero and denormals-are-zero from here on; returns what was before.
INLINE unsigned begin_flushing(void) {
    const unsigned mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040u);
    __asm__ volatile("" ::: "memory");
    return mode;
}

INLINE void end_flushing(unsigned mode) {
    __asm__ volatile("" ::: "memory");
    __builtin_ia32_ldmxcsr(mode);
}

#else

INLINE unsigned begin_flushing(void) { return 0; }

INLINE void end_flushing(unsigned mode) { (void)mode; }

#endif
