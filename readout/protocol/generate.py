"""Write the C and Python forms of the protocol definition.

`python readout/protocol/generate.py` writes them; with `--check` it only says which are stale
and ends with status 1 if any is.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import definition as definitions
import dictionary
import render_c
import render_python

READOUT = Path(__file__).resolve().parents[1]
CORE = Path("firmware") / "core"
DICTIONARIES = CORE / "dictionary_generated.c"


def render(definition: definitions.Definition, readout: Path = READOUT) -> dict[Path, str]:
    """Return the text of every generated file, by its path below the readout folder."""
    built = [
        dictionary.build(definition, panel, _present_stream(readout / DICTIONARIES, panel))
        for panel in definition.panels
    ]
    return {
        CORE / "protocol_generated.h": render_c.header(definition),
        CORE / "protocol_generated.c": render_c.source(definition),
        DICTIONARIES: render_c.dictionaries(built),
        Path("fpxi_readout") / "protocol" / "generated.py": render_python.module(definition),
    }


def stale(files: dict[Path, str], readout: Path = READOUT) -> list[Path]:
    """Return the files whose text on disk differs from what the definition gives."""
    return [
        path
        for path, text in files.items()
        if not (readout / path).exists() or (readout / path).read_text(encoding="utf-8") != text
    ]


def write(files: dict[Path, str], readout: Path = READOUT) -> None:
    """Write the generated files below a readout folder."""
    for path, text in files.items():
        (readout / path).parent.mkdir(parents=True, exist_ok=True)
        (readout / path).write_text(text, encoding="utf-8", newline="\n")


def _present_stream(path: Path, panel: str) -> bytes | None:
    """Read the compressed dictionary that a generated file holds now."""
    if not path.exists():
        return None
    pattern = rf"{panel}_dictionary\[\d+\] = \{{\n(.*?)\}};"
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.DOTALL)
    return bytes(int(byte, 16) for byte in re.findall(r"0x(..)", found[1])) if found else None


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file is stale"
    )
    parser.add_argument("--definition", type=Path, default=definitions.DEFINITION)
    parser.add_argument("--readout", type=Path, default=READOUT, help="folder to write below")
    options = parser.parse_args()
    files = render(definitions.load(options.definition), options.readout)
    changed = stale(files, options.readout)
    for path in changed:
        print(f"{'stale' if options.check else 'written'}: {path}")
    if not options.check:
        write(files, options.readout)
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
