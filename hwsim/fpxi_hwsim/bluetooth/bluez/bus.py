"""A D-Bus of our own: dbus-daemon with a configuration made for it, gone without a trace."""

from __future__ import annotations

import select
import shlex
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from fpxi_hwsim.errors import SimulationError

LONGEST_SOCKET_PATH = 107  # sun_path of unix(7) without its terminating zero
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0

# A client that stalls must lose nothing: the daemon keeps what it cannot deliver, up to these
# limits (dbus-daemon(1)); beyond them it would drop signals silently.
CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"""

# The shell holds the daemon's life: its standard input is a pipe whose other end we hold, and
# that end closes however our process ends, even by SIGKILL.
GUARDIAN = """
{daemon} --config-file={configuration} --nofork --nopidfile --nosyslog --print-address=1 &
daemon=$!
exec 1>&-
cat > /dev/null
kill $daemon 2> /dev/null
wait $daemon
rm -rf {directory} {socket}
"""


class DbusDaemonMissingError(SimulationError):
    """The program dbus-daemon is not on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "a virtual radio needs the program dbus-daemon, and it is not installed; install it "
            "(Debian, Ubuntu: apt install dbus) and try again"
        )


class BusPathError(SimulationError):
    """A bus cannot listen at the path that it was given."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"the bus cannot listen at {path}: {problem}")


class BusStartError(SimulationError):
    """The program dbus-daemon ended, or said nothing, instead of offering a bus."""

    def __init__(self, complaint: str) -> None:
        self.complaint = complaint
        super().__init__(f"dbus-daemon did not start: {complaint or 'it gave no reason'}")


class PrivateBus:
    """A D-Bus that lives as long as this object, and no longer than this process.

    Used as a context manager, or closed with `close`, which may be called again.

    Parameters
    ----------
    path
        The Unix socket to listen at; in a directory made for it when None.

    Raises
    ------
    DbusDaemonMissingError
        Dbus-daemon is not installed.
    BusPathError
        The path is too long, taken, or in no directory.
    BusStartError
        Dbus-daemon refused to start.

    """

    def __init__(self, path: Path | None = None) -> None:
        daemon = shutil.which("dbus-daemon")
        if daemon is None:
            raise DbusDaemonMissingError
        if path is not None:
            path = path.absolute()  # clients run in directories of their own
            _make_way(path)
        self._directory = Path(tempfile.mkdtemp(prefix="fpxi-bus-"))
        self._path = path if path is not None else self._directory / "bus"
        # Not a pipe: nobody reads what the daemon complains of while it is at work.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        self._guardian = self._start(daemon)
        try:
            self.address = self._wait_for_address()
        except BaseException:
            self.close()
            raise

    def _start(self, daemon: str) -> subprocess.Popen[bytes]:
        configuration = self._directory / "bus.conf"
        configuration.write_text(CONFIGURATION.format(socket=self._path))
        quoted = {
            "daemon": shlex.quote(daemon),
            "configuration": shlex.quote(str(configuration)),
            "directory": shlex.quote(str(self._directory)),
            "socket": shlex.quote(str(self._path)),
        }
        # A session of its own: an interrupt from the keyboard is for us, who then close it.
        return subprocess.Popen(
            ["/bin/sh", "-c", GUARDIAN.format(**quoted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
        )

    def _wait_for_address(self) -> str:
        """Return the bus's address in D-Bus's notation, e.g. `unix:path=/tmp/x/bus`."""
        assert self._guardian.stdout is not None
        ready, _, _ = select.select([self._guardian.stdout], [], [], START_TIMEOUT_S)
        line = self._guardian.stdout.readline() if ready else b""
        if not line:
            raise BusStartError(self._complaint())
        return line.decode().strip().partition(",guid=")[0]  # clients need no guid

    def _complaint(self) -> str:
        self._guardian.communicate(timeout=STOP_TIMEOUT_S)
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the bus, and with it every connection to it; its socket and files are gone."""
        self._end_guardian()
        self._complaints.close()

    def _end_guardian(self) -> None:
        if self._guardian.returncode is not None:
            return
        try:
            self._guardian.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._guardian.kill()
            self._guardian.communicate()
            shutil.rmtree(self._directory, ignore_errors=True)
            raise


def _make_way(path: Path) -> None:
    """See that a socket can be made at `path`; one that nobody serves any more is removed."""
    if len(str(path).encode()) > LONGEST_SOCKET_PATH:
        raise BusPathError(path, f"a socket's path has at most {LONGEST_SOCKET_PATH} bytes")
    if not path.parent.is_dir():
        raise BusPathError(path, "its directory does not exist; make it first")
    if not path.exists():
        return
    if not path.is_socket():
        raise BusPathError(path, "there is a file of that name; remove it or choose another")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise BusPathError(path, "another bus is there; end it or choose another path")
