"""Monitors without scenarios: what is wrong with each by itself, and how loud they are while nothing is wrong."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.drill.account import Definitions
from firedrill.prove.findings import Finding, findings
from firedrill.prove.months import Noise
from firedrill.prove.session import months
from firedrill.prove.signals import Ordinary


def show(definitions: Definitions, ordinary: Ordinary | None, seeds: int, console: Console) -> bool:
    """Print it; whether there is nothing that keeps an alert from its work."""
    found = findings(definitions, ordinary)
    for one in found:
        console.print(f"[{'red' if one.error else 'yellow'}]{one.fault}[/]  {escape(one.alert)}: {escape(one.text)}",
                      soft_wrap=True)  # fmt: skip
    count = len(definitions.account.monitors)
    if ordinary is None:
        console.print(f"{count} monitors, {len(found)} findings by their text alone.")
        console.print("Not judged: what they read and how loud they are (--ordinary), when they fire (--scenarios).")
    else:
        _loud(definitions, found, months(definitions, ordinary, seeds), console)
        console.print(f"{count} monitors, {len(found)} findings. Not judged, for want of --scenarios: when they fire.")
    return not any(one.error for one in found)


def _loud(definitions: Definitions, found: list[Finding], noise: Noise, console: Console) -> None:
    if not noise.weeks:
        return
    table = Table("alert", "faults", "alerts a week for nothing")
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        faults = ", ".join(dict.fromkeys(one.fault for one in found if one.alert == alert))
        table.add_row(escape(alert), faults, f"{noise.alerts[alert] / noise.weeks:.2f}")
    console.print(table)
