"""The step of the roll-back workflow that chooses a revision. Datadog runs this file's text, with its own Python.

So it imports nothing of the project. ``main`` and ``ctx``:
https://docs.datadoghq.com/actions/workflows/expressions/python/
"""

from collections.abc import Mapping
from typing import Any

SERVED = "firedrill/served"
"""The service's annotation in which `firedrill deploy` names the revisions that it gave all requests, in their order:
one that it returned is newer than the one that serves, or older, and did not serve."""


def main(*, ctx: Mapping[str, Any]) -> str:
    """The newest revision that served before the one that serves now.

    While requests are split, that is the oldest that has some. Else it is what the annotation names before the one that
    has all; without a word about that one, the newest ready revision that is older. Raises LookupError: there is none.
    """
    service = ctx["Steps"]["Show_service"]["body"]
    revisions = ctx["Steps"]["List_revisions"]["body"].get("revisions") or []  # newest first
    names: list[str] = [one["name"].split("/")[-1] for one in revisions]
    latest = service["latestReadyRevision"].split("/")[-1]
    shares = [one for one in service["trafficStatuses"] if one.get("percent")]
    having = {(one.get("revision") or latest).split("/")[-1] for one in shares}
    serving = [name for name in names if name in having]
    if len(serving) < len(having):
        raise LookupError(f"not among the {len(names)} newest revisions: {', '.join(sorted(having - {*names}))}")
    if len(serving) > 1:
        return serving[-1]
    [now] = serving
    ready = {name for name, one in zip(names, revisions, strict=True) if _is_ready(one)}
    known: list[str] = ((service.get("annotations") or {}).get(SERVED) or "").split()
    before = known[: known.index(now)][::-1] if now in known else []
    older = names[names.index(now) + 1 :]
    for name in [*before, *older]:
        if name in ready:
            return name
    raise LookupError(f"no revision served before {now}")


def _is_ready(revision: Mapping[str, Any]) -> bool:
    conditions = revision.get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("state") == "CONDITION_SUCCEEDED" for one in conditions)
