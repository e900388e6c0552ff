"""What limited the frame rate of a capture, for its progress line and its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fpxi.frame_rate_limit import LimitCause, rate_text

if TYPE_CHECKING:
    from fpxi.session import Session
    from fpxi.statistics import SessionStatistics


class LinkReport:
    """The session's statistics as they were last while frames came: stopping ends all limits."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen: SessionStatistics | None = None

    def look(self) -> str:
        """Look again; return a few words for a progress line, none before anything is known."""
        statistics = self._session.statistics()
        if statistics.limit.cause is LimitCause.NONE_YET:
            return ""
        self._seen = statistics
        return f"{rate_text(statistics.frame_rate_hz)}, limited by {statistics.limit}"

    def facts(self) -> list[tuple[str, str]]:
        """Return lines for a summary; none for what was too short to be measured."""
        if self._seen is None:
            return []
        facts = [("Limited by", str(self._seen.limit))]
        if self._seen.link_capacity_Bps is not None:
            facts.append(("Link", f"carries {self._seen.link_capacity_Bps / 1000:.3g} kB/s"))
        radio = self._seen.radio
        if radio is not None and radio.rssi_dBm is not None:
            facts.append(("Signal", f"{radio.rssi_dBm} dBm when the panel was found"))
        if radio is not None and radio.battery_percent is not None:
            facts.append(("Battery", f"{radio.battery_percent} % when the panel was connected"))
        return facts

    def document(self) -> dict[str, Any]:
        """Return the same for scripts; null: not measured."""
        seen = self._seen
        return {
            "limit": None if seen is None else seen.limit.cause.value,
            "limit_words": None if seen is None else str(seen.limit),
            "link_rate_Bps": None if seen is None else seen.link_rate_Bps,
            "link_capacity_Bps": None if seen is None else seen.link_capacity_Bps,
            "rssi_dBm": None if seen is None or seen.radio is None else seen.radio.rssi_dBm,
        }
