"""`firedrill new alert`: the entry, a scenario that fires, one that stays quiet, and the runbook."""

import re
from pathlib import Path

from firedrill.errors import KnownFailure
from firedrill.prove.unfinished import MARK
from firedrill.scaffold.checkout import Checkout, insert_into_tuple, require_key
from firedrill.scaffold.query import Draft, draft
from firedrill.scaffold.scenario import scenario_text

ALERTS = Path("infra/observability/alerts")
TUPLE = re.compile(r"^ALERTS(?: = \(|: [^=\n]+ = \(\)$)", re.MULTILINE)
LINE = 100
"""Characters of a part of a query that is too long for its line."""
RUNBOOK = f"""# {{title}}

## What it means

{MARK}: what has happened when this fires, and who notices.

## Check

1. *{MARK}: the first question?* `{{series}}`.

## Act

- {MARK}: what to do, in order.

## When it is over

The value over the window falls below the recovery threshold.

## Afterwards

{MARK}: what prevents the next one.
"""


def new_alert(checkout: Checkout, key: str, signal: str, topic: str) -> None:
    """Add an alert on an ordinary signal to the file of a topic.

    Raises:
        KnownFailure: The key is taken, or the signal or the topic does not exist.
    """
    planned = draft(signal, checkout.signal(signal))
    topics = sorted(path.stem for path in (checkout.root / ALERTS).glob("*.py") if TUPLE.search(path.read_text()))
    if topic not in topics:
        raise KnownFailure(f"{ALERTS} has no {topic}.py with alerts: give --topic one of {', '.join(topics)}")
    if _is_declared(checkout, require_key(key)):
        raise KnownFailure(f"there is an alert {key!r}: choose another name, or edit its entry in {ALERTS}")
    module = ALERTS / f"{topic}.py"
    content = insert_into_tuple(checkout.read(module), "ALERTS", _entry(key, planned))
    if not re.search(r"^from infra\.objectives import [^)]*?\bThreshold\b", content, re.MULTILINE):
        content = content.replace("\nfrom infra.", "\nfrom infra.objectives import Threshold\nfrom infra.", 1)
    checkout.change(module, content)
    stem = key.replace("-", "_")
    fires, clears = planned.fires_within, planned.clears_within
    then = f"{{alert: {key}, fires_within: {fires}m, clears_within: {clears}m}}"
    checkout.create(f"drills/scenarios/{stem}.yaml", scenario_text({signal: planned.fires}, [then]))
    quiet = f"{{alert: {key}, stays: quiet}}"
    checkout.create(f"drills/scenarios/{stem}_almost.yaml", scenario_text({signal: planned.quiet}, [quiet]))
    title = key.replace("-", " ").capitalize()
    series = re.sub(r"\$scope,?|service:\$service env:\$env ", "", planned.series).replace("{}", "")
    checkout.create(f"docs/runbooks/{key}.md", RUNBOOK.format(title=title, series=series))


def _is_declared(checkout: Checkout, key: str) -> bool:
    return any(f'key="{key}"' in path.read_text() for path in (checkout.root / ALERTS).glob("*.py"))


def _entry(key: str, planned: Draft) -> str:
    title = key.replace("-", " ").capitalize()
    series = planned.series if planned.type == "query alert" else f"logs `{planned.series}`"
    look = f"`{series}`" if planned.type == "query alert" else series
    return f"""\
    Alert(
        key="{key}",
        title="{title}: more than $limit",
        type="{planned.type}",
        query={_literal(planned.query)},
        limit=Threshold(
            {planned.critical:g},
            "{planned.unit}",
            warning={planned.warning:g},
            recovery={planned.recovery:g},
            because="{MARK}: why this number and no other",
        ),
        description="{MARK}: what happened. It was {{{{value}}}} over the last 15 minutes.",
        impact="{MARK}: who notices it, and how.",
        look_first=(
            "{MARK}: the first question? "
            {_quoted(look)},
        ),
        priority=3,
        missing_data="default",
    ),
"""


def _literal(text: str) -> str:
    """Return a text as Ruff formats it: on one line, or in parts that fit."""
    if len(text) <= LINE:
        return _quoted(text)
    parts = []
    while text:
        cut = len(text) if len(text) <= LINE else text.rfind(" ", 0, LINE) + 1 or text.rfind(",", 0, LINE) + 1
        parts.append(text[:cut])
        text = text[cut:]
    return "(\n" + "".join(f"            {_quoted(part)}\n" for part in parts) + "        )"


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
