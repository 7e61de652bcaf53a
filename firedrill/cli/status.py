"""The screens of ``firedrill up`` and ``firedrill status``: addresses, processes, instances and monitors."""

import time
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from firedrill.delivery.traffic import Share, describe_split, split_warning
from firedrill.evaluate.model import Json
from firedrill.sandbox import processes
from firedrill.sandbox.datadog.account import PEOPLE, STANDARD_ROLES
from firedrill.settings import Settings

STATE_COLOURS = {"OK": "green", "WARN": "yellow", "ALERT": "red", "NO DATA": "magenta", "REFUSED": "magenta"}
RUNS = "runs"
INITIAL_OBJECTS = {"users": len(PEOPLE), "roles": len(STANDARD_ROLES)}
"""The objects that every account has before anything is deployed to it."""


def print_urls(settings: Settings, console: Console) -> None:
    """Print the last screen of ``firedrill up``: the addresses of the sandbox."""
    table = Table(show_header=False, box=None)
    for name, url in _urls(settings).items():
        table.add_row(name, escape(url))
    console.print(table, soft_wrap=True)
    console.print("\nNext: `make drill` breaks the service and shows the alerts; `make status`; `make down`.")


def _urls(settings: Settings) -> dict[str, str]:
    return {
        "the service": f"{settings.service_url}/health",
        "a chat": f"curl -s {settings.service_url}/v1/chat -H 'Content-Type: application/json' "
        """-d '{"message": "What is an error budget?"}'""",
        "Datadog's API": f"{settings.datadog_url}/api/v1/monitor (keys: firedrill env)",
        "the console": f"{settings.datadog_url}/ (dashboards, monitors, logs, traces ...)",
        "Google Cloud": f"{settings.google_url}/-/status",
    }


def created_objects(settings: Settings) -> dict[str, int]:
    """Return the number of the account's objects by collection, without those that every account has."""
    counts: dict[str, int] = _datadog_report(settings)["objects"]
    created = {kind: count - INITIAL_OBJECTS.get(kind, 0) for kind, count in counts.items()}
    return {kind: count for kind, count in created.items() if count > 0}


def status_data(settings: Settings) -> Json:
    """Return the state of the processes, and if all respond, of instances, monitors and the split of requests."""
    alive = processes.running(settings)
    rows = [
        {
            "process": process.name,
            "state": _process_state(process, process.name in alive),
            "ports": list(process.ports),
            "log": str(settings.logs / f"{process.name}.log"),
        }
        for process in processes.declared(settings)
    ]
    complete = all(row["state"] == RUNS for row in rows)
    return {
        "complete": complete,
        "processes": rows,
        "services": _google_report(settings)["services"] if complete else [],
        "datadog": _datadog_report(settings) if complete else None,
    }


def _process_state(process: processes.Process, alive: bool) -> str:
    if not alive:
        return "not running"
    return RUNS if processes.healthy(process) else "does not respond"


def print_status(report: Json, settings: Settings, console: Console) -> None:
    """Print the screen of ``firedrill status``."""
    table = Table("process", "state", "address", "log", title="Processes")
    for row in report["processes"]:
        colour = "green" if row["state"] == RUNS else "red"
        ports = ", ".join(f"localhost:{port}" for port in row["ports"])
        table.add_row(row["process"], f"[{colour}]{row['state']}[/{colour}]", ports, escape(row["log"]))
    console.print(table)
    if report["complete"]:
        _print_instances(report, settings, console)
        _print_split(report, settings, console)
        _print_monitors(report["datadog"], console)
    else:
        console.print("`firedrill up` starts the missing processes; the state is kept.")


def watch(settings: Settings, seconds: float) -> None:
    """Refresh the screen of ``firedrill status`` at an interval, until Ctrl-C."""
    with Live(screen=True, auto_refresh=False) as live:
        while True:
            with live.console.capture() as screen:
                print_status(status_data(settings), settings, live.console)
            live.update(Text.from_ansi(screen.get()), refresh=True)
            time.sleep(seconds)


def print_products(settings: Settings, console: Console, *, markdown: bool) -> None:
    """Print the screen of ``firedrill status --products``, or the page with the same table."""
    from firedrill.cli import status_products
    from firedrill.engine import stack

    stacks = [selected for selected in (stack.select(settings), stack.organisation(settings)) if selected is not None]
    states = [selected.export_stack().deployment or {} for selected in stacks]
    resources = [resource for state in states for resource in state.get("resources") or ()]
    rows = status_products.rows(resources, status_products.seen(settings))
    if markdown:
        print(status_products.markdown(rows), end="")
    else:
        status_products.show(rows, console)


def _datadog_report(settings: Settings) -> Json:
    """Return the report of the Datadog process: objects, monitors, intake, workflow runs, pages, errors."""
    return _report(settings.datadog_port)


def _google_report(settings: Settings) -> Json:
    """Return the report of the Google process: services, revisions, instances, recorded resources."""
    return _report(settings.google_port)


def _report(port: int) -> Json:
    response = httpx.get(f"http://127.0.0.1:{port}/-/status", timeout=10)
    response.raise_for_status()
    report: Json = response.json()
    return report


def _print_instances(report: Json, settings: Settings, console: Console) -> None:
    columns = ("revision", "instance", "state", "port", "restarts", "memory")
    table = Table(*columns, title=f"Cloud Run, {settings.service_url}")
    for service in report["services"]:
        for revision in service["revisions"]:
            for instance in revision["instances"]:
                state = "[green]ready[/green]" if instance["ready"] else "[red]not ready[/red]"
                memory = f"{instance['memory_bytes'] / 2**20:.0f} of {instance['memory_limit_bytes'] / 2**20:.0f} MiB"
                cells = (str(instance["number"]), state, str(instance["port"]), str(instance["restarts"]), memory)
                table.add_row(escape(revision["name"]), *cells)
    console.print(table)


def _print_split(report: Json, settings: Settings, console: Console) -> None:
    """Print how requests are split: as a warning, unless a running command may be the reason."""
    busy = processes.busy(settings)
    for service in report["services"]:
        shares = [Share(share["revision"], share["percent"], share["tag"]) for share in service["traffic"]]
        if busy:
            split = describe_split(shares)
            message = split and f"{split}, while another firedrill command is running."
        else:
            message = split_warning(shares)
        if message:
            console.print(escape(message), soft_wrap=True)


def _print_monitors(report: Json, console: Console) -> None:
    table = Table("monitor", "type", "state", "last value", title="Monitors")
    for monitor in report["monitors"]:
        state = monitor["state"] or "not evaluated yet"
        colour = STATE_COLOURS.get(state, "dim")
        shown = f"[{colour}]{state}[/{colour}]" + (f" {escape(monitor['reason'])}" if "reason" in monitor else "")
        table.add_row(escape(monitor["name"]), monitor["type"], shown, escape(_value(monitor["last_value"])))
    console.print(table)
    for error in report["errors"][-3:]:
        console.print(f"[red]{escape(error['where'])}[/red]: {escape(error['error'])}", soft_wrap=True)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{group} {_value(of_group)}" for group, of_group in value.items())
    return "" if value is None else f"{value:.4g}"
