"""Commands of alerts: try rules on the past, evaluate them, and see what they told."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.commands.command import EXIT_ERROR, CommandError, Commands, connected, store_of
from kqlog.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kqlog.alerts.episodes import Change
    from kqlog.alerts.questions import Ask
    from kqlog.alerts.rules import Rules
    from kqlog.alerts.service import Alerts
    from kqlog.alerts.state import State

_DAY = 86_400_000_000


def declare(commands: Commands) -> None:
    """alerts, with a command for each thing to do with them."""
    alerts = commands.add("alerts", "watch logs with saved queries: try, run, list, explain alerts", _no_command)
    inner = alerts.add_subparsers(dest="task", title="commands", metavar="TASK")

    def add(
        name: str, help_: str, run: Callable[[argparse.Namespace], int | None], *, rule: str | None = None
    ) -> argparse.ArgumentParser:
        parser = inner.add_parser(name, help=help_, description=f"{help_[0].upper()}{help_[1:]}.")
        # The option stands behind the task as well as before it.
        parser.add_argument("-d", "--data", metavar="FOLDER", default=argparse.SUPPRESS, help="folder of tables")
        if rule is not None:
            parser.add_argument("rule", metavar="RULE", nargs=rule, help="the name of a rule")
        parser.set_defaults(run=run)
        return parser

    add("init", "copy rules, an action group and saved queries that are ready to use into the folder", _init)
    add("check", "bind the rules of the folder against its tables", _check)
    test = add("test", "show when a rule would have fired", _test)
    test.add_argument("rule", metavar="RULE", help="the name of a rule")
    test.add_argument("--since", default="1d", metavar="TIME", help="how far back, or from when: 30d, 2026-03-10 (default: 1d)")
    test.add_argument("--until", metavar="TIME", help="the end of the time that is replayed (default: now)")
    explain = add("explain", "say why a rule did or did not fire", _explain)
    explain.add_argument("rule", metavar="RULE", help="the name of a rule")
    explain.add_argument("--at", metavar="TIME", help="the window that ends at this moment or before (default: now)")
    run = add("run", "evaluate the rules of a workspace until told to end", _run)
    run.add_argument("--once", action="store_true", help="look once at all that is due, and end")
    list_ = add("list", "list the alerts", _list)
    list_.add_argument("--all", action="store_true", help="those as well that are over")
    for name, help_ in (("ack", "say that somebody looks after an alert"), ("close", "say that an alert is dealt with")):
        add(name, help_, _mark).add_argument("id", metavar="ID", help="the id of an alert, or its beginning")
    history = add("history", "list what happened to alerts", _history, rule="?")
    history.add_argument("--since", default="7d", metavar="TIME", help="how far back, or from when (default: 7d)")


def _no_command(options: argparse.Namespace) -> int:
    raise CommandError("say what to do with alerts: init, check, test, explain, run, list, ack, close or history")


def _rules(options: argparse.Namespace) -> Rules:
    try:
        from kqlog.alerts.rules import rules_of
    except ModuleNotFoundError as error:
        raise CommandError(f"alerts want the package {error.name}: pip install 'kqlog[alerts]'") from None

    return rules_of(connected(options))


def _state(options: argparse.Namespace) -> State:
    from kqlog.alerts.state import State

    return State(store_of(options).root)


def _init(options: argparse.Namespace) -> None:
    from kqlog.alerts.ready import copy_pack

    root = _rules(options).folder.parent
    for file, copied in copy_pack(root):
        print(f"{file.relative_to(root)}{'' if copied else ': is there already'}")


def _check(options: argparse.Namespace) -> int:
    from kqlog.alerts.actions.groups import Groups
    from kqlog.alerts.processing import ProcessingRules

    rules = _rules(options)
    for one in rules.found.values():
        kind = "one query for any number of windows" if one.row_wise else "one query for each window"
        print(f"{one.name}: every {one.rule.frequency}, {kind}" + ("" if one.rule.enabled else ", not enabled"))
    processing = ProcessingRules(rules.folder.parent)
    processing.refresh()
    for processed in processing.found:
        print(f"{processed.name}: {'suppresses' if processed.suppress else 'adds ' + ', '.join(processed.groups)}")
    groups = Groups(rules.folder.parent)
    named = {name: one.name for one in rules.found.values() for name in one.rule.action_groups}
    for name in groups.names:
        print(f"{name}: is told")
    for name, rule in named.items():
        if name not in groups:
            print(f"kqlog: the rule {rule} tells the action group '{name}', which is not there", file=sys.stderr)
    broken = rules.broken | processing.broken | groups.broken()
    for file, error in broken.items():
        print(f"{_shown(file)}:{error.line or 1}:{error.column or 1}: {error}", file=sys.stderr)
    return EXIT_ERROR if broken else 0


def _test(options: argparse.Namespace) -> None:
    from kqlog.alerts.backtest import backtest

    rules, now = _rules(options), _now()
    end = _moment(options.until, now) if options.until else now
    print(backtest(rules.find(options.rule), _ask(rules), _moment(options.since, end), end).text())


def _explain(options: argparse.Namespace) -> None:
    from kqlog.alerts.explain import explain
    from kqlog.alerts.state import FILE, State

    rules, now = _rules(options), _now()
    one, root = rules.find(options.rule), rules.folder.parent
    state = State(root) if rules.workspace.store is not None and (root / FILE).exists() else None
    print(explain(one, _ask(rules), _moment(options.at, now) if options.at else None, now, state))


def _run(options: argparse.Namespace) -> int:
    import logging
    import signal
    import threading

    from kqlog.alerts.schedule import Scheduler
    from kqlog.alerts.service import Alerts

    logging.basicConfig(format="kqlog: %(message)s")
    alerts = Alerts(connected(options))
    if options.once:
        for change in _once(alerts):
            print(f"{change.condition} {change.episode.rule} {', '.join(change.episode.key)}: {change.reason}")
        return 0
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    alerts.refresh(_now())
    scheduler = Scheduler(alerts)
    scheduler.start()
    print(f"{len(alerts.rules.found)} rules are evaluated", flush=True)
    ended.wait()
    scheduler.close()
    return 0


def _once(alerts: Alerts) -> list[Change]:
    from kqlog.alerts.actions.groups import Groups
    from kqlog.alerts.delivery import Deliveries

    try:
        changes = alerts.tick(_now())
        alerts.publish()
        deliveries = Deliveries(alerts.state, Groups(alerts.state.root), partial(print, file=sys.stderr))
        while deliveries.start():
            deliveries.wait()
        deliveries.close()
        return changes
    finally:
        alerts.close()


def _list(options: argparse.Namespace) -> None:
    from kqlog.alerts.windows import shown

    for told in _state(options).alerts(open_only=not options.all):
        episode = told.episode
        until = f" to {shown(episode.until)}" if told.resolved is not None and episode.until is not None else ""
        of = f" [{', '.join(episode.key)}]" if episode.key else ""
        what = f"{episode.id[:8]}  {told.condition:8}  {told.state:12}  {shown(episode.first)}{until}"
        print(f"{what}  {episode.rule}{of}: {told.reason}")


def _mark(options: argparse.Namespace) -> None:
    from kqlog.alerts.model import UserState

    state = UserState.ACKNOWLEDGED if options.task == "ack" else UserState.CLOSED
    told = _state(options).mark(options.id, state, _now())
    print(f"{told.episode.id[:8]}  {told.condition}  {told.state}  {told.episode.rule}")


def _history(options: argparse.Namespace) -> None:
    from kqlog.alerts.windows import shown

    now = _now()
    for event in _state(options).history(rule=options.rule, since=_moment(options.since, now)):
        detail = ", ".join(f"{name} {value}" for name, value in event.detail.items() if value is not None)
        print(f"{shown(event.at)}  {event.rule}  {event.event}  {(event.id or '')[:8]}  {detail}".rstrip())


def _ask(rules: Rules) -> Ask:
    from kqlog.alerts.service import run

    return partial(run, rules.workspace)


def _now() -> int:
    return time.time_ns() // 1000


def _moment(text: str, now: int) -> int:
    """A moment that was given as one, or as a length of time before now."""
    from kqlog.alerts.windows import from_ticks
    from kqlog.timespan import time_range
    from kqlog.types import UNIX_EPOCH_TICKS

    ticks = now * 10 + UNIX_EPOCH_TICKS
    try:
        span = time_range(text, ticks)
    except QueryError:
        span = time_range(f"{text}/P0D", ticks)
    assert span is not None and span[0] is not None
    return from_ticks(span[0])


def _shown(file: Path) -> str:
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)
