"""Rules as files: `alerts/*.yaml` of a workspace's folder, one rule in each, with the names of Azure's scheduledQueryRules.

Templates of Azure and analytics rules of Sentinel are rules as they are (`importing/`).
Every rule is bound against the tables when it is read. One that is broken is told with its place, and the others stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from kqlog.alerts.fields import Field, Fields, read_yaml, whole_number, word
from kqlog.alerts.importing import PARAMETERS, read_parameters, read_rules
from kqlog.alerts.importing.imported import Imported
from kqlog.alerts.model import Absence, Aggregation, Comparison, Condition, Dimension, Outcome, Rule
from kqlog.alerts.questions import MOST_DIMENSIONS, Question, bound
from kqlog.errors import QueryError, Span
from kqlog.plan.lookup import closest
from kqlog.workspace import Workspace

FOLDER = "alerts"
ENDINGS = (".yaml", ".yml", ".json")
LONGEST = 64 * 1024
"""Azure's limit of a rule in bytes."""
_LONGEST_FREQUENCY, _LONGEST_STATEFUL = timedelta(days=1), timedelta(hours=12)
_FARTHEST = 366 * 86_400
"""In seconds."""
_MOST_GROUPS, _WORST, _MILDEST = 5, 0, 4
_MOST_PERIODS = 6
_RULE = (
    *("name", "displayName", "description", "severity", "enabled", "scopes", "tags", "evaluationFrequency", "windowSize"),
    *("overrideQueryTimeRange", "criteria", "muteActionsDuration", "autoMitigate", "ruleResolveConfiguration", "actions"),
    *("lateness", "delay", "catchUp", "noData", "onError"),
)
_CONDITION = (
    *("query", "parameters", "timeAggregation", "metricMeasureColumn", "resourceIdColumn", "dimensions", "operator", "threshold"),
    "failingPeriods",
)


class _Side(StrEnum):
    INCLUDE = "Include"
    EXCLUDE = "Exclude"


@dataclass(frozen=True)
class BoundRule:
    """A rule whose conditions fit the tables."""

    rule: Rule
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def row_wise(self) -> bool:
        """Whether any number of its windows is answered at once."""
        return all(question.row_wise for question in self.questions)

    @property
    def tables(self) -> frozenset[str]:
        """The tables that it reads."""
        return frozenset[str]().union(*(question.tables for question in self.questions))


@dataclass
class Rules:
    """The rules of a folder as they were last read."""

    workspace: Workspace
    folder: Path
    found: dict[str, BoundRule] = field(default_factory=dict)
    """By name."""
    broken: dict[Path, QueryError] = field(default_factory=dict)
    """The files that are no rules, with the reason."""
    _bound: dict[Path, list[BoundRule]] = field(default_factory=dict)
    _read: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _saved: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def refresh(self) -> bool:
        """Read those files again that have changed, or may be right by now; whether anything is new.

        Saved queries that rules name may change as well, and a table that a rule wants may have come.
        """
        seen = _stamps(file for file in self.folder.glob("*") if file.suffix in ENDINGS)
        saved = _stamps(self.workspace.saved.folder.glob("*")) if self.workspace.saved.folder is not None else {}
        changed = {file for file in seen if saved != self._saved or seen[file] != self._read.get(file)} | self.broken.keys()
        again = [
            file for file in sorted(seen) if not file.name.endswith(PARAMETERS) and (_beside(file) in changed or file in changed)
        ]
        if not again and seen.keys() == self._read.keys():
            return False
        before = (self.found, self.broken.keys())
        self._read, self._saved = seen, saved
        self._bound = {file: one for file, one in self._bound.items() if file in seen and file not in again}
        self.broken = {}
        for file in again:
            try:
                self._bound[file] = read_file(file, self.workspace)
            except QueryError as error:
                self.broken[file] = error
        self.found = self._by_name()
        return before != (self.found, self.broken.keys())

    def _by_name(self) -> dict[str, BoundRule]:
        found: dict[str, BoundRule] = {}
        for file, rules in sorted(self._bound.items()):
            for one in rules:
                if (other := found.setdefault(one.name, one)) is not one:
                    message = f"there is a rule '{one.name}' already, in {other.rule.place}"
                    self.broken[file] = QueryError("ALR001", message)
        for file in self.broken:
            for one in self._bound.pop(file, []):
                if found.get(one.name) is one:
                    del found[one.name]
        return found

    def find(self, name: str) -> BoundRule:
        """One of them.

        Raises:
            QueryError: ALR001 when there is none of this name, or what is wrong with its file.
        """
        if name in self.found:
            return self.found[name]
        for file, error in self.broken.items():
            if file.stem == name:
                raise error
        close = closest(name, list(self.found))
        hint = f"did you mean '{close}'?" if close else f"rules are files {FOLDER}/NAME.yaml of the folder"
        raise QueryError("ALR001", f"there is no alert rule '{name}'", hint=hint)


def _beside(file: Path) -> Path:
    """The file of the parameters of a template."""
    return file.with_name(f"{file.stem}{PARAMETERS}")


def _stamps(files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """What changes when a file does; a file may go while one looks."""
    found = {}
    for file in files:
        with suppress(FileNotFoundError):
            status = file.stat()
            found[file] = (status.st_mtime_ns, status.st_size)
    return found


def rules_of(workspace: Workspace) -> Rules:
    """The rules of a workspace's folder.

    Raises:
        QueryError: ALR001 when there is no folder.
    """
    if workspace.saved.folder is None:
        raise QueryError("ALR001", "alert rules are files of a folder", hint="name it, as in kqlog -d FOLDER")
    rules = Rules(workspace, workspace.saved.folder.parent / FOLDER)
    rules.refresh()
    return rules


def read_file(file: Path, workspace: Workspace) -> list[BoundRule]:
    """The rules of a file, bound: one, or those of a template of Azure's.

    Raises:
        QueryError: what is wrong in it, with its place.
    """
    text, place, beside = _text(file), f"{FOLDER}/{file.name}", _beside(file)
    imported = read_rules(text, file.stem, place, read_parameters(_text(beside)) if beside.exists() else {})
    if imported is not None:
        return [_bound(one, workspace) for one in imported]
    if len(text.encode()) > LONGEST:
        raise QueryError("ALR001", f"a rule has at most {LONGEST // 1024} KB", Span(0, 1), None, text)
    return [read_rule(text, file.stem, place, workspace)]


def read_rule(text: str, name: str, place: str, workspace: Workspace) -> BoundRule:
    """The rule of a text, bound. It has this name where the text gives none.

    Raises:
        QueryError: what is wrong in it, with its place.
    """
    fields = read_yaml(text).fields(_RULE)
    conditions = fields["criteria"].fields(("allOf",))["allOf"]
    read = [_condition(one, workspace) for one in conditions.items()]
    if not read:
        raise conditions.wrong("a rule has a condition at least")
    rule = _rule(fields, name, place, tuple(condition for condition, _ in read))
    _check_times(rule, fields)
    _check_minutes(rule)
    _check_together(rule, conditions)
    return BoundRule(rule, tuple(bound(condition, workspace, blame) for condition, blame in read))


def bind_rule(rule: Rule, workspace: Workspace) -> BoundRule:
    """A rule that comes from elsewhere, bound against the tables.

    Raises:
        QueryError: what does not fit, with its place in the query.
    """

    def blame(condition: Condition) -> Callable[[str], Callable[[QueryError], QueryError]]:
        return lambda name: lambda error: error.within(condition.query) if name == "query" else error

    _check_minutes(rule)
    return BoundRule(rule, tuple(bound(condition, workspace, blame(condition)) for condition in rule.conditions))


def _bound(imported: Imported, workspace: Workspace) -> BoundRule:
    _check_minutes(imported.rule)
    conditions = imported.rule.conditions
    return BoundRule(imported.rule, tuple(bound(one, workspace, imported.blame(at)) for at, one in enumerate(conditions)))


def _check_minutes(rule: Rule) -> None:
    """Windows can be laid out, and begin at times that there are."""
    minute = timedelta(minutes=1)
    for name, length in (("evaluationFrequency", rule.frequency), ("windowSize", rule.window)):
        if length < minute or length % minute:
            raise QueryError("ALR001", f"'{name}' has so many whole minutes, and one at least")
    spans = [condition.periods * rule.window.total_seconds() for condition in rule.conditions]
    if max(rule.query_range.total_seconds() if rule.query_range else 0, rule.frequency.total_seconds(), *spans) > _FARTHEST:
        raise QueryError("ALR001", f"a rule looks back {_FARTHEST // 86_400} days at most")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError("ALR001", f"the file cannot be read: {error}") from None


def _rule(fields: Fields, name: str, place: str, conditions: tuple[Condition, ...]) -> Rule:
    default = Rule(name, conditions)
    frequency = fields.get("evaluationFrequency", Field.length, default.frequency)
    resolve = (
        fields.found["ruleResolveConfiguration"].fields(("autoResolved", "timeToResolve"))
        if ("ruleResolveConfiguration" in fields)
        else None
    )
    actions = (
        fields.found["actions"].fields(("actionGroups", "customProperties", "actionProperties"))
        if ("actions" in fields)
        else None
    )
    own = fields.get("name", Field.string, name)
    tags: dict[str, str] = fields.get("tags", _texts, {})
    told = _texts(actions["actionProperties"]) if actions is not None and "actionProperties" in actions else {}
    return replace(
        default,
        name=own,
        frequency=frequency,
        window=fields.get("windowSize", Field.length, frequency),
        display_name=fields.get("displayName", Field.string, own),
        description=fields.get("description", Field.string, ""),
        severity=fields.get("severity", whole_number(_WORST, _MILDEST), default.severity),
        enabled=fields.get("enabled", Field.flag, True),
        scopes=fields.get("scopes", Field.strings, ()),
        query_range=fields.get("overrideQueryTimeRange", Field.length, None),
        stateful=fields.get("autoMitigate", Field.flag, _stateful(fields, resolve)),
        resolve_after=resolve.get("timeToResolve", Field.length, None) if resolve is not None else None,
        mute=fields.get("muteActionsDuration", Field.length, default.mute),
        action_groups=actions.get("actionGroups", Field.strings, ()) if actions is not None else (),
        custom_properties=actions.get("customProperties", _texts, {}) if actions is not None else {},
        lateness=fields.get("lateness", Field.length, default.lateness),
        delay=fields.get("delay", Field.length, default.delay),
        catch_up=fields.get("catchUp", Field.flag, default.catch_up),
        no_data=fields.get("noData", _absence, default.no_data),
        on_error=fields.get("onError", _absence, default.on_error),
        tags=tags | told,
        place=place,
    )


def _stateful(fields: Fields, resolve: Fields | None) -> bool:
    """Azure's default is stateful, which a rule that mutes its actions cannot be."""
    if resolve is not None and "autoResolved" in resolve:
        return resolve.found["autoResolved"].flag()
    return "muteActionsDuration" not in fields


def _condition(field: Field, workspace: Workspace) -> tuple[Condition, Callable[[str], Callable[[QueryError], QueryError]]]:
    fields = field.fields(_CONDITION)
    query = fields["query"]
    failing = (
        fields.found["failingPeriods"].fields(("numberOfEvaluationPeriods", "minFailingPeriodsToAlert"))
        if ("failingPeriods" in fields)
        else None
    )
    default = Condition("")
    periods = failing.get("numberOfEvaluationPeriods", whole_number(1, _MOST_PERIODS), 1) if failing is not None else 1
    measure = fields.get("metricMeasureColumn", Field.string, "") or None
    condition = replace(
        default,
        query=_query_text(query, fields, workspace),
        operator=fields.get("operator", word(Comparison), default.operator),
        threshold=fields.get("threshold", Field.number, default.threshold),
        aggregation=fields.get("timeAggregation", word(Aggregation), default.aggregation),
        measure=measure,
        dimensions=tuple(_dimension(one) for one in fields.items("dimensions")),
        resource_column=fields.get("resourceIdColumn", Field.string, "") or None,
        periods=periods,
        failing=failing.get("minFailingPeriodsToAlert", whole_number(1, periods), 1) if failing is not None else 1,
    )
    if len(condition.dimensions) > MOST_DIMENSIONS:
        raise fields["dimensions"].wrong(f"there are at most {MOST_DIMENSIONS} dimensions")

    def blame(name: str) -> Callable[[QueryError], QueryError]:
        if name == "query":
            return query.query_error
        place = fields.found.get(name, field)
        return lambda error: place.wrong(error.message, error.hint)

    return condition, blame


def _dimension(field: Field) -> Dimension:
    fields = field.fields(("name", "operator", "values"))
    side = fields.get("operator", word(_Side), _Side.INCLUDE)
    return Dimension(fields["name"].string(), fields.get("values", Field.strings, ("*",)), side is _Side.INCLUDE)


def _query_text(field: Field, fields: Fields, workspace: Workspace) -> str:
    """The text of a query, or the call of the saved query that it names."""
    text = field.string()
    given = dict(fields.found["parameters"].pairs()) if "parameters" in fields else {}
    if re.fullmatch(r"\w+", text.strip()) is None or text.strip() not in workspace.saved:
        if given:
            raise fields["parameters"].wrong("only saved queries have parameters", "name one in 'query'")
        return text
    saved = workspace.saved.find(text.strip())
    try:
        parameters = {parameter.name: parameter for parameter in saved.parameters}
    except QueryError as error:
        raise field.wrong(f"the saved query '{saved.name}' cannot be used: {error.message}", error.hint) from None
    for name, value in given.items():
        if name not in parameters:
            raise value.wrong(f"the saved query '{saved.name}' has no parameter '{name}'", f"it has {', '.join(parameters)}")
    values = []
    for name, parameter in parameters.items():
        if name in given:
            values.append(f"to{parameter.type}({_literal(given[name].string())})")
        elif parameter.default is not None:
            values.append(parameter.default)
        else:
            raise field.wrong(f"the saved query '{saved.name}' wants the parameter '{name}'", f"parameters: {{{name}: ...}}")
    return f"{saved.name}({', '.join(values)})"


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _absence(field: Field) -> Absence:
    fields = field.fields(("outcome", "pending"))
    return Absence(fields["outcome"].one_of(Outcome), fields.get("pending", Field.length, timedelta(0)))


def _texts(field: Field) -> dict[str, str]:
    return {name: value.string() for name, value in field.pairs()}


def _check_times(rule: Rule, fields: Fields) -> None:
    """Azure's rules about times, and that windows can be laid out."""

    def refuse(name: str, message: str, hint: str | None = None) -> QueryError:
        return fields.found.get(name, fields.whole).wrong(message, hint)

    minute = timedelta(minutes=1)
    if not minute <= rule.frequency <= _LONGEST_FREQUENCY or rule.frequency % minute:
        raise refuse("evaluationFrequency", "a rule is evaluated every so many whole minutes, up to P1D")
    if rule.window < minute or rule.window % minute:
        raise refuse("windowSize", "a window has so many whole minutes")
    if rule.stateful and rule.frequency > _LONGEST_STATEFUL:
        raise refuse(
            "autoMitigate", "rules that are evaluated less often than every PT12H are stateless", "set autoMitigate: false"
        )
    if rule.stateful and rule.mute:
        raise refuse("muteActionsDuration", "only stateless rules mute their actions", "set autoMitigate: false")
    periods = max(condition.periods for condition in rule.conditions)
    if rule.query_range is not None and rule.query_range < periods * rule.window:
        raise refuse("overrideQueryTimeRange", "the query has to see all of its windows")
    if len(rule.action_groups) > _MOST_GROUPS:
        raise refuse("actions", f"there are at most {_MOST_GROUPS} action groups")


def _check_together(rule: Rule, conditions: Field) -> None:
    """Conditions of a rule speak of the same combinations."""
    named = {tuple(one.name for one in condition.dimensions) for condition in rule.conditions if condition.dimensions}
    if len(named) > 1:
        raise conditions.wrong("the conditions of a rule have the same dimensions, or none")
