"""A real editor's side: pygls' client, and a server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient

import kqlog

SNIPPETS = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(completion_item=types.ClientCompletionItemOptions(snippet_support=True))
    )
)


class Editor:
    """An editor with texts that are open. Answers are waited for, for so many seconds at most."""

    def __init__(self, *arguments: str, root: Path | None = None, capabilities: types.ClientCapabilities = SNIPPETS) -> None:
        self._loop = asyncio.new_event_loop()
        self.client = BaseLanguageClient("test", "1")
        self.published: list[types.PublishDiagnosticsParams] = []
        self._news = asyncio.Event()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.published.append(params)
            self._news.set()

        self._texts: dict[str, int] = {}
        source = str(Path(kqlog.__file__).parents[1])
        self.wait(
            self.client.start_io(sys.executable, "-m", "kqlog", "lsp", *arguments, env={**os.environ, "PYTHONPATH": source})
        )
        given = types.InitializeParams(capabilities, root_uri=root.as_uri() if root else None)
        self.capabilities = self.wait(self.client.initialize_async(given)).capabilities
        self.client.initialized(types.InitializedParams())

    def wait(self, answer: Awaitable[Any], seconds: float = 60) -> Any:
        return self._loop.run_until_complete(asyncio.wait_for(answer, seconds))

    def open(self, text: str) -> types.TextDocumentIdentifier:
        uri = f"file:///somewhere/{len(self._texts)}.kql"
        self._texts[uri] = 1
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "kql", 1, text)))
        return types.TextDocumentIdentifier(uri)

    def change(self, document: types.TextDocumentIdentifier, text: str) -> int:
        self._texts[document.uri] += 1
        version = self._texts[document.uri]
        changed = types.VersionedTextDocumentIdentifier(version, document.uri)
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(changed, [whole]))
        return version

    def save(self, document: types.TextDocumentIdentifier) -> None:
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(document))

    def diagnostics(self, document: types.TextDocumentIdentifier, version: int = 1) -> list[types.Diagnostic]:
        """What is published of a version of a text; it is taken out of what was published."""

        async def found() -> list[types.Diagnostic]:
            while True:
                self._news.clear()
                for params in self.published:
                    if params.uri == document.uri and params.version == version:
                        self.published.remove(params)
                        return list(params.diagnostics)
                await self._news.wait()

        return self.wait(found())

    def complete(self, document: types.TextDocumentIdentifier, line: int, character: int) -> list[types.CompletionItem]:
        params = types.CompletionParams(document, types.Position(line, character))
        return list(self.wait(self.client.text_document_completion_async(params)).items)

    def close(self) -> int:
        """End it in the protocol's way; the answer is the server's exit status."""
        self.wait(self.client.shutdown_async(None))
        process = self.client._server
        self.client.exit(None)
        status = self.wait(process.wait())
        self.wait(self.client.stop())
        self._loop.close()
        return status
