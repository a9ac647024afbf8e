"""What funnel_sequence and funnel_sequence_completion have in common."""

from __future__ import annotations

import json

from kqlog.errors import QueryError
from kqlog.lowering.calls import text
from kqlog.plan import overloads
from kqlog.plugins.activity import Activity
from kqlog.plugins.arguments import Arguments
from kqlog.types import Type


def define_states(rows: Activity, arguments: Arguments, type_: Type) -> int:
    """Make the states of the argument Sequence known as State0, State1 ... of a type; how many there are.

    Raises:
        QueryError: SEM002 when it is no array of states.
    """
    sequence = arguments.json("Sequence")
    if not isinstance(sequence, list) or not sequence:
        raise QueryError("SEM002", "'Sequence' is an array of states", arguments["Sequence"].span, 'write: dynamic(["a", "b"])')
    for number, state in enumerate(sequence):
        written = state if isinstance(state, str) else json.dumps(state)
        rows.names[f"State{number}"] = overloads.convert(text(written), type_)
    return len(sequence)
