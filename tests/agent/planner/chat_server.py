"""A server on this machine that speaks the OpenAI chat protocol, and says what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer. status: other than 200 is an error; body: sent as it is in place of an answer; wait: seconds."""

    text: str = ""
    status: int = 200
    body: bytes | None = None
    wait: float = 0.0
    usage: dict[str, Any] = field(
        default_factory=lambda: {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940}
    )


@dataclass
class ChatServer:
    """What was asked, and what will be answered; the last reply is given again and again."""

    replies: list[Reply]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, request: dict[str, Any], key: str) -> Reply:
        with self.lock:
            self.asked.append(request)
            self.keys.append(key)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def _answer(reply: Reply, model: str) -> bytes:
    if reply.body is not None:
        return reply.body
    if reply.status != 200:
        return json.dumps({"error": {"message": f"refused with {reply.status}", "type": "test", "code": None}}).encode()
    message = {"role": "assistant", "content": reply.text}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": reply.usage,
        }
    ).encode()


@contextmanager
def chat_server(replies: Sequence[Reply]) -> Iterator[ChatServer]:
    """The server, up; `url` is its base URL."""
    server = ChatServer(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/chat/completions", self.path
            reply = server.next(asked, self.headers.get("Authorization", ""))
            time.sleep(reply.wait)
            body = _answer(reply, str(asked["model"]))
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the client has gone: that is what a test of a timeout wants

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
