/* A DMA stream's life (RM0090, 10.3.17). */

#ifndef FPXI_DMA_H
#define FPXI_DMA_H

#include "processor.h"

static inline uint32_t fpxi_dma_flags(const dma_t *dma, unsigned stream)
{
    return (dma->ISR[DMA_HALF(stream)] >> DMA_SHIFT(stream)) & DMA_ALL_FLAGS;
}

static inline void fpxi_dma_clear(dma_t *dma, unsigned stream, uint32_t flags)
{
    dma->IFCR[DMA_HALF(stream)] = flags << DMA_SHIFT(stream);
}

/* Turns of a loop that waits for the transfer at hand; one takes some ten cycles. */
#define DMA_STOP_TURNS 1000u

/* A disabled stream still ends the transfer at hand: EN reads 1 until then. */
static inline void fpxi_dma_stop(dma_t *dma, unsigned stream)
{
    dma->S[stream].CR &= ~DMA_CR_EN;
    for (uint32_t i = 0; i < DMA_STOP_TURNS && (dma->S[stream].CR & DMA_CR_EN) != 0u; i++) {
    }
    fpxi_dma_clear(dma, stream, DMA_ALL_FLAGS);
}

/* The stream must be stopped. control: CR without EN. */
static inline void fpxi_dma_start(dma_t *dma, unsigned stream, uint32_t control,
                                  volatile void *peripheral, const volatile void *memory,
                                  uint32_t count)
{
    dma_stream_t *registers = &dma->S[stream];
    registers->CR = control;
    registers->PAR = FPXI_ADDRESS(peripheral);
    registers->M0AR = FPXI_ADDRESS(memory);
    registers->NDTR = count;
    registers->FCR = 0; /* direct mode */
    fpxi_barrier();     /* what the processor wrote to memory is there */
    registers->CR = control | DMA_CR_EN;
}

#endif
