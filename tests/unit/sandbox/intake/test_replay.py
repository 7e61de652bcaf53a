"""Segments of session replays: decoded, stored, shown by session; what is malformed is refused with the reason."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.intake import Receiver, routes

TOKEN = "pub0123456789abcdef0123456789abcdef"
KEY = {"dd-api-key": TOKEN}
META, SNAPSHOT, UNKNOWN = (
    {"type": kind, "timestamp": at, "data": {}} for kind, at in ((4, 2000), (2, 2001), (77, 3000))
)
SUMMARY: dict[str, Any] = {
    "session": {"id": "s1"}, "view": {"id": "v1"}, "application": {"id": "a1"}, "start": 2000, "end": 2001,
    "records_count": 2, "index_in_view": 0, "has_full_snapshot": True,
}  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """Return a client of the intake of an account with one RUM application."""
    application = {"attributes": {"client_token": TOKEN}}
    objects = {"rum_applications": [application]}
    receiver = Receiver(tmp_path / "telemetry", "org", lambda _org, kind: objects.get(kind, []))
    return TestClient(Starlette(routes=routes(receiver, 0)))


def _send(client: TestClient, records: object, summary: dict[str, Any], *, whole: bool = True) -> tuple[int, str]:
    compressor = zlib.compressobj()
    content = compressor.compress(json.dumps({"records": records}).encode()) + compressor.flush(
        zlib.Z_FINISH if whole else zlib.Z_SYNC_FLUSH
    )
    parts = {"segment": ("s1-2000", content, "application/octet-stream"),
             "event": ("blob", json.dumps(summary).encode(), "application/json")}  # fmt: skip
    response = client.post("/api/v2/replay", files=parts, headers=KEY)
    return response.status_code, response.text


@pytest.mark.parametrize("whole", [True, False])
def test_a_session_is_shown_with_its_records_in_order(client: TestClient, whole: bool) -> None:
    later = {**SUMMARY, "start": 3000, "end": 3000, "records_count": 1, "index_in_view": 1}
    assert _send(client, [UNKNOWN], later, whole=whole)[0] == 202
    assert _send(client, [META, SNAPSHOT], SUMMARY, whole=whole)[0] == 202
    [listed] = client.get("/-/replays").json()
    assert listed == {
        "session": "s1", "start": 2000, "end": 3000, "segments": 2,
        "counts": {"full snapshot": 1, "meta": 1, "type 77": 1},
    }  # fmt: skip
    assert client.get("/-/replays/s1").json()["records"] == [META, SNAPSHOT, UNKNOWN]
    assert client.get("/-/replays/s2").status_code == 404


def test_what_is_malformed_is_refused_with_the_reason(client: TestClient) -> None:
    assert "records_count" in _send(client, [META], SUMMARY)[1]
    assert "session.id" in _send(client, [META, SNAPSHOT], {**SUMMARY, "session": {}})[1]
    plain = client.post("/api/v2/replay", content=b"segment", headers=KEY)
    assert (plain.status_code, "multipart/form-data" in plain.text) == (400, True)
    parts = {"segment": ("s", b"not zlib"), "event": ("e", json.dumps(SUMMARY).encode())}
    assert "not zlib" in client.post("/api/v2/replay", files=parts, headers=KEY).text
    parts = {"segment": ("s", zlib.compress(b"[]")), "event": ("e", json.dumps(SUMMARY).encode())}
    assert "not a JSON object" in client.post("/api/v2/replay", files=parts, headers=KEY).text
    assert client.get("/-/replays").json() == []
