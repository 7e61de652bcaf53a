"""The organisation's stack of an environment is the one whose configuration names the environment."""

import json
import os
from pathlib import Path

import pytest
from pulumi import automation

from firedrill import bootstrap
from firedrill.delivery.programs import merge, with_organisation
from firedrill.delivery.target import Target
from firedrill.engine.result import Result
from firedrill.engine.stack import ORGANISATION

pytestmark = pytest.mark.e2e


def project(folder: Path, name: str, stack: str, **config: object) -> None:
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    values = {f"{name}:{key}": value for key, value in config.items()}
    (folder / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": values}))


def new_stack(state: Path, folder: Path, stack: str) -> automation.Stack:
    variables = {"PULUMI_BACKEND_URL": state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "test"}
    options = automation.LocalWorkspaceOptions(work_dir=str(folder), env_vars=variables)
    return automation.create_or_select_stack(stack, work_dir=str(folder), opts=options)


def test_the_stack_that_names_the_environment_is_included_once_it_is_deployed(
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
    target = Target("dev", root, new_stack(state, root, "dev"), None)

    targets, notes = with_organisation(target)
    assert targets == [target]
    (note,) = notes
    assert note.startswith("Left out: stack org of infra/org, which is not deployed (")

    new_stack(state, root / ORGANISATION, "org")
    targets, notes = with_organisation(target)
    assert notes == []
    assert [target.name for target in targets] == ["dev", "org"]
    assert targets[1].project == "app-org"


def test_results_are_counted_together() -> None:
    merged = merge(Result({"same": 3, "update": 1}), Result({"same": 2, "create": 4}, errors=["refused"]))
    assert merged.changes == {"same": 5, "update": 1, "create": 4}
    assert merged.errors == ["refused"]
