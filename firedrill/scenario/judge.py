"""Compare the outcome of a scenario with its expectations. Every difference is one line that names the alert."""

from collections.abc import Iterator, Mapping

from firedrill.evaluate.model import SEVERITY
from firedrill.notify.handles import HANDLE
from firedrill.scenario.clock import Clock, format_minutes
from firedrill.scenario.outcome import SIGNAL, AlertOutcome
from firedrill.scenario.recipients import judge_recipients
from firedrill.scenario.scenario import Expectation, Scenario


def judge(
    scenario: Scenario, outcomes: Mapping[str, AlertOutcome], clock: Clock, *, remediated: bool = True
) -> list[str]:
    """Return the differences from a scenario's expectations, one line each.

    If nothing was ``remediated``, clearing is not judged.
    """
    expectations = {expectation.alert: expectation for expectation in scenario.then}
    problems = [f"{alert}: the account has no such alert" for alert in expectations if alert not in outcomes]
    for alert, outcome in outcomes.items():
        expectation = expectations.get(alert)
        problems += judge_recipients(outcome, expectation)
        if expectation is None and SIGNAL in (outcome.monitor.get("tags") or ()):
            continue
        if expectation is None or expectation.stays == "quiet":
            problems += [] if outcome.fired() is None else [f"{alert}: fired unexpectedly"]
        else:
            problems += _firing(expectation, outcome, clock)
            problems += _clearing(expectation, outcome, clock) if remediated else []
            problems += _steadiness(expectation, outcome, clock)
        problems += [
            f"{alert}: its message names {handle.handle}, which reaches nobody: {handle.reason}"
            for handle in outcome.unresolved()
        ]
    return problems


def judge_states(scenario: Scenario, outcomes: Mapping[str, AlertOutcome], clock: Clock) -> list[str]:
    """Return the differences that need a scenario's whole telemetry, as a proof has it and a drill does not.

    These are notifications of missing data, alerts that clear too soon or end in missing data, and the states that the
    scenario names.
    """
    problems = []
    minimum = {item.alert: item.clears_after for item in scenario.then if item.clears_after is not None}
    clearing = {item.alert for item in scenario.then if item.clears_within is not None}
    states = {item.alert: item.shows for item in scenario.then if item.shows is not None}
    for alert, outcome in outcomes.items():
        if any(transition.notify and transition.new == "NO DATA" for transition in outcome.transitions):
            problems.append(f"{alert}: notified about missing data unexpectedly")
        cleared = outcome.cleared()
        if alert in minimum and cleared is not None and cleared - clock.remediation < minimum[alert]:
            problems.append(f"{alert}: cleared sooner than {format_minutes(minimum[alert])} after the remediation")
        if alert in clearing and _ends_without_data(outcome):
            problems.append(f"{alert}: ends without data, so that nobody is notified of the recovery")
        if alert in states:
            state = _state_at(outcome, clock.remediation)
            if state != states[alert]:
                problems.append(f"{alert}: is in {state} at the end of the failing phase, not in {states[alert]}")
    return problems


def _firing(expectation: Expectation, outcome: AlertOutcome, clock: Clock) -> list[str]:
    alert, fired = outcome.alert, outcome.fired()
    if fired is None and expectation.may_stay_quiet:
        return []
    if fired is None:
        reason = "".join(f"; its query reads {metric}, which nothing emits" for metric in outcome.missing_metrics)
        return [f"{alert}: did not fire{reason}"]
    problems = []
    delay, limit = fired - clock.failure, expectation.fires_within
    if delay < 0:
        problems.append(f"{alert}: fired {format_minutes(-delay)} before the failure")
    elif limit is not None and delay > limit:
        problems.append(f"{alert}: fired after {format_minutes(delay)}, not within {format_minutes(limit)}")
    return problems + _notifying(expectation, outcome)


def _notifying(expectation: Expectation, outcome: AlertOutcome) -> list[str]:
    problems, alert, text = [], outcome.alert, expectation.message_contains
    messages = [sent.rendered.text for sent in outcome.notifications if sent.transition.new == "ALERT"]
    if text is not None and not any(text in message for message in messages):
        problems.append(f"{alert}: no message contains {text!r}")
    for asset in outcome.monitor.get("assets") or ():
        texts = [HANDLE.sub("", message) for message in messages]  # an input of a workflow is not a link
        if asset.get("category") == "runbook" and not any(asset.get("url", "") in text for text in texts):
            problems.append(f"{alert}: no message links its runbook, {asset.get('url')}")
    for handle, inputs in expectation.runs.items():
        runs = [run.parameters for run in outcome.workflow_runs() if run.handle == handle]
        if not runs:
            problems.append(f"{alert}: did not start the workflow {handle}")
        elif not any(inputs.items() <= given.items() for given in runs):
            expected = ", ".join(f"{name} {value}" for name, value in inputs.items())
            problems.append(f"{alert}: started the workflow {handle} without {expected}")
    paged = {name for paging in outcome.pagings[:1] for name in (*paging.people, *paging.schedules)}
    if expectation.pages is not None and expectation.pages not in paged:
        problems.append(f"{alert}: paged {', '.join(sorted(paged)) or 'nobody'}, not {expectation.pages}")
    fired = outcome.fired()
    if outcome.pagings and fired is not None and outcome.pagings[0].time < fired:
        problems.append(f"{alert}: paged {format_minutes(fired - outcome.pagings[0].time)} before it fired")
    if expectation.pages is None and outcome.pages():
        problems.append(f"{alert}: paged, although the scenario does not say that it pages")
    return problems + list(_escalating(expectation, outcome))


def _escalating(expectation: Expectation, outcome: AlertOutcome) -> Iterator[str]:
    """Yield the differences of the steps of its first page, and a second step that pages nobody new."""
    steps = [paging for paging in outcome.pagings if paging.page == 0]
    for delay, name in expectation.escalates.items():
        paged = {
            who
            for paging in steps
            if paging.time - steps[0].time == delay
            for who in (*paging.people, *paging.schedules)
        }
        if name not in paged:
            reached = ", ".join(sorted(paged)) or "nobody"
            yield f"{outcome.alert}: {format_minutes(delay)} after the page, {reached} is paged, not {name}"
    if len(steps) > 1 and set(steps[1].people) <= set(steps[0].people) and steps[1].schedules != steps[0].schedules:
        yield f"{outcome.alert}: its page escalates to {', '.join(steps[1].people)}, who was paged before"


def _clearing(expectation: Expectation, outcome: AlertOutcome, clock: Clock) -> list[str]:
    limit, cleared = expectation.clears_within, outcome.cleared()
    if limit is None or outcome.fired() is None:
        return []
    if cleared is None:
        return [f"{outcome.alert}: did not clear"]
    delay = cleared - clock.remediation
    if delay > limit:
        return [f"{outcome.alert}: cleared after {format_minutes(delay)}, not within {format_minutes(limit)}"]
    return []


def _steadiness(expectation: Expectation, outcome: AlertOutcome, clock: Clock) -> list[str]:
    """Return the problem of an alert that flaps, which people mute, or that ends before the failure does."""
    episodes = outcome.episodes()
    count = sum(active for _, active in episodes)
    if count > 1 and not expectation.flaps:
        return [f"{outcome.alert}: flapped; it fired {count} times"]
    ended = next((time for time, active in episodes if not active), None)
    if ended is not None and ended < clock.remediation and not (expectation.flaps or expectation.ends_early):
        return [f"{outcome.alert}: cleared {format_minutes(clock.remediation - ended)} before the failure ended"]
    return []


def _ends_without_data(outcome: AlertOutcome) -> bool:
    """Return whether a group that was in ALERT ends in NO DATA."""
    last = {transition.group_name: transition.new for transition in outcome.transitions}
    return any(
        last[transition.group_name] == "NO DATA" for transition in outcome.transitions if transition.new == "ALERT"
    )


def _state_at(outcome: AlertOutcome, time: float) -> str:
    """Return the worst state of all groups at a time."""
    states = {transition.group_name: transition.new for transition in outcome.transitions if transition.time <= time}
    return max(states.values(), key=lambda state: SEVERITY[state], default="OK")
