"""What the device's numbers mean, in words from its own dictionary."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import Event, EventCode, Nack, NackCode, Severity

DETAIL = "; detail: "
NOTHING_SAVED = "started with default parameters: none are saved for this firmware"


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """Something that happened on the device. Numbers that have no name here stay numbers."""

    timestamp_us: int
    """device time since start-up"""
    severity: Severity | int
    code: EventCode | int
    detail: int
    text: str
    """the event in words"""


def explain_event(event: Event, dictionary: Dictionary) -> DeviceEvent:
    """Put an event in words."""
    return DeviceEvent(
        timestamp_us=event.timestamp_us,
        severity=Severity(event.severity) if event.severity in set(Severity) else event.severity,
        code=EventCode(event.code) if event.code in set(EventCode) else event.code,
        detail=event.detail,
        text=_explain_event(event, dictionary),
    )


def _explain_event(event: Event, dictionary: Dictionary) -> str:
    # On a new board, "saved sets found damaged: 0" would read as an alarm.
    if event.code == EventCode.PARAMETERS_DEFAULTED and event.detail == 0:
        return NOTHING_SAVED
    return _explain("event_code", event.code, event.detail, dictionary)


def explain_nack(nack: Nack, dictionary: Dictionary | None) -> str:
    """Put a refusal in words; without a dictionary, by the name of its code alone."""
    if dictionary is not None:
        return _explain("nack_code", nack.code, nack.detail, dictionary)
    name = NackCode(nack.code).name.lower() if nack.code in set(NackCode) else str(nack.code)
    return f"{name} (detail {nack.detail})"


def _explain(enumeration: str, code: int, detail: int, dictionary: Dictionary) -> str:
    """Use the help text, which says after "detail:" what the detail is."""
    info = dictionary.enumerations.get(enumeration)
    name = info.name_of(code) if info else None
    if info is None or name is None:
        return f"{enumeration} {code} (detail {detail}), unknown to the device's dictionary"
    meaning, _, label = info.values[name].help.partition(DETAIL)
    return f"{meaning} ({label}: {_detail(label, detail, dictionary)})" if label else meaning


def _detail(label: str, detail: int, dictionary: Dictionary) -> str:
    enumeration = label.replace(" ", "_")
    if enumeration in dictionary.enumerations:
        return dictionary.name_of(enumeration, detail)
    if label.endswith("id"):
        parameter = dictionary.parameter_by_id(detail)
        return parameter.name if parameter else str(detail)
    return str(detail)
