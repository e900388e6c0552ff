#include "memory_test.h"

#include <stdbool.h>

static const uint16_t backgrounds[] = {0x0000u, 0x5555u, 0x3333u, 0x0F0Fu, 0x00FFu};

/* In every word, going up or down: reads what is expected, then writes. */
static const volatile uint16_t *march(volatile uint16_t *memory, size_t count, bool up,
                                      uint16_t expected, uint16_t written)
{
    for (size_t i = 0; i < count; i++) {
        volatile uint16_t *word = memory + (up ? i : count - 1u - i);
        if (*word != expected) {
            return word;
        }
        *word = written;
    }
    return NULL;
}

static const volatile uint16_t *test(volatile uint16_t *memory, size_t count, uint16_t zero)
{
    uint16_t one = (uint16_t)~zero;
    const volatile uint16_t *bad;
    for (size_t i = 0; i < count; i++) {
        memory[i] = zero;
    }
    bad = march(memory, count, true, zero, one);
    bad = bad != NULL ? bad : march(memory, count, true, one, zero);
    bad = bad != NULL ? bad : march(memory, count, false, zero, one);
    bad = bad != NULL ? bad : march(memory, count, false, one, zero);
    return bad != NULL ? bad : march(memory, count, true, zero, zero);
}

const volatile uint16_t *fpxi_memory_test(volatile uint16_t *memory, size_t count)
{
    const volatile uint16_t *bad = NULL;
    for (size_t i = 0; i < sizeof backgrounds / sizeof backgrounds[0] && bad == NULL; i++) {
        bad = test(memory, count, backgrounds[i]);
    }
    return bad;
}
