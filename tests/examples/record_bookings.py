"""Record the FastAPI service again: ``python -m tests.examples.record_bookings``, where fastapi is installed."""

import tempfile
from pathlib import Path

from tests.examples.traffic import EXAMPLES, bookings, record

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for path in record("bookings", bookings(80), Path(folder)):
            (EXAMPLES / "bookings" / f"traffic{path.suffix}").write_text(path.read_text())
