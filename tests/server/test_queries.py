"""Queries of callers: their turns, their limits, what is told of them when they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

import kqlog
from kqlog.engines.engine import Limits
from kqlog.errors import QueryError
from kqlog.server.errors import answering
from kqlog.server.queries import Ask, Queries, Query, State

SLOW = "range a from 1 to 300000000 step 1 | extend b = a % 1000 | summarize dcount(strcat(a, b)), count() by b | count"
LARGE = "range a from 1 to 100000000 step 1 | extend b = strcat('a long text that fills buffers ', a)"


class Served:
    """A server whose bodies are queries, and the queries that ended."""

    def __init__(self, **most: int) -> None:
        self.ended: list[Query] = []
        self.most = most
        self._server = uvicorn.Server(uvicorn.Config(self._app, factory=True, port=0, log_level="error"))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def _app(self) -> Starlette:
        self.queries = Queries(kqlog.connect(), **self.most)
        self.queries.on_end.append(self.ended.append)

        async def ask(request):
            text = (await request.body()).decode()
            seconds = float(request.query_params.get("seconds", 60))
            limits = Limits(rows=int(request.query_params.get("rows", 1_000_000_000)))
            try:
                return await self.queries.answer(
                    request, Ask(text, "me", id=text, seconds=seconds, limits=limits), encode, "text/plain"
                )
            except QueryError as error:
                return JSONResponse(error.code, 400)

        return Starlette(routes=[Route("/", answering(ask, lambda error: error.code), methods=["POST"])])

    def ask(self, text, **parameters):
        return httpx.post(self.url, content=text, params=parameters, timeout=30)

    def stop(self) -> None:
        self.queries.close()
        self._server.should_exit = True
        self._thread.join()


def encode(query: Query) -> Iterator[bytes]:
    for part in query.parts():
        for batch in part.batches:
            yield b"".join(b"%r\n" % value for row in zip(*batch.to_pydict().values(), strict=True) for value in row[:1])


def until(true) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def served(request):
    made = Served(**getattr(request, "param", {}))
    yield made
    made.stop()


def test_what_is_told_at_the_end(served):
    assert served.ask("range x from 1 to 3 step 1").text == "1\n2\n3\n"
    assert served.ask("print foo").json() == "SEM001"
    assert served.ask("range x from 1 to 5 step 1", rows=2).text == "1\n2\n"
    good, wrong, cut = served.ended
    assert (good.state, good.rows, good.ask.caller, good.error, good.truncated) == (State.COMPLETED, 3, "me", None, False)
    assert good.seconds >= good.cpu > 0
    assert (wrong.state, wrong.error.code) == (State.FAILED, "SEM001")
    assert (cut.rows, cut.truncated) == (2, True)
    assert served.queries.running() == []


@pytest.mark.parametrize("served", [{"at_once": 1, "waiting": 1}], indirect=True)
def test_turns(served):
    answers = []
    threads = [threading.Thread(target=lambda text=text: answers.append(served.ask(text))) for text in (SLOW, "print 2")]
    for number, thread in enumerate(threads, 1):
        thread.start()
        until(lambda number=number: len(served.queries.running()) == number)
    assert [query.state for query in served.queries.running()] == [State.RUNNING, State.QUEUED]
    refused = served.ask("print 3")
    assert (refused.status_code, refused.json(), refused.headers["Retry-After"]) == (429, "TooManyRequests", "1")
    assert served.queries.cancel("nothing") == []
    assert [query.ask.id for query in served.queries.cancel(SLOW)] == [SLOW]
    for thread in threads:
        thread.join()
    assert sorted(answer.text for answer in answers) == ['"ENG004"', "2\n"]
    assert served.ask("print 4").text == "4\n"


@pytest.mark.parametrize("served", [{"at_once": 1, "waiting": 1}], indirect=True)
def test_who_hangs_up_gives_back_the_turn(served):
    for _ in range(3):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(served.url, content=SLOW, timeout=0.3)
    assert served.ask("print 1").text == "1\n"
    assert {query.state for query in served.ended[:3]} == {State.CANCELLED}


def test_time_is_over(served):
    assert served.ask(SLOW, seconds=0.2).json() == "LIM002"
    assert served.ended[0].error.code == "LIM002"


def test_who_does_not_read_on_is_given_up(served):
    with httpx.stream("POST", served.url, content=LARGE, params={"seconds": 0.5}, timeout=30) as answer:
        next(answer.iter_raw())
        until(lambda: served.ended)
        assert served.queries.running() == []
    assert served.ask("print 1").text == "1\n"
