"""Worst-case stack of a firmware image, from the compiler's call graph.

gcc's `-fcallgraph-info=su` writes a .ci file beside each object: the functions with their stack
use, and the calls between them. What the compiler did not compile (libgcc, libc) is read from the
disassembly. Calls by pointer are named by the caller of this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

INDIRECT = "__indirect_call"

_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
_USE = re.compile(r"(\d+) bytes \((static|dynamic,bounded|dynamic)\)")
_LABEL = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
_PUSH = re.compile(r"\t(?:push|stmdb\tsp!,|vpush)\t?\s*\{([^}]*)\}")
_DROP = re.compile(r"\t(?:sub|subw|sub\.w)\tsp, (?:sp, )?#(\d+)")
_STORE = re.compile(r"\[sp, #-(\d+)\]!")
_CALL = re.compile(r"\t(?:bl|b|b\.w|b\.n)\t[0-9a-f]+ <([A-Za-z_][^>+]*)>")


class StackError(Exception):
    """The worst case cannot be told; the message says which function is at fault."""


@dataclass
class CallGraph:
    """Functions with their own stack use in bytes, and whom they call.

    A function's name is its symbol; that of a static one is preceded by its file and a colon.
    """

    use: dict[str, int] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)

    def add_compiled(self, text: str) -> None:
        """Add the content of a .ci file. Raises StackError for an unbounded stack."""
        for title, label in _NODE.findall(text):
            found = _USE.search(label)
            if found and found[2] == "dynamic":
                raise StackError(f"{title} takes stack without a bound")
            if found:
                self.use[title] = int(found[1])
        for source, target in _EDGE.findall(text):
            self.calls.setdefault(source, set()).add(target)

    def add_disassembled(self, listing: str) -> None:
        """Add the functions of an `objdump -d` that no .ci file told of."""
        known = {title.rsplit(":", 1)[-1] for title in self.use}
        name = ""
        for line in listing.splitlines():
            label = _LABEL.match(line)
            if label:
                name = label[1]
            if name and name not in known:
                self.use[name] = self.use.get(name, 0) + _pushed(line)
                called = _CALL.search(line)
                if called and called[1] != name:
                    self.calls.setdefault(name, set()).add(called[1])

    def name_indirect(self, targets: Mapping[str, Iterable[str]]) -> None:
        """Replace each caller's calls by pointer with the functions that they can reach.

        Raises StackError for a caller that is not named.
        """
        for caller, called in self.calls.items():
            if INDIRECT not in called:
                continue
            if caller not in targets:
                raise StackError(f"{caller} calls by pointer, and nothing says whom")
            called.discard(INDIRECT)
            called.update(targets[caller])

    def depth(self, name: str) -> int:
        """Return the most bytes that a call of a function takes. Raises StackError."""
        return self._depth(name, {}, ())

    def _depth(self, name: str, known: dict[str, int], path: Sequence[str]) -> int:
        if name in path:
            raise StackError("recursion: " + " -> ".join([*path, name]))
        if name not in known:
            if name not in self.use:
                raise StackError(f"there is no function {name}")
            below = [
                self._depth(called, known, [*path, name]) for called in self.calls.get(name, ())
            ]
            known[name] = self.use[name] + max(below, default=0)
        return known[name]


def indirect_callers(text: str) -> set[str]:
    """Return the functions of a .ci file that call by pointer."""
    return {source for source, target in _EDGE.findall(text) if target == INDIRECT}


def _pushed(line: str) -> int:
    """Bytes by which an instruction lowers the stack pointer."""
    pushed = _PUSH.search(line)
    if pushed:
        size = 8 if "vpush" in line and "d" in pushed[1] else 4
        return size * _register_count(pushed[1])
    for pattern in (_DROP, _STORE):
        found = pattern.search(line)
        if found:
            return int(found[1])
    return 0


def _register_count(registers: str) -> int:
    count = 0
    for part in registers.split(","):
        ends = [int(number) for number in re.findall(r"[rsd](\d+)", part)]
        count += ends[1] - ends[0] + 1 if len(ends) == 2 else 1
    return count
