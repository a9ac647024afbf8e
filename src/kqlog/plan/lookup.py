"""What a name means at a place in a query: the columns of the row at hand, variables, tables."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kqlog.errors import QueryError, Span
from kqlog.functions.declare import FUNCTIONS
from kqlog.plan import nodes as plan
from kqlog.plan.rights import Rights
from kqlog.plan.stored import Stored
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Schema, Type

NO_TABLES = "there are no tables here: give a folder of them, as in kqlog -d FOLDER or kqlog.connect(folder), or data frames"


class UnknownTableError(QueryError):
    """A SEM001 for a table or function that is not there: what a fuzzy union can do without."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an unfinished text, where a name stands that means nothing: looking it up raises ReachedError.

    What is wrong before it does not stop the search: a table that is not there has any column, an operator with a mistake is
    left out.
    """

    name: str
    position: int


class ReachedError(Exception):
    """The cursor, and what can be seen from there: `wanted` is 'value', 'table', 'function', or the record of a column."""

    def __init__(self, scope: Lookup, wanted: str) -> None:
        super().__init__(wanted)
        self.scope = scope
        self.wanted = wanted
        self.aggregates = getattr(scope, "aggregates", False)


CLUSTER = "localhost"
DATABASE = "default"
"""What a workspace calls itself where KQL asks for the names of its cluster and database."""


@dataclass(frozen=True, slots=True)
class FileSearch:
    """Which files of the workspace to look at: all below `places`, or the first or the last written of them.

    `header`: whether the first row of delimited files has the names of the columns.
    """

    places: tuple[str, ...]
    format: str
    prefix: str = ""
    ending: str = ""
    mode: str = "last"
    header: bool = False


@dataclass(frozen=True, slots=True)
class StoredFunction:
    """A function that a workspace keeps: its body, the text that it was read from, and the name of that."""

    body: syntax.FunctionBody
    text: str
    place: str


@dataclass(frozen=True)
class Environment:
    """What a query is bound against.

    `now` is the query's one moment in ticks. `timespan`: ticks from (inclusive) and to (exclusive), applied to the
    TimeGenerated of every table. `evaluate` computes a constant, `fetch` the rows of a relation and `infer` the columns of
    files; without an engine they are None, and what depends on data stays open.
    """

    tables: Mapping[str, Schema]
    now: int
    parameters: Mapping[str, object] = field(default_factory=dict)
    functions: Mapping[str, StoredFunction] = field(default_factory=dict)
    timespan: tuple[int | None, int | None] | None = None
    evaluate: Callable[[plan.Value], plan.Constant] | None = None
    fetch: Callable[[plan.Node], list[tuple[plan.Constant, ...]]] | None = None
    infer: Callable[[FileSearch], list[Schema]] | None = None
    snapshot: Callable[[str], Stored | None] | None = None
    """The version of a stored table that this query reads, for those that have versions."""
    cursor: Cursor | None = None
    names: frozenset[str] = frozenset()
    """What this workspace is called in workspace('name'), in small letters."""
    rights: tuple[Rights, ...] = ()
    """What the caller may read: all of these hold. Whoever has any reads tables only, and no files."""


@dataclass
class Session:
    """What the parts of one text share while it is bound."""

    environment: Environment
    render: plan.Render | None = None
    open: bool = False
    """True when columns depend on data that nobody has looked at: unknown names are then dynamic."""
    rehearsing: bool = False
    """True in the body of a function that is bound over arguments that nobody knows."""
    names: dict[str, int] = field(default_factory=dict)
    options: dict[str, plan.Literal] = field(default_factory=dict)
    """What `set` has set so far, of the options that change an answer."""
    databases: set[str] = field(default_factory=lambda: {DATABASE})
    """What this workspace is called in database('name')."""
    depth: int = 0
    """How many functions of the query are being written out, one inside the other."""
    calls: int = 0
    """How many have been."""

    def unique(self, name: str) -> str:
        """A name that nothing in this plan has yet."""
        number = self.names[name] = self.names.get(name, 0) + 1
        return name if number == 1 else f"{name}#{number}"


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function of the query or the workspace, with the scope it was written in."""

    body: syntax.FunctionBody
    home: Lookup
    stored: StoredFunction | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """What `declare pattern` maps texts to: the body of each case, which may read its parameters."""

    cases: Mapping[tuple[str, ...], syntax.FunctionBody]
    home: Lookup


@dataclass(frozen=True, slots=True)
class EntityGroup:
    """The tables and databases that macro-expand goes through."""

    entities: tuple[syntax.Expr, ...]


@dataclass(frozen=True, slots=True)
class Database:
    """The workspace at hand, or a database beyond it, where macro-expand gives it a name."""

    here: bool = True


@dataclass(frozen=True, slots=True)
class Access:
    """What `restrict access` leaves: some stored tables, and all variables but the hidden ones."""

    tables: Mapping[str, Schema]
    hidden: frozenset[str]


Variable = plan.Value | plan.Node | UserFunction | Pattern | EntityGroup | Database


class Lookup:
    """The names visible at a place: variables of this scope and those around it, columns of the row if there is one."""

    def __init__(self, session: Session, parent: Lookup | None = None) -> None:
        self.session = session
        self.parent = parent
        self.variables: dict[str, Variable] = {}
        self.columns: dict[str, Type] | None = None
        self.schema: Schema = ()
        self.records: dict[str, dict[str, plan.Value]] = {}
        """What `name.column` means for the sides of a join, the steps of scan, the nodes and edges of a pattern."""

        self.calls: dict[str, Callable[[syntax.Call], plan.Value]] = {}
        """Functions that mean something only here."""

        self.access: Access | None = None
        """What can be seen of the scopes around this one; None: all of it."""

    @property
    def environment(self) -> Environment:
        """What the query is bound against."""
        return self.session.environment

    @property
    def outermost(self) -> Lookup:
        """The scope of the whole text, where names live on after their statement."""
        return self if self.parent is None else self.parent.outermost

    def define(self, name: str, meaning: Variable) -> None:
        """Make a variable visible from here on."""
        self.variables[name] = meaning

    def variable(self, name: str) -> Variable | None:
        """The innermost variable of that name."""
        scope: Lookup | None = self
        while scope is not None:
            if name in scope.variables:
                return scope.variables[name]
            if scope.access is not None and name in scope.access.hidden:
                return None
            scope = scope.parent
        return None

    def meaning(self, name: str) -> Variable | None:
        """What a name stands for: a variable, or a function that the workspace stores. The latter see nothing of the query."""
        found = self.variable(name)
        if found is not None or name in FUNCTIONS or name not in self.environment.functions:
            return found
        stored, home = self.environment.functions[name], type(self)(self.session)
        if self.tables is not self.environment.tables:
            home.access = Access(self.tables, frozenset())
        return UserFunction(stored.body, home, stored)

    def visible(self) -> dict[str, Variable]:
        """All variables that can be seen from here."""
        around = self.parent.visible() if self.parent is not None else {}
        hidden = self.access.hidden if self.access is not None else frozenset()
        return {name: meaning for name, meaning in around.items() if name not in hidden} | self.variables

    @property
    def tables(self) -> Mapping[str, Schema]:
        """The stored tables that can be seen from here."""
        if self.access is not None:
            return self.access.tables
        return self.parent.tables if self.parent is not None else self.environment.tables

    def column(self, name: str) -> plan.Value | None:
        """The column of the row at hand. While columns are open, one that is dynamic may be of any type."""
        self.look_for_cursor(name)
        if self.columns is None or name not in self.columns:
            return None
        type_ = self.columns[name]
        return (plan.OpenRef if self.session.open and type_ is Type.DYNAMIC else plan.ColumnRef)(name, type_)

    def require_column(self, expr: syntax.Expr) -> Column:
        """The column that a bare name means.

        Raises:
            QueryError: SEM001 when there is none, SEM005 when it is no name.
        """
        if not isinstance(expr, syntax.Name):
            raise QueryError("SEM005", "the name of a column is wanted here", expr.span)
        found = self.column(expr.name)
        if found is None:
            if self.session.open:
                return Column(expr.name, Type.DYNAMIC)
            raise self.unknown("column", expr.name, expr.span)
        return Column(expr.name, found.type)

    def look_for_cursor(self, name: str, wanted: str = "value") -> None:
        """Raises ReachedError for the name that stands at a cursor."""
        cursor = self.session.environment.cursor
        if cursor is not None and name == cursor.name:
            raise ReachedError(self, wanted)

    def unknown(self, what: str, name: str, span: Span) -> QueryError:
        """A SEM001 with a suggestion."""
        self.look_for_cursor(name, what)
        candidates = self._candidates(what)
        known = [*candidates, *self.environment.functions] if what in ("table", "function") else candidates
        hint = _other_meaning(name) if what in ("column", "variable") else None
        close = closest(name, known) if hint is None else None
        if close is None and hint is None and what == "table":
            hint = f"tables here: {', '.join(sorted(candidates)[:8])}" if candidates else NO_TABLES
        error = UnknownTableError if what in ("table", "function") else QueryError
        return error("SEM001", f"no {what} named '{name}'", span, hint, meant=close)

    def _candidates(self, what: str) -> list[str]:
        variables = self.visible()
        match what:
            case "table":
                tables = [name for name, meaning in variables.items() if isinstance(meaning, plan.Node)]
                return [*self.tables, *tables]
            case "function":
                functions = [name for name, meaning in variables.items() if isinstance(meaning, UserFunction)]
                return [*FUNCTIONS, *functions]
            case _:
                scalars = [name for name, meaning in variables.items() if isinstance(meaning, plan.Value)]
                return [*(self.columns or ()), *scalars]


def _other_meaning(name: str) -> str | None:
    """What a name is that is no value."""
    if name[0].isdigit():
        return "lengths of time end in d, h, m, s, ms, microsecond or tick; longer ones are counted in days"
    return f"{name}() is a function: write its brackets" if name in FUNCTIONS and name.isidentifier() else None


def closest(name: str, candidates: list[str]) -> str | None:
    """The candidate that is most like `name`, ignoring case first."""
    from difflib import get_close_matches

    folded = {candidate.lower(): candidate for candidate in candidates}
    if name.lower() in folded:
        return folded[name.lower()]
    matches = get_close_matches(name.lower(), folded, n=1, cutoff=0.7)
    return folded[matches[0]] if matches else None


def is_table(meaning: Variable) -> bool:
    """Whether a pattern of table names sees a variable: tables, and functions that are declared as a view."""
    return isinstance(meaning, plan.Node) or (isinstance(meaning, UserFunction) and meaning.body.view)


def fits(name: str, pattern: str) -> bool:
    """Whether a name is of a pattern with stars."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))
