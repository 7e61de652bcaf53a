"""A proxy in front of an API, to break it: refuse, limit, lose answers, or kill a process midway."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass(frozen=True)
class ProxiedRequest:
    """A request that came to the proxy."""

    method: str
    path: str
    body: bytes

    def is_create(self) -> bool:
        """Return whether it creates something at Datadog that must not exist twice."""
        creates = ("/api/v2/on-call/pages", "/api/v2/incidents", "/api/v2/dora/deployment", "/api/v1/events")
        return self.method == "POST" and self.path.partition("?")[0] in creates


Before = Callable[[ProxiedRequest], "tuple[int, dict[str, str]] | None"]
"""Returns status and headers to answer instead of forwarding (status 0 closes the connection), or None to forward."""
After = Callable[[ProxiedRequest], bool]
"""Returns whether the answer is lost after the request was forwarded."""


@dataclass
class Proxy:
    """A running proxy; ``before`` and ``after`` may be changed at any time."""

    url: str
    before: Before = lambda _: None
    after: After = lambda _: False
    seen: list[ProxiedRequest] = field(default_factory=list)
    listen: Callable[[], object] = lambda: None
    """Listens again, after :attr:`close`."""
    close: Callable[[], None] = lambda: None
    """Stops listening: connections are refused."""

    def heal(self) -> None:
        """Forward everything again."""
        self.before, self.after = (lambda _: None), (lambda _: False)


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Provide a proxy to a base URL."""
    host = urlsplit(target).netloc
    proxies: list[Proxy] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            request = ProxiedRequest(
                self.command, self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0))
            )
            running = proxies[0]
            running.seen.append(request)
            replacement = running.before(request)
            if replacement is None:
                self._forward(request, running)
            elif replacement[0]:
                self._answer(replacement[0], replacement[1], b'{"errors": ["fault"]}')
            else:
                self.close_connection = True

        def _forward(self, request: ProxiedRequest, running: Proxy) -> None:
            connection = http.client.HTTPConnection(host, timeout=60)
            headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
            try:
                connection.request(request.method, request.path, request.body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except OSError:
                self.close_connection = True
                return
            finally:
                connection.close()
            if running.after(request):
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
            """Log nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # a client that was killed
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128
        allow_reuse_address = True

    servers: list[tuple[Server, threading.Thread]] = []

    def listen(port: int) -> int:
        server = Server(("127.0.0.1", port), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        servers.append((server, thread))
        return server.server_port

    def close() -> None:
        server, thread = servers.pop()
        server.shutdown()
        thread.join()
        server.server_close()

    port = listen(0)
    proxies.append(Proxy(f"http://127.0.0.1:{port}", listen=partial(listen, port), close=close))
    try:
        yield proxies[0]
    finally:
        while servers:
            close()
