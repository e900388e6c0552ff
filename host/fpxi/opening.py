"""Opening a session in one call."""

from __future__ import annotations

from fpxi.session import Session


def open(  # noqa: A001
    url: str, *, reconnect: bool = True, timeout_s: float | None = None
) -> Session:
    """Connect to a device and return its session; best used in a `with`.

    URLs: `sim:<preset>[?key=value&...]`, `serial:<port>[?baud=N]`, `socket://<host>:<port>`,
    `ble:<name or address>[?adapter=hci1&timeout_s=20]`, `file:<recording.h5>[?pace=fast&loop=1]`.

    With `reconnect`, a device that is lost later is looked for until the session is closed.
    Raises the named error of the first attempt, `ConnectTimeoutError` after `timeout_s` (by default
    as `Session.wait_connected`), or `UnsupportedUrlError`.
    """
    session = Session(url, reconnect=reconnect)
    session.begin()
    try:
        session.wait_connected(timeout_s)
    except BaseException:
        session.close()
        raise
    return session
