/* Commands to those who carry them out, and answers back. A command sent again because its answer
 * was lost is answered again, not carried out again. */

#ifndef FPXI_COMMANDS_H
#define FPXI_COMMANDS_H

#include "packet.h"

struct fpxi_core;

/* The largest answer that is kept for a command sent again. */
#define FPXI_MAX_KEPT_ANSWER 16u

typedef struct {
    uint32_t last_crc; /* of the last command carried out */
    uint8_t last_sequence;
    bool has_last;
    uint8_t others; /* RESEND and RELEASE since then */
    uint8_t answer_type;
    uint8_t answer_size;
    uint8_t answer[FPXI_MAX_KEPT_ANSWER];
} fpxi_commands_t;

void fpxi_commands_init(fpxi_commands_t *commands);

/* Carries out a command and queues its answer. */
void fpxi_commands_execute(struct fpxi_core *core, const fpxi_packet_t *packet);

#endif
