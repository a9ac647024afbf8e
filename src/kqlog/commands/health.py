"""The command that shows the health of resources, and of the services that they need."""

from __future__ import annotations

import argparse

from kqlog.commands.asking import output, write
from kqlog.commands.command import CommandError, Commands, connected

_FUNCTIONS = {
    "resources": ("ResourceHealth", {"at": "datetime", "resource": "string"}),
    "history": ("ResourceHealthHistory", {"days": "int", "at": "datetime", "resource": "string"}),
    "services": (
        "ServiceHealth",
        {"since": "timespan", "subscription": "string", "region": "string", "service": "string", "kind": "string"},
    ),
}
"""The stored function that answers, and its parameters, which are options."""
_HELP = {
    "at": "as it was at this moment (default: now)",
    "days": "of so many days (default: 30)",
    "resource": "those whose id has this text",
    "since": "how far back (default: 90d)",
    "subscription": "those of this subscription",
    "region": "those that have this text in the names of their regions",
    "service": "those that have this text in the names of their services",
    "kind": "'Service issue', 'Planned maintenance', 'Health advisory' or 'Security advisory'",
}


def declare(commands: Commands) -> None:
    """The command health."""
    health = commands.add("health", "show the health of resources, by day as well, or of services", _show, output())
    health.add_argument("of", nargs="?", choices=list(_FUNCTIONS), default="resources", help="default: %(default)s")
    for name, help_ in _HELP.items():
        whose = ", ".join(of for of, (_, parameters) in _FUNCTIONS.items() if name in parameters)
        health.add_argument(f"--{name}", metavar="VALUE", help=f"{whose}: {help_}")


def _show(options: argparse.Namespace) -> None:
    function, types = _FUNCTIONS[options.of]
    given = {name: value for name in _HELP if (value := getattr(options, name)) is not None}
    if wrong := given.keys() - types.keys():
        raise CommandError(f"--{min(wrong)} is nothing for {options.of}: there is --{', --'.join(types)}")
    declared = ", ".join(f"{name}: {types[name]}" for name in given)
    arguments = ", ".join(f"{name} = {name}" for name in given)
    text = (f"declare query_parameters({declared});\n" if given else "") + f"{function}({arguments})"
    write(connected(options).query(text, parameters=given), options)
