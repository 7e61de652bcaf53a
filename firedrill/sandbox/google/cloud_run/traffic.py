"""Traffic split of a service over its revisions: percentages and tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firedrill.sandbox.google.errors import ErrorResponse

REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


@dataclass(frozen=True)
class TrafficTarget:
    """One entry of a service's traffic."""

    revision: str
    percent: int
    tag: str = ""
    latest: bool = False


def read_targets(declared: Sequence[Mapping[str, Any]] | None, latest: str) -> list[TrafficTarget]:
    """Return a service's traffic, by default all to the latest revision. Raises ErrorResponse for an invalid one."""
    if not declared:
        return [TrafficTarget(latest, 100, latest=True)]
    split = []
    for entry in declared:
        kind = entry.get("type") or LATEST
        if kind not in {REVISION, LATEST}:
            raise ErrorResponse(400, f"traffic: type {kind} is neither {LATEST} nor {REVISION}.")
        by_revision = kind == REVISION
        if by_revision and not entry.get("revision"):
            raise ErrorResponse(400, f"traffic: type {REVISION} needs a revision.")
        revision = str(entry["revision"]).rsplit("/", 1)[-1] if by_revision else latest
        split.append(
            TrafficTarget(revision, int(entry.get("percent") or 0), entry.get("tag") or "", latest=not by_revision)
        )
    total = sum(target.percent for target in split)
    if total != 100:
        raise ErrorResponse(400, f"traffic: percents must add to 100, these add to {total}.")
    return split


@dataclass
class TrafficSplit:
    """Smooth weighted choice of a revision for each request: 10 % is every tenth request."""

    targets: list[TrafficTarget]
    _credit: dict[int, int] = field(default_factory=dict)

    def next_revision(self) -> str:
        """Return the revision for the next request."""
        for index, target in enumerate(self.targets):
            self._credit[index] = self._credit.get(index, 0) + target.percent
        chosen = max(self._credit, key=lambda index: self._credit[index])
        self._credit[chosen] -= 100
        return self.targets[chosen].revision

    def revision_with_tag(self, tag: str) -> str | None:
        """Return the revision with a tag, or None."""
        return next((target.revision for target in self.targets if target.tag == tag), None)

    def revisions(self) -> list[str]:
        """Return the revisions that requests can reach, each once."""
        return list(dict.fromkeys(target.revision for target in self.targets if target.percent or target.tag))
