"""A scenario and its expectations in words."""

from collections.abc import Iterator

from firedrill.scenario.scenario import (
    CallerBehaviour,
    Expectation,
    GeminiFailure,
    Phases,
    RecordedTelemetry,
    Scenario,
    SignalChange,
)

STEPS = ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min"))
CALLERS = {
    "attack": "callers try to inject prompts",
    "documents": "callers send long documents",
    "complain": "callers rate each answer down",
}


def duration(seconds: float) -> str:
    """Return a duration in the largest unit that it is a multiple of: ``90 s``, ``20 min``, ``7 h``, ``2 days``."""
    for size, singular, plural in STEPS:
        if seconds and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {singular if count == 1 else plural}"
    return f"{seconds:g} s"


def course(scenario: Scenario) -> str:
    """Return what happens in a scenario, phase by phase."""
    phases: Phases = scenario.timeline
    return (
        f"Healthy for {duration(phases.healthy)}; then for {duration(phases.failing)} {failure(scenario)}; "
        f"then {duration(phases.remediated)} after the remediation."
    )


def failure(scenario: Scenario) -> str:
    """Return what is wrong in the failing phase."""
    given = scenario.given
    match given:
        case GeminiFailure():
            share = "" if given.share == 1 else f" for {given.share:.0%} of the calls"
            model = {"*": "of every model", "primary": "of the primary model"}.get(given.model, f"of the {given.model}")
            return f"Gemini {model} is {given.gemini}{share}"
        case CallerBehaviour():
            return CALLERS[given.callers]
        case RecordedTelemetry():
            return f"the recording {given.recording} is played"
    parts = [f"{name} {_change(change)}" for name, change in given.failing.items()]
    parts += [f"{', '.join(given.lost)} are lost"] if given.lost else []
    parts += [f"{channel} arrive {duration(late)} late" for channel, late in given.late.items()]
    return ", ".join(parts) or "nothing changes"


def _change(change: SignalChange) -> str:
    parts = [f"{key} {value}" for key, value in (("rate", change.rate), ("value", change.value)) if value is not None]
    parts += [f"spread {change.spread}"] if change.spread is not None else []
    parts += [f"fails from {', '.join(change.failed) or 'nowhere'}"] if change.failed is not None else []
    return "with " + " and ".join(parts) if parts else "as usual"


def expected(expectation: Expectation) -> str:
    """Return what a scenario expects of an alert."""
    return ", ".join(_expected(expectation))


def _expected(expectation: Expectation) -> Iterator[str]:
    if expectation.stays == "quiet":
        yield "stays quiet"
    elif expectation.may_stay_quiet:
        yield "may fire or stay quiet"
    else:
        within = expectation.fires_within
        yield "fires" + (f" within {duration(within)}" if within is not None else "")
    if expectation.clears_within is not None:
        yield f"clears within {duration(expectation.clears_within)} of the remediation"
    if expectation.clears_after is not None:
        yield f"clears not sooner than {duration(expectation.clears_after)} after it"
    if expectation.pages:
        yield f"pages {expectation.pages}"
    yield from (f"pages {who} {duration(after)} later" for after, who in expectation.escalates.items())
    if expectation.tells:
        yield f"notifies {expectation.tells}"
    yield from (f"starts the workflow {name}" for name in expectation.runs)


def after(seconds: float, event: str) -> str:
    """Return a time in relation to an event: ``6 min after the failure began``."""
    relation = "before" if seconds < 0 else "after"
    return f"{duration(round(abs(seconds) / 60) * 60)} {relation} {event}" if abs(seconds) >= 30 else f"when {event}"
