"""The policy pack as Pulumi runs it: settings of the stack, exemptions, and conversion of the engine's resources."""

import traceback
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_policy as crossguard
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.policy import _PolicyAnalyzerServicer

from firedrill.declared_at import located
from policies import (  # noqa: F401  # each file registers its policies
    cloud_run,
    contract,
    dashboard_titles,
    dashboards,
    iam,
    logs,
    metrics,
    missing_data,
    monitor_messages,
    monitor_notifications,
    monitor_queries,
    monitor_thresholds,
    notification_rules,
    on_call,
    sensitive_data,
    slos,
    storage,
    synthetics,
    unchecked,
    workflows,
)
from policies.policy import POLICIES, NotChecked, Policy, Resource, Settings, Stack
from policies.unchecked import Unchecked

NAME = "firedrill"
EXEMPTIONS = "exemption-has-a-reason"
UNCHECKED = Unchecked()
Report = crossguard.ReportViolation


@cache
def settings() -> Settings:
    """Return the settings from Pulumi.STACK.yaml, with defaults that suit any program."""
    config = pulumi.Config("policies")
    return Settings(
        mandatory=config.get("level") == "mandatory",
        contract=config.get_bool("contract") or False,
        runbooks=config.get("runbooks") or "",
        handles=tuple(str(handle).lstrip("@") for handle in config.get_object("handles") or ()),
        authentication=tuple(config.get_object("authentication") or ()),
        exempt=tuple(config.get_object("exempt") or ()),
    )


def is_exempt(policy: Policy, resource: Resource, settings: Settings) -> bool:
    """Return whether the settings exempt a resource from a policy. An exemption without a reason does not count."""
    return any(
        exemption.get("policy") == policy.name
        and exemption.get("resource") == resource.name
        and str(exemption.get("because") or "").strip()
        for exemption in settings.exempt
    )


def violations(policy: Policy, resources: Iterable[Resource], stack: Stack) -> Iterator[tuple[Resource, str]]:
    """Yield the violations of a policy. Raises :class:`NotChecked`, after the certain ones, for unknown values."""
    unknown: list[str] = []
    if policy.needs_contract and not stack.settings.contract:
        return
    for resource in resources:
        if is_exempt(policy, resource, stack.settings):
            continue
        try:
            for message in policy.violations(resource, stack):
                yield resource, message
        except NotChecked as error:
            unknown.extend(error.places)
        except Exception as error:  # noqa: BLE001 - a defect of a policy must not hide the results of the others
            yield resource, _defect(policy, error)
    if unknown:
        raise NotChecked(unknown)


def _defect(policy: Policy, error: Exception) -> str:
    """Return the message for a policy that raised an error, which the engine would show as a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    last = next(frame for frame in reversed(frames) if "site-packages" not in frame.filename)
    place = f"{Path(last.filename).parent.name}/{Path(last.filename).name}:{last.lineno}"
    return (
        f"{policy.name} cannot judge it ({place}: {type(error).__name__}: {error}). That is a defect of the policy: "
        "report it, and add the resource to policies:exempt until it is fixed."
    )


def exemption_problems(settings: Settings, resource_names: Iterable[str]) -> Iterator[str]:
    """Yield the problems of the exemptions of a stack that has resources with these names."""
    existing = set(resource_names)
    for exemption in settings.exempt:
        where = f"policies:exempt, {exemption.get('policy')} for {exemption.get('resource')}"
        if exemption.get("policy") not in POLICIES:
            yield f"{where}: there is no such policy. Correct the name; `firedrill policies` lists all."
        if exemption.get("resource") not in existing:
            yield f"{where}: the stack has no such resource. Remove the exemption."
        if not str(exemption.get("because") or "").strip():
            yield f"{where}: the exemption has no reason and does not count. Add `because:` with the reason."


def from_engine(engine_resources: Iterable[crossguard.PolicyResource]) -> list[Resource]:
    """Convert the engine's resources, with the links between them."""
    engine_resources = list(engine_resources)
    links: dict[str, dict[str, list[Resource]]] = {resource.urn: {} for resource in engine_resources}
    by_urn = {
        resource.urn: Resource(resource.resource_type, resource.name, resource.props, resource.urn, links[resource.urn])
        for resource in engine_resources
    }
    for resource in engine_resources:
        for name, sources in resource.property_dependencies.items():
            links[resource.urn][name] = [by_urn[source.urn] for source in sources]
    return list(by_urn.values())


def _with_place(resource: Resource, message: str) -> str:
    """Return a message with the place of the declaration, where the pack lies beside the program."""
    return located(Path(__file__).resolve().parents[1], resource.urn or resource.name, message)


def _resource_policy(policy: Policy) -> crossguard.Policy:
    def validate(args: crossguard.ResourceValidationArgs, report: Report) -> None:
        resource = Resource(args.resource_type, args.name, args.props, args.urn)
        with UNCHECKED.noting(policy.name):
            for _, message in violations(policy, [resource], Stack([resource], settings())):
                report(_with_place(resource, message), None)

    return crossguard.ResourceValidationPolicy(policy.name, policy.description, validate)


def _stack_policy(policy: Policy) -> crossguard.Policy:
    def validate(args: crossguard.StackValidationArgs, report: Report) -> None:
        stack = Stack(from_engine(args.resources), settings())
        with UNCHECKED.noting(policy.name):
            for resource, message in violations(policy, stack.resources, stack):
                report(_with_place(resource, message), resource.urn)

    return crossguard.StackValidationPolicy(policy.name, policy.description, validate)


def _exemption_policy() -> crossguard.Policy:
    def validate(args: crossguard.StackValidationArgs, report: Report) -> None:
        for message in exemption_problems(settings(), (resource.name for resource in args.resources)):
            report(message, None)

    description = "Every exemption has a policy, a resource and a reason."
    return crossguard.StackValidationPolicy(EXEMPTIONS, description, validate)


def _unchecked_policy() -> crossguard.Policy:
    """Return the policy that the engine runs last: it reports what the others could not check."""

    def validate(args: crossguard.StackValidationArgs, report: Report) -> None:
        UNCHECKED.report(lambda message: report(message, None))

    return crossguard.StackValidationPolicy(unchecked.NAME, unchecked.DESCRIPTION, validate)


def serve() -> None:
    """Serve the engine until it ends this process.

    The engine sends the stack's configuration by ConfigureStack; older engines put it into the environment, which the
    SDK reads. pulumi-policy 1.7.0 lacks ConfigureStack for Python, so this adds it to the SDK's servicer.
    """
    policies = [
        _stack_policy(policy) if policy.scope == "stack" else _resource_policy(policy) for policy in POLICIES.values()
    ]
    policies += [_exemption_policy(), _unchecked_policy()]

    def set_levels() -> None:
        """Make errors mandatory if the stack says so; warnings are always advisory."""
        of_errors = (
            crossguard.EnforcementLevel.MANDATORY if settings().mandatory else crossguard.EnforcementLevel.ADVISORY
        )
        for policy in policies:
            is_warning = policy.name == unchecked.NAME or (
                policy.name in POLICIES and POLICIES[policy.name].severity == "warning"
            )
            policy.enforcement_level = crossguard.EnforcementLevel.ADVISORY if is_warning else of_errors

    def configure(_servicer: Any, request: Any, _context: Any) -> Any:
        pulumi.runtime.set_all_config(
            {key: value for key, value in request.config.items() if key.startswith("policies:")}
        )
        settings.cache_clear()
        set_levels()
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    set_levels()
    setattr(_PolicyAnalyzerServicer, "ConfigureStack", configure)  # noqa: B010  # mypy: the class has no such attribute
    crossguard.PolicyPack(NAME, policies)


def table() -> list[Mapping[str, Any]]:
    """Return all policies as plain data."""
    return [
        {
            "policy": policy.name,
            "topic": policy.topic,
            "severity": policy.severity,
            "scope": policy.scope,
            "kinds": list(policy.kinds),
            "needs_contract": policy.needs_contract,
            "description": policy.description,
            "prevents": policy.prevents,
            "link": policy.link,
        }
        for policy in POLICIES.values()
    ]
