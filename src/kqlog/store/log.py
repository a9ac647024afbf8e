"""What a power cut leaves of a Delta table's log: a last version, or its checkpoint, that is not whole.

Each version is on disk before anyone hears of it and before the next begins, so that nothing but the last can be torn, and no one
was told of it. Readers go on with the version before; the next writer takes it away.
"""

from __future__ import annotations

import json
from pathlib import Path

ACTIONS = "kqlogActions"
"""How many actions follow the first line of a version, which says so: cut between two lines it would look like a whole one."""
_HINT = "_last_checkpoint"
_PARQUET = b"PAR1"
"""What a whole file of Parquet ends with, and begins with, too."""


def torn(log: Path, known: int | None = None) -> int | None:
    """The last version, if it is not whole. It is looked for from a `known` version on, where that is still there."""
    last = known if known is not None and _version(log, known).exists() else _last(log)
    while last is not None and _version(log, last + 1).exists():
        last += 1
    if last is None or (_is_whole(_version(log, last)) and _has_its_checkpoint(log, last)):
        return None
    return last


def begun(log: Path) -> bool:
    """Whether there is a version that is whole."""
    if not _version(log, 0).exists() or _version(log, 1).exists():
        return any(log.glob("*.json"))
    return _is_whole(_version(log, 0))


def mend(log: Path) -> None:
    """Take away what is torn. Only for who has the table's lock.

    A checkpoint only repeats what versions say, and those stay until it is on disk.
    """
    last, checkpoint = _last(log), max(log.glob("*.checkpoint.parquet"), default=None)
    names: list[Path] = []
    if last is not None and not _is_whole(_version(log, last)):
        names += [_version(log, last), _checkpoint(log, last)]
    if checkpoint is not None and not _is_parquet(checkpoint):
        names.append(checkpoint)
    hinted = _hinted(log)
    if hinted is not None and (not _checkpoint(log, hinted).exists() or _checkpoint(log, hinted) in names):
        names.append(log / _HINT)
    for name in names:
        name.unlink(missing_ok=True)


def _last(log: Path) -> int | None:
    names = [path.stem for path in log.glob("*.json")]
    return max((int(name) for name in names if name.isdecimal()), default=None)


def _version(log: Path, number: int) -> Path:
    return log / f"{number:020}.json"


def _checkpoint(log: Path, number: int) -> Path:
    return log / f"{number:020}.checkpoint.parquet"


def _is_whole(version: Path) -> bool:
    """Whether all lines are there. Other writers do not count theirs, and are believed. What a writer took away is not torn."""
    try:
        lines = version.read_bytes().splitlines()
        # Of what is cut off, all lines but the last are whole.
        first, _ = json.loads(lines[0]), json.loads(lines[-1])
        wanted = int(first.get("commitInfo", {}).get(ACTIONS, 0))
    except FileNotFoundError:
        return True
    except (ValueError, IndexError, AttributeError, TypeError):
        return False
    is_first = int(version.stem) == 0
    return len(lines) > wanted and (not is_first or any(b'"metaData"' in line for line in lines))


def _has_its_checkpoint(log: Path, number: int) -> bool:
    """Whether the checkpoint of a version is whole, if it has one."""
    path = _checkpoint(log, number)
    return _is_parquet(path) if path.exists() else _hinted(log) != number


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(len(_PARQUET), path.stat().st_size - len(_PARQUET)))
        return file.read() == _PARQUET


def _hinted(log: Path) -> int | None:
    """The version that the hint names the checkpoint of; readers pass over a hint that is cut off."""
    try:
        return int(json.loads((log / _HINT).read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
