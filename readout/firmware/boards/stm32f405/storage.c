#include "storage.h"

#include <string.h>

#include "../../core/hardware.h"
#include "processor.h"

#define FIRST_SECTOR 2u
#define FIRST_ADDRESS 0x08008000u

#define ERRORS \
    (FLASH_SR_OPERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_PGPERR | FLASH_SR_PGSERR)

static uint32_t address_of(uint8_t slot, uint32_t offset)
{
    return FIRST_ADDRESS + slot * FPXI_STORAGE_SLOT_SIZE + offset;
}

void fpxi_storage_read(uint8_t slot, uint32_t offset, void *bytes, size_t size)
{
    memcpy(bytes, FPXI_AT(const uint8_t, address_of(slot, offset)), size);
}

static void wait_ready(void)
{
    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
    }
}

/* RM0090, 3.6.1: two keys; the errors of the past are cleared, or they would fail what follows. */
static void unlock(void)
{
    wait_ready();
    FLASH->KEYR = FLASH_KEY_1;
    FLASH->KEYR = FLASH_KEY_2;
    FLASH->SR = ERRORS | FLASH_SR_EOP;
}

static int lock(void)
{
    wait_ready();
    int result = (FLASH->SR & ERRORS) == 0u ? FPXI_OK : FPXI_FAILED;
    FLASH->CR = FLASH_CR_LOCK;
    return result;
}

/* RM0090, 3.4.2: the data cache may hold what was erased; it is reset while it is off. */
static void flush_data_cache(void)
{
    FLASH->ACR &= ~FLASH_ACR_DCEN;
    FLASH->ACR |= FLASH_ACR_DCRST;
    FLASH->ACR &= ~FLASH_ACR_DCRST;
    FLASH->ACR |= FLASH_ACR_DCEN;
}

int fpxi_storage_erase(uint8_t slot)
{
    uint32_t control = FLASH_CR_PSIZE_32 | FLASH_CR_SER | FLASH_CR_SNB(FIRST_SECTOR + slot);
    unlock();
    FLASH->CR = control;
    FLASH->CR = control | FLASH_CR_STRT;
    int result = lock();
    flush_data_cache();
    return result;
}

int fpxi_storage_program(uint8_t slot, uint32_t offset, uint32_t word)
{
    unlock();
    FLASH->CR = FLASH_CR_PSIZE_32 | FLASH_CR_PG;
    *FPXI_AT(reg_t, address_of(slot, offset)) = word;
    fpxi_barrier();
    return lock();
}
