"""The published plugin is found where Pulumi finds it; without it one error names the command that installs it."""

from importlib.metadata import version
from pathlib import Path

import pytest

from firedrill.engine.published_plugin import PROGRAM, plugin_folder
from firedrill.errors import KnownFailure

INSTALLED = f"resource-datadog-v{version('pulumi-datadog')}"


def put_plugin(folder: Path) -> Path:
    """Put an executable of the plugin's name into a folder."""
    folder.mkdir(parents=True)
    program = folder / PROGRAM
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def pulumi_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the user's Pulumi folder, and leave no plugin on PATH."""
    home = tmp_path / "pulumi"
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PULUMI_HOME", str(home))
    return home


def test_a_plugin_on_path_has_precedence(tmp_path: Path, pulumi_home: Path) -> None:
    put_plugin(pulumi_home / "plugins" / INSTALLED)
    on_path = put_plugin(tmp_path / "bin")
    assert plugin_folder() == on_path


def test_pulumis_folders_are_searched(tmp_path: Path, pulumi_home: Path) -> None:
    users = put_plugin(pulumi_home / "plugins" / INSTALLED)
    assert plugin_folder(tmp_path / "sandbox") == users
    own = put_plugin(tmp_path / "sandbox" / "plugins" / INSTALLED)
    assert plugin_folder(tmp_path / "sandbox") == own


def test_the_home_folder_has_pulumis_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    installed = put_plugin(tmp_path / ".pulumi" / "plugins" / INSTALLED)
    assert plugin_folder() == installed


@pytest.mark.parametrize("case", ["none", "another version", "interrupted", "not executable"])
def test_without_the_plugin_the_error_names_the_folders_and_the_command(pulumi_home: Path, case: str) -> None:
    plugins = pulumi_home / "plugins"
    if case == "another version":
        put_plugin(plugins / "resource-datadog-v4.0.0")
    if case == "interrupted":
        put_plugin(plugins / INSTALLED)
        (plugins / f"{INSTALLED}.partial").touch()
    if case == "not executable":
        (put_plugin(plugins / INSTALLED) / PROGRAM).chmod(0o644)
    with pytest.raises(KnownFailure) as refused:
        plugin_folder()
    message = str(refused.value)
    assert f"run `pulumi plugin install resource datadog v{version('pulumi-datadog')}`" in message
    assert str(plugins) in message
    assert ("resource-datadog-v4.0.0" in message) == (case == "another version")
