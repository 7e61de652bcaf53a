"""Cloud Run's front: takes requests on the service port and hands each to a ready instance.

Answers pass through as they come, so server-sent events are not held back. The service is the one that the host names
(``NAME.localhost``, ``TAG---NAME.localhost``; NAME-PROJECT where another project has the name already), else the
oldest one; ``X-Firedrill-Tag`` names a tag too.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import httpx
from starlette.types import Message, Receive, Scope, Send

from firedrill.sandbox.google.cloud_run import CloudRun, Service
from firedrill.sandbox.google.cloud_run_instance import Instance
from firedrill.sandbox.google.cloud_run_revision import Revision

HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
    b"transfer-encoding", b"upgrade", b"expect",
}  # fmt: skip
KEEP_ALIVE = 1.0
"""Seconds that a connection to an instance is kept: less than gunicorn keeps it (2), so that none is used too late."""
CONNECT = 5.0

Headers = list[tuple[bytes, bytes]]


class CallerGoneError(Exception):
    """The caller hung up before its request was complete."""


class _Body(httpx.AsyncByteStream):
    """A request's body, as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGoneError
            if message.get("body"):
                yield message["body"]
            more = message.get("more_body", False)


class Front:
    """The ASGI application on the service port. ``everyone_may_invoke`` says whether a service is public."""

    def __init__(self, cloud_run: CloudRun, everyone_may_invoke: Callable[[str, str], bool]) -> None:
        self._cloud_run = cloud_run
        self._public = everyone_may_invoke
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=KEEP_ALIVE),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections to instances."""
        await self._transport.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        headers: Headers = scope["headers"]
        host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "")
        service, tag = self._service(host)
        if service is None:
            await _refuse(send, 404, "no service is deployed in the sandbox's Cloud Run")
            return
        if not service.open and not self._public(service.place.project, service.place.service):
            why = "callers without a token may not: grant roles/run.invoker to allUsers, or disable the invoker check"
            await _refuse(send, 403, why)
            return
        tag = tag or next((value.decode("latin-1") for name, value in headers if name == b"x-firedrill-tag"), "")
        name = service.split.tagged(tag) if tag else service.split.choose()
        if name is None:
            await _refuse(send, 404, f"no revision has the tag {tag!r}")
            return
        if name not in service.running:
            await _refuse(send, 503, f"revision {name} does not run")
            return
        await self._forward(scope, receive, send, service.running[name])

    def _service(self, host: str) -> tuple[Service | None, str]:
        """The service and tag that a Host header names."""
        services = list(self._cloud_run.services.values())
        label = host.partition(":")[0].removesuffix(".localhost")
        tag, _, name = label.rpartition("---")
        for service in services:
            if self._cloud_run.domain(service.place) == name:
                return service, tag
        return (services[0] if services else None), ""

    async def _forward(self, scope: Scope, receive: Receive, send: Send, revision: Revision) -> None:
        """An answer that breaks off after its head stays incomplete: the server then closes the connection."""
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        for instance in revision.ready():
            instance.requests += 1
            try:
                async with asyncio.timeout(revision.template.timeout):
                    await self._exchange(scope, receive, sending, instance)
            except httpx.ConnectError:  # it ended a moment ago and saw nothing of the request: another one takes it
                continue
            except TimeoutError:
                if not started:
                    await _refuse(send, 504, "upstream request timeout")
            except httpx.TransportError as error:
                if not started:
                    await _refuse(send, 503, f"upstream connect error or disconnect/reset before headers: {error}")
            except CallerGoneError:
                return
            finally:
                instance.requests -= 1
            return
        await _refuse(send, 503, "no available instance")

    async def _exchange(self, scope: Scope, receive: Receive, send: Send, instance: Instance) -> None:
        request = _request(scope, receive, instance.port)
        answer = await self._transport.handle_async_request(request)
        gone = asyncio.create_task(_disconnected(receive))
        try:
            headers = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP_BY_HOP]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
            body = asyncio.create_task(_copy(answer, send))
            await asyncio.wait({body, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not body.done():
                body.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await body
        finally:
            gone.cancel()
            await answer.aclose()


async def _copy(answer: httpx.Response, send: Send) -> None:
    assert isinstance(answer.stream, httpx.AsyncByteStream)
    async for chunk in answer.stream:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    """Return when the caller hung up. The body is at its end: only then a further message is a disconnect."""
    while (await receive())["type"] != "http.disconnect":
        continue


def _request(scope: Scope, receive: Receive, port: int) -> httpx.Request:
    headers: Headers = [(name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP]
    names = {name for name, _ in scope["headers"]}
    client = scope["client"][0] if scope.get("client") else "127.0.0.1"
    before = b", ".join(value for name, value in headers if name == b"x-forwarded-for")
    headers = [(name, value) for name, value in headers if name not in (b"x-forwarded-for", b"x-forwarded-proto")]
    headers += [
        (b"x-forwarded-for", b", ".join(filter(None, (before, client.encode())))),
        (b"x-forwarded-proto", scope["scheme"].encode()),
    ]
    has_body = b"content-length" in names or b"transfer-encoding" in names
    if b"transfer-encoding" in names:
        headers.append((b"transfer-encoding", b"chunked"))
    path = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    return httpx.Request(
        scope["method"],
        httpx.URL(scheme="http", host="127.0.0.1", port=port, raw_path=path),
        headers=headers,
        stream=_Body(receive) if has_body else None,
        extensions={"timeout": {"connect": CONNECT, "pool": CONNECT, "read": None, "write": None}},
    )


async def _refuse(send: Send, status: int, why: str) -> None:
    body = f"{why}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
