"""Commands that say who may come in."""

from __future__ import annotations

import argparse
from datetime import timedelta

from kqlog.commands.command import CommandError, Commands, store_of

_ROLES = ("reader", "contributor", "ingestor")


def declare(commands: Commands) -> None:
    """The command token."""
    token = commands.add("token", "make, list and revoke the tokens that a server lets in", _list)
    actions = token.add_subparsers(title="actions", metavar="ACTION")
    create = actions.add_parser("create", parents=[commands.data], help="make a token, and show it this once")
    create.add_argument("--role", choices=_ROLES, required=True, help="a reader asks, an ingestor sends, a contributor does both")
    create.add_argument("--name", help="what it is called in lists and in LAQueryLogs")
    create.add_argument("--expires", metavar="TIME", help="how long it is good, such as 30d (default: until it is revoked)")
    create.set_defaults(run=_create)
    actions.add_parser("list", parents=[commands.data], help="list the tokens").set_defaults(run=_list)
    revoke = actions.add_parser("revoke", parents=[commands.data], help="take a token away, at once")
    revoke.add_argument("name")
    revoke.set_defaults(run=_revoke)


def _create(options: argparse.Namespace) -> None:
    from kqlog.store.tokens import Role, create

    text, token = create(store_of(options).root, Role(options.role), options.name, _length(options.expires))
    until = f"until {token.expires:%Y-%m-%d %H:%M} UTC" if token.expires else "until it is revoked"
    print(f"{text}\nThis is '{token.name}', good {until}. Write it down: kqlog keeps no more than its hash.")


def _list(options: argparse.Namespace) -> None:
    from datetime import UTC, datetime

    from kqlog.store.tokens import tokens

    now = datetime.now(UTC)
    for token in tokens(store_of(options).root):
        until = "" if token.expires is None else f", {'expired' if token.expired(now) else 'expires'} {token.expires:%Y-%m-%d}"
        print(f"{token.name}: {token.role}{until}")


def _revoke(options: argparse.Namespace) -> None:
    from kqlog.store.tokens import revoke

    revoke(store_of(options).root, options.name)


def _length(text: str | None) -> timedelta | None:
    from kqlog.syntax.literals import LiteralError, parse_timespan

    if text is None:
        return None
    try:
        ticks = parse_timespan(text)
        if ticks is None or ticks <= 0:
            raise LiteralError(text)
        return timedelta(microseconds=ticks // 10)
    except (LiteralError, OverflowError):
        raise CommandError(f"'{text}' is no length of time: it is such as 30d or 12h") from None
