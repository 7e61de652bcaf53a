"""Recorded operations on single resources, and whether our provider does the same.

A case is a JSON object: {"type", "name", "op": "create" | "update" | "delete", "what": a label, "olds": the checked
inputs before, "news": the program's inputs, "checked": the inputs after Check or {"failures"}, "diff", "requests":
[{"method", "path", "query", "body", "step"}], "outputs"}. Ids of other resources are placeholders (`<NAME-id>`,
`<permission:NAME>`, `<user:E-MAIL>`): what they name is created from another case of that name, where there is one.
The state before is made by creating `olds` in an organisation of the sandbox's API.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from firedrill.datadog.mapping.schema import is_zero
from firedrill.datadog.published.schema import schemas
from firedrill.provider.difference import Difference
from firedrill.provider.resource import ProviderError, ResourceKind
from firedrill.provider.values import Properties, Secret
from firedrill.sandbox.datadog.http.api import AccountApi
from firedrill.sandbox.wire.account import AccountTransport
from firedrill.sandbox.wire.comparison import comparable, differences
from firedrill.sandbox.wire.stand import SECRET_MARK, Stand, call_of, plain_state

Json = Any
Case = dict[str, Json]

OPERATIONS = ("check", "diff", "create", "update", "delete")
ONCE = {("GET", "/api/v2/permissions")}
"""Requests that the published provider sends once in its life, before the first case that needs the answer."""
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 the protocol's marker


@dataclass(frozen=True)
class Outcome:
    """The comparison of one operation of a case. differences: empty when it is equal."""

    case: str
    operation: str
    differences: list[str]

    def __str__(self) -> str:
        return "\n".join([f"{self.operation} {self.case}", *(f"    {line}" for line in self.differences)])


def score(outcomes: list[Outcome]) -> dict[str, tuple[int, int]]:
    """Return how many outcomes are equal, of how many, by operation."""
    by_operation = {name: [outcome for outcome in outcomes if outcome.operation == name] for name in OPERATIONS}
    return {name: (sum(not outcome.differences for outcome in done), len(done)) for name, done in by_operation.items()}


def compare(api: AccountApi, cases: list[Case]) -> Iterator[Outcome]:
    """Yield the outcome of every operation that was recorded."""
    inputs = {case["name"]: (case["type"], case["olds"] or case["news"]) for case in cases}
    for number, case in enumerate(cases):
        api.directory.open(f"case-{number}", api.clock())
        stand = Stand(AccountTransport(api, f"case-{number}"), inputs)
        yield from _Run(stand, case).outcomes()


@dataclass
class _Run:
    """One case on a stand. checked: the recorded inputs after Check; id and state: the resource's before the case."""

    stand: Stand
    case: Case
    id: str = ""
    state: Properties = field(default_factory=dict)

    def __post_init__(self) -> None:
        case = self.case
        self.label = f"{case['type'].rpartition(':')[2]} {case['name']} {case['what'] or ''}".strip()
        self.call = call_of(case["type"], case["name"])
        self.kind: ResourceKind = self.stand.table.kind(self.call)
        self.olds, self.news, self.checked = (self.stand.resolved(case[key]) for key in ("olds", "news", "checked"))

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcomes: of Check, of Diff, and of the requests where Check and Diff lead to them."""
        operation, diff = self.case["op"], self.case["diff"]
        if self.olds is not None:
            try:
                self._prepare()
            except ProviderError as error:
                yield Outcome(self.label, operation, [f"its state before could not be made: {error}"])
                return
        if self.checked is not None:
            yield Outcome(self.label, "check", self._check())
            if "failures" in self.checked:
                return
        if operation == "update" and diff is not None:
            yield Outcome(self.label, "diff", self._diff(diff))
            if "error" in diff or diff["changes"] != "DIFF_SOME" or diff["replaces"]:
                return
        yield Outcome(self.label, operation, self._requests(operation))

    def _prepare(self) -> None:
        """Create the resource, and leave in it what the recorded one had from earlier cases.

        The account was one for all cases, and an update leaves what it does not name: the outputs after a case have it
        although neither its old nor its new inputs do.
        """
        self.id, self.state = self.stand.create(self.case["type"], self.case["name"], self.olds)
        self.stand.ids[f"<{self.case['name']}-id>"] = self.id
        leftovers = self._leftovers()
        if not leftovers or self.case["op"] != "update":
            return
        before = {**self.olds, **leftovers}
        try:
            left = plain_state(self.kind.update(self.call, self.id, self.olds, self.state, before))
            self.state = plain_state(self.kind.update(self.call, self.id, before, left, self.olds))
        except ProviderError:
            return

    def _leftovers(self) -> Properties:
        fields = schemas()[self.case["type"]].properties
        return {
            name: value
            for name, value in self.stand.resolved(self.case["outputs"] or {}).items()
            if name in fields and not fields[name].output and name not in self.olds and name not in (self.news or {})
            if not is_zero(value) and value != self.state.get(name)
        }

    def _check(self) -> list[str]:
        actual, failures = self.kind.check(self.call, self.news, self.olds or {})
        theirs = self.case["checked"]
        if "failures" in theirs:
            theirs = {"failures": sorted(_reason(failure["reason"]) for failure in theirs["failures"])}
        ours = {"failures": sorted(_reason(failure.reason) for failure in failures)} if failures else actual
        return differences(theirs, self.stand.placed(_with_marks(ours)))

    def _diff(self, diff: Json) -> list[str]:
        call = call_of(self.case["type"], self.case["name"], preview=True)
        try:
            ours = _diff_response(self.kind.diff(call, self.id, self.olds, self.state, self.checked))
        except ProviderError as error:
            return [] if "error" in diff else [f"refused: {error}"]
        if "error" in diff:
            return [f"not refused: {diff['error']}"]
        return differences({**diff, "replaces": sorted(diff["replaces"]), "diffs": sorted(diff["diffs"])}, ours)

    def _requests(self, operation: str) -> list[str]:
        error = self._perform(operation)
        recorded = [request for request in self.case["requests"] if request["step"] == operation]
        theirs = [comparable(r["method"], r["path"], r["query"], r["body"]) for r in self.stand.named(recorded)]
        placed = self.stand.placed
        ours = [
            comparable(request.method, placed(request.path), request.query, placed(request.body))
            for request in self.stand.transport.requests
            if (request.method, request.path) not in ONCE
        ]
        different = differences(theirs, ours)
        return [*different, f"error: {error}"] if different and error else different

    def _perform(self, operation: str) -> str:
        """Perform the operation; return its error, "" without one."""
        operations: dict[str, Callable[[], object]] = {
            "create": self._create,
            "update": lambda: self.kind.update(self.call, self.id, self.olds, self.state, self.checked),
            "delete": lambda: self.kind.delete(self.call, self.id, self.olds, self.state),
        }
        self.stand.send_point(self.checked or {})
        transport = self.stand.transport
        transport.requests.clear()
        if any(request["status"] >= 400 for request in self.case["requests"]):
            transport.echo = False
            transport.echoed.clear()
        try:
            operations[operation]()
        except ProviderError as error:
            return str(error)
        return ""

    def _create(self) -> None:
        id, _ = self.kind.create(self.call, self.checked)
        self.stand.ids[f"<{self.case['name']}-id>"] = id


def _diff_response(difference: Difference) -> Json:
    """Return a difference as the message that the engine receives."""
    return {
        "changes": "DIFF_SOME" if difference.changes else "DIFF_NONE",
        "diffs": sorted({_top(path) for path in difference.changes}),
        "replaces": sorted({_top(path) for path in difference.replaces}),
        "detailed": {}
        if not difference.detailed
        else {
            path: change.upper() + ("_REPLACE" if path in difference.replaces else "")
            for path, change in difference.changes.items()
        },
        "deleteBeforeReplace": bool(difference.replaces) and difference.delete_before_replace,
    }


def _top(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _with_marks(value: Json) -> Json:
    """Return checked inputs with secrets as the protocol marks them."""
    match value:
        case Secret():
            return {SECRET_MARK: SECRET_SIGNATURE, "value": value.value}
        case dict():
            return {key: _with_marks(item) for key, item in value.items()}
        case list():
            return [_with_marks(item) for item in value]
    return value


def _reason(reason: str) -> str:
    """Return the reason of a failure without the property's description, which releases reword."""
    missing = re.match(r"Missing required property '[^']*'", reason)
    return missing[0] if missing else reason
