"""What functions there are, one file a theme: importing the package declares them all."""

from importlib import import_module
from pkgutil import iter_modules

for _theme in iter_modules(__path__):
    if not _theme.ispkg:
        import_module(f"{__name__}.{_theme.name}")
