"""The tables of notebooks, as Markdown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from service.datadog import app_links
from service.datadog.evidence import Budget, Costs, Deployed, Outcomes, TopError, Unreadable
from service.datadog.hypothesis import clock, cost_summary

MOST_ROWS = 5


def failed_chats(outcomes: Outcomes | Unreadable) -> str:
    """Return the table of failed chats by outcome and model."""
    title, now = "Failed chats", datetime.now(UTC)
    if isinstance(outcomes, Unreadable):
        return _unreadable(title, outcomes)
    rows = [
        (f"`{failing.outcome}`", f"`{failing.model}`", f"{failing.count} of {failing.chats}",
         clock(failing.since, now), clock(failing.until, now))
        for failing in outcomes.failing[:MOST_ROWS]
    ]  # fmt: skip
    return _section(title, ("outcome", "model", "failed", "since", "last"), rows, "No chat failed in this window.")


def top_errors(site: str, errors: Sequence[TopError] | Unreadable) -> str:
    """Return the table of the most frequent errors, with a trace of each."""
    title = "Top errors of chats"
    if isinstance(errors, Unreadable):
        return _unreadable(title, errors)
    rows = [
        (error.count, f"{error.kind}: {error.message}", error.first_seen, error.last_seen, ", ".join(error.versions),
         f"[{error.trace_id}]({app_links.trace(site, error.trace_id)})")
        for error in errors[:MOST_ROWS]
    ]  # fmt: skip
    header = ("count", "error", "first seen", "last seen", "versions", "latest trace")
    return _section(title, header, rows, "No chat failed by a fault of the service or of Gemini.")


def last_deployment(deployments: Sequence[Deployed] | Unreadable) -> str:
    """Return the latest deployments with their authors."""
    title, now = "Last deployments", datetime.now(UTC)
    if isinstance(deployments, Unreadable):
        return _unreadable(title, deployments)
    rows = [
        (f"`{deployed.version}`", clock(deployed.at, now), deployed.author or "not named", deployed.commit[:10])
        for deployed in deployments[:3]
    ]
    return _section(title, ("version", "deployed", "author", "commit"), rows, "No deployment in this window.")


def error_budgets(site: str, budgets: Sequence[Budget] | Unreadable) -> str:
    """Return the table of SLOs and what is left of their error budgets."""
    title = "Error budgets"
    if isinstance(budgets, Unreadable):
        return _unreadable(title, budgets)
    rows = [
        (f"[{budget.name}]({app_links.slo(site, budget.identifier)})", f"{budget.target:g} % in {budget.timeframe}",
         f"{budget.reached:.3f} %", _left(budget.left))
        for budget in budgets
    ]  # fmt: skip
    return _section(title, ("SLO", "target", "reached", "budget left"), rows, "No SLO of the service counts requests.")


def _left(share: float) -> str:
    return f"{share:.0%}" if share >= 0 else f"none: it is spent {1 - share:.1f} times"


def costs(read: Costs | Unreadable, hours: int) -> str:
    """Return the summary of a window's costs, and the table of who and what causes them."""
    title = "What costs most"
    if isinstance(read, Unreadable):
        return _unreadable(title, read)
    rows = [
        (tag, f"`{value}`", f"${dollars:.4f}", f"{dollars / read.total:.0%}")
        for tag, values in read.by_tag.items()
        for value, dollars in values[:MOST_ROWS]
        if dollars
    ]
    table = _section(title, ("by", "value", "cost", "share"), rows, "No costs in this window.")
    return f"{table}\n\n{cost_summary(read, hours)}"


def _section(title: str, header: Sequence[str], rows: Iterable[Sequence[object]], none: str) -> str:
    lines = [" | ".join(_cell(value) for value in row) for row in rows]
    if not lines:
        return f"## {title}\n\n{none}"
    table = [" | ".join(header), " | ".join("---" for _ in header), *lines]
    return f"## {title}\n\n" + "\n".join(f"| {line} |" for line in table)


def _cell(value: object) -> str:
    """Return a value on one line, without what would end the cell."""
    return " ".join(str(value).replace("|", "\\|").split())


def _unreadable(title: str, unreadable: Unreadable) -> str:
    return f"## {title}\n\nCould not be read: {unreadable.reason}."
