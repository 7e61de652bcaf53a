"""Stand-ins for the service's surroundings: Datadog's API and agent, a DogStatsD client, a store of objects."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from service.problems import Unavailable
from service.runtime.objects import Objects
from tests.http_server import QuietHandler, serve

Json = dict[str, Any]


@dataclass
class Clock:
    """Stands in for the module ``time``; only the test moves it."""

    now: float = 1_800_000_000.0
    ticks: int = 0

    def time(self) -> float:
        """Return the seconds since 1970."""
        return self.now

    monotonic = time

    def time_ns(self) -> int:
        """Return the nanoseconds since 1970, never twice the same."""
        self.ticks += 1
        return int(self.now) * 10**9 + self.ticks


class RecordedMetrics:
    """A DogStatsD client that keeps what it is asked to send: name, value and tags."""

    def __init__(self) -> None:
        self.values: list[tuple[str, float, list[str]]] = []

    def distribution(self, metric: str, value: float, tags: list[str] | None = None) -> None:
        """Keep the value."""
        self.values.append((metric, value, tags or []))

    def named(self, name: str) -> list[tuple[float, list[str]]]:
        """Return the values and tags of a metric, without the zeros of a start."""
        return [(value, tags) for metric, value, tags in self.values if metric == name and value]


class MemoryObjects(Objects):
    """The shared store in memory, with generations as Cloud Storage counts them. ``down`` lets every call fail."""

    def __init__(self) -> None:
        super().__init__(None)
        self.stored: dict[str, tuple[Json, int]] = {}
        self.down = False
        self._generation = 0

    @property
    def has_bucket(self) -> bool:
        """True: there is a store."""
        return True

    def get(self, name: str) -> tuple[Json, int] | None:
        """Return an object and its generation."""
        self._check()
        return self.stored.get(name)

    def put(self, name: str, body: Json, generation: int) -> int | None:
        """Write over this generation; return the new one, None where the precondition fails."""
        self._check()
        if (self.stored[name][1] if name in self.stored else 0) != generation:
            return None
        self._generation += 1
        self.stored[name] = json.loads(json.dumps(body)), self._generation
        return self._generation

    def delete(self, name: str) -> None:
        """Remove an object."""
        self._check()
        self.stored.pop(name, None)

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin so, in order."""
        self._check()
        return sorted(name for name in self.stored if name.startswith(prefix))

    def _check(self) -> None:
        if self.down:
            raise Unavailable("the shared store cannot be used", retry_after=5)


@dataclass(frozen=True)
class Request:
    """A request that the service has sent to Datadog."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


Answer = Json | list[Any] | Callable[[Request], Any]


@dataclass
class FakeDatadog:
    """A local HTTP server in the place of Datadog's API and agent: it records requests and gives prepared answers."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[int, Answer, dict[str, str]]] = field(default_factory=dict)

    def prepare(self, method: str, path: str, body: Answer, status: int = 200, **headers: str) -> None:
        """Answer so from now on. What is not prepared is answered with 501."""
        self.answers[method, path] = status, body, headers

    def sent(self, method: str, path: str) -> list[Any]:
        """Return the bodies of these requests."""
        return [request.body for request in self.requests if (request.method, request.path) == (method, path)]

    def paths(self, *methods: str) -> list[str]:
        """Return the paths of all requests with these methods, in order."""
        return [request.path for request in self.requests if request.method in methods]

    def respond(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        """Record a request; return status, body and headers."""
        self.requests.append(request)
        if (request.method, request.path) not in self.answers:
            return 501, {"errors": [f"{request.method} {request.path} is not prepared"]}, {}
        status, body, headers = self.answers[request.method, request.path]
        return status, body(request) if callable(body) else body, headers


@contextmanager
def fake_datadog() -> Iterator[FakeDatadog]:
    """Provide the server."""
    fake = FakeDatadog()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            url, content = urlsplit(self.path), self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(content) if content else None
            request = Request(self.command, url.path, dict(parse_qsl(url.query)), body, dict(self.headers))
            status, answered, headers = fake.respond(request)
            text = answered if isinstance(answered, bytes) else json.dumps(answered).encode()
            self.send_response_only(status)
            for name, value in (
                {"Content-Type": "application/json", "Content-Length": str(len(text))} | headers
            ).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    with serve(Handler) as fake.url:
        yield fake
