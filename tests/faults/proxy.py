"""A proxy in front of an API that breaks it as told: down, limited, answers lost, or a process killed midway."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass(frozen=True)
class Exchange:
    """A request as it came."""

    method: str
    path: str
    body: bytes

    def is_create(self) -> bool:
        """Whether Datadog makes something by it that must not be made twice."""
        made = ("/api/v2/on-call/pages", "/api/v2/incidents", "/api/v2/dora/deployment", "/api/v1/events")
        return self.method == "POST" and self.path.partition("?")[0] in made


Before = Callable[[Exchange], "tuple[int, dict[str, str]] | None"]
"""What is answered instead of forwarding: a status (0 closes the connection) and headers; None forwards."""
After = Callable[[Exchange], bool]
"""Whether the answer is lost after the request was forwarded."""


@dataclass
class Proxy:
    """``url`` is what the service is told; ``before`` and ``after`` may be changed at any time."""

    url: str
    before: Before = lambda _: None
    after: After = lambda _: False
    seen: list[Exchange] = field(default_factory=list)

    def heal(self) -> None:
        """Forward everything again."""
        self.before, self.after = (lambda _: None), (lambda _: False)


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """A proxy to a base URL."""
    host = urlsplit(target).netloc
    found: list[Proxy] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            exchange = Exchange(self.command, self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            me = found[0]
            me.seen.append(exchange)
            instead = me.before(exchange)
            if instead is None:
                self._forward(exchange, me)
            elif instead[0]:
                self._answer(instead[0], instead[1], b'{"errors": ["fault"]}')
            else:
                self.close_connection = True

        def _forward(self, exchange: Exchange, me: Proxy) -> None:
            connection = http.client.HTTPConnection(host, timeout=60)
            headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
            try:
                connection.request(exchange.method, exchange.path, exchange.body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except OSError:
                self.close_connection = True
                return
            finally:
                connection.close()
            if me.after(exchange):
                self.close_connection = True
                return
            self._answer(answer.status, dict(answer.getheaders()), content)

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response_only(status)
            for key, value in headers.items():
                if key.lower() not in HOP:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        # The names are http.server's.
        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # a client that was killed
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    found.append(Proxy(f"http://127.0.0.1:{server.server_port}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
