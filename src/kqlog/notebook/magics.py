"""The magics of notebooks: %kql runs one line, %%kql a cell.

%load_ext kqlog
%kql -d sample_data
%kql failed = AppRequests | where Success == false | count

%%kql failed --timespan 1d
AppRequests
| where AppRoleName == {role}
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display as _display

from kqlog.engines.engine import Limits
from kqlog.notebook.values import filled
from kqlog.progress import wait_for
from kqlog.repl.settings import MOST_ROWS
from kqlog.result import Result
from kqlog.workspace import Workspace, connect

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*(?:=(?!=|~)|<<)\s*(.*)", re.DOTALL)
_NAME = re.compile(r"([A-Za-z_]\w*)\s*(?:=|<<)?\s*")
_USAGE = "%kql [-d FOLDER] [--timespan RANGE] [--limit ROWS] [NAME =] QUERY, or %%kql [options] [NAME] and a query below it"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Make the magics known: `%load_ext kqlog` calls this."""
    shell.register_magics(KqlMagics)


@dataclass
class _Asked:
    """What stands in a magic: options, the variable that gets the result, and the query."""

    text: str
    name: str | None = None
    folder: str | None = None
    timespan: str | None = None
    limit: int = MOST_ROWS


@magics_class
class KqlMagics(Magics):
    """Queries in cells. The folder that was named last is the one that is asked."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._variables: dict[str, Any] = shell.user_ns
        self._folder: str | None = None
        self._workspace: Workspace | None = None

    # IPython would put the bare text of a variable in the place of {name}.
    @no_var_expand
    @line_cell_magic
    def kql(self, line: str, cell: str | None = None) -> Result | None:
        """Run a query. With a name before it, the result becomes that variable and is not shown."""
        asked = _asked(line, cell)
        if asked.folder is not None or self._workspace is None:
            self._workspace, self._folder = connect(asked.folder), asked.folder
        workspace = self._workspace
        if not asked.text.strip():
            if asked.folder is None:
                raise UsageError(_USAGE)
            print(f"{len(workspace.tables)} tables: {', '.join(workspace.tables[:20])}")
            return None
        text = filled(asked.text, self._variables)
        execution = workspace.start(text, asked.timespan, limits=Limits(rows=asked.limit))
        with _Line() as tell:
            result = wait_for(execution.result, execution.cancel, execution.line, tell)
        if asked.name is None:
            for earlier in result.tables[:-1]:
                _display(earlier)
            return result
        self._variables[asked.name] = result
        return None


class _Line:
    """One line that says how far a query is, and goes away with it."""

    def __init__(self) -> None:
        self._shown: Any = None

    def __enter__(self) -> Callable[[str], None]:
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._shown is not None:
            self._shown.update({"text/plain": ""}, raw=True)

    def _tell(self, line: str) -> None:
        data = {"text/plain": line.replace("Ctrl-C", "interrupting the kernel")}
        if self._shown is None:
            self._shown = _display(data, raw=True, display_id=True)
        else:
            self._shown.update(data, raw=True)


def _asked(line: str, cell: str | None) -> _Asked:
    asked = _Asked("")
    rest = line.strip()
    if cell is not None and (named := _NAME.match(rest)):
        asked.name, rest = named[1], rest[named.end() :]
    options: dict[str, Callable[[str], None]] = {
        "-d": lambda value: setattr(asked, "folder", value),
        "--data": lambda value: setattr(asked, "folder", value),
        "--timespan": lambda value: setattr(asked, "timespan", value),
        "--limit": lambda value: setattr(asked, "limit", int(value)),
    }
    while found := re.match(r"(-d|--data|--timespan|--limit)(?:\s+|=)('[^']*'|\"[^\"]*\"|\S+)\s*", rest):
        try:
            options[found[1]](shlex.split(found[2])[0])
        except ValueError as error:
            raise UsageError(f"{found[0].strip()}: {error}. {_USAGE}") from None
        rest = rest[found.end() :]
    if rest.startswith("-"):
        raise UsageError(_USAGE)
    if cell is None:
        assigned = _ASSIGNED.fullmatch(rest)
        asked.name, asked.text = (assigned[1], assigned[2]) if assigned else (None, rest)
    else:
        named = _NAME.fullmatch(rest)
        if rest and (named is None or asked.name is not None):
            raise UsageError(_USAGE)
        asked.name, asked.text = (named[1] if named else asked.name), cell
    return asked
