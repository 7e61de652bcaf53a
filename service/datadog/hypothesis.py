"""Sentences on failing chats (the symptom, what changed before it, the first step) and on costs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from service.datadog.evidence import Costs, Deployed, Failing, Outcomes

SUSPECT_HOURS = 2
"""A deployment is a suspect of failures that begin within this time after it."""
GOES_ON_MINUTES = 10
VERBS = {
    "throttled": "are throttled by Gemini",
    "timeout": "time out",
    "provider_error": "fail at Gemini",
    "empty": "get an empty answer from Gemini",
    "blocked": "are blocked by Gemini's safety filters",
    "error": "fail in the service itself",
}
FIRST_STEPS = {
    "throttled": "The model's quota is used up. Switch the model (`POST /datadog/workflows/model-switch`), then look "
    "at requests by caller, or ask Google for more quota.",
    "timeout": "The model answers slowly or not at all. Switch the model (`POST /datadog/workflows/model-switch`) and "
    "look at https://status.cloud.google.com.",
    "provider_error": "Gemini answers with errors or cannot be reached. Look at https://status.cloud.google.com, and "
    "switch the model (`POST /datadog/workflows/model-switch`).",
    "empty": "Look at the finish reasons in the log; a prompt or a model that changed is likely.",
    "blocked": "Look at who sends these prompts (`caller` in the log): one caller is abuse, all callers a change.",
    "error": "A mistake of the service's code or its settings: the top error below has type, version and trace.",
}


def first_hypothesis(outcomes: Outcomes, deployments: Sequence[Deployed] | None, hours: int, now: datetime) -> str:
    """Return a paragraph for an engineer who was just woken. ``deployments`` is None where they cannot be read."""
    if not outcomes.failing:
        return f"No chat failed in the last {hours} h. {_change(deployments, now, now)}"
    main = outcomes.failing[0]
    parts = [_symptom(main, now), _others(outcomes, main), _change(deployments, main.since, now)]
    return " ".join(
        [*filter(None, parts), f"\n\n**First step:** {FIRST_STEPS.get(main.outcome, FIRST_STEPS['error'])}"]
    )


def clock(moment: datetime, now: datetime) -> str:
    """Return a time in UTC, with the day unless it is today."""
    moment = moment.astimezone(UTC)
    return f"{moment:%H:%M} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M} UTC"


def _symptom(main: Failing, now: datetime) -> str:
    verb = VERBS.get(main.outcome, f"end with `{main.outcome}`")
    share = f"{main.count} of {main.chats}, {main.count / max(main.chats, main.count):.0%}"
    goes_on = now - main.until <= timedelta(minutes=GOES_ON_MINUTES)
    end = "and it goes on" if goes_on else f"the last one at {clock(main.until, now)}"
    return f"**Chats to `{main.model}` {verb} since {clock(main.since, now)}** ({share} chats; {end})."


def _others(outcomes: Outcomes, main: Failing) -> str:
    sentences = []
    if others := outcomes.failing[1:4]:
        listed = ", ".join(f"{other.count} `{other.outcome}` with `{other.model}`" for other in others)
        sentences.append(f"Besides: {listed}.")
    if outcomes.healthy_models:
        listed = ", ".join(f"`{model}`" for model in outcomes.healthy_models)
        sentences.append(f"{listed} {'answers' if len(outcomes.healthy_models) == 1 else 'answer'} without failures, "
                         f"so the cause is with `{main.model}`.")  # fmt: skip
    return " ".join(sentences)


def _change(deployments: Sequence[Deployed] | None, since: datetime, now: datetime) -> str:
    if deployments is None:
        return "Whether something was deployed could not be read."
    # A point of a graph stands for the interval that it begins, so a cause may lie a little after it.
    before = [deployment for deployment in deployments if deployment.at <= since + timedelta(minutes=5)]
    if before and since - before[0].at <= timedelta(hours=SUSPECT_HOURS):
        latest = before[0]
        minutes = max(0, round((since - latest.at).total_seconds() / 60))
        return (f"**Version `{latest.version}` was deployed {minutes} min before** ({clock(latest.at, now)}, by "
                f"{latest.author or 'an unnamed author'}): suspect it first.")  # fmt: skip
    return f"Nothing was deployed in the {SUSPECT_HOURS} h before."


def cost_summary(costs: Costs, hours: int) -> str:
    """Return a paragraph on what a window's chats cost, and who or what causes most of it."""
    if not costs.total:
        return f"The chats of the last {hours} h cost nothing."
    compared = (f"{costs.total / costs.total_before:.1f} times the ${costs.total_before:.2f} of the {hours} h before"
                if costs.total_before else f"nothing in the {hours} h before")  # fmt: skip
    shares = [f"{dollars / costs.total:.0%} by {tag} `{value}`"
              for tag, values in costs.by_tag.items() for value, dollars in values[:1]]  # fmt: skip
    sentences = [f"**${costs.total:.2f} in the last {hours} h**, {compared}. Most of it: {', '.join(shares)}."]
    caller, dollars = next(iter(costs.by_tag.get("caller") or [("", 0.0)]))
    if dollars > costs.total / 2:
        sentences.append(f"**First step:** one group of callers causes more than half: look at `@caller:{caller}` in "
                         "the log, and at its budget (`CALLER_DOLLARS_PER_HOUR`).")  # fmt: skip
    return "\n\n".join(sentences)
