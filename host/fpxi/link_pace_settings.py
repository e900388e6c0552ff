"""Parameters that the pace changes for the time of a run, and gives back."""

from __future__ import annotations

from collections.abc import Mapping


class BorrowedSettings:
    """The parameters in force, which of them are the user's choice, and which are borrowed.

    It outlives a connection: a device that kept running still has what was borrowed.
    """

    def __init__(self) -> None:
        self._in_force: dict[str, int] = {}
        self._chosen: set[str] = set()
        self._own: dict[str, int] = {}

    @property
    def in_force(self) -> Mapping[str, int]:
        """Last known value of every parameter."""
        return self._in_force

    @property
    def own(self) -> Mapping[str, int]:
        """The values that hold but for the pace."""
        return {**self._in_force, **self._own}

    @property
    def borrowed(self) -> Mapping[str, int]:
        """The own values of what is to be given back."""
        return dict(self._own)

    def note(self, name: str, value: int) -> None:
        """Take note of a value that was read.

        One that is not what was lent ends the loan: the device has restarted and has its own.
        """
        if self._in_force.get(name) != value:
            self._own.pop(name, None)
        self._in_force[name] = value

    def choose(self, name: str, value: int) -> None:
        """Take note of what the user set: from now on it is his alone."""
        self._chosen.add(name)
        self._own.pop(name, None)
        self._in_force[name] = value

    def may_borrow(self, name: str) -> bool:
        """Whether the device has it and the user has not set it himself."""
        return name in self._in_force and name not in self._chosen

    def borrow(self, name: str, value: int) -> None:
        """Take note of a value that the pace has set; its own value ends the loan."""
        own = self._own.setdefault(name, self._in_force[name])
        self._in_force[name] = value
        if value == own:
            del self._own[name]

    def forget(self) -> None:
        """Forget what is borrowed and what the user chose: the device has restarted."""
        self._chosen.clear()
        self._own.clear()
