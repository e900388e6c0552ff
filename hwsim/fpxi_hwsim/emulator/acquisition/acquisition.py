"""The acquisition as a whole: it follows the timers, and plays their stretches on the panel.

At rest the core drives the panel's pins edge by edge. While TIM8 or TIM1 counts, the time up to
some later round of the table is one stretch (`verdict`): judged when it begins, judged again if a
setting or a pin changes in its midst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.emulator.acquisition.accounts import Accounts, Playing
from fpxi_hwsim.emulator.acquisition.charges import Charges, Conditions, Counts
from fpxi_hwsim.emulator.acquisition.landing import Landing
from fpxi_hwsim.emulator.acquisition.panel import make_panel
from fpxi_hwsim.emulator.acquisition.requests import RECEIVE, UPDATE, Requests
from fpxi_hwsim.emulator.acquisition.set_up import PIN_OF, PORT, demand_set_up
from fpxi_hwsim.emulator.acquisition.slot_counter import SlotCounter
from fpxi_hwsim.emulator.acquisition.slot_timer import SlotTimer
from fpxi_hwsim.emulator.acquisition.spi_receiver import SpiReceiver
from fpxi_hwsim.emulator.acquisition.stretch import Stretch
from fpxi_hwsim.emulator.acquisition.verdict import Judge, Verdict
from fpxi_hwsim.emulator.dma import Dma
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.machine import Machine, ResetCause
from fpxi_hwsim.emulator.parts.part import State
from fpxi_hwsim.emulator.pins import Pins
from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND, Event

STRETCH_SLOTS = 264
"""lines are judged together up to this length: eight of 33 slots, four of 65"""
IDLE_PERIODS = 64
"""length of a stretch without a table, in slots"""


class Acquisition:
    """TIM1, TIM8, TIM2, SPI1, four streams of DMA2, and a panel at their pins."""

    def __init__(
        self,
        machine: Machine,
        pins: Pins,
        dma2: Dma,
        geometry: PanelDescription,
        converters: int,
        *,
        offsets: Counts,
        expose: Callable[[Conditions], Counts],
        timer_clock_hz: Callable[[], int] = lambda: TICKS_PER_SECOND,
    ) -> None:
        self._schedule = machine.schedule
        self.timer_clock_hz = timer_clock_hz
        """gives the frequency at which TIM1 and TIM8 count"""
        self.pins = pins
        self._port = pins.ports[PORT]
        self.panel = make_panel(geometry, converters)
        self._judge = Judge(self.panel)
        self._landing = Landing(Charges(geometry, offsets, expose), self._deliver)
        self.slot_timer = SlotTimer(
            machine, "TIM8", 0x4001_0400, self, gate=3, outputs={1: "CNV_A", 3: "CLK"}
        )
        self.half_timer = SlotTimer(
            machine, "TIM1", 0x4001_0000, self, gate=0, outputs={1: "CNV_B"}
        )
        self.slot_counter = SlotCounter(machine, self)
        self.receiver = SpiReceiver(machine, self)
        self.requests = Requests(dma2, self)
        self._accounts = Accounts(self._port, self.requests, self.slot_counter)
        self._gate = False
        self._outputs: tuple[object, ...] = ()
        """settings under which the timers' outputs were put to their levels of rest"""
        self._playing: Playing | None = None
        self._carried: tuple[tuple[int, int], ...] = ()
        self._resume: State | None = None
        self.signals = tuple(
            (bit, signal) for signal, bit in PIN_OF.items() if self.panel.has(signal)
        )
        pins.on_change(PORT, self._on_port)
        self._port.before_access.append(self.count_up)
        machine.on_reset.append(self._on_reset)

    @property
    def now(self) -> int:
        """Virtual time in ticks."""
        return self._schedule.now

    @property
    def running(self) -> bool:
        """Whether a scan is played."""
        return self._playing is not None

    @property
    def judged(self) -> int:
        """Stretches that had to be judged; the others were remembered."""
        return self._judge.judged

    def gate(self, _tick: int, level: bool) -> None:
        """Take an edge of TIM5's trigger output."""
        self.before_change()
        self._gate = level
        self.after_change()

    # ---- the timers' listener

    def before_change(self) -> None:
        """Settle what happened until now."""
        playing = self._playing
        if playing is None:
            return
        now = self._schedule.now
        self._accounts.count(playing, now - 1)
        for event in playing.events:
            event.function = None
        self._playing = None
        length = now - playing.start
        if length == 0:
            self._resume, self._carried = playing.state, playing.stretch.carried
            self._landing.cut(playing.start, playing.verdict.of_no_length())
            return
        stretch = replace(playing.stretch, length=length)
        number = self._judge.number(stretch)
        verdict = self._judge.judge(stretch, number, playing.state, playing.state_number)
        self._landing.cut(playing.start, verdict)
        self._landing.land(now)
        self._await_landings(playing.start, verdict)
        error = verdict.error_at(playing.start)
        if error is not None:
            raise error
        self._resume, self._carried = verdict.state, verdict.carried

    def after_change(self) -> None:
        """Go on under the present settings."""
        timers = (self.slot_timer, self.half_timer)
        ran = self._resume is not None
        self._accounts.counting = self.slot_counter.counting and self.slot_timer.signals_updates
        fresh = (self.slot_timer.standing, self.half_timer.standing)
        for timer in timers:
            timer.run(timer.opened(self._gate))
        now = self._schedule.now
        if not all(timer.standing for timer in timers):
            if not ran:
                demand_set_up(self)
                self.panel.begin()
                self._resume = self.panel.snapshot(now)
            assert self._resume is not None
            state, self._resume = self._resume, None
            self._outputs = ()
            stretch = self._plan(fresh)
            self._begin(stretch, self._judge.number(stretch), state, self._judge.number(state))
            return
        if ran:
            self._come_to_rest(now)
        self._drive_outputs(now)

    def count_up(self) -> None:
        """Account for the slots that began until now."""
        if self._playing is not None:
            self._accounts.count(self._playing, self._schedule.now)

    def catch_up(self) -> None:
        """Account for what happened until now, words in memory included.

        Without being asked, words come to memory when a row is complete: never too early.
        """
        self.count_up()
        self._landing.land(self._schedule.now)

    # ---- stretches

    def _begin(self, stretch: Stretch, number: int, state: State, state_number: int) -> None:
        now = self._schedule.now
        verdict = self._judge.judge(stretch, number, state, state_number)
        self._landing.begin(now, verdict)
        playing = Playing(now, stretch, number, state, state_number, verdict)
        self._playing = playing
        at = self._schedule.at
        events = [at(now + stretch.length, self._end), *self._await_landings(now, verdict)]
        error = verdict.error_at(now)
        if error is not None:
            events.append(at(now + verdict.error_tick, partial(_complain, error)))
        if stretch.slots and self._accounts.counting:
            updates = stretch.timers[0].times(0, stretch.length)
            for ahead in self.slot_counter.interrupts_within(len(updates)):
                events.append(at(now + updates[ahead - 1], self.count_up))
        playing.events = tuple(events)

    def _plan(self, fresh: tuple[bool, bool]) -> Stretch:
        slot, half = self.slot_timer, self.half_timer
        words: tuple[int, ...] = ()
        timers = []
        period = slot.arr.value + 1
        length = IDLE_PERIODS * period
        if not slot.standing:
            wave = slot.wave(_compare(slot), fresh=fresh[0])
            timers.append(wave)
            if slot.update_requests:
                words = self.requests.upcoming(UPDATE, STRETCH_SLOTS)
            first = wave.times(0, 2 * period + 1)[0]
            length = first + (len(words) or IDLE_PERIODS) * period
        if not half.standing:
            timers.append(half.wave(_compare(half), fresh=fresh[1]))
        return Stretch(
            length=length,
            words=words,
            pins=self.signals,
            timers=tuple(timers),
            slots=not slot.standing,
            spi_period=self.receiver.clock_period,
            carried=self._carried,
        )

    def _end(self) -> None:
        playing = self._playing
        assert playing is not None
        now = self._schedule.now
        self._accounts.count(playing, now - 1)
        self._playing = None
        verdict = playing.verdict
        self._carried = verdict.carried
        stretch, number = playing.stretch, playing.number
        if not self._repeats(stretch):
            stretch = self._plan((False, False))
            number = self._judge.number(stretch)
        self._begin(stretch, number, verdict.state, verdict.state_number)

    def _repeats(self, stretch: Stretch) -> bool:
        """Whether the same comes again; a changed setting would have ended the stretch early."""
        return (
            stretch.slots
            and not any(timer.fresh for timer in stretch.timers)
            and self._carried == stretch.carried
            and self.requests.upcoming(UPDATE, STRETCH_SLOTS) == stretch.words
            and self.slot_timer.count() == stretch.timers[0].count
            and (len(stretch.timers) == 1 or self.half_timer.count() == stretch.timers[1].count)
        )

    def _come_to_rest(self, now: int) -> None:
        """Let words that have begun come to their end, and the core have the pins."""
        assert self._resume is not None
        tail = Stretch(
            length=0,
            words=(),
            pins=self.signals,
            timers=(),
            slots=False,
            spi_period=self.receiver.clock_period,
            last=True,
            carried=self._carried,
        )
        number = self._judge.number
        verdict = self._judge.judge(tail, number(tail), self._resume, number(self._resume))
        self._landing.begin(now, verdict)
        self._await_landings(now, verdict)
        self._resume, self._carried = None, ()
        self.panel.restore(now, verdict.state)
        error = verdict.error_at(now)
        if error is not None:
            raise error

    def _land(self, start: int) -> None:
        self._landing.land(self._schedule.now, latest=start)

    def _await_landings(self, start: int, verdict: Verdict) -> list[Event]:
        """Have the words in memory in time, at the latest when a row is complete."""
        now = self._schedule.now
        at, land = self._schedule.at, partial(self._land, start)
        return [at(start + end, land) for end in verdict.row_ends if start + end > now]

    # ---- words

    def _deliver(self, words: Counts) -> None:
        stream = self.requests.stream(RECEIVE) if self.receiver.asks_for_dma else None
        taken = 0
        if stream is not None:
            taken = stream.put(words.tobytes()) // 2
        for word in words[taken:]:
            self.receiver.receive(int(word))

    # ---- pins

    def _on_port(self, time: int, old: int, new: int) -> None:
        changed = old ^ new
        moved = [
            (signal, bool(new >> bit & 1))
            for bit, signal in self.signals
            if changed >> bit & 1 and self._port.mode(bit) == 1
        ]
        if not moved:
            return
        self.before_change()
        if self._resume is not None:
            self.panel.restore(time, self._resume)
        for signal, level in moved:
            self.panel.drive(time, signal, level)
        self._follow_panel()
        if self._resume is not None:
            self._resume = self.panel.snapshot(time)
        self.after_change()

    def _follow_panel(self) -> None:
        """Let happen to the pixels what the core's own edges did."""
        self._landing.follow(self.panel.effects)
        self.panel.begin()

    def _drive_outputs(self, now: int) -> None:
        """Have the timers' outputs at the level that they rest at."""
        settings = (*self.slot_timer.output_settings(), *self.half_timer.output_settings())
        if settings == self._outputs:
            return
        self._outputs = settings
        for timer in (self.slot_timer, self.half_timer):
            for signal in timer.outputs.values():
                if self.panel.has(signal):
                    self.panel.drive(now, signal, timer.level(signal))
        self._follow_panel()

    def _on_reset(self, _cause: ResetCause) -> None:
        self.before_change()
        self._gate = False
        if self._resume is not None:
            self.panel.restore(self._schedule.now, self._resume)
            self._resume, self._carried = None, ()
        self._outputs = ()
        self._landing.forget()
        self.panel.release(self._schedule.now)


def _compare(timer: SlotTimer) -> int | None:
    return timer.compare_in_force(1) if timer.requests(1) else None


def _complain(error: PinError) -> None:
    raise error
