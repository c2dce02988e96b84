"""A provider on this machine that speaks OpenAI's and Anthropic's interfaces and remembers what it answered."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.programs import wire
from tests.programs.answers import BY_NAME, KEY, PROMPT

if TYPE_CHECKING:
    from types import TracebackType

    from tests.programs.answers import Case

WRITERS = {
    "/v1/chat/completions": (wire.chat, wire.chat_events),
    "/v1/responses": (wire.responses, wire.responses_events),
    "/v1/messages": (wire.messages, wire.messages_events),
    "/v1/embeddings": (wire.embeddings, None),
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that came in and what went out; ``told_usage`` says whether the answer stated its tokens."""

    case: Case
    asked: dict[str, Any]
    response_id: str | None
    told_usage: bool


class Stub:
    """The server in a thread, for the length of a ``with``. ``url`` has no path; ``exchanges`` grows."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub.answer(self)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request by the case that its prompt names, and remember it."""
        text = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        asked = json.loads(text)
        (name,) = set(re.findall(r"\[case:(\w+)\]", text))
        case = BY_NAME[name]
        whole, events = WRITERS[handler.path.partition("?")[0]]
        with self._lock:
            number = len(self.exchanges) + 1
            answer_id = None if case.tokens is None else wire.answer_id(case, number)
            stream = bool(asked.get("stream"))
            usage = not stream or case.api != "chat" or bool((asked.get("stream_options") or {}).get("include_usage"))
            self.exchanges.append(Exchange(case, asked, answer_id, usage and case.tokens is not None))
        if answer_id is None:
            # A provider's error quotes what it was sent, as the real ones do.
            body = wire.error(case, f"{case.error}: key {KEY} sent: {PROMPT}")
            _send(handler, case.http_status, "application/json", json.dumps(body))
        elif stream and events is not None:
            _send(handler, 200, "text/event-stream", events(case, answer_id, usage=usage))
        else:
            _send(handler, 200, "application/json", json.dumps(whole(case, answer_id)))


def _send(handler: BaseHTTPRequestHandler, status: int, kind: str, body: str) -> None:
    data = body.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    handler.send_header("x-request-id", "req_0123456789")
    handler.end_headers()
    handler.wfile.write(data)
