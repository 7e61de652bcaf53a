"""Buckets and objects of Cloud Storage, with generations and preconditions.

Rules: https://cloud.google.com/storage/docs/request-preconditions and docs/metadata. Objects are not versioned: an
overwritten or deleted generation is gone, whatever the bucket declares.
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
from firedrill.sandbox.google.errors import GoogleError

CONDITION_FAILED = "At least one of the pre-conditions you specified did not hold."


@dataclass(frozen=True)
class StoredObject:
    """One object: ``metadata`` is the API's JSON of it."""

    metadata: dict[str, Any]
    content: bytes

    @property
    def generation(self) -> int:
        """The number that changes with each write of the content."""
        return int(self.metadata["generation"])


def now() -> str:
    """This moment as the API writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def checksums(content: bytes) -> dict[str, str]:
    """``md5Hash`` and ``crc32c`` as the API writes them."""
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    crc = google_crc32c.value(content).to_bytes(4, "big")
    return {"md5Hash": base64.b64encode(md5).decode(), "crc32c": base64.b64encode(crc).decode()}


def _number(parameters: Mapping[str, str], key: str) -> int | None:
    value = parameters.get(key)
    if value is not None and not value.isdecimal():
        raise GoogleError(400, f"Invalid value for {key}: {value!r}", reason="invalidParameter")
    return None if value is None else int(value)


def check_conditions(stored: StoredObject | None, conditions: Mapping[str, str]) -> None:
    """Hold a request's ``if[Meta]Generation[Not]Match`` against an object; 412 or 304 when one does not hold."""
    actual = {
        "Generation": stored.generation if stored else 0,
        "Metageneration": int(stored.metadata["metageneration"]) if stored else 0,
    }
    for number, value in actual.items():
        match, not_match = _number(conditions, f"if{number}Match"), _number(conditions, f"if{number}NotMatch")
        if match is not None and match != value:
            raise GoogleError(412, CONDITION_FAILED, reason="conditionNotMet")
        if not_match is not None and not_match == value:
            raise GoogleError(304, CONDITION_FAILED)


class Buckets:
    """The buckets and objects that the database keeps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """A new, empty bucket; 409 when the name is taken."""
        body = {
            "kind": "storage#bucket", "id": name, "name": name, "projectNumber": "123456789012", "metageneration": "1",
            "location": "EU", "storageClass": "STANDARD", "timeCreated": now(), "updated": now(), **metadata,
        }  # fmt: skip
        insert = "INSERT OR IGNORE INTO buckets VALUES (?, ?)"
        if not self._database.changed(insert, (name, json.dumps(body))):
            message = "Your previous request to create the named bucket succeeded and you already own it."
            raise GoogleError(409, message, reason="conflict")
        return body

    def bucket(self, name: str) -> dict[str, Any]:
        """A bucket's JSON; 404 when there is none."""
        row = self._database.row("SELECT metadata FROM buckets WHERE name = ?", (name,))
        if row is None:
            raise GoogleError(404, "The specified bucket does not exist.", reason="notFound")
        found: dict[str, Any] = json.loads(row["metadata"])
        return found

    def buckets(self) -> list[dict[str, Any]]:
        """All buckets by name."""
        return [json.loads(row["metadata"]) for row in self._database.rows("SELECT * FROM buckets ORDER BY name")]

    def delete_bucket(self, name: str, *, force: bool = False) -> None:
        """Delete an empty bucket; with ``force`` its objects too."""
        self.bucket(name)
        if force:
            self._database.rows("DELETE FROM objects WHERE bucket = ?", (name,))
        if self._database.row("SELECT 1 FROM objects WHERE bucket = ?", (name,)):
            raise GoogleError(409, "The bucket you tried to delete is not empty.", reason="conflict")
        self._database.rows("DELETE FROM buckets WHERE name = ?", (name,))

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """An object, or None."""
        row = self._database.row("SELECT * FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
        return StoredObject(json.loads(row["metadata"]), bytes(row["content"])) if row else None

    def get(self, bucket: str, name: str, conditions: Mapping[str, str]) -> StoredObject:
        """An object; 404 without it or without the ``generation`` asked for, 412 or 304 by its preconditions."""
        self.bucket(bucket)
        stored = self.find(bucket, name)
        check_conditions(stored, conditions)
        wanted = _number(conditions, "generation")
        if stored is None or wanted not in (None, stored.generation):
            raise GoogleError(404, f"No such object: {bucket}/{name}", reason="notFound")
        return stored

    def put(
        self, bucket: str, name: str, content: bytes, metadata: Mapping[str, Any], conditions: Mapping[str, str]
    ) -> StoredObject:
        """Write an object as a new generation; 400 when a checksum sent with it differs, 412 by its preconditions."""
        self.bucket(bucket)
        before = self.find(bucket, name)
        check_conditions(before, conditions)
        sums = checksums(content)
        for key, value in sums.items():
            if metadata.get(key, value) != value:
                raise GoogleError(400, f"Provided {key} {metadata[key]} does not match {value}.", reason="invalid")
        generation = max(time.time_ns() // 1000, before.generation + 1 if before else 0)
        body = {
            "contentType": "application/octet-stream", "storageClass": "STANDARD", **metadata, **sums,
            "kind": "storage#object", "id": f"{bucket}/{name}/{generation}", "bucket": bucket, "name": name,
            "generation": str(generation), "metageneration": "1", "size": str(len(content)), "etag": str(generation),
            "timeCreated": now(), "updated": now(),
        }  # fmt: skip
        self._database.rows(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, 1, ?, ?)",
            (bucket, name, generation, json.dumps(body), content),
        )
        return StoredObject(body, content)

    def patch(self, bucket: str, name: str, changes: Mapping[str, Any], conditions: Mapping[str, str]) -> StoredObject:
        """Change an object's metadata: a new metageneration of the same generation."""
        stored = self.get(bucket, name, conditions)
        body = stored.metadata | dict(changes)
        body |= {"metageneration": str(int(stored.metadata["metageneration"]) + 1), "updated": now()}
        self._database.rows(
            "UPDATE objects SET metadata = ?, metageneration = metageneration + 1 WHERE bucket = ? AND name = ?",
            (json.dumps(body), bucket, name),
        )
        return StoredObject(body, stored.content)

    def delete(self, bucket: str, name: str, conditions: Mapping[str, str]) -> None:
        """Delete an object; 404 without it, 412 by its preconditions."""
        self.get(bucket, name, conditions)
        self._database.rows("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))

    def names(self, bucket: str, prefix: str = "", after: str = "") -> list[str]:
        """Sorted names of a bucket's objects that start with ``prefix`` and come after ``after``."""
        self.bucket(bucket)
        rows = self._database.rows(
            "SELECT name FROM objects WHERE bucket = ? AND substr(name, 1, ?) = ? AND name > ? ORDER BY name",
            (bucket, len(prefix), prefix, after),
        )
        return [row["name"] for row in rows]
