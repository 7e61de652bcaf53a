"""Small JSON objects that all instances share, in the state's bucket. Each is written with a generation precondition.

https://docs.cloud.google.com/storage/docs/request-preconditions
"""

import json
from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage  # type: ignore[attr-defined]  # publishes no types

from service.problems import Unavailable
from service.runtime.bucket import FAILURES, TIMEOUT, OpenBucket

Json = dict[str, Any]
MAX_NAMES = 5000
"""Objects in one listing."""


class Objects:
    """The bucket as a store. Every method raises :class:`Unavailable` when it cannot be reached, or there is none."""

    def __init__(self, bucket: OpenBucket | None) -> None:
        self._open = bucket

    @property
    def has_bucket(self) -> bool:
        """True where a bucket is configured."""
        return self._open is not None

    def get(self, name: str) -> tuple[Json, int] | None:
        """Return an object and its generation; None when it does not exist."""

        def read(bucket: storage.Bucket) -> tuple[Json, int] | None:
            blob = bucket.get_blob(name, timeout=TIMEOUT, retry=None)
            if blob is None:
                return None
            content = blob.download_as_bytes(timeout=TIMEOUT, retry=None, if_generation_match=blob.generation)
            return json.loads(content), int(blob.generation)

        try:
            stored: tuple[Json, int] | None = self._call(read)
        except (NotFound, PreconditionFailed):
            return None
        return stored

    def put(self, name: str, body: Json, generation: int) -> int | None:
        """Replace this generation (0: the object must not exist).

        Return the new generation; None when another process has changed the object.
        """

        def write(bucket: storage.Bucket) -> int:
            blob = bucket.blob(name)
            blob.upload_from_string(
                json.dumps(body),
                content_type="application/json",
                if_generation_match=generation,
                timeout=TIMEOUT,
                retry=None,
            )
            return int(blob.generation)

        try:
            written: int = self._call(write)
        except PreconditionFailed:
            return None
        return written

    def delete(self, name: str) -> None:
        """Delete an object, which need not exist."""
        try:
            self._call(lambda bucket: bucket.blob(name).delete(timeout=TIMEOUT, retry=None))
        except NotFound:
            return

    def names(self, prefix: str) -> list[str]:
        """Return the names with this prefix, sorted."""
        names: list[str] = self._call(
            lambda bucket: [
                blob.name
                for blob in bucket.list_blobs(prefix=prefix, max_results=MAX_NAMES, timeout=TIMEOUT, retry=None)
            ]
        )
        return names

    def _call(self, action: Callable[[storage.Bucket], Any]) -> Any:
        if self._open is None:
            raise Unavailable("STATE_BUCKET is not set: there is no shared store")
        try:
            return action(self._open())
        except (NotFound, PreconditionFailed):
            raise
        except FAILURES as error:
            kind = type(error).__name__
            raise Unavailable(f"the shared store cannot be used ({kind})", retry_after=5) from error
