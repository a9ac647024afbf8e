"""A query in canonical layout: every token and comment as it was, spaces and line ends as everybody writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from kqlog.assist.place import operator_terminals
from kqlog.assist.printing import INDENT, LINE, NOTHING, SPACE, WIDTH, Doc, Group, Remark, group, nest, render, width
from kqlog.assist.spacing import ASSIGNING, EDGES, TABLES, Bracket, Item, apart, is_query, is_sign
from kqlog.execution import only_query_errors
from kqlog.syntax.parse import BYTE_ORDER_MARK, parse
from kqlog.syntax.tables import Token, token_of
from kqlog.syntax.words import tokens

_CLOSERS = {
    "LPAR": {"RPAR"},
    "LSQB": {"RSQB"},
    "LBRACE": {"RBRACE"},
    "EDGE_OPEN": {"EDGE_CLOSE", "EDGE_CLOSE_RIGHT"},
    "EDGE_OPEN_LEFT": {"EDGE_CLOSE"},
}
_CLAUSES = frozenset({"BY", "ON", "FROM", "TO", "STEP", "OF"})
"""Words that may begin a line of their own in a long operator."""
_COMMENT = re.compile(r"//[^\n]*")


def format(text: str) -> str:
    """The same query in canonical layout. It parses to the same tree, keeps every comment, and is its own layout.

    Raises:
        QueryError: SYN001 to SYN003 for a text that is not KQL, LIM001 for one that is nested too deeply.
    """
    return only_query_errors(text, lambda: _checked(text))


def _checked(text: str) -> str:
    before = parse(text)
    laid_out = layout(text.removeprefix(BYTE_ORDER_MARK))
    # A mistake in the layout must never become one in a saved query.
    return laid_out if parse(laid_out) == before else text


def layout(text: str) -> str:
    """The layout of a text that is KQL."""
    return render(group(*_statements(_nested(text)), LINE))


# ------------------------------------------------------------------------------------------------------------- reading


def _nested(text: str) -> list[Item]:
    """The tokens and comments of a text, those between brackets inside of these."""
    stack = [Bracket(token_of("LPAR", "", 0, 0))]
    previous: Token | None = None
    for token in tokens(text):
        stack[-1].items += _remarks(text, previous, token.start)
        if token.type in _CLOSERS:
            stack.append(Bracket(token, before=previous))
        elif len(stack) > 1 and token.type in _CLOSERS[stack[-1].open.type]:
            bracket = stack.pop()
            bracket.close = token
            stack[-1].items.append(bracket)
        else:
            stack[-1].items.append(token)
        previous = token
    stack[0].items += _remarks(text, previous, len(text))
    return stack[0].items


def _remarks(text: str, previous: Token | None, end: int) -> Iterator[Remark]:
    """The comments between two tokens; where a statement begins, also an empty line before it, as a remark that says nothing."""
    start = previous.end if previous is not None else 0
    for match in _COMMENT.finditer(text, start, end):
        gap = text[start : match.start()]
        own = "\n" in gap or not start
        yield Remark(match[0].rstrip(), own, gap.count("\n") > 1 and bool(start))
        start = match.end()
    if start and end < len(text) and (previous is None or previous.type == "SEMICOLON") and text.count("\n", start, end) > 1:
        yield Remark("", True, True)


def _split(items: list[Item], terminal: str) -> list[list[Item]]:
    """Items between those of a terminal; a comment behind such a one, on its line, stays with what is before it."""
    parts: list[list[Item]] = [[]]
    ended = False
    for item in items:
        if isinstance(item, Token) and item.type == terminal:
            parts.append([])
            ended = True
        elif ended and isinstance(item, Remark) and not item.own:
            parts[-2].append(item)
        else:
            parts[-1].append(item)
            ended = False
    return parts


def _bared(items: list[Item]) -> tuple[list[Remark], list[Item], list[Remark]]:
    """The comments before, what stands between, and the comments behind."""
    solid = [number for number, item in enumerate(items) if not isinstance(item, Remark)]
    first, last = (solid[0], solid[-1] + 1) if solid else (len(items), len(items))
    before, behind = items[:first], items[last:]
    return (
        [one for one in before if isinstance(one, Remark)],
        items[first:last],
        [one for one in behind if isinstance(one, Remark)],
    )


# ---------------------------------------------------------------------------------------------------------- documents


def _statements(items: list[Item]) -> list[Doc]:
    """Statements, each on lines of its own."""
    docs: list[Doc] = []
    parts = _split(items, "SEMICOLON")
    for number, part in enumerate(parts):
        leading, body, trailing = _bared(part)
        if docs and (leading or body):
            docs.append(LINE)
        docs += leading
        if leading and body:
            docs.append(LINE)
        if body:
            docs.append(_pipeline(body, indented=_holds(body[:1], "LET")))
        if number < len(parts) - 1:
            docs.append(";")
        docs += trailing
    return docs


def _pipeline(items: list[Item], indented: bool = False, hard: bool = True) -> Group:
    """A source and its operators, each on a line; `indented`: those after the first further in."""
    docs: list[Doc] = []
    late: list[Remark] = []
    for number, stage in enumerate(_split(items, "VBAR")):
        leading, body, trailing = _bared(stage)
        before = [*late, *leading]
        behind = list(takewhile(lambda remark: not remark.own, trailing))
        late = trailing[len(behind) :]
        end = LINE if hard or before else SPACE
        mark: list[Doc] = [end, "| "] if number else [LINE] * bool(before)
        docs.append(Group((*before, *mark, _stage(body), *behind), int(indented and number > 0), breaks=False))
    return group(*docs, *late)


def _stage(items: list[Item]) -> Doc:
    """One operator, or what stands where a source does. Behind a list that is broken, the next clause begins a line."""
    head = list(takewhile(lambda item: isinstance(item, Token) and item.type in operator_terminals() - TABLES, items))
    docs: list[Doc] = _flat(head)
    broken = False
    for segment in _segments(items[len(head) :]):
        lists = _split(segment, "COMMA")
        may_break = len(lists) > 1 or len(docs) > len(head)
        elements = _elements(lists)
        if broken:
            part = nest(LINE, group(*elements))
        elif docs and may_break:
            part = group(nest(SPACE, *elements))
        else:
            part = group(*[" "] * bool(docs), *elements)
        docs.append(part)
        broken = broken or (len(lists) > 1 and (part.must_break or width(docs) > WIDTH - INDENT))
    return Group(tuple(docs), breaks=False)


def _segments(items: list[Item]) -> list[list[Item]]:
    """The parts of an operator that begin with a clause's word."""
    segments: list[list[Item]] = []
    for item in items:
        if not segments or (isinstance(item, Token) and item.type in _CLAUSES):
            segments.append([])
        segments[-1].append(item)
    return segments


def _elements(lists: list[list[Item]], row: int = 1) -> list[Doc]:
    """Elements with commas between them, and the comments that stand behind a comma; lines end after every so many."""
    docs: list[Doc] = []
    for number, element in enumerate(lists):
        leading, body, trailing = _bared(element)
        docs += [*leading, *[LINE] * bool(leading and body), _expression(body)]
        more = number < len(lists) - 1
        docs += [*[","] * more, *trailing, *([SPACE if (number + 1) % row == 0 else " "] if more else [])]
    return docs


def _expression(items: list[Item]) -> Doc:
    """Tokens and brackets with the spaces between them; a line may end before `and` and `or`."""
    parts: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, Token) and item.type in ("AND", "OR") and parts[-1]:
            parts.append([])
        parts[-1].append(item)
    docs = [Group(tuple(_flat(part)), breaks=False) for part in parts]
    return docs[0] if len(docs) == 1 else group(docs[0], nest(*(doc for part in docs[1:] for doc in (SPACE, part))))


def _flat(items: list[Item]) -> list[Doc]:
    """Items on one line, so far as they fit."""
    docs: list[Doc] = []
    previous: Item | None = None
    sign = assigned = False
    for item in items:
        if isinstance(item, Remark):
            docs.append(item)
            continue
        if isinstance(previous, (Token, Bracket)):
            left, right = _last(previous), _first(item)
            # The sign of a number belongs to it where nothing is between them.
            if not (sign and left.end == right.start) and (apart(left, item) or assigned or _has_rows(previous, item)):
                docs.append(" ")
            sign, assigned = is_sign(left, item), left.type in ASSIGNING
        else:
            sign = is_sign(None, item)
        docs.append(_bracket(item, _columns(previous)) if isinstance(item, Bracket) else _word(item))
        previous = item
    return docs


def _word(token: Token) -> str:
    if token.type in ("KIND", "PARAMETER", "HINT"):
        return re.sub(r"\s*=$", "=", token)
    return " ".join(token.split()) if token.type == "TEXT_OPERATOR" else str(token)


def _columns(previous: Item | None) -> int:
    """How many values a row has, behind the columns of a datatable."""
    return len(_split(previous.items, "COMMA")) if _has_rows(previous, None) and isinstance(previous, Bracket) else 1


def _has_rows(previous: Item | None, item: Item | None) -> bool:
    """Whether rows follow, as behind the columns of a datatable."""
    before = previous.before if isinstance(previous, Bracket) else None
    return before is not None and before.type in TABLES and not isinstance(item, Token)


def _bracket(bracket: Bracket, row: int) -> Doc:
    opened, closed, items = str(bracket.open), str(bracket.close or ""), bracket.items
    if not items:
        return opened + closed
    if bracket.open.type in EDGES:
        return opened + _as_it_was([item for item in items if isinstance(item, Token)]) + closed
    end = NOTHING
    if bracket.open.type == "LBRACE" or _holds(items, "SEMICOLON"):
        end = LINE if _holds(items, "SEMICOLON") or _holds(items, "VBAR") else SPACE
        inner = _statements(items)
    elif _holds(items, "VBAR"):
        hard = len(_split(items, "VBAR")) > 2
        end = LINE if hard else NOTHING
        inner = [_pipeline(items, hard=hard)]
    elif is_query(bracket):
        leading, body, trailing = _bared(items)
        inner = [*leading, _stage(body), *trailing]
    else:
        inner = _elements(_split(items, "COMMA"), row)
    return group(opened, nest(end, *inner), end, closed)


def _as_it_was(found: list[Token]) -> str:
    """Tokens with a space where there were any."""
    return "".join(" " * (bool(at) and found[at - 1].end < token.start) + token for at, token in enumerate(found))


def _holds(items: list[Item], terminal: str) -> bool:
    return any(isinstance(item, Token) and item.type == terminal for item in items)


def _first(item: Token | Bracket) -> Token:
    return item if isinstance(item, Token) else item.open


def _last(item: Token | Bracket) -> Token:
    return item if isinstance(item, Token) else item.close or item.open
