"""Checked reading of a JSON tree from an untrusted device."""

from __future__ import annotations

from collections.abc import Iterator


class DictionaryEntryError(Exception):
    """An entry of the tree is missing, of the wrong kind or out of bounds."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class Table:
    """A JSON object. Every getter raises DictionaryEntryError naming the entry that is wrong."""

    def __init__(self, path: str, content: object) -> None:
        if not isinstance(content, dict):
            raise DictionaryEntryError(path, "is not a table")
        self.path = path
        self._content = content

    def has(self, key: str) -> bool:
        """Tell whether there is an entry."""
        return key in self._content

    def table(self, key: str) -> Table:
        """Return a table below this one."""
        return Table(f"{self.path}.{key}", self._get(key))

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Go through the tables below this one, by name; other entries are passed over."""
        for key, content in self._content.items():
            if isinstance(content, dict):
                yield self._printable(key, key), Table(f"{self.path}.{key}", content)

    def list_of_tables(self, key: str) -> list[Table]:
        """Return a list that has at least one table, and tables alone."""
        content = self._get(key)
        if not isinstance(content, list) or not content:
            raise self._error(key, "is not a list with at least one entry")
        return [Table(f"{self.path}.{key}[{i}]", entry) for i, entry in enumerate(content)]

    def integer(self, key: str, minimum: int, maximum: int) -> int:
        """Return a whole number within inclusive bounds."""
        content = self._get(key)
        if not isinstance(content, int) or isinstance(content, bool):
            raise self._error(key, "is not a whole number")
        if not minimum <= content <= maximum:
            raise self._error(key, f"{content} is not within {minimum} to {maximum}")
        return content

    def number(self, key: str, minimum: float, maximum: float) -> float:
        """Return a finite number within inclusive bounds."""
        content = self._get(key)
        if not isinstance(content, int | float) or isinstance(content, bool):
            raise self._error(key, "is not a number")
        if not minimum <= content <= maximum:  # infinities and NaN fail this too
            raise self._error(key, f"{content} is not within {minimum} to {maximum}")
        return float(content)

    def boolean(self, key: str) -> bool:
        """Return true or false."""
        content = self._get(key)
        if not isinstance(content, bool):
            raise self._error(key, "is neither true nor false")
        return content

    def text(self, key: str) -> str:
        """Return a text without control characters."""
        return self._printable(key, self._get(key))

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        """Return a text that is one of the choices."""
        content = self.text(key)
        if content not in choices:
            raise self._error(key, f"{content!r} is none of {', '.join(choices)}")
        return content

    def _get(self, key: str) -> object:
        if key not in self._content:
            raise self._error(key, "is missing")
        return self._content[key]

    def _printable(self, key: str, content: object) -> str:
        if not isinstance(content, str) or not content.isprintable():
            raise self._error(key, "is not a text of printable characters")
        return content

    def _error(self, key: str, reason: str) -> DictionaryEntryError:
        return DictionaryEntryError(f"{self.path}.{key[:40]!a}", reason)
