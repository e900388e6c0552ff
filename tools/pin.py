"""Resolve every dependency anew and pin it, by name and version alone.

`python tools/pin.py` writes `constraints.txt` (which pip reads with `-c`) and copies its lines to
`[tool.uv] constraint-dependencies` in `pyproject.toml`, because uv projects cannot read a
constraints file. A test holds the two together.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
PYPROJECT = ROOT / "pyproject.toml"
EXPORT = [
    *("uv", "export", "--quiet", "--all-extras", "--all-groups"),
    *("--no-hashes", "--no-emit-project", "--no-header", "--no-annotate"),
]


def resolve() -> list[str]:
    """Return one `name==version` line, with its marker if any, for each distribution."""
    unpinned = with_constraints(PYPROJECT.read_text(encoding="utf-8"), [])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(unpinned, encoding="utf-8")
        done = subprocess.run(EXPORT, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
    return [line for line in done.stdout.splitlines() if "==" in line]


def with_constraints(text: str, lines: list[str]) -> str:
    """Return the project file with these lines as uv's constraints."""
    quoted = "".join(f"    {json.dumps(line)},\n" for line in lines)
    return re.sub(
        r"(?ms)^constraint-dependencies = \[\n.*?^\]$",
        lambda _: f"constraint-dependencies = [\n{quoted}]",
        text,
    )


def main() -> None:
    """Pin."""
    lines = resolve()
    CONSTRAINTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = PYPROJECT.read_text(encoding="utf-8")
    PYPROJECT.write_text(with_constraints(text, lines), encoding="utf-8")
    print(f"pinned {len(lines)} distributions")


if __name__ == "__main__":
    main()
