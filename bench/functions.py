"""Which functions are slow: every function of values over columns that repeat the arguments of its first example.

    python bench/functions.py [--rows N] [--slowest N] [name ...]

Prints milliseconds per million rows, and the ratio to strlen() in the same run, slowest first; then what was left out, and why.
"""

from __future__ import annotations

import argparse
import time

import pyarrow as pa

import kqlog
from kqlog.functions.declare import FUNCTIONS, Function, Kind
from kqlog.operators.print import Print
from kqlog.syntax import nodes as syntax
from kqlog.syntax.parse import parse

BASE = FUNCTIONS["strlen"]


def example_arguments(function: Function) -> list[str]:
    """The texts of the arguments of the first example that is one call."""
    for example in function.examples:
        (statement,) = parse(f"print {example}").statements
        match statement:
            case syntax.Query(value=syntax.Pipeline(source=Print(items=(syntax.Call(name=function.name) as call,)))):
                return [f"print {example}"[part.span.start : part.span.end] for part in call.arguments]
    raise ValueError("no example is one call of it")


def must_be_constant(function: Function, position: int) -> bool:
    """Whether some signature wants a constant there, or a type."""
    for signature in function.signatures:
        parameters = signature.parameters
        wanted = parameters[position : position + 1] or parameters[-1:]
        if any(parameter.constant or parameter.kind == "type" for parameter in wanted):
            return True
    return False


def repeated(row: kqlog.Result, rows: int) -> pa.Table:
    """A table that holds one row many times. Dynamic values are JSON there, not just text."""
    table = row.to_arrow().take(pa.array([0] * rows))
    for position, column in enumerate(row.columns):
        if column.type == "dynamic":
            texts = table.column(position).combine_chunks().cast(pa.string())
            table = table.set_column(position, column.name, pa.ExtensionArray.from_storage(pa.json_(pa.string()), texts))
    return table


def seconds(function: Function, rows: int) -> float:
    """How long the function takes over so many rows."""
    written = example_arguments(function)
    columns = {f"c{at}": text for at, text in enumerate(written) if not must_be_constant(function, at)}
    if not columns:
        raise ValueError("every argument is a constant")
    row = kqlog.query("print " + ", ".join(f"{name} = {text}" for name, text in columns.items()))
    workspace = kqlog.connect(tables={"T": repeated(row, rows)})
    call = f"{function.name}({', '.join(f'c{at}' if f'c{at}' in columns else text for at, text in enumerate(written))})"
    target = "(x, y)" if function.of_columns else "y"
    started = time.perf_counter()
    workspace.query(f"T | extend {target} = {call} | summarize max(tostring(y))").to_arrow()
    return time.perf_counter() - started


def per_million(function: Function, rows: int) -> float:
    """Milliseconds per million rows, measured over so many rows, or over fewer if those take a second."""
    count, taken = 10, seconds(function, 10)
    while count < rows and taken < 1:
        count = min(10 * count, rows)
        taken = seconds(function, count)
    return 1000 * taken * 1_000_000 / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--slowest", type=int, default=40)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    base = per_million(BASE, options.rows)
    found, skipped = [], []
    for function in FUNCTIONS.values():
        if (
            function.kind is not Kind.SCALAR
            or not function.name.isidentifier()
            or (options.names and function.name not in options.names)
        ):
            continue
        try:
            found.append((per_million(function, options.rows), function.name))
        except (ValueError, kqlog.QueryError) as error:
            skipped.append((str(error).splitlines()[0], function.name))
    print(f"{'function':34} {'ms':>9} {'ratio':>7}")
    for own, name in sorted(found, reverse=True)[: options.slowest]:
        print(f"{name:34} {own:9.0f} {own / base:7.1f}")
    for reason in sorted({reason for reason, _ in skipped}):
        print(f"{reason}: {', '.join(name for why, name in skipped if why == reason)}")


if __name__ == "__main__":
    main()
