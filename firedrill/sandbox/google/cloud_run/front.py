"""Cloud Run's front end: takes requests on the service port and forwards each to a ready instance.

Responses are streamed, so server-sent events are not delayed. The Host header selects the service (``NAME.localhost``,
``TAG---NAME.localhost``; NAME-PROJECT where another project uses the name already); without a match it is the oldest
service. ``X-Firedrill-Tag`` also selects a tag.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable

import httpx
from starlette.types import Message, Receive, Scope, Send

from firedrill.sandbox.google.cloud_run.instance import Instance
from firedrill.sandbox.google.cloud_run.revision import Revision
from firedrill.sandbox.google.cloud_run.services import CloudRun, Service

HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
    b"transfer-encoding", b"upgrade", b"expect",
}  # fmt: skip
KEEP_ALIVE = 1.0
"""Seconds that an idle connection to an instance is kept: less than gunicorn's 2, so that no closed one is used."""
CONNECT = 5.0
MAX_BODY = 32 * 1024 * 1024
"""Bytes of a request: https://docs.cloud.google.com/run/quotas"""
LOOPBACK = re.compile(r"(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
"""Hosts that reach this machine only. Cloud Run's front knows no other host than those of services, either."""

Headers = list[tuple[bytes, bytes]]


class CallerGoneError(Exception):
    """The caller disconnected before its request was complete."""


class TooLargeError(Exception):
    """The body is larger than Cloud Run accepts."""


class _Body(httpx.AsyncByteStream):
    """A request's body, streamed as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more, size = True, 0
        while more:
            message = await self._receive()
            size += len(message.get("body") or b"")
            if size > MAX_BODY:
                raise TooLargeError
            if message["type"] == "http.disconnect":
                raise CallerGoneError
            if message.get("body"):
                yield message["body"]
            more = message.get("more_body", False)


class Front:
    """The ASGI application on the service port. ``everyone_may_invoke`` returns whether a service is public."""

    def __init__(self, cloud_run: CloudRun, everyone_may_invoke: Callable[[str, str], bool]) -> None:
        self._cloud_run = cloud_run
        self._everyone_may_invoke = everyone_may_invoke
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=KEEP_ALIVE),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections to instances."""
        await self._transport.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            return
        headers: Headers = scope["headers"]
        host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "")
        if not LOOPBACK.fullmatch(host):
            await _refuse(send, 404, "no service has this host: call localhost, or NAME.localhost")
            return
        service, tag = self._service_and_tag(host)
        if service is None:
            await _refuse(send, 404, "no service is deployed in the sandbox's Cloud Run")
            return
        if not service.public and not self._everyone_may_invoke(service.name.project, service.name.service):
            reason = (
                "calls without a token are refused: grant roles/run.invoker to allUsers or disable the invoker check"
            )
            await _refuse(send, 403, reason)
            return
        tag = tag or next((value.decode("latin-1") for name, value in headers if name == b"x-firedrill-tag"), "")
        name = service.traffic.revision_with_tag(tag) if tag else service.traffic.next_revision()
        if name is None:
            await _refuse(send, 404, f"no revision has the tag {tag!r}")
            return
        if name not in service.running:
            await _refuse(send, 503, f"revision {name} is not running")
            return
        await self._forward(scope, receive, send, service.running[name])

    def _service_and_tag(self, host: str) -> tuple[Service | None, str]:
        """Return the service and tag that a Host header names."""
        services = list(self._cloud_run.services.values())
        label = host.partition(":")[0].removesuffix(".localhost")
        tag, _, name = label.rpartition("---")
        for service in services:
            if self._cloud_run.domain(service.name) == name:
                return service, tag
        return (services[0] if services else None), ""

    async def _forward(self, scope: Scope, receive: Receive, send: Send, revision: Revision) -> None:
        """Forward a request. A response that breaks off after its head stays incomplete; the server closes it."""
        response_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal response_started
            response_started = True
            await send(message)

        for instance in revision.ready():
            instance.requests += 1
            try:
                async with asyncio.timeout(revision.template.timeout):
                    await self._proxy(scope, receive, send_and_note, instance)
            except httpx.ConnectError:  # just ended, before it saw the request: try another
                continue
            except TimeoutError:
                if not response_started:
                    await _refuse(send, 504, "upstream request timeout")
            except httpx.TransportError as error:
                if not response_started:
                    await _refuse(send, 503, f"upstream connect error or disconnect/reset before headers: {error}")
            except TooLargeError:
                await _refuse(send, 413, f"the request is larger than {MAX_BODY // 2**20} MiB")
            except CallerGoneError:
                return
            finally:
                instance.requests -= 1
            return
        await _refuse(send, 503, "no available instance")

    async def _proxy(self, scope: Scope, receive: Receive, send: Send, instance: Instance) -> None:
        request = _request(scope, receive, instance.port)
        response = await self._transport.handle_async_request(request)
        disconnected = asyncio.create_task(_disconnected(receive))
        try:
            headers = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in HOP_BY_HOP]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            body = asyncio.create_task(_copy(response, send))
            await asyncio.wait({body, disconnected}, return_when=asyncio.FIRST_COMPLETED)
            if not body.done():
                body.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await body
        finally:
            disconnected.cancel()
            await response.aclose()


async def _copy(response: httpx.Response, send: Send) -> None:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for chunk in response.stream:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    """Return when the caller disconnects. Call it after the body's end: only then is the next message a disconnect."""
    while (await receive())["type"] != "http.disconnect":
        continue


def _request(scope: Scope, receive: Receive, port: int) -> httpx.Request:
    headers: Headers = [(name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP]
    names = {name for name, _ in scope["headers"]}
    client = scope["client"][0] if scope.get("client") else "127.0.0.1"
    forwarded_for = b", ".join(value for name, value in headers if name == b"x-forwarded-for")
    headers = [(name, value) for name, value in headers if name not in (b"x-forwarded-for", b"x-forwarded-proto")]
    headers += [
        (b"x-forwarded-for", b", ".join(filter(None, (forwarded_for, client.encode())))),
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


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
