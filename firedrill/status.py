"""What runs, where, and the state of every monitor: the screens of ``firedrill up`` and ``firedrill status``."""

from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.delivery.traffic import Share, left_split, split
from firedrill.sandbox import processes
from firedrill.sandbox.datadog.account import PEOPLE, STANDARD_ROLES
from firedrill.sandbox.settings import Settings

COLOURS = {"OK": "green", "WARN": "yellow", "ALERT": "red", "NO DATA": "magenta", "REFUSED": "magenta"}
FROM_THE_START = {"users": len(PEOPLE), "roles": len(STANDARD_ROLES)}
"""Objects that every account has before anything is deployed to it."""


def urls(settings: Settings) -> dict[str, str]:
    """What a person may open or call, by what it is."""
    return {
        "the service": f"{settings.service_url}/health",
        "a chat": f"curl -s {settings.service_url}/v1/chat -H 'Content-Type: application/json' "
        """-d '{"message": "What is an error budget?"}'""",
        "Datadog's API": f"{settings.datadog_url}/api/v1/monitor (keys: firedrill env)",
        "what it holds": f"{settings.datadog_url}/-/status",
        "Google Cloud": f"{settings.google_url}/-/status",
    }


def print_urls(settings: Settings, console: Console) -> None:
    """The last screen of ``firedrill up``."""
    table = Table(show_header=False, box=None)
    for name, url in urls(settings).items():
        table.add_row(name, escape(url))
    console.print(table, soft_wrap=True)
    console.print("\nNext: `make drill` breaks it and watches the alerts, `make status`, `make down`.")


def account(settings: Settings) -> dict[str, Any]:
    """The Datadog process's own report: objects, monitors, intake, workflow runs, pages, errors."""
    answer = httpx.get(f"http://127.0.0.1:{settings.datadog_port}/-/status", timeout=10)
    answer.raise_for_status()
    report: dict[str, Any] = answer.json()
    return report


def google(settings: Settings) -> dict[str, Any]:
    """The Google process's own report: services, revisions, instances, recorded resources."""
    answer = httpx.get(f"http://127.0.0.1:{settings.google_port}/-/status", timeout=10)
    answer.raise_for_status()
    report: dict[str, Any] = answer.json()
    return report


def objects(settings: Settings) -> dict[str, int]:
    """How many objects of each kind the account holds beyond what it had from its start."""
    held: dict[str, int] = account(settings)["objects"]
    left = {kind: count - FROM_THE_START.get(kind, 0) for kind, count in held.items()}
    return {kind: count for kind, count in left.items() if count > 0}


def print_status(settings: Settings, console: Console) -> bool:
    """The screen of ``firedrill status``; False when something that should run does not."""
    alive = processes.running(settings)
    table = Table("process", "state", "where", "log", title="Processes")
    for process in processes.declared(settings):
        if process.name not in alive:
            state = "[red]not running[/red]"
        else:
            state = "[green]runs[/green]" if processes.healthy(process) else "[red]does not answer[/red]"
        ports = ", ".join(f"localhost:{port}" for port in process.ports)
        table.add_row(process.name, state, ports, escape(str(settings.logs / f"{process.name}.log")))
    console.print(table)
    well = all(process.name in alive and processes.healthy(process) for process in processes.declared(settings))
    if well:
        report = google(settings)
        _print_instances(report, settings, console)
        _print_split(report, settings, console)
        _print_monitors(account(settings), console)
    else:
        console.print("`firedrill up` starts what does not run; nothing is lost.")
    return well


def print_products(settings: Settings, console: Console, *, markdown: bool) -> None:
    """The screen of ``firedrill status --products``, or the page that is made of it."""
    from firedrill import status_products
    from firedrill.engine import stack

    programs = [one for one in (stack.select(settings), stack.organisation(settings)) if one is not None]
    states = [one.export_stack().deployment or {} for one in programs]
    resources = [resource for state in states for resource in state.get("resources") or ()]
    found = status_products.rows(resources, status_products.seen(settings))
    if markdown:
        print(status_products.markdown(found), end="")
    else:
        status_products.show(found, console)


def _print_instances(report: dict[str, Any], settings: Settings, console: Console) -> None:
    table = Table(
        "revision", "instance", "state", "port", "restarts", "memory", title=f"Cloud Run, {settings.service_url}"
    )
    for service in report["services"]:
        for revision in service["revisions"]:
            for one in revision["instances"]:
                state = "[green]ready[/green]" if one["ready"] else "[red]not ready[/red]"
                memory = f"{one['memory_bytes'] / 2**20:.0f} of {one['memory_limit_bytes'] / 2**20:.0f} MiB"
                cells = (str(one["number"]), state, str(one["port"]), str(one["restarts"]), memory)
                table.add_row(escape(revision["name"]), *cells)
    console.print(table)


def _print_split(report: dict[str, Any], settings: Settings, console: Console) -> None:
    """What a killed deployment left; of one that runs, only where the requests are."""
    busy = processes.busy(settings)
    for service in report["services"]:
        shares = [Share(one["revision"], one["percent"], one["tag"]) for one in service["traffic"]]
        parts = split(shares)
        told = parts and f"{parts}, while another firedrill command is at work." if busy else left_split(shares)
        if told:
            console.print(escape(told), soft_wrap=True)


def _print_monitors(report: dict[str, Any], console: Console) -> None:
    table = Table("monitor", "type", "state", "last value", title="Monitors")
    for monitor in report["monitors"]:
        state = monitor["state"] or "not evaluated yet"
        colour = COLOURS.get(state, "dim")
        shown = f"[{colour}]{state}[/{colour}]" + (f" {escape(monitor['reason'])}" if "reason" in monitor else "")
        table.add_row(escape(monitor["name"]), monitor["type"], shown, escape(_value(monitor["last_value"])))
    console.print(table)
    for error in report["errors"][-3:]:
        console.print(f"[red]{escape(error['where'])}[/red]: {escape(error['error'])}", soft_wrap=True)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{group} {_value(one)}" for group, one in value.items())
    return "" if value is None else f"{value:.4g}"
