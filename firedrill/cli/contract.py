"""``firedrill contract``: what a service emits, from an account or from recorded traffic."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from firedrill.cli.console import console
from firedrill.errors import KnownFailure

if TYPE_CHECKING:
    from firedrill.contract.contract import Contract

app = typer.Typer()


class Source(StrEnum):
    """The place from which a contract is read."""

    RECORDING = "recording"
    ACCOUNT = "account"


@app.command()
def contract(  # noqa: PLR0917 - typer reads options from parameters
    service: Annotated[str, typer.Option(help="The service's name, which its telemetry has as the tag service.")],
    source: Annotated[Source, typer.Option("--from", help="Recorded traffic (files), or a Datadog account.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Recorded traffic: .npz, log lines (.jsonl), and DogStatsD datagrams (any other name)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for contract.yaml and ordinary.yaml.")] = Path(),
    env: Annotated[str, typer.Option(help="The tag env of recorded traffic that has none.")] = "local",
    minutes: Annotated[float, typer.Option(min=0.1, help="The minutes that the recorded traffic took.")] = 10,
    days: Annotated[float, typer.Option(min=0.01, help="The days of the account's telemetry to read.")] = 1,
    alerts: Annotated[
        Path | None, typer.Option(help="A checkout of the stack: say which of its alerts stay for this service.")
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="With --from account: the sandbox's account.")] = False,
) -> None:
    """Write the contract and the ordinary telemetry of a service that already runs, in any language."""
    from firedrill.cli.prove import account
    from firedrill.contract.captured import read_traffic
    from firedrill.contract.contract import derive_contract
    from firedrill.contract.contract import to_yaml as contract_yaml
    from firedrill.contract.ordinary import derive_signals
    from firedrill.contract.ordinary import to_yaml as ordinary_yaml
    from firedrill.prove.account.service_telemetry import read_service

    if source == Source.RECORDING:
        if not files:
            raise KnownFailure("--from recording needs files: DogStatsD datagrams, log lines (.jsonl) or .npz")
        telemetry = read_traffic(files, minutes, [f"service:{service}", f"env:{env}"])
    else:
        now = time.time() // 60 * 60
        span = now - days * 86400, now
        telemetry = read_service(account(sandbox), service, span, lambda line: console.print(escape(line)))
        minutes = days * 1440
    emitted = derive_contract(telemetry)
    if not emitted.metrics and not emitted.events:
        raise KnownFailure(f"nothing of {service} was found: is its tag service:{service}, and was there traffic?")
    out.mkdir(parents=True, exist_ok=True)
    (out / "contract.yaml").write_text(contract_yaml(emitted))
    (out / "ordinary.yaml").write_text(ordinary_yaml(derive_signals(telemetry, emitted, minutes)))
    if alerts is not None:
        _print_alerts(emitted, alerts)
    fields = sum(map(len, emitted.events.values()))
    console.print(f"{len(emitted.metrics)} metrics, {fields} fields of events: {escape(str(out / 'contract.yaml'))}.")
    console.print(f"Ordinary telemetry: {escape(str(out / 'ordinary.yaml'))}.")


def _print_alerts(emitted: "Contract", root: Path) -> None:
    """Print which alerts of the stack stay for a service, and why the others go."""
    from firedrill.contract.alerts import missing_telemetry
    from firedrill.prove.collect import from_program

    missing = missing_telemetry(emitted, from_program(root.resolve(), "local"))
    for alert, reasons in missing.items():
        console.print(f"{'goes' if reasons else 'stays'}  {escape(': '.join([alert, *reasons[:1]]))}", soft_wrap=True)
    console.print(f"{sum(not reasons for reasons in missing.values())} of {len(missing)} alerts stay.")
