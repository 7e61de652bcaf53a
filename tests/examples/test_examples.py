"""The services of the examples come under the stack as docs/adopt.md says: contract, alerts that stay, first proof."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from firedrill.cli.main import app as program
from tests.conftest import ROOT, free_ports
from tests.examples.traffic import EXAMPLES, bookings, orders, pictures, record

REQUESTS = {"orders": orders(120), "thumbnails": pictures(80), "bookings": bookings(80)}
RECORDED = ("bookings",)
"""Services whose framework is not installed here: their telemetry was recorded."""
CONTRACT = {service: EXAMPLES / service / "contract.yaml" for service in REQUESTS}


def firedrill(*arguments: object) -> tuple[int, str]:
    """Run a command; return its exit code and its output."""
    result = CliRunner().invoke(program, [str(argument) for argument in arguments])
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


@pytest.mark.parametrize("service", REQUESTS)
def test_the_contract_is_what_the_service_emits(service: str, tmp_path: Path) -> None:
    recorded = [EXAMPLES / service / f"traffic{suffix}" for suffix in (".statsd", ".jsonl")]
    files = recorded if service in RECORDED else record(service, REQUESTS[service], tmp_path)
    code, output = firedrill(
        "contract", "--service", service, "--from", "recording", *files, "--minutes", 2, "--out", tmp_path / "out"
    )
    assert code == 0, output
    assert (tmp_path / "out" / "contract.yaml").read_text() == CONTRACT[service].read_text()
    signals = yaml.safe_load((tmp_path / "out" / "ordinary.yaml").read_text())["signals"].values()
    counts = [signal["rate"] for signal in signals if signal.get("type") == "count"]
    assert sum(counts) == pytest.approx(len(REQUESTS[service]) / 2, rel=0.02)


def commands() -> list[str]:
    """Return the commands of docs/adopt.md that run here."""
    page = (ROOT / "docs" / "adopt.md").read_text()
    blocks = re.findall(r"^```bash\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", "").splitlines()]


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_page_does_what_it_says(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in record("orders", REQUESTS["orders"], tmp_path):
        path.rename(tmp_path / f"traffic{path.suffix}")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)
    line, _, says = command.partition("#")
    words = [str(ROOT) if word == "../firedrill" else word for word in shlex.split(line)[1:]]
    code, output = firedrill(*words)
    expected = 1 if "exit code 1" in says else 0
    assert code == expected, output


def test_the_pages_listener_writes_each_datagram_on_a_line(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "adopt.md").read_text()
    [program] = re.findall(r"^python3 -c '(.*?)' > traffic.statsd &$", page, re.MULTILINE | re.DOTALL)
    port = free_ports(1)
    datagrams = [b"shop.orders:1|c", b"shop.order.seconds:0.1|d\n"]
    written = tmp_path / "traffic.statsd"
    with written.open("w") as out, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        listener = subprocess.Popen([sys.executable, "-c", program.replace("8125", str(port))], stdout=out)
        try:
            until = time.monotonic() + 60
            while len(written.read_text().splitlines()) < len(datagrams):  # until it listens, datagrams are lost
                assert time.monotonic() < until, written.read_text()
                for datagram in datagrams:
                    service.sendto(datagram, ("127.0.0.1", port))
                time.sleep(0.05)
        finally:
            listener.kill()
            listener.wait(10)
    assert {*written.read_text().splitlines()} == {datagram.decode().strip() for datagram in datagrams}


def test_the_alerts_that_read_what_the_service_emits_stay(tmp_path: Path) -> None:
    files = record("orders", REQUESTS["orders"], tmp_path)
    code, output = firedrill(
        "contract", "--service", "orders", "--from", "recording", *files, "--out", tmp_path, "--alerts", ROOT
    )
    assert code == 0, output
    assert "goes  cost-runs-away: nothing emits the metric llm.chat.cost" in output
    assert "goes  throttling-reaches-users: " in output, "a composite goes with its members"
    assert "goes  availability-fast-burn: " in output, "an alert on an SLO goes with the SLO's metrics"
    assert re.search(r"^stays  error-new$", output, re.MULTILINE)


def test_what_the_page_says_to_copy_is_all_that_the_program_needs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "adopt.md").read_text()
    [left_out] = re.findall(r"^\| `infra/` without (.*?) \|", page, re.MULTILINE)
    others = re.findall(r"`([^`]+)`", left_out)
    [telemetry] = re.findall(r"^\| (`service/.*?) \|", page, re.MULTILINE)
    shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for path in others:
        (shutil.rmtree if path.endswith("/") else os.unlink)(tmp_path / path)
    for path in [*re.findall(r"`([^`]+)`", telemetry), "firedrill", "tests/__init__.py", "tests/examples"]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.rstrip("/")).symlink_to(ROOT / path)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "firedrill.prove.program", str(tmp_path / "tests/examples/stack"), "local"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {resource["name"] for resource in json.loads(done.stdout) if resource["type"].endswith(":Monitor")} == {
        "orders-fail", "orders-stop", "thumbnails-rejected", "thumbnails-queue-grows", "bookings-partner-down",
    }  # fmt: skip


MISSPELT = "sum(last_5m):sum:shop.order{service:orders,outcome:failed}.as_count() > 5"
WRONG = {
    MISSPELT: "nothing emits the metric shop.order (did you mean shop.orders?)",
    MISSPELT.replace("shop.order{", "shop.orders{").replace("outcome", "outcom"): "did you mean outcome?",
    MISSPELT.replace("shop.order{", "shop.orders{").replace("failed", "lost"): "shop.orders has no outcome:lost, only",
    MISSPELT.replace("shop.order{", "thumbnails.made{"): "thumbnails.made has no service:orders, only thumbnails",
}
LOGS = 'logs("service:orders @outcom:failed").index("*").rollup("count").last("5m") > 5'


@pytest.mark.parametrize(("query", "message"), [*WRONG.items(), (LOGS, "logs has no @outcom (did you mean @outcome?)")])
def test_a_monitor_outside_the_contracts_is_an_error(query: str, message: str, tmp_path: Path) -> None:
    kind = "log alert" if query == LOGS else "query alert"
    monitor = {"id": 1, "name": "orders fail", "type": kind, "query": query, "message": "lost @slack-shop",
               "options": {"thresholds": {"critical": 5}}}  # fmt: skip
    (tmp_path / "monitors.json").write_text(json.dumps([monitor]))
    contracts = [word for path in CONTRACT.values() for word in ("--contract", path)]
    code, output = firedrill("prove", "--monitors", tmp_path / "monitors.json", *contracts)
    assert code == 1
    assert "not-in-contract" in output and message in output
    assert firedrill("prove", "--monitors", tmp_path / "monitors.json")[0] == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.statsd", "shop.orders 1\n", r"a\.statsd:1: not a DogStatsD datagram: 'shop.orders 1'"),
        ("a.jsonl", '{"status": \n', r"the log line 1 is not JSON"),
        ("a.npz", "none", r"a\.npz cannot be read"),
        ("a.statsd", "", r"nothing of orders was found"),
    ],
)
def test_traffic_that_cannot_be_read_is_one_line(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    code, output = firedrill(
        "contract", "--service", "orders", "--from", "recording", tmp_path / name, "--out", tmp_path / "out"
    )
    assert code == 1 and re.search(message, output)
    assert not (tmp_path / "out").exists()


def test_the_pages_program_takes_a_first_alert(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "adopt.md").read_text()
    alerts, program = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    [project] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "infra" / "__main__.py").write_text(program)
    (tmp_path / "infra/observability/alerts/orders.py").write_text(alerts)
    (tmp_path / "service").symlink_to(ROOT / "service")
    (tmp_path / "Pulumi.yaml").write_text(project)
    (tmp_path / "Pulumi.local.yaml").write_text("config: {'shop:env': local}\n")
    (tmp_path / "drills/scenarios").mkdir(parents=True)
    (tmp_path / "docs/runbooks").mkdir(parents=True)
    (tmp_path / "drills/ordinary.yaml").write_text(
        "common: {env: local, service: orders}\nnoise_budget: {llm-platform: 1}\n"
        "unrecorded: {shop.orders: a recording of a failure does not exist}\n"
        "signals:\n  failed_orders: {metric: shop.orders, rate: 1.2, tags: {outcome: failed}}\n"
    )
    create, prove = re.findall(r"^firedrill ((?:new|prove) \S+.*?)(?: {2,}#.*)?$", page, re.MULTILINE)[:2]
    assert firedrill(*create.split(), "--root", tmp_path)[0] == 0
    code, output = firedrill(*prove.split(), "--root", tmp_path, "--seeds", "1")
    assert code == 1
    assert "orders-fail: unfinished: message: FILL IN" in output
    assert "1 of 1 alerts fire in one scenario and stay quiet in another" in " ".join(output.split())
    assert "no scenario notices threshold" not in output
