#include "receiver.h"

#include "crc32.h"
#include "little_endian.h"

void fpxi_receiver_init(fpxi_receiver_t *receiver)
{
    receiver->errors = 0;
    fpxi_cobs_decoder_init(&receiver->decoder, receiver->bytes, sizeof receiver->bytes);
}

static bool open_packet(const fpxi_cobs_decoder_t *decoder, fpxi_packet_t *packet)
{
    if (!fpxi_cobs_decoder_complete(decoder) || decoder->size < FPXI_PACKET_SIZE(0u)) {
        return false;
    }
    size_t checked = decoder->size - FPXI_PACKET_CRC;
    packet->type = decoder->bytes[0];
    packet->sequence = decoder->bytes[1];
    packet->payload = decoder->bytes + FPXI_PACKET_HEAD;
    packet->size = checked - FPXI_PACKET_HEAD;
    packet->crc = fpxi_take_u32(decoder->bytes + checked);
    /* A report coming back is an echo of our own: answering it would never end. */
    return packet->crc == fpxi_crc32(0, decoder->bytes, checked) && packet->type < FPXI_FIRST_REPORT;
}

bool fpxi_receiver_push(fpxi_receiver_t *receiver, uint8_t byte, fpxi_packet_t *packet)
{
    if (byte != 0u) {
        fpxi_cobs_decoder_push(&receiver->decoder, byte);
        return false;
    }
    if (receiver->decoder.block == 0u) {
        return false; /* nothing between two terminators: a host making sure of a clean start */
    }
    bool good = open_packet(&receiver->decoder, packet);
    fpxi_cobs_decoder_restart(&receiver->decoder);
    if (!good) {
        receiver->errors++;
    }
    return good;
}
