"""Which stack of the organisation's program belongs to an environment's: the one whose configuration names it."""

import json
import os
from pathlib import Path

import pytest
from pulumi import automation

from firedrill import bootstrap
from firedrill.delivery.programs import joined, with_organisation
from firedrill.delivery.target import Target
from firedrill.engine.stack import ORGANISATION, Result

pytestmark = pytest.mark.e2e


def project(folder: Path, name: str, stack: str, **config: object) -> None:
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    values = {f"{name}:{key}": value for key, value in config.items()}
    (folder / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": values}))


def made(state: Path, folder: Path, stack: str) -> automation.Stack:
    variables = {"PULUMI_BACKEND_URL": state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "test"}
    options = automation.LocalWorkspaceOptions(work_dir=str(folder), env_vars=variables)
    return automation.create_or_select_stack(stack, work_dir=str(folder), opts=options)


def test_the_stack_that_names_the_environment_is_found_or_said_not_to_be_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = bootstrap.pulumi_cli()
    assert cli is not None
    monkeypatch.setenv("PATH", os.pathsep.join([str(cli.parent), os.environ["PATH"]]))
    root, state = tmp_path / "checkout", tmp_path / "state"
    state.mkdir()
    project(root, "app", "dev")
    project(root / ORGANISATION, "app-org", "org", environments=["dev", "prod"])
    (root / ORGANISATION / "Pulumi.other.yaml").write_text('{"config": {"app-org:environments": ["elsewhere"]}}')
    target = Target("dev", root, made(state, root, "dev"), None)

    found, notes = with_organisation(target)
    assert found == [target]
    (note,) = notes
    assert note.startswith("Not looked at: stack org of infra/org, which is not deployed (")

    made(state, root / ORGANISATION, "org")
    found, notes = with_organisation(target)
    assert notes == []
    assert [one.name for one in found] == ["dev", "org"]
    assert found[1].project == "app-org"


def test_results_are_counted_together() -> None:
    both = joined(Result({"same": 3, "update": 1}), Result({"same": 2, "create": 4}, errors=["refused"]))
    assert both.changes == {"same": 5, "update": 1, "create": 4}
    assert both.errors == ["refused"]
