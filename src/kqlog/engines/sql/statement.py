"""One SQL statement on its way: the steps that are done, and what it needs from the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from kqlog.engines.sql.dialect import Dialect, Kernel, StoredTable
from kqlog.engines.sql.select import Select, free_alias, quote
from kqlog.engines.sql.values import Row
from kqlog.errors import QueryError
from kqlog.plan.nodes import Custom, External, Named, Node, Scan

Compile = Callable[[Node, "Statement"], Select]


@dataclass
class Shared:
    """What a statement and the statements nested in it have in common."""

    dialect: Dialect
    relation: Compile
    columns: frozenset[str]
    """The names of all columns that the plan mentions anywhere."""
    names: set[str] = field(default_factory=set)
    """The quoted names that steps have."""
    steps: int = 0
    kernels: dict[str, Kernel] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    """The stored tables that are read."""
    files: dict[str, None] = field(default_factory=dict)
    """The files that are read, each once."""
    customs: list[tuple[str, Custom]] = field(default_factory=list)
    """What has to run before, and be known under a name."""


class Statement:
    """A chain of `with` steps, and the parts that nested ones share."""

    def __init__(self, shared: Shared, outer: Row | None = None, parent: Statement | None = None, indent: str = "") -> None:
        self.shared = shared
        self._indent = indent
        self.dialect = shared.dialect
        self._outer = outer
        self._parent = parent
        self._steps: list[str] = []
        self._named: dict[str, list[tuple[Named, Select]]] = {}

    def relation(self, node: Node) -> Select:
        """The SELECT for a relation; steps below it are added."""
        return self.shared.relation(node, self)

    def close(self, select: Select, name: str | None = None, *, materialized: bool = False, inlined: bool = False) -> Select:
        """A SELECT from the SELECT, which becomes a step: all its columns are as good as stored then.

        `materialized`: computed once, however often it is read. `inlined`: on its own for each reader, who may skip rows.
        """
        if select.plain and name is None:
            return select
        select = select.materialized_order().materialized_natives()
        step = self._step_name(name or select.name)
        keyword = "as materialized" if materialized else "as not materialized" if inlined else "as"
        self._steps.append(f"{step} {keyword} (\n{select.text(self._indent + '  ')}\n{self._indent})")
        aliases = {output.sql: output.alias for output in select.outputs.values()}
        order = tuple([key._replace(sql=aliases[key.sql]) for key in select.order])
        seen = {name: output for name, output in select.outputs.items() if name[:1] != "\0"}
        return Select(step, {name: output._replace(sql=output.alias, bare=True) for name, output in seen.items()}, order=order)

    def combined(self, selects: Iterable[Select]) -> str:
        """The name of a step that has all rows of several SELECTs."""
        inner = self._indent + "  "
        text = f"\n{inner}union all\n".join([select.text(inner) for select in selects])
        step = self._step_name(None)
        self._steps.append(f"{step} as (\n{text}\n{self._indent})")
        return step

    def text(self, select: Select, *, ordered: bool = False) -> str:
        """The whole statement."""
        if ordered and select.hidden_order():
            select = self.close(select)
        body = select.text(self._indent, ordered=ordered)
        if not self._steps:
            return body
        steps = f",\n{self._indent}".join(self._steps)
        return f"{self._indent}with {steps}\n{body}"

    def nested(self, outer: Row) -> Statement:
        """A statement inside this one, for the rows that `outer` names."""
        return Statement(self.shared, outer, self, self._indent + "  ")

    @property
    def is_nested(self) -> bool:
        """Whether it runs for each row of another one, where not every clause of SQL may stand."""
        return self._parent is not None

    def outer_column(self, name: str) -> str:
        """A column of the nearest row around this statement that has it."""
        statement: Statement | None = self
        while statement is not None:
            if statement._outer is not None and name in statement._outer.columns:
                return statement._outer.columns[name]
            statement = statement._parent
        raise QueryError("ENG001", f"what runs as a whole before the query cannot use '{name}' of each row")

    def named(self, node: Named) -> Select | None:
        """The step that was made for a named relation, here or around."""
        statement: Statement | None = self
        while statement is not None:
            for known, select in statement._named.get(node.name, ()):
                if known is node or known == node:
                    return select
            statement = statement._parent
        return None

    def remember(self, node: Named, select: Select) -> None:
        """Keep the step of a named relation for its next use."""
        self._named.setdefault(node.name, []).append((node, select))

    def first_value(self, node: Node) -> str:
        """A query for the first value of the first row."""
        closed = self.close(self._only_first(self.relation(node)))
        (output,) = closed.outputs.values()
        order = f"order by {', '.join([key.text() for key in closed.order])} " if closed.order else ""
        return f"select {output.alias} from {closed.source} {order}limit 1"

    def first_column(self, node: Node) -> tuple[str, str]:
        """The name of the first column, and the step that has it."""
        closed = self.close(self._only_first(self.relation(node)))
        (output,) = closed.outputs.values()
        return output.alias, closed.source

    def _only_first(self, select: Select) -> Select:
        if select.aggregated or select.distinct:
            select = self.close(select)
        name = next(iter(select.outputs))
        return replace(select, outputs={name: select.outputs[name]})

    def table(self, node: Scan | External) -> StoredTable:
        """How a stored table is read."""
        if isinstance(node, Scan):
            self.shared.tables.add(node.table)
        table = self.dialect.table(node)
        self.shared.files.update(dict.fromkeys(table.files))
        return table

    def kernel(self, kernel: Kernel) -> str:
        """The quoted SQL name of a Python function that the statement calls."""
        self.shared.kernels[kernel.name] = kernel
        return quote(kernel.name)

    def custom(self, node: Custom) -> str:
        """The quoted name under which the result of a Python function over tables will be known."""
        name = f"{node.function} {len(self.shared.customs) + 1}"
        self.shared.customs.append((name, node))
        return quote(name)

    def _step_name(self, name: str | None) -> str:
        shared = self.shared
        if name is None:
            shared.steps += 1
            while f'"step{shared.steps}"' in shared.names:
                shared.steps += 1
            return f"step{shared.steps}"
        alias = free_alias(name, shared.names)
        shared.names.add(alias)
        return alias
