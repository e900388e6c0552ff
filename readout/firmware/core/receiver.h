/* Bytes from the link in, whole commands out. Damaged ones are dropped and counted. */

#ifndef FPXI_RECEIVER_H
#define FPXI_RECEIVER_H

#include "packet.h"

typedef struct {
    fpxi_cobs_decoder_t decoder;
    uint32_t errors; /* packets dropped: too long or short, badly stuffed, wrong CRC, not a command */
    uint8_t bytes[FPXI_PACKET_SIZE(FPXI_MAX_COMMAND_PAYLOAD)];
} fpxi_receiver_t;

void fpxi_receiver_init(fpxi_receiver_t *receiver);

/* Takes one byte; true when it ends a good packet, which stays valid until the next byte. The
 * packet's link is left as it was. */
bool fpxi_receiver_push(fpxi_receiver_t *receiver, uint8_t byte, fpxi_packet_t *packet);

#endif
