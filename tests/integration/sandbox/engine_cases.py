"""The real engine attaches to the provider: a life cycle, drift, and errors."""

import gc
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pulumi
import pytest
from pulumi import automation

from firedrill import bootstrap
from firedrill.datadog.provider import provider
from firedrill.sandbox.providers.server import serve
from tests.unit.datadog.account import MemoryAccount

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

Up = Callable[[Callable[[], None]], automation.Stack]
DASHBOARD = {"title": "T", "layout_type": "ordered", "widgets": [{"definition": {"type": "note", "content": "x"}}]}


def declare(kind: str, label: str, /, **properties: object) -> pulumi.CustomResource:
    token = f"datadog:index/{kind[0].lower()}{kind[1:]}:{kind}"
    return pulumi.CustomResource(token, label, properties)


def program() -> None:
    team = declare("Team", "team", name="LLM", handle="llm-platform", description="who keeps it running")
    query = team.id.apply(lambda _: "avg(last_5m):avg:a.b{*} > 4")
    options = {"message": "hi ", "monitorThresholds": {"critical": "4.0"}, "tags": ["team:x", "a:b"]}
    monitor = declare("Monitor", "monitor", name="m", type="metric alert", query=query, **options)
    slo = {"thresholds": [{"timeframe": "7d", "target": 99.9}]}
    declare("ServiceLevelObjective", "slo", name="s", type="monitor", monitorIds=[monitor.id.apply(int)], **slo)
    declare("DashboardJson", "dashboard", dashboard=json.dumps(DASHBOARD))
    application = declare("RumApplication", "application", name="a")
    pulumi.export("application", pulumi.Output.secret(application.id))


@pytest.fixture
def account() -> MemoryAccount:
    return MemoryAccount()


@pytest.fixture
def stack(account: MemoryAccount, tmp_path: Path) -> Iterator[Up]:
    """Provide a stack of a program, attached to a provider of the account."""
    cli = bootstrap.pulumi_cli()
    assert cli, "the Pulumi CLI comes with `make test`'s set-up"
    server, port = serve(provider(account.client))
    (tmp_path / "state").mkdir()
    variables = {
        "PATH": f"{cli.parent}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_DEBUG_PROVIDERS": f"datadog:{port}",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    backend = automation.ProjectBackend(url=f"file://{tmp_path}/state")
    options = automation.LocalWorkspaceOptions(
        work_dir=str(tmp_path),
        pulumi_home=str(tmp_path / "home"),
        env_vars=variables,
        pulumi_command=automation.PulumiCommand(root=str(_rooted(cli, tmp_path)), skip_version_check=True),
        project_settings=automation.ProjectSettings("probe", "python", backend=backend),
    )

    def select(declared: Callable[[], None]) -> automation.Stack:
        return automation.create_or_select_stack("dev", "probe", declared, opts=options)

    yield select
    server.stop(grace=None)
    # A failed inline program leaves coroutines of the SDK behind. Collected later, in the midst of another test's
    # ast.parse, their end would break that (CPython 3.11: "AST constructor recursion depth mismatch").
    gc.collect()


def _rooted(cli: Path, folder: Path) -> Path:
    """Return a folder whose bin/pulumi is the CLI, as the Automation API wants it."""
    (folder / "cli" / "bin").mkdir(parents=True)
    (folder / "cli" / "bin" / "pulumi").symlink_to(cli.resolve())
    return folder / "cli"


def test_a_life_cycle(stack: Up, account: MemoryAccount) -> None:
    pulumi_stack = stack(program)

    created = pulumi_stack.up()
    assert created.summary.resource_changes == {"create": 6}
    assert pulumi_stack.up().summary.resource_changes == {"same": 6}
    assert pulumi_stack.refresh().summary.resource_changes == {"same": 6}
    assert pulumi_stack.destroy().summary.resource_changes == {"delete": 6}
    assert account.objects == {}


def test_a_refresh_names_what_was_edited(stack: Up, account: MemoryAccount) -> None:
    pulumi_stack = stack(program)
    pulumi_stack.up()
    [monitor] = [item for path, item in account.objects.items() if path.startswith("/api/v1/monitor/")]
    monitor["options"]["thresholds"]["critical"] = 9

    shown = pulumi_stack.refresh(diff=True).stdout
    assert 'critical: "4.0" => "9"' in shown

    restored = pulumi_stack.up()
    assert restored.summary.resource_changes == {"same": 5, "update": 1}
    assert monitor["id"] in [item["id"] for item in account.objects.values()]
    assert pulumi_stack.refresh().summary.resource_changes == {"same": 6}


def test_what_exists_can_be_imported_and_is_then_as_declared(stack: Up, account: MemoryAccount) -> None:
    account.objects["/api/v1/dashboard/abc"] = {"id": "abc", **DASHBOARD}

    def declared() -> None:
        opts = pulumi.ResourceOptions(import_="abc")
        pulumi.CustomResource(
            "datadog:index/dashboardJson:DashboardJson", "board", {"dashboard": json.dumps(DASHBOARD)}, opts
        )

    pulumi_stack = stack(declared)
    assert pulumi_stack.up().summary.resource_changes == {"create": 1, "import": 1}
    assert account.requests == ["GET /api/v1/dashboard/abc"]
    assert pulumi_stack.up().summary.resource_changes == {"same": 2}


def test_what_was_deleted_elsewhere_is_made_again(stack: Up, account: MemoryAccount) -> None:
    pulumi_stack = stack(program)
    pulumi_stack.up()
    [team] = [path for path in account.objects if path.startswith("/api/v2/team/")]
    del account.objects[team]

    assert pulumi_stack.up(refresh=True).summary.resource_changes == {"same": 5, "create": 1}


def test_an_unknown_kind_fails_with_nothing_created(stack: Up, account: MemoryAccount) -> None:
    def declared() -> None:
        declare("Team", "team", name="LLM", handle="llm-platform", description="d")
        declare("Nothing", "it")

    with pytest.raises(automation.CommandError) as failure:
        stack(declared).preview()

    assert "has no resource kind datadog:index/nothing:Nothing" in str(failure.value)
    assert account.objects == {}


def test_a_refusal_names_the_resource_and_datadogs_reason(stack: Up, account: MemoryAccount) -> None:
    account.refuse["POST /api/v1/monitor/validate"] = (
        400,
        {"errors": ["The value provided for parameter 'query' is invalid"]},
    )

    def declared() -> None:
        declare("Monitor", "slow", name="m", type="query alert", query="avg(", message="hi")

    with pytest.raises(automation.CommandError) as failure:
        stack(declared).preview()

    expected = (
        "datadog:index/monitor:Monitor 'slow': POST /api/v1/monitor/validate answered 400: "
        "The value provided for parameter 'query' is invalid"
    )
    assert expected in str(failure.value)


def test_a_secret_output_is_encrypted_in_the_state(stack: Up, account: MemoryAccount, tmp_path: Path) -> None:
    account.answers["/api/v2/rum/applications"] = {"client_token": "hush-hush-hush"}

    def declared() -> None:
        declare("RumApplication", "application", name="a")

    pulumi_stack = stack(declared)
    pulumi_stack.up()

    [state] = (tmp_path / "state").rglob("dev.json")
    assert '"ciphertext"' in state.read_text()
    assert "hush" not in state.read_text()
