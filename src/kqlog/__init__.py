"""Ask log files questions in KQL.

    import kqlog
    kqlog.connect("sample_data").query("Perf | summarize avg(CounterValue) by Computer")

Every public name is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kqlog.errors import QueryError
    from kqlog.manual import help
    from kqlog.result import Result
    from kqlog.workspace import Workspace, check, connect, query

__version__ = "0.1.0"

_HOMES = {
    "QueryError": "kqlog.errors",
    "Result": "kqlog.result",
    "Workspace": "kqlog.workspace",
    "check": "kqlog.workspace",
    "connect": "kqlog.workspace",
    "query": "kqlog.workspace",
    "help": "kqlog.manual",
    "load_ipython_extension": "kqlog.notebook.magics",  # what `%load_ext kqlog` asks for
}

__all__ = ["QueryError", "Result", "Workspace", "__version__", "check", "connect", "help", "query"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'kqlog' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
