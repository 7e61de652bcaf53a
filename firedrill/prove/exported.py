"""A folder that ``firedrill export`` wrote: definitions, telemetry, and what the account's own monitors did."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

from firedrill.drill.account import Definitions
from firedrill.errors import KnownFailure
from firedrill.evaluate import Recording, recording_file
from firedrill.evaluate.model import Json, Status, group_name
from firedrill.prove.collect import from_file

ACCOUNT, TELEMETRY, HISTORY, ORDINARY = "account.json", "telemetry.npz", "history.json", "ordinary.yaml"
STATES: dict[str, Status] = {"error": "ALERT", "warning": "WARN", "success": "OK", "ok": "OK"}
"""An alert event's status by the state that it tells of."""


class ExportError(KnownFailure):
    """Why a folder is no export."""


@dataclass(frozen=True)
class Change:
    """One group of a monitor went to a state."""

    time: float
    monitor: str
    group: str
    state: Status
    before: Status | None = None

    def as_json(self) -> Json:
        """For ``history.json``."""
        return asdict(self)

    @classmethod
    def told(cls, event: Json) -> "Change | None":
        """From the attributes of an event with ``source:alert``; None for one that tells of no state."""
        inner = event.get("attributes") or {}
        monitor = inner.get("monitor") or {}
        moved = monitor.get("transition") or {}
        title = str(inner.get("title") or event.get("title") or "")
        spelled = "NO DATA" if title.lower().startswith("[no data") else STATES.get(str(inner.get("status")))
        state = moved.get("to") or spelled
        identifier = monitor.get("id") or inner.get("monitor_id")
        if state is None or identifier is None:
            return None
        groups = monitor.get("groups") or inner.get("monitor_groups") or ()
        pairs = dict(one.partition(":")[::2] for one in groups if ":" in one)
        return cls(moment(event["timestamp"]), str(identifier), group_name(pairs), state, moved.get("from"))


@dataclass(frozen=True)
class Exported:
    """What was exported, and the span (epoch seconds) of its history."""

    definitions: Definitions
    telemetry: Recording
    history: list[Change]
    start: float
    end: float


def read(folder: Path) -> Exported:
    """Read a folder. Raises :class:`ExportError`."""
    try:
        told = json.loads((folder / ACCOUNT).read_text())
        history = [Change(**one) for one in json.loads((folder / HISTORY).read_text())]
        telemetry = recording_file.load(folder / TELEMETRY)
        span = moment(told["from"]), moment(told["to"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ExportError(f"{folder} is no export: {error}; `firedrill export {folder}` writes one") from error
    return Exported(from_file(folder / ACCOUNT), telemetry, history, *span)


def iso(time: float) -> str:
    """Epoch seconds as the API takes them."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str | float) -> float:
    """The API's times (ISO 8601, or milliseconds) as epoch seconds."""
    return float(text) / 1000 if isinstance(text, int | float) else datetime.fromisoformat(text).timestamp()
