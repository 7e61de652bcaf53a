"""The result of an operation of the engine, collected from its events."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi.automation.events import EngineEvent, PolicyEvent, StepEventMetadata

from firedrill.declared_at import located
from firedrill.engine.organisation_policies import explain_policy
from firedrill.engine.products_off import explain_error
from firedrill.errors import KnownFailure
from firedrill.program_fault import in_one_line


class UpdateFailed(KnownFailure):
    """An operation that ended with an error: the engine's messages, one a line. result: what was done before."""

    def __init__(self, message: str, result: "Result | None" = None) -> None:
        super().__init__(message)
        self.result = result or Result()


@dataclass(frozen=True)
class Violation:
    """A policy violation of a resource. level: "mandatory" or "advisory"."""

    policy: str
    level: str
    urn: str
    message: str


@dataclass
class Result:
    """The outcome of an operation. changes: number of resources by operation ("same", "create", "update" ...)."""

    changes: dict[str, int] = field(default_factory=dict)
    steps: list[StepEventMetadata] = field(default_factory=list)
    """The planned steps of a preview or update; of a refresh, the differences."""
    done: list[StepEventMetadata] = field(default_factory=list)
    """The steps that were completed."""
    violations: list[Violation] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    """The creates that failed: type, urn and inputs, with the error."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """The outputs of an update's program, without secrets."""

    @property
    def changed(self) -> int:
        """The number of resources that were changed."""
        return sum(count for operation, count in self.changes.items() if operation not in {"same", "read", "refresh"})


@dataclass
class EventCollector:
    """Collects the engine's events of one operation into its result. error_texts: by URN."""

    result: Result
    root: Path
    """The checkout: places of declarations are relative to it."""
    error_texts: dict[str, str] = field(default_factory=dict)

    def collect(self, event: EngineEvent) -> None:
        """Add an event to the result."""
        if event.summary_event:
            changes = event.summary_event.resource_changes
            self.result.changes = {_operation(op): count for op, count in changes.items()}
        if event.resource_pre_event:
            self.result.steps.append(event.resource_pre_event.metadata)
        if event.res_outputs_event:
            self.result.done.append(event.res_outputs_event.metadata)
        if event.policy_event:
            self._add_violation(event.policy_event)
        if event.res_op_failed_event:
            self._add_failed_create(event.res_op_failed_event.metadata)
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            urn = event.diagnostic_event.urn or ""
            self.error_texts[urn] = event.diagnostic_event.message
            message = in_one_line(event.diagnostic_event.message.strip(), self.root)
            self.result.errors.append(located(self.root, urn, explain_policy(explain_error(message, urn), urn)))

    def complete_failed_creates(self) -> None:
        """Add the error texts that arrived after the failures."""
        self.result.failed = [
            (resource, text or self.error_texts.get(resource["urn"], "")) for resource, text in self.result.failed
        ]

    def _add_violation(self, event: PolicyEvent) -> None:
        violation = Violation(
            event.policy_name, event.enforcement_level, event.resource_urn or "", event.message.strip()
        )
        self.result.violations.append(violation)
        if violation.level == "mandatory":
            self.result.errors.append(f"{violation.policy}: {violation.urn.split('::')[-1]}\n{violation.message}")

    def _add_failed_create(self, step: StepEventMetadata) -> None:
        if step.new and _operation(step.op).startswith("create"):
            resource = {"type": step.new.type, "urn": step.new.urn, "inputs": dict(step.new.inputs or {})}
            self.result.failed.append((resource, self.error_texts.get(step.new.urn, "")))


def _operation(op: object) -> str:
    """Return the name of an operation, which the SDK passes as a text or as a member of an enumeration."""
    return str(getattr(op, "value", op))
