"""Google for the service, served in this process: Gemini, Cloud Storage and the metadata server of the sandbox."""

import faulthandler
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from firedrill.sandbox.google import metadata
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import ErrorResponse, google_error_response
from firedrill.sandbox.google.gemini import api as gemini
from firedrill.sandbox.google.gemini.failures import Failures
from firedrill.sandbox.google.metadata import Identity
from firedrill.sandbox.google.storage import api as storage
from firedrill.sandbox.google.storage.buckets import Buckets


@dataclass
class Google:
    """A running server: its URL, its buckets, and the failures of its Gemini."""

    url: str
    buckets: Buckets
    failures: Failures

    def objects(self, bucket: str, prefix: str = "") -> dict[str, Any]:
        """Return a bucket's JSON objects by name."""
        stored = {name: self.buckets.find(bucket, name) for name in self.buckets.object_names(bucket, prefix)}
        return {name: json.loads(item.content) for name, item in stored.items() if item}


@contextmanager
def serve_google(folder: Path, calls: list[dict[str, str]] | None = None) -> Iterator[Google]:
    """Provide the server; ``calls`` gets the path and the headers of each request."""
    database = Database(folder / "google.sqlite")
    buckets, failures = Buckets(database), Failures(gemini.SERVED_MODELS)
    app = Starlette(
        routes=[*gemini.routes(failures), *storage.routes(buckets), *metadata.routes(Identity)],
        exception_handlers={ErrorResponse: google_error_response},
    )

    async def record_and_serve(scope: Scope, receive: Receive, send: Send) -> None:
        if calls is not None and scope["type"] == "http":
            calls.append({**Headers(scope=scope), "path": scope["path"]})
        await app(scope, receive, send)

    config = uvicorn.Config(record_and_serve, port=0, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield Google(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", buckets, failures)
    finally:
        server.should_exit = True
        thread.join(30)
        if thread.is_alive():  # a stack of every thread says what it waits for
            faulthandler.dump_traceback(all_threads=True)
            raise TimeoutError("the server did not end within 30 s")
        database.close()
