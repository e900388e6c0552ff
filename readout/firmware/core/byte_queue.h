/* A ring of bytes in which every packet lies in one piece and never moves, so that DMA can read it
 * from where it is. */

#ifndef FPXI_BYTE_QUEUE_H
#define FPXI_BYTE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *memory;
    size_t capacity;
    size_t read;  /* first byte held */
    size_t write; /* where the next packet goes */
    size_t end;   /* while wrapped: end of the bytes that come before those at the front */
    bool wrapped;
} fpxi_byte_queue_t;

void fpxi_byte_queue_init(fpxi_byte_queue_t *queue, uint8_t *memory, size_t capacity);

/* Room for size bytes in one piece, or NULL. Holds until commit or the next reserve. */
uint8_t *fpxi_byte_queue_reserve(fpxi_byte_queue_t *queue, size_t size);

/* Appends the first size bytes of what was reserved. */
void fpxi_byte_queue_commit(fpxi_byte_queue_t *queue, size_t size);

/* The bytes at the front that lie in one piece; they stay in place until consumed. */
size_t fpxi_byte_queue_peek(const fpxi_byte_queue_t *queue, const uint8_t **bytes);

/* Gives back the first count bytes, at most as many as peek gave. */
void fpxi_byte_queue_consume(fpxi_byte_queue_t *queue, size_t count);

bool fpxi_byte_queue_empty(const fpxi_byte_queue_t *queue);

#endif
