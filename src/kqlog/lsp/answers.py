"""What `kqlog.assist` finds, as messages of the Language Server Protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lsprotocol import types

from kqlog.assist.declared import Declaration
from kqlog.assist.diagnose import Diagnosis
from kqlog.assist.hover import Hover
from kqlog.assist.layout import format
from kqlog.assist.proposal import Kind, Proposal
from kqlog.assist.signature import Overload, Signature
from kqlog.errors import QueryError, Span
from kqlog.lsp.positions import Positions, units
from kqlog.syntax.words import Kind as Piece
from kqlog.syntax.words import pieces, tokens

SOURCE = "kqlog"
_ITEM_KINDS = {
    Kind.OPERATOR: types.CompletionItemKind.Keyword,
    Kind.FUNCTION: types.CompletionItemKind.Function,
    Kind.AGGREGATE: types.CompletionItemKind.Function,
    Kind.STORED_FUNCTION: types.CompletionItemKind.Function,
    Kind.PLUGIN: types.CompletionItemKind.Module,
    Kind.COLUMN: types.CompletionItemKind.Field,
    Kind.TABLE: types.CompletionItemKind.Class,
    Kind.LET: types.CompletionItemKind.Variable,
    Kind.QUERY_PARAMETER: types.CompletionItemKind.Variable,
    Kind.KEYWORD: types.CompletionItemKind.Keyword,
    Kind.MARK: types.CompletionItemKind.Operator,
    Kind.PARAMETER: types.CompletionItemKind.Property,
    Kind.WORD: types.CompletionItemKind.EnumMember,
    Kind.TYPE: types.CompletionItemKind.TypeParameter,
    Kind.TIMESPAN: types.CompletionItemKind.Unit,
    Kind.VALUE: types.CompletionItemKind.Value,
}
_TOKEN_TYPES = {
    Piece.COMMENT: "comment",
    Piece.STRING: "string",
    Piece.NUMBER: "number",
    Piece.LITERAL: "enumMember",
    Piece.KEYWORD: "keyword",
    Piece.FUNCTION: "function",
    Piece.NAME: "variable",
    Piece.OPERATOR: "operator",
}
LEGEND = types.SemanticTokensLegend(token_types=list(_TOKEN_TYPES.values()), token_modifiers=[])
"""What the numbers of semantic tokens stand for. Brackets and commas have no colour."""
_NUMBERS = {piece: number for number, piece in enumerate(_TOKEN_TYPES)}
_SYMBOL_KINDS = {
    Kind.FUNCTION: types.SymbolKind.Function,
    Kind.LET: types.SymbolKind.Variable,
    Kind.QUERY_PARAMETER: types.SymbolKind.TypeParameter,
}
_SNIPPET_MARK = re.compile(r"[\\$}]")
_BEHIND = re.compile(r"[ \t]*(?://[^\n]*)?\n?")
"""What stays with the statement whose semicolon is before it."""


def diagnostic(found: Diagnosis, at: Positions) -> types.Diagnostic:
    """A mistake."""
    message = found.message + (f"\n{found.hint}" if found.hint else "")
    return types.Diagnostic(at.range(found.span), message, types.DiagnosticSeverity.Error, found.code, source=SOURCE)


def quick_fixes(mistakes: Iterable[Diagnosis], wanted: types.Range, uri: str, at: Positions) -> Iterator[types.CodeAction]:
    """The corrections of the mistakes that touch a range."""
    span = at.span(wanted)
    for found in mistakes:
        if found.fix is None or found.span.end < span.start or span.end < found.span.start:
            continue
        edit = types.TextEdit(at.range(found.fix.span), found.fix.text)
        yield types.CodeAction(
            f"Change to '{found.fix.text}'",
            types.CodeActionKind.QuickFix,
            [diagnostic(found, at)],
            is_preferred=True,
            edit=types.WorkspaceEdit({uri: [edit]}),
        )


def completions(found: Iterable[Proposal], at: Positions, *, snippets: bool) -> types.CompletionList:
    """Proposals in their order, whole: nothing is left to be asked for. Which fit is asked again with each key."""
    return types.CompletionList(True, [_item(number, one, at, snippets) for number, one in enumerate(found)])


def _item(number: int, found: Proposal, at: Positions, snippets: bool) -> types.CompletionItem:
    inside = found.cursor < len(found.text)
    # Without snippets the cursor ends behind what is put in: a call is left open for its arguments.
    text = found.text[: found.cursor] if inside and not snippets else found.text
    if inside and snippets:
        text = f"{_literal(found.text[: found.cursor])}$0{_literal(found.text[found.cursor :])}"
    return types.CompletionItem(
        found.label,
        kind=_ITEM_KINDS[found.kind],
        detail=found.type or found.usage or str(found.kind),
        documentation=found.doc or None,
        sort_text=f"{number:04}",
        filter_text=found.label,
        insert_text_format=types.InsertTextFormat.Snippet if inside and snippets else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(at.range(found.span), text),
    )


def _literal(text: str) -> str:
    return _SNIPPET_MARK.sub(lambda mark: f"\\{mark[0]}", text)


def hovered(found: Hover, at: Positions) -> types.Hover:
    """What a name means. Help is laid out in columns, which Markdown keeps between fences only."""
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, f"```text\n{found.text}\n```"), at.range(found.span))


def signature_help(found: Signature) -> types.SignatureHelp:
    """How what is being written is called."""
    shown = [_overload(one, found) for one in found.overloads]
    return types.SignatureHelp(shown, found.overload, found.parameter)


def _overload(one: Overload, found: Signature) -> types.SignatureInformation:
    start, parameters = max(0, one.usage.find(f"{found.name}(")), []
    for parameter in one.parameters:
        start = one.usage.index(parameter, start)
        end = start + len(parameter)
        parameters.append(types.ParameterInformation((units(one.usage[:start]), units(one.usage[:end]))))
        start = end
    return types.SignatureInformation(one.usage, found.doc or None, parameters)


def symbols(found: Iterable[Declaration], at: Positions) -> list[types.DocumentSymbol]:
    """The outline of a text."""
    return [
        types.DocumentSymbol(
            one.name,
            _SYMBOL_KINDS[one.kind],
            at.range(one.span),
            at.range(one.name_span),
            detail=one.detail or None,
            children=symbols(one.inner, at),
        )
        for one in found
    ]


def semantic_tokens(at: Positions) -> types.SemanticTokens:
    """The colours of a text by the grammar's own tokens: five numbers each, places counted from the one before."""
    data: list[int] = []
    before = types.Position(0, 0)
    for piece in pieces(at.text):
        if piece.kind not in _NUMBERS:
            continue
        for part in at.lines(piece.span):
            here, end = at.position(part.start), at.position(part.end)
            column = here.character - (before.character if here.line == before.line else 0)
            data += here.line - before.line, column, end.character - here.character, _NUMBERS[piece.kind], 0
            before = here
    return types.SemanticTokens(data)


def layout_edits(at: Positions, wanted: Span | None = None) -> list[types.TextEdit]:
    """What lays out a text, or the statements that touch a span of it; nothing for what is not KQL."""
    span = Span(0, len(at.text)) if wanted is None else _statements(at.text, wanted)
    before = at.text[span.start : span.end]
    try:
        after = format(before)
    except QueryError:
        return []
    if wanted is not None:
        # Empty lines around statements are not theirs.
        lead = before[: len(before) - len(before.lstrip())]
        after = lead + after.strip() + before[len(before.rstrip()) :]
    return [types.TextEdit(at.range(span), after)] if after != before else []


def _statements(text: str, wanted: Span) -> Span:
    """The whole statements that touch a span."""
    depth, start = 0, 0
    for token in tokens(text):
        depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
        if token.type != "SEMICOLON" or depth > 0:
            continue
        behind = _BEHIND.match(text, token.end)
        end = behind.end() if behind is not None else token.end
        if end <= wanted.start:
            start = end
        elif end >= wanted.end:
            return Span(start, end)
    return Span(start, len(text))
