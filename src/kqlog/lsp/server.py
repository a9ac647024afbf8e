"""The server itself: an editor's requests over standard input and output, answered from threads so that it always listens."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from kqlog import __version__
from kqlog.assist.complete import complete
from kqlog.assist.declared import declaration, declarations
from kqlog.assist.diagnose import Diagnosis, diagnose
from kqlog.assist.hover import hover
from kqlog.assist.signature import signature
from kqlog.lsp import answers
from kqlog.lsp.folder import Folder
from kqlog.lsp.positions import Positions
from kqlog.syntax.words import tokens

_Answer = TypeVar("_Answer")
_PAUSE = 0.15
"""Seconds without a change before a text is looked at."""
_LOOK = 2.0
"""Seconds between two looks at the folder."""
_SHARE = 20
"""Looking at a large folder takes at most one part in so many of the time."""


class Server(LanguageServer):
    """Texts that are open in an editor, over one folder: the one it was started with, else that of the editor.

    Texts come whole with each change: pygls counts lines by more line ends than the protocol has, such as U+2028.
    """

    def __init__(self, root: Path | None) -> None:
        super().__init__("kqlog", __version__, types.TextDocumentSyncKind.Full)
        self._root = root
        self.folder = Folder(root)
        # One thread each: a request that is taken back is cancelled before it begins, and none waits for mistakes to be found.
        self._worker, self._watcher = ThreadPoolExecutor(1, "kqlog answers"), ThreadPoolExecutor(1, "kqlog watches")
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None

    async def work(self, task: Callable[[], _Answer]) -> _Answer:
        """What a request asks for, from the thread that answers."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, task)

    async def _watched(self, task: Callable[[], _Answer]) -> _Answer:
        """What nobody waits for, from the thread that watches."""
        return await asyncio.get_running_loop().run_in_executor(self._watcher, task)

    def at(self, uri: str) -> Positions:
        """A text as it is now."""
        return Positions(self.workspace.get_text_document(uri).source, self.workspace.position_encoding or "utf-16")

    async def begin(self) -> None:
        """Take the editor's folder where none was given, and keep looking at it."""
        path = to_fs_path(self.workspace.root_uri) if self._root is None and self.workspace.root_uri else None
        if path is not None:
            self.folder = await self.work(lambda: Folder(Path(path)))
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            start = time.monotonic()
            if await self._watched(self.folder.look):
                for uri in self.workspace.text_documents:
                    self.look(uri)
            await asyncio.sleep(max(_LOOK, _SHARE * (time.monotonic() - start)))

    def look(self, uri: str, *, saved: bool = False) -> None:
        """Tell of a text's mistakes when no change follows at once. That it is unfinished is one when it is saved so."""
        self.forget(uri)
        self._waiting[uri] = asyncio.create_task(self._look(uri, saved))

    def forget(self, uri: str) -> None:
        """Look no more at what a text was."""
        if (task := self._waiting.pop(uri, None)) is not None:
            task.cancel()

    async def _look(self, uri: str, saved: bool) -> None:
        await asyncio.sleep(0 if saved else _PAUSE)
        at, version = self.at(uri), self.workspace.get_text_document(uri).version
        mistakes = await self._watched(partial(self.mistakes, at.text))
        shown = [answers.diagnostic(found, at) for found in mistakes if saved or not found.unfinished]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown, version))

    def mistakes(self, text: str) -> list[Diagnosis]:
        """What is wrong with a text."""
        return diagnose(text, self.folder.tables, self.folder.functions)

    @property
    def takes_snippets(self) -> bool:
        """Whether the editor places the cursor inside of what it puts in."""
        return bool(get_capability(self.client_capabilities, "text_document.completion.completion_item.snippet_support", False))


async def _initialized(server: Server, params: types.InitializedParams) -> None:
    await server.begin()


async def _opened(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    server.look(params.text_document.uri)


async def _changed(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    server.look(params.text_document.uri)


async def _saved(server: Server, params: types.DidSaveTextDocumentParams) -> None:
    server.look(params.text_document.uri, saved=True)


async def _closed(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.forget(uri)
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


async def _complete(server: Server, params: types.CompletionParams) -> types.CompletionList:
    at, folder = server.at(params.text_document.uri), server.folder

    def found() -> types.CompletionList:
        proposals = complete(at.text, at.offset(params.position), folder.tables, folder.functions, folder.values)
        return answers.completions(proposals, at, snippets=server.takes_snippets)

    return await server.work(found)


async def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    at, folder = server.at(params.text_document.uri), server.folder

    def found() -> types.Hover | None:
        meaning = hover(at.text, at.offset(params.position), folder.tables, folder.functions)
        return answers.hovered(meaning, at) if meaning is not None else None

    return await server.work(found)


async def _signature(server: Server, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    at, folder = server.at(params.text_document.uri), server.folder

    def found() -> types.SignatureHelp | None:
        called = signature(at.text, at.offset(params.position), folder.tables, folder.functions)
        return answers.signature_help(called) if called is not None else None

    return await server.work(found)


async def _format(server: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    at = server.at(params.text_document.uri)
    return await server.work(lambda: answers.layout_edits(at))


async def _format_range(server: Server, params: types.DocumentRangeFormattingParams) -> list[types.TextEdit]:
    at = server.at(params.text_document.uri)
    return await server.work(lambda: answers.layout_edits(at, at.span(params.range)))


async def _fix(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    at, uri = server.at(params.text_document.uri), params.text_document.uri
    return await server.work(lambda: list(answers.quick_fixes(server.mistakes(at.text), params.range, uri, at)))


async def _symbols(server: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    at = server.at(params.text_document.uri)
    return await server.work(lambda: answers.symbols(declarations(at.text), at))


async def _define(server: Server, params: types.DefinitionParams) -> types.Location | None:
    uri = params.text_document.uri
    at, folder = server.at(uri), server.folder

    def found() -> types.Location | None:
        offset = at.offset(params.position)
        if (own := declaration(at.text, offset, folder.tables, folder.functions)) is not None:
            return types.Location(uri, at.range(own.name_span))
        name = next((str(token) for token in tokens(at.text) if token.start <= offset <= token.end and token.isidentifier()), "")
        file = folder.file_of(name)
        start = types.Position(0, 0)
        return types.Location(from_fs_path(str(file)) or "", types.Range(start, start)) if file is not None else None

    return await server.work(found)


async def _colours(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    at = server.at(params.text_document.uri)
    return await server.work(lambda: answers.semantic_tokens(at))


def serve(root: Path | None) -> None:
    """Answer over standard input and output until the editor says that it is enough."""
    server = Server(root)
    for name, handler in (
        (types.INITIALIZED, _initialized),
        (types.TEXT_DOCUMENT_DID_OPEN, _opened),
        (types.TEXT_DOCUMENT_DID_CHANGE, _changed),
        (types.TEXT_DOCUMENT_DID_SAVE, _saved),
        (types.TEXT_DOCUMENT_DID_CLOSE, _closed),
        (types.TEXT_DOCUMENT_HOVER, _hover),
        (types.TEXT_DOCUMENT_FORMATTING, _format),
        (types.TEXT_DOCUMENT_RANGE_FORMATTING, _format_range),
        (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, _symbols),
        (types.TEXT_DOCUMENT_DEFINITION, _define),
    ):
        server.feature(name)(handler)
    server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", "|", "(", ",", ".", '"', "'"])
    )(_complete)
    server.feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(["(", ","]))(_signature)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions([types.CodeActionKind.QuickFix]))(_fix)
    server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, answers.LEGEND)(_colours)
    # pygls closes what it writes to.
    server.start_io(stdout=os.fdopen(os.dup(sys.stdout.fileno()), "wb"))
