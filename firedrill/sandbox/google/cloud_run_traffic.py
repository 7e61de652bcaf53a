"""How a service's requests are split over its revisions: percentages and tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firedrill.sandbox.google.errors import GoogleError

REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


@dataclass(frozen=True)
class Target:
    """One entry of a service's traffic."""

    revision: str
    percent: int
    tag: str = ""
    latest: bool = False


def targets(declared: Sequence[Mapping[str, Any]] | None, latest: str) -> list[Target]:
    """A service's traffic; by default all to the latest ready revision. GoogleError unless it adds to 100."""
    if not declared:
        return [Target(latest, 100, latest=True)]
    found = []
    for entry in declared:
        kind = entry.get("type") or LATEST
        if kind not in {REVISION, LATEST}:
            raise GoogleError(400, f"traffic: type {kind} is neither {LATEST} nor {REVISION}.")
        named = kind == REVISION
        if named and not entry.get("revision"):
            raise GoogleError(400, f"traffic: type {REVISION} needs a revision.")
        revision = str(entry["revision"]).rsplit("/", 1)[-1] if named else latest
        found.append(Target(revision, int(entry.get("percent") or 0), entry.get("tag") or "", latest=not named))
    total = sum(target.percent for target in found)
    if total != 100:
        raise GoogleError(400, f"traffic: percents must add to 100, these add to {total}.")
    return found


@dataclass
class Split:
    """Chooses a revision for each request: smoothly weighted, so that 10 % is every tenth request."""

    targets: list[Target]
    _credit: dict[int, int] = field(default_factory=dict)

    def choose(self) -> str:
        """The next request's revision."""
        for index, target in enumerate(self.targets):
            self._credit[index] = self._credit.get(index, 0) + target.percent
        chosen = max(self._credit, key=lambda index: self._credit[index])
        self._credit[chosen] -= 100
        return self.targets[chosen].revision

    def tagged(self, tag: str) -> str | None:
        """The revision that a tag names."""
        return next((target.revision for target in self.targets if target.tag == tag), None)

    def revisions(self) -> list[str]:
        """The revisions that requests can reach, each once."""
        return list(dict.fromkeys(target.revision for target in self.targets if target.percent or target.tag))
