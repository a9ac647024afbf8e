"""What functions there are: every theme in this folder is imported here, and declares its functions as it is."""

from importlib import import_module
from pkgutil import iter_modules

from kqlog.functions.declare import FUNCTIONS

THEMES: dict[str, tuple[str, ...]] = {}
"""The functions that each file declares, by the file's name."""

for _theme in iter_modules(__path__):
    if not _theme.ispkg:
        _known = len(FUNCTIONS)
        import_module(f"{__name__}.{_theme.name}")
        THEMES[_theme.name] = tuple(FUNCTIONS)[_known:]
