/* CRC-32 of zlib, PNG and Ethernet: polynomial 0x04C11DB7, reflected, inverted at both ends. */

#ifndef FPXI_CRC32_H
#define FPXI_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues a checksum over count more bytes; the checksum of nothing is 0. */
uint32_t fpxi_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

#endif
