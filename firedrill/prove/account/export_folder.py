"""The folder that ``firedrill export`` writes: definitions, telemetry, and the state changes of monitors."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

from firedrill.errors import KnownFailure
from firedrill.evaluate import Recording, recording_file
from firedrill.evaluate.model import Json, Status, group_name
from firedrill.prove.monitor_file import from_file
from firedrill.scenario.definitions import Definitions

ACCOUNT, TELEMETRY, HISTORY, ORDINARY = "account.json", "telemetry.npz", "history.json", "ordinary.yaml"
STATES: dict[str, Status] = {"error": "ALERT", "warning": "WARN", "success": "OK", "ok": "OK"}
"""The state of a monitor by the status of its alert event."""


class ExportError(KnownFailure):
    """A folder that is not an export."""


@dataclass(frozen=True)
class RecordedStateChange:
    """A change of one group's state, as the account records it."""

    time: float
    monitor: str
    group: str
    state: Status
    before: Status | None = None

    def as_json(self) -> Json:
        """Return the change as ``history.json`` has it."""
        return asdict(self)

    @classmethod
    def from_event(cls, event: Json) -> "RecordedStateChange | None":
        """Return the change from the attributes of an event with ``source:alert``; None if it has no state."""
        attributes = event.get("attributes") or {}
        monitor = attributes.get("monitor") or {}
        transition = monitor.get("transition") or {}
        title = str(attributes.get("title") or event.get("title") or "")
        is_no_data = title.lower().startswith("[no data")
        state = transition.get("to") or ("NO DATA" if is_no_data else STATES.get(str(attributes.get("status"))))
        monitor_id = monitor.get("id") or attributes.get("monitor_id")
        if state is None or monitor_id is None:
            return None
        groups = monitor.get("groups") or attributes.get("monitor_groups") or ()
        tags = dict(group.partition(":")[::2] for group in groups if ":" in group)
        time = from_api_time(event["timestamp"])
        return cls(time, str(monitor_id), group_name(tags), state, transition.get("from"))


@dataclass(frozen=True)
class AccountExport:
    """An account's definitions, telemetry and state changes, and the span of the changes (epoch seconds)."""

    definitions: Definitions
    telemetry: Recording
    history: list[RecordedStateChange]
    start: float
    end: float


def read_export(folder: Path) -> AccountExport:
    """Read a folder.

    Raises:
        ExportError: The folder is not an export.
    """
    try:
        account = json.loads((folder / ACCOUNT).read_text())
        history = [RecordedStateChange(**change) for change in json.loads((folder / HISTORY).read_text())]
        telemetry = recording_file.load(folder / TELEMETRY)
        span = from_api_time(account["from"]), from_api_time(account["to"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ExportError(f"{folder} is not an export: {error}; `firedrill export {folder}` writes one") from error
    return AccountExport(from_file(folder / ACCOUNT), telemetry, history, *span)


def to_iso(time: float) -> str:
    """Return epoch seconds as the API takes them."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_api_time(time: str | float) -> float:
    """Return a time of the API (ISO 8601, or milliseconds) in epoch seconds."""
    return float(time) / 1000 if isinstance(time, int | float) else datetime.fromisoformat(time).timestamp()
