"""Buckets and objects of Cloud Storage, with generations and preconditions.

Rules: https://cloud.google.com/storage/docs/request-preconditions and docs/metadata. Objects are not versioned: an
overwritten or deleted generation is gone, even where the bucket declares versioning.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import google_crc32c

from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import ErrorResponse

CONDITION_FAILED = "At least one of the pre-conditions you specified did not hold."


@dataclass(frozen=True)
class StoredObject:
    """An object: its metadata as the API's JSON, and its content."""

    metadata: dict[str, Any]
    content: bytes

    @property
    def generation(self) -> int:
        """The number that changes with each write of the content."""
        return int(self.metadata["generation"])


def utc_now() -> str:
    """Return the current time as the API writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def checksums(content: bytes) -> dict[str, str]:
    """Return ``md5Hash`` and ``crc32c`` as the API writes them."""
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    crc = google_crc32c.value(content).to_bytes(4, "big")
    return {"md5Hash": base64.b64encode(md5).decode(), "crc32c": base64.b64encode(crc).decode()}


def _number(parameters: Mapping[str, str], key: str) -> int | None:
    value = parameters.get(key)
    if value is not None and not value.isdecimal():
        raise ErrorResponse(400, f"Invalid value for {key}: {value!r}", reason="invalidParameter")
    return None if value is None else int(value)


def check_conditions(stored: StoredObject | None, conditions: Mapping[str, str]) -> None:
    """Check a request's ``if[Meta]Generation[Not]Match``. Raises ErrorResponse 412 or 304 when a condition fails."""
    actual = {
        "Generation": stored.generation if stored else 0,
        "Metageneration": int(stored.metadata["metageneration"]) if stored else 0,
    }
    for number, value in actual.items():
        match, not_match = _number(conditions, f"if{number}Match"), _number(conditions, f"if{number}NotMatch")
        if match is not None and match != value:
            raise ErrorResponse(412, CONDITION_FAILED, reason="conditionNotMet")
        if not_match is not None and not_match == value:
            raise ErrorResponse(304, CONDITION_FAILED)


class Buckets:
    """The buckets and objects in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_bucket(self, name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Create an empty bucket and return its JSON. Raises ErrorResponse 409 when the name is taken."""
        body = {
            "kind": "storage#bucket", "id": name, "name": name, "projectNumber": "123456789012", "metageneration": "1",
            "location": "EU", "storageClass": "STANDARD", "timeCreated": utc_now(), "updated": utc_now(), **metadata,
        }  # fmt: skip
        insert = "INSERT OR IGNORE INTO buckets VALUES (?, ?)"
        if not self._database.count_changed(insert, (name, json.dumps(body))):
            message = "Your previous request to create the named bucket succeeded and you already own it."
            raise ErrorResponse(409, message, reason="conflict")
        return body

    def get_bucket(self, name: str) -> dict[str, Any]:
        """Return a bucket's JSON. Raises ErrorResponse 404 when there is none."""
        row = self._database.row("SELECT metadata FROM buckets WHERE name = ?", (name,))
        if row is None:
            raise ErrorResponse(404, "The specified bucket does not exist.", reason="notFound")
        metadata: dict[str, Any] = json.loads(row["metadata"])
        return metadata

    def list_buckets(self) -> list[dict[str, Any]]:
        """Return all buckets, sorted by name."""
        return [json.loads(row["metadata"]) for row in self._database.rows("SELECT * FROM buckets ORDER BY name")]

    def delete_bucket(self, name: str, *, force: bool = False) -> None:
        """Delete an empty bucket, with ``force`` also one that holds objects. Raises ErrorResponse 404 or 409."""
        self.get_bucket(name)
        if force:
            self._database.rows("DELETE FROM objects WHERE bucket = ?", (name,))
        if self._database.row("SELECT 1 FROM objects WHERE bucket = ?", (name,)):
            raise ErrorResponse(409, "The bucket you tried to delete is not empty.", reason="conflict")
        self._database.rows("DELETE FROM buckets WHERE name = ?", (name,))

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return an object, or None."""
        row = self._database.row("SELECT * FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
        return StoredObject(json.loads(row["metadata"]), bytes(row["content"])) if row else None

    def get(self, bucket: str, name: str, conditions: Mapping[str, str]) -> StoredObject:
        """Return an object. Raises ErrorResponse 404 (no such object or generation), 412 or 304 (preconditions)."""
        self.get_bucket(bucket)
        stored = self.find(bucket, name)
        check_conditions(stored, conditions)
        generation = _number(conditions, "generation")
        if stored is None or generation not in (None, stored.generation):
            raise ErrorResponse(404, f"No such object: {bucket}/{name}", reason="notFound")
        return stored

    def put(
        self, bucket: str, name: str, content: bytes, metadata: Mapping[str, Any], conditions: Mapping[str, str]
    ) -> StoredObject:
        """Write an object as a new generation. Raises ErrorResponse 400 (checksum differs) or 412 (preconditions)."""
        self.get_bucket(bucket)
        before = self.find(bucket, name)
        check_conditions(before, conditions)
        sums = checksums(content)
        for key, value in sums.items():
            if metadata.get(key, value) != value:
                raise ErrorResponse(400, f"Provided {key} {metadata[key]} does not match {value}.", reason="invalid")
        generation = max(time.time_ns() // 1000, before.generation + 1 if before else 0)
        body = {
            "contentType": "application/octet-stream", "storageClass": "STANDARD", **metadata, **sums,
            "kind": "storage#object", "id": f"{bucket}/{name}/{generation}", "bucket": bucket, "name": name,
            "generation": str(generation), "metageneration": "1", "size": str(len(content)), "etag": str(generation),
            "timeCreated": utc_now(), "updated": utc_now(),
        }  # fmt: skip
        self._database.rows(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, 1, ?, ?)",
            (bucket, name, generation, json.dumps(body), content),
        )
        return StoredObject(body, content)

    def patch(self, bucket: str, name: str, changes: Mapping[str, Any], conditions: Mapping[str, str]) -> StoredObject:
        """Change an object's metadata, which makes a new metageneration of the same generation."""
        stored = self.get(bucket, name, conditions)
        body = stored.metadata | dict(changes)
        body |= {"metageneration": str(int(stored.metadata["metageneration"]) + 1), "updated": utc_now()}
        self._database.rows(
            "UPDATE objects SET metadata = ?, metageneration = metageneration + 1 WHERE bucket = ? AND name = ?",
            (json.dumps(body), bucket, name),
        )
        return StoredObject(body, stored.content)

    def delete(self, bucket: str, name: str, conditions: Mapping[str, str]) -> None:
        """Delete an object. Raises ErrorResponse 404 or 412 (preconditions)."""
        self.get(bucket, name, conditions)
        self._database.rows("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))

    def object_names(self, bucket: str, prefix: str = "", after: str = "") -> list[str]:
        """Return the sorted names of a bucket's objects that start with ``prefix`` and sort after ``after``."""
        self.get_bucket(bucket)
        rows = self._database.rows(
            "SELECT name FROM objects WHERE bucket = ? AND substr(name, 1, ?) = ? AND name > ? ORDER BY name",
            (bucket, len(prefix), prefix, after),
        )
        return [row["name"] for row in rows]
