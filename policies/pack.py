"""The policies as Pulumi runs them: this stack's settings, its exemptions, and the engine's own objects."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pulumi
import pulumi_policy as crossguard
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies import (  # noqa: F401  # each file registers its policies
    access,
    cloud_run,
    contract,
    dashboards,
    logs,
    messages,
    missing_data,
    monitors,
    on_call,
    slos,
    synthetics,
    telemetry,
)
from policies.policy import POLICIES, NotChecked, Policy, Resource, Settings, Stack

NAME = "firedrill"
EXEMPTIONS = "exemption-has-a-reason"
Report = crossguard.ReportViolation


@cache
def settings() -> Settings:
    """The stack's own, from Pulumi.STACK.yaml; what is not there is as for any other program."""
    config = pulumi.Config("policies")
    return Settings(
        mandatory=config.get("level") == "mandatory",
        contract=config.get_bool("contract") or False,
        runbooks=config.get("runbooks") or "",
        handles=tuple(str(one).lstrip("@") for one in config.get_object("handles") or ()),
        authentication=tuple(config.get_object("authentication") or ()),
        exempt=tuple(config.get_object("exempt") or ()),
    )


def exempted(rule: Policy, resource: Resource, chosen: Settings) -> bool:
    """Whether the stack's settings say so, with a reason: an exemption without one is none."""
    return any(
        one.get("policy") == rule.name
        and one.get("resource") == resource.name
        and str(one.get("because") or "").strip()
        for one in chosen.exempt
    )


def violations(rule: Policy, resources: Iterable[Resource], stack: Stack) -> Iterator[tuple[Resource, str]]:
    """What one policy finds. Raises :class:`NotChecked`, after all that is certain, for what is not known yet."""
    unknown: list[str] = []
    if rule.needs_contract and not stack.settings.contract:
        return
    for resource in resources:
        if exempted(rule, resource, stack.settings):
            continue
        try:
            for message in rule.findings(resource, stack):
                yield resource, message
        except NotChecked as error:
            unknown.extend(error.places)
    if unknown:
        raise NotChecked(unknown)


def exemption_problems(chosen: Settings, names: Iterable[str]) -> Iterator[str]:
    """What is wrong with the exemptions of a stack whose resources have these names."""
    existing = set(names)
    for one in chosen.exempt:
        where = f"policies:exempt, {one.get('policy')} for {one.get('resource')}"
        if one.get("policy") not in POLICIES:
            yield f"{where}: there is no such policy; `firedrill policies` lists them."
        if one.get("resource") not in existing:
            yield f"{where}: the stack has no such resource; remove the exemption."
        if not str(one.get("because") or "").strip():
            yield f"{where}: add `because:` with the reason. Without one the exemption does not hold."


def as_resources(given: Iterable[crossguard.PolicyResource]) -> list[Resource]:
    """The engine's resources as policies see them, linked by what each property was made from."""
    engine = list(given)
    links: dict[str, dict[str, list[Resource]]] = {one.urn: {} for one in engine}
    made = {one.urn: Resource(one.resource_type, one.name, one.props, one.urn, links[one.urn]) for one in engine}
    for one in engine:
        for name, sources in one.property_dependencies.items():
            links[one.urn][name] = [made[source.urn] for source in sources]
    return list(made.values())


def _of_resource(rule: Policy) -> crossguard.Policy:
    def validate(args: crossguard.ResourceValidationArgs, report: Report) -> None:
        resource = Resource(args.resource_type, args.name, args.props, args.urn)
        for _, message in violations(rule, [resource], Stack([resource], settings())):
            report(message, None)

    return crossguard.ResourceValidationPolicy(rule.name, rule.says, validate)


def _of_stack(rule: Policy) -> crossguard.Policy:
    def validate(args: crossguard.StackValidationArgs, report: Report) -> None:
        stack = Stack(as_resources(args.resources), settings())
        for resource, message in violations(rule, stack.resources, stack):
            report(message, resource.urn)

    return crossguard.StackValidationPolicy(rule.name, rule.says, validate)


def _exemptions() -> crossguard.Policy:
    def validate(args: crossguard.StackValidationArgs, report: Report) -> None:
        for message in exemption_problems(settings(), (one.name for one in args.resources)):
            report(message, None)

    return crossguard.StackValidationPolicy(EXEMPTIONS, "Every exemption names a policy, a resource and why.", validate)


def serve() -> None:
    """Answer the engine until it ends this process.

    The engine tells a pack its stack's configuration by ConfigureStack (or, an older one, in the environment, which
    the SDK reads). pulumi-policy 1.7.0 has no ConfigureStack for Python, so this adds it to the SDK's servicer.
    """
    policies = [_of_stack(one) if one.scope == "stack" else _of_resource(one) for one in POLICIES.values()]
    policies.append(_exemptions())

    def levels() -> None:
        """A warning never stops an update; an error does what the stack says."""
        stops = crossguard.EnforcementLevel.MANDATORY if settings().mandatory else crossguard.EnforcementLevel.ADVISORY
        for one in policies:
            warns = one.name in POLICIES and POLICIES[one.name].severity == "warning"
            one.enforcement_level = crossguard.EnforcementLevel.ADVISORY if warns else stops

    def configure(_servicer: Any, request: Any, _context: Any) -> Any:
        pulumi.runtime.set_all_config({k: v for k, v in request.config.items() if k.startswith("policies:")})
        settings.cache_clear()
        levels()
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    levels()
    setattr(_PolicyAnalyzerServicer, "ConfigureStack", configure)  # noqa: B010  # it is not an attribute yet
    crossguard.PolicyPack(NAME, policies)


def table() -> list[Mapping[str, Any]]:
    """All policies as plain data."""
    return [
        {
            "policy": one.name,
            "topic": one.topic,
            "severity": one.severity,
            "scope": one.scope,
            "kinds": list(one.kinds),
            "needs_contract": one.needs_contract,
            "says": one.says,
            "prevents": one.prevents,
            "link": one.link,
        }
        for one in POLICIES.values()
    ]
