"""Rules, an action group and saved queries that are ready to use: for machines, logins, requests and health."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PACK = Path(__file__).parent / "pack"


def copy_pack(root: Path) -> Iterator[tuple[Path, bool]]:
    """Copy what is ready into a folder; what is there stays as it is. Gives each file, and whether it was copied."""
    for source in sorted(file for file in _PACK.rglob("*") if file.is_file()):
        target = root / source.relative_to(_PACK)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("x", encoding="utf-8", newline="\n") as file:
                file.write(source.read_text("utf-8"))
        except FileExistsError:
            yield target, False
        else:
            yield target, True
