"""The DMA requests of a USART."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.dma_stream import Stream
    from fpxi_hwsim.emulator.usart import Usart


class DmaRequest:
    """One direction's DMA request: remembers the enabled stream that serves it."""

    def __init__(self, usart: Usart, *, is_transmit: bool) -> None:
        self._usart = usart
        self._is_transmit = is_transmit
        self._stream: Stream | None = None

    @property
    def stream(self) -> Stream | None:
        """The stream, as long as it is enabled."""
        stream = self._stream
        return stream if stream is not None and stream.enabled else None

    def enabled(self, stream: Stream) -> None:
        """Check the stream and connect it; raises what would not work."""
        if stream.to_peripheral != self._is_transmit or stream.par != self._usart.base + 4:
            self._usart.fail("DR", f"stream {stream.number} has the wrong direction or address")
        if stream.item_bytes != 1:
            self._usart.fail("DR", f"stream {stream.number} moves items of more than one byte")
        self._stream = stream
        self._usart.requests_changed()

    def disabled(self, stream: Stream) -> None:
        """Disconnect the stream."""
        half = self._usart.transmitter if self._is_transmit else self._usart.receiver
        half.detach()
        if self._stream is stream:
            self._stream = None

    def position(self, stream: Stream) -> int:
        """Bring the transfer up to now and tell what remains."""
        half = self._usart.transmitter if self._is_transmit else self._usart.receiver
        half.update()
        return stream.remaining if stream.enabled else stream.ndtr_register.value
