"""Which request each DMA stream and channel serves (RM0090, tables 42 and 43).

Only requests of peripherals that are modelled, or whose confusion with these is to be noticed.
"""

from __future__ import annotations

#: (stream, channel) to request, by controller.
REQUESTS: dict[str, dict[tuple[int, int], str]] = {
    "DMA1": {
        (3, 0): "SPI2_RX",
        (4, 0): "SPI2_TX",
        (5, 4): "USART2_RX",
        (6, 4): "USART2_TX",
        (1, 3): "TIM2_UP",
        (7, 3): "TIM2_UP",
        (5, 3): "TIM2_CH1",
        (6, 3): "TIM2_CH2",
        (0, 6): "TIM5_CH3",
        (1, 6): "TIM5_CH4",
        (2, 6): "TIM5_CH1",
        (3, 6): "TIM5_CH4",
        (4, 6): "TIM5_CH2",
        (6, 6): "TIM5_UP",
    },
    "DMA2": {
        (0, 0): "ADC1",
        (4, 0): "ADC1",
        (0, 3): "SPI1_RX",
        (2, 3): "SPI1_RX",
        (3, 3): "SPI1_TX",
        (5, 3): "SPI1_TX",
        (2, 4): "USART1_RX",
        (5, 4): "USART1_RX",
        (7, 4): "USART1_TX",
        (1, 6): "TIM1_CH1",
        (2, 6): "TIM1_CH2",
        (3, 6): "TIM1_CH1",
        (5, 6): "TIM1_UP",
        (6, 6): "TIM1_CH3",
        (1, 7): "TIM8_UP",
        (2, 7): "TIM8_CH1",
        (3, 7): "TIM8_CH2",
        (4, 7): "TIM8_CH3",
        (7, 7): "TIM8_CH4",
        (1, 5): "USART6_RX",
        (2, 5): "USART6_RX",
        (6, 5): "USART6_TX",
        (7, 5): "USART6_TX",
    },
}

#: Interrupts of the streams (RM0090, table 62).
INTERRUPTS: dict[str, tuple[int, ...]] = {
    "DMA1": (11, 12, 13, 14, 15, 16, 17, 47),
    "DMA2": (56, 57, 58, 59, 60, 68, 69, 70),
}
