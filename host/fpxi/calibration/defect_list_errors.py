"""The named errors of lists and masks of defects."""

from __future__ import annotations

from pathlib import Path

from fpxi.errors import HostError


class DefectListError(HostError):
    """A file of defects cannot be read, or does not fit the panel."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot use the defects of {path}: {reason}; {remedy}")


class DefectLineError(DefectListError):
    """One line of a list of defects makes no sense."""

    def __init__(self, path: Path, line: int, reason: str, remedy: str) -> None:
        self.line = line
        """From 1."""
        super().__init__(path, f"line {line}: {reason}", remedy)


class DefectListFormatError(DefectListError):
    """The name of a file of defects does not end in a known way."""

    def __init__(self, path: Path, known: tuple[str, ...]) -> None:
        self.known = known
        super().__init__(
            path,
            f"{path.suffix or 'no ending'} is none of the known formats, {', '.join(known)}",
            "name a list of lines such as 12,40 or `12 40 dead,noisy` .txt, a BadPixelMap .xml, a "
            "mask by its format",
        )


class DefectListSizeError(DefectListError):
    """A file of defects is of a panel of another size."""

    def __init__(self, path: Path, found: tuple[int, int], expected: tuple[int, int]) -> None:
        self.found = found
        self.expected = expected
        super().__init__(
            path,
            f"it is of {found[0]} rows x {found[1]} columns, the calibration of {expected[0]} x "
            f"{expected[1]}",
            "use the list of this panel, region and binning",
        )


class PolarityError(DefectListError):
    """It is not said, or makes no sense, which value of a mask means defective."""


class MaskContentError(DefectListError):
    """A mask does not tell two kinds of pixels apart."""


class XmlRefusedError(DefectListError):
    """An XML file has what no list of defects needs: entities, or more than fits in one."""
