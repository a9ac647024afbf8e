"""Which overload of a function fits some arguments, what it converts, and the type it gives."""

from __future__ import annotations

from decimal import Decimal

from kqlog.errors import QueryError, Span
from kqlog.functions.declare import ARRAYS, Function, Kind, Parameter, Signature
from kqlog.plan import nodes as plan
from kqlog.plan.shapes import of_kind, shape
from kqlog.types import INTEGERS, NUMBERS, Type, widens

Argument = plan.Value | Type | plan.Node
"""What can be handed to a function: a value, a type (typeof), or a relation."""

NO_FIT = 1_000_000
_RANK = {Type.INT: 0, Type.LONG: 1, Type.REAL: 2, Type.DECIMAL: 3}


def call(function: Function, arguments: tuple[Argument, ...], span: Span, *, shapes: bool = False) -> plan.Call:
    """The call of the overload that needs the least conversion.

    `shapes`: a dynamic value must hold what the parameter wants, as far as that is known. Operators are not so strict.

    Raises:
        QueryError: SEM003 for a wrong number of arguments, SEM002 when no overload takes the types given.
    """
    arguments = tuple(map(_first_column, arguments))
    best, best_cost = None, NO_FIT
    for signature in function.signatures:
        if shapes and not _well_shaped(signature, arguments):
            continue
        cost = _cost(signature, arguments, function.kind)
        if cost < best_cost:
            best, best_cost = signature, cost
            if cost == 0:
                break
    if best is None:
        raise _misfit(function, arguments, span)
    return _converted(function, best, arguments, span)


def _first_column(argument: Argument) -> Argument:
    """What a function of several columns hands to another function: the first one."""
    if isinstance(argument, plan.Call) and argument.signature.result_columns:
        return result_column(argument, 0)
    return argument


def result_columns(call: plan.Call) -> tuple[tuple[str, Type], ...]:
    """Names and types of the columns of a function of several, nothing for any other."""
    columns = call.signature.result_columns
    if "{each}" in (call.function.result or ""):
        return columns * sum(argument.type is Type.DYNAMIC for argument in call.arguments)
    return columns


def result_column(call: plan.Call, position: int) -> plan.Value:
    """One column of a function of several."""
    return convert(plan.Path(call, (position,)), result_columns(call)[position][1])


def common_type(types: list[Type]) -> Type | None:
    """The type that all of some values can be read as: equal, or the widest number; dynamic gives way. None: there is none."""
    fixed = [type_ for type_ in types if type_ is not Type.DYNAMIC]
    if not fixed:
        return Type.DYNAMIC
    if all(type_ is fixed[0] for type_ in fixed):
        return fixed[0]
    if all(type_ in NUMBERS for type_ in fixed):
        return max(fixed, key=_RANK.__getitem__)
    return None


def convert(value: plan.Value, type_: Type) -> plan.Value:
    """`value` as a `type_`; a literal becomes a literal."""
    if value.type is type_:
        return value
    if isinstance(value, plan.Literal):
        if value.value is None:
            return plan.Literal(type_, "" if type_ is Type.STRING else None)
        if value.type in (Type.INT, Type.LONG) and type_ in NUMBERS:
            return plan.Literal(type_, _number(value.value, type_))
        if value.type is Type.REAL and type_ is Type.DECIMAL:
            return plan.Cast(value, type_)
    return plan.Cast(value, type_)


def comparable(left: plan.Value, right: plan.Value) -> tuple[plan.Value, plan.Value]:
    """Two values as == compares them: text with numbers as text, text with anything else as that, bool with numbers as numbers.

    A wider number stays, since narrowing it could find what is not there; so do values that have no answer together.
    """
    types = {left.type, right.type}
    if common_type([left.type, right.type]) is not None:
        wanted = left.type if left.type is not Type.DYNAMIC else right.type
        # A number inside a dynamic value stays as it is: as a long, 5.5 would be 5.
        read = wanted if Type.DYNAMIC in types and wanted not in NUMBERS else None
        return (left, right) if read is None else (convert(left, read), convert(right, read))
    numbers = types & NUMBERS
    if Type.STRING in types:
        read = Type.STRING if numbers or Type.BOOL in types else min(types - {Type.STRING})
        return convert(left, read), convert(right, read)
    if Type.BOOL in types and numbers:
        return convert(left, min(numbers)), convert(right, min(numbers))
    return left, right


def _number(value: plan.Constant, type_: Type) -> plan.Constant:
    if type_ is Type.REAL:
        return float(value)  # type: ignore[arg-type]
    return Decimal(int(value)) if type_ is Type.DECIMAL else value  # type: ignore[arg-type]


def spread(signature: Signature, count: int) -> list[Parameter] | None:
    """The parameter that each of `count` arguments belongs to, or None if the number is wrong."""
    parameters = signature.parameters
    required = sum(not parameter.optional for parameter in parameters)
    if count < required:
        return None
    if count <= len(parameters):
        return list(parameters[:count])
    group = [position for position, parameter in enumerate(parameters) if parameter.repeated]
    if not group:
        return None
    # Neighbours repeat together, as key and value of a property bag do; what stands after them comes last.
    times, rest = divmod(count - len(parameters), len(group))
    repeated = list(parameters[group[0] : group[-1] + 1])
    return None if rest else list(parameters[: group[0]]) + repeated * (times + 1) + list(parameters[group[-1] + 1 :])


def _cost(signature: Signature, arguments: tuple[Argument, ...], kind: Kind) -> int:
    parameters = spread(signature, len(arguments))
    if parameters is None:
        return NO_FIT
    cost = 0
    common: list[Type] = []
    for parameter, argument in zip(parameters, arguments, strict=True):
        cost += _argument_cost(parameter, argument, kind)
        if cost >= NO_FIT:
            return NO_FIT
        if parameter.kind == "common":
            common.append(argument.type)  # type: ignore[union-attr]
    if common and common_type(common) is None:
        return NO_FIT
    return cost


def _argument_cost(parameter: Parameter, argument: Argument, kind: Kind) -> int:
    """0 for a type as declared, more for each conversion, NO_FIT when it cannot stand there.

    A dynamic value is read as a string where one is wanted, and as nothing else: which type it holds, only the query knows.
    """
    if isinstance(argument, Type):
        return 0 if parameter.kind == "type" else NO_FIT
    if not isinstance(argument, plan.Value):
        return 0 if parameter.kind == "table" else NO_FIT
    if parameter.constant and not is_constant(argument):
        return NO_FIT
    if parameter.column and not isinstance(argument, plan.ColumnRef):
        return NO_FIT
    given, wanted = argument.type, parameter.types
    if is_open(argument):
        return 0 if given in wanted else 1
    if given in wanted:
        return 0
    if given in NUMBERS:
        wider = [_RANK[type_] - _RANK[given] for type_ in wanted if type_ in NUMBERS and widens(given, type_)]
        if wider:
            return 2 * min(wider)
        # Fractions are never cut off unasked.
        narrower = wanted & ({Type.REAL} if given is Type.DECIMAL else INTEGERS & {given, Type.INT})
        return 40 if narrower else NO_FIT
    if given is Type.DYNAMIC and Type.STRING in wanted and not parameter.constant and kind is Kind.SCALAR:
        return 20
    return NO_FIT


def _well_shaped(signature: Signature, arguments: tuple[Argument, ...]) -> bool:
    """Whether each dynamic value may be the array, the bag or the string that its parameter wants."""
    return not any(
        (wanted := of_kind(parameter.kind) or (Type.STRING if parameter.kind == Type.STRING else None)) is not None
        and isinstance(argument, plan.Value)
        and shape(argument) not in (None, wanted)
        for parameter, argument in zip(spread(signature, len(arguments)) or [], arguments, strict=False)
    )


def is_open(argument: Argument) -> bool:
    """Whether only the data knows the type of a value."""
    while isinstance(argument, plan.Path):
        argument = argument.value
    return isinstance(argument, plan.OpenRef)


def depends(function: Function) -> bool:
    """Whether the type of a function's result follows from those of its arguments."""
    returns = {signature.returns for signature in function.signatures}
    return len(returns) > 1 or not returns <= {*Type, "array", "bag"}


def is_constant(value: plan.Value) -> bool:
    """True when the value is the same for every row."""
    match value:
        case plan.Literal() | plan.ScalarQuery():
            return True
        case plan.Cast(inner):
            return is_constant(inner)
        case plan.Call(function, _, arguments):
            return not function.volatile and all(is_constant(argument) for argument in arguments)
        case plan.Path(inner, steps):
            return is_constant(inner) and all(isinstance(step, (str, int)) or is_constant(step) for step in steps)
        case _:
            return False


def _converted(function: Function, signature: Signature, arguments: tuple[Argument, ...], span: Span) -> plan.Call:
    parameters = spread(signature, len(arguments)) or []
    pairs = list(zip(parameters, arguments, strict=True))
    common = common_type([a.type for p, a in pairs if p.kind == "common" and isinstance(a, plan.Value)] or [Type.DYNAMIC])
    types_given = [argument for argument in arguments if isinstance(argument, Type)]
    values = tuple(_prepared(parameter, argument, common) for parameter, argument in pairs if isinstance(argument, plan.Value))
    unknown = depends(function) and any(map(is_open, arguments))
    result = Type.DYNAMIC if unknown else _result_type(signature, values, common, types_given, span)
    return plan.Call(function, signature, values, result)


def _prepared(parameter: Parameter, argument: plan.Value, common: Type | None) -> plan.Value:
    if parameter.kind == "text":
        return convert(argument, Type.STRING)
    if parameter.kind == "packed":
        return convert(argument, Type.DYNAMIC)
    if parameter.kind == "common" and common is not None:
        return convert(argument, common)
    if argument.type in parameter.types:
        return argument
    return convert(argument, _target(argument.type, parameter.types))


def _target(given: Type, wanted: frozenset[Type]) -> Type:
    """The type among `wanted` to convert a `given` to: the nearest wider number, or the first there is."""
    numbers = sorted(wanted & NUMBERS, key=_RANK.__getitem__)
    if given in NUMBERS and numbers:
        return next((type_ for type_ in numbers if widens(given, type_)), numbers[-1])
    preferred = (Type.STRING, Type.LONG, Type.REAL, Type.BOOL)
    return next((type_ for type_ in preferred if type_ in wanted), min(wanted))


def _result_type(
    signature: Signature, values: tuple[plan.Value, ...], common: Type | None, types_given: list[Type], span: Span
) -> Type:
    returns = signature.returns
    if signature.result_columns or signature.record or returns in ARRAYS:
        return Type.DYNAMIC
    if returns == "common":
        return common or Type.DYNAMIC
    for position, parameter in enumerate(signature.parameters):
        if parameter.name == returns:
            if parameter.kind == "type":
                return types_given[0] if types_given else Type.STRING
            if position < len(values):
                return values[position].type
    return Type(returns)


def not_offered(call: plan.Call, span: Span | None = None) -> QueryError:
    """The error for a call that nothing answers."""
    name, service = call.function.name, call.function.service
    if service and not call.function.differs:
        return QueryError("ENG001", f"{name}() only works in Microsoft's service", span, f"use {service}")
    if not any(signature.has_body for signature in call.function.signatures):
        return QueryError("ENG001", f"{name}() is not offered", span, f"use {service}" if service else call.function.differs)
    given = [_spoken(argument) for argument in call.arguments]
    if len(given) == 2 and not name.isidentifier():
        message = f"'{name}' is not offered between {' and '.join(given)}"
        return QueryError("ENG001", message, span, _operator_hint(call.arguments))
    return QueryError("ENG001", f"{name.removeprefix('unary ')}() is not offered for ({', '.join(given)})", span)


def _misfit(function: Function, arguments: tuple[Argument, ...], span: Span) -> QueryError:
    usage = " or ".join(f"{function.name}{signature.text}" for signature in function.signatures[:3])
    if not any(spread(signature, len(arguments)) for signature in function.signatures) and not (
        arguments == () and any(spread(signature, 0) == [] for signature in function.signatures)
    ):
        taken = f"does not take {_count(len(arguments))}" if arguments else "wants arguments"
        return QueryError("SEM003", f"{function.name}() {taken}", span, f"usage: {usage}")
    constants = [_constant_wanted(signature, arguments) for signature in function.signatures]
    if any(constants):
        return QueryError("SEM004", f"{function.name}() wants a constant for '{next(filter(None, constants))}'", span)
    if (wanted := _column_wanted(function, arguments)) is not None:
        hint = "give the value a name in an extend before this, and use that"
        return QueryError("SEM002", f"{function.name}() wants the name of a column for '{wanted}'", span, hint)
    given = ", ".join(_spoken(argument) for argument in arguments)
    if function.name.isidentifier() and function.name not in ("and", "or"):
        return QueryError("SEM002", f"{function.name}() does not take ({given})", span, f"usage: {usage}")
    conditions = "both are conditions; values are compared with =="
    return QueryError(
        "SEM002",
        f"'{function.name}' is not defined between {given.replace(', ', ' and ')}",
        span,
        conditions if function.name in ("and", "or") else _operator_hint(arguments),
    )


def _operator_hint(arguments: tuple[Argument, ...]) -> str | None:
    types = [argument.type for argument in arguments if isinstance(argument, plan.Value)]
    if Type.DATETIME in types and (Type.STRING in types or Type.LONG in types):
        return "write a date as datetime(2024-01-31), or convert text with todatetime()"
    if Type.STRING in types:
        return "convert with tostring(), tolong(), toreal() ...; join texts with strcat(), compare them with strcmp()"
    return "convert one side, for example with tolong() or todatetime()"


def _constant_wanted(signature: Signature, arguments: tuple[Argument, ...]) -> str | None:
    """The parameter for which only constancy is missing."""
    for parameter, argument in zip(spread(signature, len(arguments)) or [], arguments, strict=False):
        if parameter.constant and isinstance(argument, plan.Value) and not is_constant(argument):
            return parameter.name
    return None


def _column_wanted(function: Function, arguments: tuple[Argument, ...]) -> str | None:
    """The parameter that is always a column's name, and here is something else."""
    for position, argument in enumerate(arguments):
        fitting = [parameters[position] for one in function.signatures if (parameters := spread(one, len(arguments)))]
        if fitting and all(parameter.column for parameter in fitting) and not isinstance(argument, plan.ColumnRef):
            return fitting[0].name
    return None


def _spoken(argument: Argument) -> str:
    if isinstance(argument, Type):
        return f"typeof({argument})"
    if isinstance(argument, plan.Value) and argument.type is Type.DYNAMIC and (found := shape(argument)) is not None:
        return f"dynamic {found}"
    return str(argument.type) if isinstance(argument, plan.Value) else "a table"


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"
