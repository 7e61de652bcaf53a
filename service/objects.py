"""Small JSON objects that all instances share, in the state's bucket: each written with a generation precondition."""

import json
from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage  # type: ignore[attr-defined]  # publishes no types

from service.problems import Unavailable
from service.state import FAILURES, TIMEOUT

Json = dict[str, Any]
MOST = 5000
"""Objects that one listing gives."""


class Objects:
    """The bucket as a store. Every method raises :class:`Unavailable` when it cannot be reached."""

    def __init__(self, bucket: Callable[[], storage.Bucket] | None) -> None:
        self._open = bucket

    @property
    def there(self) -> bool:
        """Whether there is a bucket at all."""
        return self._open is not None

    def get(self, name: str) -> tuple[Json, int] | None:
        """An object and its generation, None where there is none."""

        def read(bucket: storage.Bucket) -> tuple[Json, int] | None:
            blob = bucket.get_blob(name, timeout=TIMEOUT, retry=None)
            if blob is None:
                return None
            content = blob.download_as_bytes(timeout=TIMEOUT, retry=None, if_generation_match=blob.generation)
            return json.loads(content), int(blob.generation)

        try:
            found: tuple[Json, int] | None = self._do(read)
        except (NotFound, PreconditionFailed):
            return None
        return found

    def put(self, name: str, body: Json, generation: int) -> int | None:
        """Write over this generation (0: there must be none); the new one, None where another was quicker."""

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
            made: int = self._do(write)
        except PreconditionFailed:
            return None
        return made

    def delete(self, name: str) -> None:
        """Remove; nothing happens where there is nothing."""
        try:
            self._do(lambda bucket: bucket.blob(name).delete(timeout=TIMEOUT, retry=None))
        except NotFound:
            return

    def names(self, prefix: str) -> list[str]:
        """The names that begin so, in their order."""
        found: list[str] = self._do(
            lambda bucket: [
                blob.name for blob in bucket.list_blobs(prefix=prefix, max_results=MOST, timeout=TIMEOUT, retry=None)
            ]
        )
        return found

    def _do(self, action: Callable[[storage.Bucket], Any]) -> Any:
        if self._open is None:
            raise Unavailable("STATE_BUCKET is not set: there is no shared store")
        try:
            return action(self._open())
        except (NotFound, PreconditionFailed):
            raise
        except FAILURES as error:
            kind = type(error).__name__
            raise Unavailable(f"the shared store cannot be used ({kind})", retry_after=5) from error
