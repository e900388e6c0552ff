"""Runs that survive their connection: nothing lost, nothing twice, no other life mixed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from fpxi_readout.device_errors import DeviceResetError, StreamTakenError
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.frame import Frame
from fpxi_readout.life import Life, Progress, Verdict, judge
from fpxi_readout.links.base import LinkLostError
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.framing import Packet
from fpxi_readout.protocol.generated import Event, EventCode, ResetCause, State, TriggerMode
from fpxi_readout.run import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

URL = "sim:cmos32?seed=5"
FRAMES = 12
# Hypothesis runs many examples with the same fixtures, which here are factories.
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
DROPS = st.lists(
    st.tuples(
        st.integers(0, 30_000),  # bytes to the host before the link drops
        st.sampled_from(["hang_up", "keep", "lose"]),  # what becomes of those under way
        st.sampled_from([0.0, 0.3, 2.5]),  # s without a link
    ),
    min_size=1,
    max_size=5,
)


class BreakingLink:
    """A link that breaks after so many bytes to the host."""

    description = "breaking:"

    def __init__(self, whole: Any, breaks_after: float = float("inf")) -> None:
        self.whole = whole
        self.clock = whole.clock
        self.breaks_after = breaks_after
        self.rest = b""
        """bytes under way when it broke"""

    def read(self, timeout_s: float) -> bytes:
        if self.breaks_after <= 0:
            raise LinkLostError(self.description, "cut")
        data = self.rest or self.whole.read(timeout_s)
        self.rest = b""
        if len(data) >= self.breaks_after:
            data, self.rest = data[: int(self.breaks_after)], data[int(self.breaks_after) :]
        self.breaks_after -= len(data)
        return bytes(data)

    def write(self, data: bytes) -> None:
        if self.breaks_after <= 0:
            raise LinkLostError(self.description, "cut")
        self.whole.write(data)

    def close(self) -> None:
        """Leave the device as it is."""

    def again(self, under_way: str = "keep", away_s: float = 0.0, **named: float) -> BreakingLink:
        """Return a new link to the same device, after some time."""
        following = BreakingLink(self.whole, **named)
        device = self.whole.device
        if under_way == "hang_up":
            device.hang_up()
        elif under_way == "keep":
            following.rest = self.rest
        end_us = device.clock.now_us() + int(1e6 * away_s)
        while device.clock.now_us() < end_us:
            device.step(take=False)
            due_us = device.deadline_us(take=False)
            device.clock.wait_s(end_us if due_us is None else min(due_us, end_us))
        return following


@pytest.fixture
def connect(cache: DictionaryCache) -> Callable[[BreakingLink], Panel]:
    def connect(link: BreakingLink) -> Panel:
        return Panel.connect(link, cache=cache, clock=link.clock)

    return connect


Connect = Callable[[BreakingLink], Panel]
MakeLink = Callable[[str], Any]


def drain(panel: Panel, frames: list[Frame]) -> None:
    """Take frames until the run is over or the link breaks; none is lost by that."""
    try:
        while panel.acquiring:
            frames += panel.poll(0.05)
    except LinkLostError:
        frames += panel.take_ready()
        raise


def lose(panel: Panel, frames: list[Frame]) -> Run:
    """Break the link now, and let go of the run."""
    panel._connection.link.breaks_after = 0  # type: ignore[attr-defined]
    with pytest.raises(LinkLostError):
        drain(panel, frames)
    run = panel.leave_run()
    assert run is not None
    return run


def survive(
    link: BreakingLink, connect: Connect, drops: list[tuple[int, str, float]], *, reliable: bool
) -> tuple[list[Frame], dict[str, int]]:
    """Take a whole run over links that break; return its frames and the counters of all."""
    frames: list[Frame] = []
    total: dict[str, int] = {}
    panel = connect(link)
    run: Run | None = None
    panel.start(FRAMES, reliable=reliable)
    cuts = iter(drops)
    while True:
        after, under_way, away_s = next(cuts, (float("inf"), "keep", 0.0))
        link.breaks_after = after
        try:
            try:
                if run is not None:
                    assert panel.resume(run)
                drain(panel, frames)
                break
            finally:
                frames += panel.take_ready()
                run = panel.leave_run() or (None if panel.acquiring else run)
                for name, count in asdict(panel.statistics).items():
                    total[name] = total.get(name, 0) + count
        except LinkLostError:
            link = link.again(under_way, away_s)
            panel = connect(link)
            if run is None:
                break
    return frames, total


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Any]]:
    """Samples of the frames of a run that nothing disturbs, by number."""
    import fpxi_hwsim

    cache = DictionaryCache(tmp_path_factory.mktemp("cache"))
    with Panel.connect(fpxi_hwsim.open_link(f"{URL}&time=virtual"), cache=cache) as panel:
        panel.start(FRAMES, reliable=True)
        yield {frame.number: frame.samples for frame in panel.frames(timeout_s=5.0)}


@given(drops=DROPS)
@EXAMPLES
def test_reliable_delivery_loses_nothing_by_any_number_of_drops(
    shared_time_link: MakeLink,
    connect: Connect,
    undisturbed: dict[int, Any],
    drops: list[tuple[int, str, float]],
) -> None:
    link = BreakingLink(shared_time_link(URL))
    frames, counts = survive(link, connect, drops, reliable=True)
    assert [frame.number for frame in frames] == list(range(FRAMES))
    for frame in frames:
        assert not frame.rows_missing
        assert np.array_equal(frame.samples, undisturbed[frame.number])
    assert counts["frames_received"] == FRAMES
    assert counts["frames_lost"] == counts["frames_skipped"] == counts["frames_abandoned"] == 0


@given(drops=DROPS)
@EXAMPLES
def test_live_delivery_accounts_for_every_frame(
    shared_time_link: MakeLink, connect: Connect, drops: list[tuple[int, str, float]]
) -> None:
    link = BreakingLink(shared_time_link(URL))
    frames, counts = survive(link, connect, drops, reliable=False)
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == counts["frames_received"]
    assert counts["frames_received"] + counts["frames_lost"] + counts["frames_skipped"] == FRAMES
    assert min(counts["frames_lost"], counts["frames_skipped"]) >= 0
    assert counts["rows_lost"] == sum(frame.rows_missing for frame in frames) + (
        32 * counts["frames_lost"]
    )


@given(
    after=st.integers(1, 20_000),
    under_way=st.sampled_from(["hang_up", "keep", "lose"]),
    away_s=st.sampled_from([0.0, 0.5, 30.0]),
    another=st.integers(0, 40),
    boot_told=st.booleans(),
)
@EXAMPLES
def test_a_restart_is_never_taken_for_a_continuation(
    shared_time_link: MakeLink,
    connect: Connect,
    undisturbed: dict[int, Any],
    after: int,
    under_way: str,
    away_s: float,
    another: int,
    boot_told: bool,
) -> None:
    link = BreakingLink(shared_time_link(URL))
    panel = connect(link)
    panel.start(reliable=True)
    link.breaks_after = after
    frames: list[Frame] = []
    with pytest.raises(LinkLostError):
        drain(panel, frames)
    run = panel.leave_run()
    assert run is not None
    link.whole.device.reset(ResetCause.POWER_ON)
    if not boot_told:
        link.whole.device.hang_up()
    if another:  # somebody else's run, whose numbers may be beyond ours
        other = connect(link.again("keep"))
        other.start(another)
        list(other.frames(timeout_s=5.0))
    panel = connect(link.again(under_way, away_s))
    assert panel.resume(run) is False
    frames += panel.take_ready()
    assert not panel.acquiring
    assert [frame.number for frame in frames] == list(range(len(frames)))
    for frame in frames:
        arrived = frame.row_received
        if frame.number in undisturbed:
            assert np.array_equal(frame.samples[arrived], undisturbed[frame.number][arrived])
    first = panel.start(2, reliable=True)
    assert [frame.number for frame in panel.frames(timeout_s=5.0)] == [first, first + 1]


def begun(link: BreakingLink, connect: Connect, count: int, **named: Any) -> tuple[Panel, Run]:
    """Start a run, take its first frame, and lose the link."""
    panel = connect(link)
    panel.start(count, **named)
    next(panel.frames(timeout_s=5.0))
    return panel, lose(panel, [])


def test_a_run_that_ended_meanwhile_is_fetched(
    shared_time_link: MakeLink, connect: Connect
) -> None:
    link = BreakingLink(shared_time_link(URL))
    panel, run = begun(link, connect, 3, reliable=True)
    panel = connect(link.again("hang_up", 5.0))
    assert panel.get("state") == State.IDLE
    assert panel.resume(run)
    assert [frame.number for frame in panel.frames(timeout_s=5.0)][-1] == 2
    assert not panel.acquiring


@pytest.mark.parametrize("count", [0, 50])
@pytest.mark.parametrize("arrives", [False, True])
def test_a_stop_that_was_lost_or_whose_answer_was_lost_ends_the_run(
    shared_time_link: MakeLink, connect: Connect, count: int, arrives: bool
) -> None:
    link = BreakingLink(shared_time_link(URL))
    panel = connect(link)
    panel.start(count, reliable=True)
    frames = [next(panel.frames(timeout_s=5.0))]
    link.breaks_after = int(arrives)
    with pytest.raises(LinkLostError):
        panel.stop()
    frames += panel.take_ready()
    run = panel.leave_run()
    assert run is not None
    panel = connect(link.again("lose"))
    assert panel.resume(run)
    assert panel.get("state") == State.IDLE
    drain(panel, frames)
    assert [frame.number for frame in frames] == list(range(panel.get("next_frame")))


@pytest.mark.parametrize(
    "acts", [lambda panel: panel.start(), lambda panel: panel.start(40), lambda panel: panel.stop()]
)
@pytest.mark.parametrize("count", [0, 50])
def test_a_run_that_another_host_ended_is_named(
    shared_time_link: MakeLink, connect: Connect, acts: Callable[[Panel], object], count: int
) -> None:
    link = BreakingLink(shared_time_link(URL))
    _, run = begun(link, connect, count, reliable=True)
    other = connect(link.again("hang_up"))
    acts(other)
    panel = connect(link.again("hang_up", 1.0))
    with pytest.raises(StreamTakenError, match="another host"):
        panel.resume(run)
    assert all(frame.number < run.assembler.end_seen for frame in panel.take_ready())
    assert not panel.acquiring


def test_a_stream_that_leaves_the_link_before_the_run_is_resumed_is_named(
    shared_time_link: MakeLink, connect: Connect
) -> None:
    link = BreakingLink(shared_time_link(URL))
    _, run = begun(link, connect, 0, reliable=True)
    panel = connect(link.again("keep"))
    left = Event(timestamp_us=0, severity=0, code=EventCode.STREAM_LEFT, detail=0)
    panel._connection.on_packet(Packet(Event.TYPE, 0, left.pack()))
    with pytest.raises(StreamTakenError, match="another host"):
        panel.resume(run)
    assert not panel.acquiring


def test_packets_of_the_run_that_come_before_it_is_resumed_are_used(
    shared_time_link: MakeLink, connect: Connect
) -> None:
    link = BreakingLink(shared_time_link(URL))
    panel = connect(link)
    panel.start(3)
    run = lose(panel, [])
    panel = connect(link.again("keep", 1.0))
    assert panel.resume(run)
    assert [frame.number for frame in panel.frames(timeout_s=5.0)] == [0, 1, 2]
    assert panel.statistics.frames_lost == panel.statistics.frames_incomplete == 0


def test_live_frames_that_passed_during_an_outage_are_known_when_frames_come_again(
    shared_time_link: MakeLink, connect: Connect
) -> None:
    link = BreakingLink(shared_time_link(URL))
    _, run = begun(link, connect, 0)
    link = link.again("hang_up", 1.0)
    while link.whole.read(0.0):
        pass  # what the device still had is lost under way
    panel = connect(link)
    assert panel.resume(run)
    existing = panel.get("next_frame")
    newest = next(frame for frame in panel.frames(timeout_s=5.0) if frame.number >= existing)
    counts = panel.statistics
    assert counts.frames_skipped == panel.get("frames_skipped") > 0
    received = 1 + counts.frames_received  # one on the first connection
    assert received + counts.frames_lost + counts.frames_skipped == newest.number + 1


def test_a_run_waits_for_triggers_as_before(shared_time_link: MakeLink, connect: Connect) -> None:
    link = BreakingLink(shared_time_link(URL))
    panel = connect(link)
    panel.parameters.trigger_mode = TriggerMode.SOFTWARE
    panel.start(2, reliable=True)
    panel.software_trigger()
    next(panel.frames(timeout_s=5.0))
    panel, run = connect(link.again("hang_up", 1.0)), lose(panel, [])
    assert panel.resume(run)
    assert panel.poll(0.5) == []
    assert panel.software_trigger() == 1
    assert [frame.number for frame in panel.frames(timeout_s=5.0)] == [1]


def test_a_restart_on_a_sound_link_still_ends_the_run(
    shared_time_link: MakeLink, connect: Connect
) -> None:
    link = BreakingLink(shared_time_link(URL))
    _, run = begun(link, connect, 0, reliable=True)
    panel = connect(link.again("hang_up"))
    assert panel.resume(run)
    link.whole.device.reset()
    with pytest.raises(DeviceResetError):
        drain(panel, [])
    assert panel.leave_run() is None


LIFE = Life("S", b"h", 5_000, 100.0, 100.01)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        (Life("S", b"h", 65_000, 160.02, 160.1), False),
        (Life("S", b"h", 59_900, 160.02, 160.1), True),
        (Life("S", b"h", 66_000, 160.02, 160.1), False),
        (Life("T", b"h", 65_000, 160.02, 160.1), True),
        (Life("S", b"g", 65_000, 160.02, 160.1), True),
        (Life("S", b"h", None, 160.02, 160.1), False),
    ],
)
def test_a_life_is_known_by_its_clock_and_its_device(now: Life, over: bool) -> None:
    assert LIFE.is_over(now) is over


def test_the_uptime_may_wrap() -> None:
    before = Life("S", b"h", 2**32 - 10_000, 100.0, 100.0)
    assert not before.is_over(Life("S", b"h", 50_000, 160.0, 160.0))
    assert before.is_over(Life("S", b"h", 40_000, 160.0, 160.0))


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 5), st.booleans())
def test_numbers_that_went_back_are_a_restart_whatever_else(
    first: int, more: int, back: int, acquiring: bool
) -> None:
    seen = first + more
    progress = Progress(acquiring, False, max(seen - 1 - back, 0), 0, 0)
    verdict = judge(
        progress, life_is_over=False, first_frame=first, end_seen=seen, end=None, stop_asked=False
    )
    assert (verdict is Verdict.RESTARTED) == (progress.next_frame < seen)
