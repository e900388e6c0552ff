/* A packet on the wire: type, sequence number, payload, CRC-32 over all before it; stuffed, and
 * ended by a zero. */

#ifndef FPXI_PACKET_H
#define FPXI_PACKET_H

#include "cobs.h"
#include "protocol_generated.h"

#define FPXI_PACKET_HEAD 2u /* type, sequence number */
#define FPXI_PACKET_CRC 4u
#define FPXI_PACKET_SIZE(payload) (FPXI_PACKET_HEAD + (payload) + FPXI_PACKET_CRC)
#define FPXI_PACKET_STUFFED_SIZE(payload) (FPXI_COBS_MAX_SIZE(FPXI_PACKET_SIZE(payload)) + 1u)

/* Types from here on are reports of a device; those below are commands to it. */
#define FPXI_FIRST_REPORT 0x80u

typedef struct {
    uint8_t type;
    uint8_t sequence;
    const uint8_t *payload;
    size_t size;  /* bytes of payload */
    uint32_t crc; /* as it arrived */
    uint8_t link; /* by which it arrived */
} fpxi_packet_t;

#endif
