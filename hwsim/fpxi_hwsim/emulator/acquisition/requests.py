"""The DMA streams that serve the acquisition's requests, and what they must be set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from fpxi_hwsim.emulator.errors import EmulationError

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.acquisition.timer import Listener
    from fpxi_hwsim.emulator.dma import Dma
    from fpxi_hwsim.emulator.dma_stream import Stream

UPDATE, READ_A, READ_B, RECEIVE = "TIM8_UP", "TIM8_CH1", "TIM1_CH1", "SPI1_RX"
REQUESTS = (UPDATE, READ_A, READ_B, RECEIVE)
PORT_B_BSRR = 0x4002_0418
SPI1_DR = 0x4001_300C


class Requests:
    """The streams that are enabled, by the request that they serve."""

    def __init__(self, dma: Dma, listener: Listener) -> None:
        self._dma = dma
        self._listener = listener
        self._streams: dict[str, Stream] = {}
        for request in REQUESTS:
            dma.serve(request, self)

    def enabled(self, stream: Stream) -> None:
        """Take a stream into use; raises where its settings do not fit its request."""
        request = self._dma.request(stream)
        if request == UPDATE:
            self._demand(stream, to_peripheral=True, address=PORT_B_BSRR, item_bytes=4)
        else:
            self._demand(stream, to_peripheral=request != RECEIVE, address=SPI1_DR, item_bytes=2)
        if request in (READ_A, READ_B) and not self._endless(stream):
            self._refuse(
                stream,
                request,
                "only circular streams without interrupts are modelled",
            )
        self._listener.before_change()
        self._streams[request] = stream
        self._listener.after_change()

    def disabled(self, stream: Stream) -> None:
        """Serve a request no longer."""
        request = self._dma.request(stream)
        if self._streams.get(request) is stream:
            self._listener.before_change()
            del self._streams[request]
            self._listener.after_change()

    def position(self, stream: Stream) -> int:
        """Items still to be moved now."""
        self._listener.catch_up()
        return stream.remaining

    def stream(self, request: str) -> Stream | None:
        """Return the stream that serves a request; None if none is enabled."""
        return self._streams.get(request)

    def require(self, request: str) -> Stream:
        """Return the stream that serves a request; raises if none does."""
        stream = self._streams.get(request)
        if stream is None:
            raise EmulationError(
                "DMA2",
                request,
                "requests come but no enabled stream of its channel serves them (RM0090, table 43)",
                tick=self._dma.schedule.now,
            )
        return stream

    def upcoming(self, request: str, enough: int) -> tuple[int, ...]:
        """Return the 32-bit words that a stream moves next: to the end of its round.

        A circular stream's rounds that follow are added, up to so many words as are enough.
        """
        stream = self._streams.get(request)
        if stream is None:
            return ()
        table = tuple(stream.view.cast("I"))
        if not stream.increments:
            table *= stream.loaded
        rest = table[stream.loaded - stream.remaining :]
        more = max(enough - len(rest), 0) // stream.loaded if stream.circular else 0
        return rest + table * more

    def demand_unchanged(self, request: str, words: tuple[int, ...]) -> None:
        """Refuse where memory no longer holds the words that were judged ahead and are due now."""
        stream = self._streams.get(request)
        if stream is None or stream.view.readonly:
            return  # no write from the core can change a table in flash during a scan
        if self.upcoming(request, len(words))[: len(words)] != words:
            self._refuse(stream, request, "the table was changed while it was played")

    def count(self, request: str, items: int) -> None:
        """Let a stream move items towards the peripheral, whose effect is accounted elsewhere."""
        stream = self._streams.get(request)
        if stream is None or items <= 0:
            return
        done = stream.loaded - stream.remaining + items
        half, complete = done >= stream.loaded // 2, done >= stream.loaded
        if stream.circular:
            stream.remaining = stream.loaded - done % stream.loaded
            stream.set_flags(half=half, complete=complete)
        elif complete:
            del self._streams[request]
            stream.finish()
        else:
            stream.remaining = stream.loaded - done
            stream.set_flags(half=half)

    def _demand(
        self, stream: Stream, *, to_peripheral: bool, address: int, item_bytes: int
    ) -> None:
        request = self._dma.request(stream)
        problem = ""
        if stream.to_peripheral != to_peripheral:
            problem = "the direction is wrong"
        elif stream.par != address:
            problem = f"PAR is {stream.par:#010x}, not {address:#010x}"
        elif stream.item_bytes != item_bytes:
            problem = f"items have {stream.item_bytes} bytes, not {item_bytes}"
        if problem:
            self._refuse(stream, request, problem)

    @staticmethod
    def _endless(stream: Stream) -> bool:
        return stream.circular and not stream.interrupt_mask & (stream.HALF | stream.COMPLETE)

    def _refuse(self, stream: Stream, request: str, problem: str) -> NoReturn:
        name = f"S{stream.number}CR"
        reason = f"{request}: {problem}"
        raise EmulationError("DMA2", name, reason, tick=self._dma.schedule.now)
