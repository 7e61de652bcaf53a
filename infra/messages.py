"""What people read when an alert goes on or off, and whom and what that calls."""

from string import Template

from infra.alert import Alert, AlertsArgs, known_values
from infra.links import linked
from infra.workflows import INPUTS, OPEN_INCIDENT, SWITCH_MODEL, mention


def message(alert: Alert, args: AlertsArgs, runbook: str) -> str:
    """What people read: what happened, why it matters, what to look at, what to do; then who and what is called."""
    team = args.pager if alert.pages else f"@{args.identity.team}"
    known = known_values(alert, args)
    text = [
        Template(alert.says).safe_substitute(known),
        "",
        f"**Impact**: {alert.impact}",
        "",
        "**Look first**",
        *(
            f"{number}. {linked(Template(look).safe_substitute(known), args.site)}"
            for number, look in enumerate(alert.look_first, 1)
        ),
        "",
        f"**Runbook**: {runbook}",
        "",
    ]
    if alert.signal:
        return "\n".join([*text[:2], f"Told to nobody: read by another monitor. **Runbook**: {runbook}"])
    called = [f"{'Calling' if alert.pages else 'Telling'} {team} "]
    if alert.switches_model_of:
        called.append(
            f'{{{{#is_exact_match "{alert.switches_model_of}" "{args.primary}"}}}}'
            f"The workflow moves the service to {args.fallback}: "
            f"{mention(args.identity, SWITCH_MODEL, model=args.fallback)} {{{{/is_exact_match}}}}"
        )
    called += [_starting(alert, args, runbook, handle) for handle in alert.starts]
    if alert.incident:
        called.append(_starting(alert, args, runbook, OPEN_INCIDENT))
    # A page resolves itself only if the recovery's text names the same handle.
    # https://docs.datadoghq.com/incident_response/on-call/pages
    return (
        _when("^is_recovery", "\n".join(text) + "\n")
        + _when("#is_alert", "\n".join(called))
        + _when("#is_recovery", f"Over. It began at {{{{first_triggered_at}}}}. Telling {team} ")
    )


def _starting(alert: Alert, args: AlertsArgs, runbook: str, handle: str) -> str:
    """The mention of a workflow, with those of its inputs that the alert knows."""
    inputs = {"title": args.identity.named(alert.title), "runbook": runbook}
    if alert.incident:
        inputs |= {"severity": alert.incident.severity, "failure_mode": alert.incident.failure_mode}
    taken = {name: value for name, value in inputs.items() if name in INPUTS[handle]}
    return f"The workflow {handle} runs: {mention(args.identity, handle, **taken)} "


def _when(condition: str, text: str) -> str:
    """Text that a message has only under a condition (``#is_alert``, or ``^is_recovery`` for its opposite)."""
    return f"{{{{{condition}}}}}{text}{{{{/{condition[1:]}}}}}"
