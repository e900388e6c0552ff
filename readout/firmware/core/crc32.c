#include "crc32.h"

/* A checksum is linear: the table entry of a byte is the sum of the entries of its bits. Each
 * SLICE is what a byte of eight single bits becomes when 0, 1, 2 or 3 zero bytes follow it. */
#define BIT(n, i, entry) ((((n) >> (i)) & 1u) * (entry))
#define SLICE_0(n)                                                                               \
    (BIT(n, 0, 0x77073096u) ^ BIT(n, 1, 0xEE0E612Cu) ^ BIT(n, 2, 0x076DC419u) ^                  \
     BIT(n, 3, 0x0EDB8832u) ^ BIT(n, 4, 0x1DB71064u) ^ BIT(n, 5, 0x3B6E20C8u) ^                  \
     BIT(n, 6, 0x76DC4190u) ^ BIT(n, 7, 0xEDB88320u))
#define SLICE_1(n)                                                                               \
    (BIT(n, 0, 0x191B3141u) ^ BIT(n, 1, 0x32366282u) ^ BIT(n, 2, 0x646CC504u) ^                  \
     BIT(n, 3, 0xC8D98A08u) ^ BIT(n, 4, 0x4AC21251u) ^ BIT(n, 5, 0x958424A2u) ^                  \
     BIT(n, 6, 0xF0794F05u) ^ BIT(n, 7, 0x3B83984Bu))
#define SLICE_2(n)                                                                               \
    (BIT(n, 0, 0x01C26A37u) ^ BIT(n, 1, 0x0384D46Eu) ^ BIT(n, 2, 0x0709A8DCu) ^                  \
     BIT(n, 3, 0x0E1351B8u) ^ BIT(n, 4, 0x1C26A370u) ^ BIT(n, 5, 0x384D46E0u) ^                  \
     BIT(n, 6, 0x709A8DC0u) ^ BIT(n, 7, 0xE1351B80u))
#define SLICE_3(n)                                                                               \
    (BIT(n, 0, 0xB8BC6765u) ^ BIT(n, 1, 0xAA09C88Bu) ^ BIT(n, 2, 0x8F629757u) ^                  \
     BIT(n, 3, 0xC5B428EFu) ^ BIT(n, 4, 0x5019579Fu) ^ BIT(n, 5, 0xA032AF3Eu) ^                  \
     BIT(n, 6, 0x9B14583Du) ^ BIT(n, 7, 0xED59B63Bu))
#define FOUR(slice, n) slice((n)), slice((n) + 1u), slice((n) + 2u), slice((n) + 3u)
#define SIXTEEN(slice, n)                                                                        \
    FOUR(slice, (n)), FOUR(slice, (n) + 4u), FOUR(slice, (n) + 8u), FOUR(slice, (n) + 12u)
#define SIXTY_FOUR(slice, n)                                                                     \
    SIXTEEN(slice, (n)), SIXTEEN(slice, (n) + 16u), SIXTEEN(slice, (n) + 32u),                   \
        SIXTEEN(slice, (n) + 48u)
#define TABLE(slice)                                                                             \
    {                                                                                            \
        SIXTY_FOUR(slice, 0u), SIXTY_FOUR(slice, 64u), SIXTY_FOUR(slice, 128u),                  \
            SIXTY_FOUR(slice, 192u)                                                              \
    }

static const uint32_t slice_0[256] = TABLE(SLICE_0);
static const uint32_t slice_1[256] = TABLE(SLICE_1);
static const uint32_t slice_2[256] = TABLE(SLICE_2);
static const uint32_t slice_3[256] = TABLE(SLICE_3);

static inline uint32_t four_bytes(uint32_t crc, const uint8_t *bytes)
{
    crc ^= (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
    return slice_3[crc & 0xFFu] ^ slice_2[(crc >> 8) & 0xFFu] ^ slice_1[(crc >> 16) & 0xFFu] ^
           slice_0[crc >> 24];
}

uint32_t fpxi_crc32(uint32_t crc, const uint8_t *bytes, size_t count)
{
    crc = ~crc;
    for (; count >= 16u; count -= 16u) {
        crc = four_bytes(crc, bytes);
        crc = four_bytes(crc, bytes + 4);
        crc = four_bytes(crc, bytes + 8);
        crc = four_bytes(crc, bytes + 12);
        bytes += 16;
    }
    for (; count > 0u; count--) {
        crc = slice_0[(crc ^ *bytes) & 0xFFu] ^ (crc >> 8);
        bytes++;
    }
    return ~crc;
}
