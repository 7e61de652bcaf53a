"""Reading of server-sent events."""

import json
from typing import Any


def parse_events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the name and the JSON data of each event of a response."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]
