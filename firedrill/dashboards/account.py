"""A Datadog account for pictures: declared objects and recorded telemetry behind the sandbox's API and console."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from firedrill import settings
from firedrill.dashboards.declared import Creation, Declared, create_dashboards, create_evaluated
from firedrill.dashboards.telemetry import Story
from firedrill.sandbox.datadog import console
from firedrill.sandbox.datadog.account import Directory, utc_now
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.http.in_process import in_process_api
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket, routes
from firedrill.sandbox.datadog.live import Live
from firedrill.sandbox.datadog.store import Store

EVALUATED_MINUTES = (15, 10, 5, 0)
"""The minutes before the end at which monitors are evaluated: from the beginning of the failure."""


@contextmanager
def account(
    folder: Path, declared: Declared, dashboards: Sequence[str], story: Story
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Serve an account in an empty folder; provide its URL and the ids of the dashboards by name."""
    path = folder / "datadog.sqlite"
    directory = Directory(Store(path))
    directory.open(settings.API_KEY, utc_now())
    receiver = Receiver(path, settings.API_KEY, directory.objects, put=directory.put)
    live = Live(directory, receiver, StatsdSocket(receiver, 0))
    store = receiver.store(settings.API_KEY)
    for recording in story.recordings:
        store.append_series(recording.all_series)
        store.append_events(recording.all_events)
    creation = Creation(in_process_api(directory, settings.API_KEY))
    create_evaluated(creation, declared)
    for minute in EVALUATED_MINUTES:
        live.evaluator.evaluate_minute(story.end - 60 * minute)
    ids = create_dashboards(creation, declared, dashboards)
    own = [*live.routes(), *routes(receiver, 0), *console.routes(directory, receiver, live)]
    with _served(create_app(directory, own)) as url:
        yield url, ids


@contextmanager
def _served(app: Starlette) -> Iterator[str]:
    """Serve an application on a free port, without its background tasks; provide its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://localhost:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
