"""The surroundings of the benchmark of a chat, as a process: ``python -m benchmarks.chat_surroundings FOLDER``.

Google (Gemini, storage, metadata) and an agent that takes traces and DogStatsD and throws them away. It prints its
addresses as JSON, then answers each line of standard input: the number of traces, spans and metrics that arrived since
the last one.
"""

import json
import socket
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]  # publishes no types

from tests.unit.service.google import serve_google

_arrived: Counter[str] = Counter()


class _Agent(BaseHTTPRequestHandler):
    """Takes what a tracer sends to an agent."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/v0.") and "traces" in self.path:
            traces = _span_names(msgpack.unpackb(body, strict_map_key=False))
            chats = [names for names in traces if "chat" in names]
            _arrived["chat traces"] += len(chats)
            _arrived["chat spans"] += sum(map(len, chats))
        elif "llmobs" in self.path:
            _arrived["LLM Observability payloads"] += 1
        answer = b'{"rate_by_service": {}}' if "traces" in self.path else b"{}"
        if self.path == "/info":
            endpoints = ["/v0.4/traces", "/v0.5/traces", "/evp_proxy/v2/"]
            answer = json.dumps({"endpoints": endpoints, "client_drop_p0s": False}).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = _take

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _span_names(payload: Any) -> list[list[str]]:
    """Return the spans' names for each trace of a payload of v0.4 (a list) or v0.5 (a table of texts and a list)."""
    is_table = len(payload) == 2 and payload[0] and isinstance(payload[0][0], str)
    if not is_table:
        return [[span["name"] for span in trace] for trace in payload]
    texts, traces = payload
    return [[texts[span[1]] for span in trace] for trace in traces]


def _count_metrics(receiver: socket.socket) -> None:
    while True:
        _arrived["metrics"] += receiver.recv(65_536).count(b"|d|")


def main() -> None:
    """Serve until standard input ends."""
    agent = ThreadingHTTPServer(("127.0.0.1", 0), _Agent)
    agent.daemon_threads = True
    threading.Thread(target=agent.serve_forever, daemon=True).start()
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    threading.Thread(target=_count_metrics, args=(receiver,), daemon=True).start()
    with serve_google(Path(sys.argv[1])) as google:
        google.buckets.create_bucket("acme-dev-state", {})
        addresses = {"google": google.url, "agent": f"http://127.0.0.1:{agent.server_port}",
                     "statsd": receiver.getsockname()[1]}  # fmt: skip
        print(json.dumps(addresses), flush=True)
        for _ in sys.stdin:
            print(json.dumps(_arrived), flush=True)
            _arrived.clear()


if __name__ == "__main__":
    main()
