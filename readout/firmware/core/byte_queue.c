#include "byte_queue.h"

void fpxi_byte_queue_init(fpxi_byte_queue_t *queue, uint8_t *memory, size_t capacity)
{
    queue->memory = memory;
    queue->capacity = capacity;
    queue->read = 0;
    queue->write = 0;
    queue->end = 0;
    queue->wrapped = false;
}

uint8_t *fpxi_byte_queue_reserve(fpxi_byte_queue_t *queue, size_t size)
{
    if (!queue->wrapped && queue->capacity - queue->write < size && queue->read >= size) {
        queue->wrapped = true;
        queue->end = queue->write;
        queue->write = 0;
    }
    size_t limit = queue->wrapped ? queue->read : queue->capacity;
    return limit - queue->write < size ? NULL : queue->memory + queue->write;
}

void fpxi_byte_queue_commit(fpxi_byte_queue_t *queue, size_t size)
{
    queue->write += size;
}

size_t fpxi_byte_queue_peek(const fpxi_byte_queue_t *queue, const uint8_t **bytes)
{
    *bytes = queue->memory + queue->read;
    return (queue->wrapped ? queue->end : queue->write) - queue->read;
}

void fpxi_byte_queue_consume(fpxi_byte_queue_t *queue, size_t count)
{
    queue->read += count;
    if (queue->wrapped && queue->read == queue->end) {
        queue->wrapped = false;
        queue->read = 0;
    }
    if (fpxi_byte_queue_empty(queue)) {
        queue->read = 0;
        queue->write = 0;
    }
}

bool fpxi_byte_queue_empty(const fpxi_byte_queue_t *queue)
{
    return !queue->wrapped && queue->read == queue->write;
}
