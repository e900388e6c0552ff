#include "streamer.h"

#include "encoding.h"

void fpxi_streamer_init(fpxi_streamer_t *streamer, fpxi_frame_store_t *store,
                        fpxi_transmitter_t *transmitter)
{
    streamer->store = store;
    streamer->transmitter = transmitter;
    streamer->first = 0;
    streamer->count = 0;
}

bool fpxi_streamer_request(fpxi_streamer_t *streamer, const fpxi_resend_request_t *request)
{
    if (streamer->count == FPXI_MAX_RESENDS) {
        return false;
    }
    streamer->requests[(streamer->first + streamer->count) % FPXI_MAX_RESENDS] = *request;
    streamer->count++;
    return true;
}

static void send_header(fpxi_transmitter_t *transmitter, const fpxi_slot_t *slot)
{
    fpxi_pack_frame_header(&slot->header, fpxi_transmitter_payload(transmitter));
    (void)fpxi_transmitter_frame_data(transmitter, FPXI_MESSAGE_FRAME_HEADER,
                                      FPXI_FRAME_HEADER_SIZE);
}

static void send_chunk(const fpxi_streamer_t *streamer, const fpxi_slot_t *slot, unsigned chunk)
{
    const fpxi_frame_header_t *header = &slot->header;
    unsigned first_row = chunk * header->rows_per_chunk;
    unsigned rows_left = header->rows - first_row;
    unsigned rows = rows_left < header->rows_per_chunk ? rows_left : header->rows_per_chunk;
    size_t first_sample = (size_t)first_row * header->columns;
    const uint16_t *reference = fpxi_frame_store_reference(streamer->store, slot);
    fpxi_packing_t wanted = {
        .encoding = slot->encoding,
        .aec = {header->aec_block_size, header->aec_reference_interval},
        .reference = reference == NULL ? NULL : reference + first_sample,
    };
    uint8_t *payload = fpxi_transmitter_payload(streamer->transmitter);
    fpxi_encoded_t encoded = fpxi_encode(&wanted, slot->samples + first_sample, rows,
                                         header->columns, payload + FPXI_FRAME_CHUNK_SIZE);
    fpxi_frame_chunk_t message = {
        .frame = header->frame,
        .first_row = (uint16_t)first_row,
        .row_count = (uint8_t)rows,
        .encoding = encoded.encoding,
    };
    fpxi_pack_frame_chunk(&message, payload);
    (void)fpxi_transmitter_frame_data(streamer->transmitter, FPXI_MESSAGE_FRAME_CHUNK,
                                      FPXI_FRAME_CHUNK_SIZE + encoded.size);
}

static void refuse(fpxi_transmitter_t *transmitter, const fpxi_resend_request_t *request)
{
    fpxi_nack_t nack = {
        .command = FPXI_MESSAGE_RESEND,
        .code = FPXI_NACK_CODE_FRAME_GONE,
        .detail = request->frame,
    };
    fpxi_pack_nack(&nack, fpxi_transmitter_payload(transmitter));
    (void)fpxi_transmitter_answer(transmitter, FPXI_MESSAGE_NACK, request->sequence,
                                  FPXI_NACK_SIZE);
}

static void serve_request(fpxi_streamer_t *streamer)
{
    fpxi_resend_request_t request = streamer->requests[streamer->first];
    streamer->first = (uint8_t)((streamer->first + 1u) % FPXI_MAX_RESENDS);
    streamer->count--;
    const fpxi_slot_t *slot = fpxi_frame_store_find(streamer->store, request.frame);
    if (slot == NULL) {
        refuse(streamer->transmitter, &request);
    } else if (request.chunk == FPXI_HEADER_CHUNK) {
        send_header(streamer->transmitter, slot);
    } else {
        send_chunk(streamer, slot, request.chunk);
    }
}

static bool send_next(fpxi_streamer_t *streamer)
{
    fpxi_slot_t *slot = fpxi_frame_store_next_unsent(streamer->store);
    if (slot == NULL) {
        return false;
    }
    if (slot->packets_sent == 0u) {
        if (slot->encoding == FPXI_ENCODING_AEC_REFERENCE) {
            fpxi_frame_store_refer(streamer->store, slot);
        }
        send_header(streamer->transmitter, slot);
    } else {
        send_chunk(streamer, slot, slot->packets_sent - 1u);
    }
    slot->packets_sent++;
    return true;
}

bool fpxi_streamer_send(fpxi_streamer_t *streamer, bool streaming)
{
    if (!fpxi_transmitter_has_room(streamer->transmitter)) {
        return false;
    }
    if (streamer->count > 0u) {
        serve_request(streamer);
        return true;
    }
    return streaming && send_next(streamer);
}
