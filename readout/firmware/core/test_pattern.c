#include "test_pattern.h"

#define EVEN 0x5555u
#define ODD 0xAAAAu
#define SAMPLE_BITS 16u

void fpxi_test_pattern_row(fpxi_test_pattern_t pattern, uint32_t exposure, uint16_t row,
                           uint16_t columns, uint16_t *samples)
{
    uint32_t first = (uint32_t)row * columns + exposure;
    for (uint32_t column = 0; column < columns; column++) {
        uint32_t diagonal = row + column;
        switch (pattern) {
        case FPXI_TEST_PATTERN_CHECKERBOARD:
            samples[column] = diagonal % 2u == 0u ? EVEN : ODD;
            break;
        case FPXI_TEST_PATTERN_WALKING_ONE:
            samples[column] = (uint16_t)(1u << diagonal % SAMPLE_BITS);
            break;
        default:
            samples[column] = (uint16_t)(first + column);
            break;
        }
    }
}
