"""A recorded program is taken again only while everything that it reads is the same."""

from pathlib import Path

import pytest

from tests.unit.infra import recordings


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout of two files, whose recordings lie in it."""
    root = tmp_path / "checkout"
    (root / "infra").mkdir(parents=True)
    (root / "infra" / "alerts.py").write_text("limit = 1\n")
    (root / "Pulumi.local.yaml").write_text("config: {}\n")
    monkeypatch.setattr(recordings, "ROOT", root)
    monkeypatch.setattr(recordings, "KEPT", tmp_path / "kept")
    return root


def name(arguments: object = ("local",), **environment: str) -> Path:
    """Return the file of a recording."""
    file = recordings.kept_file(arguments, environment)
    assert file is not None
    return file


def test_each_input_of_a_program_gives_another_recording(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [name(), name(("dev",)), name(EXPORTS="{}"), name(PROGRAM=str(checkout / "infra"))]
    monkeypatch.setenv("PULUMI_TEST", "1")
    files.append(name())
    monkeypatch.delenv("PULUMI_TEST")
    assert len(set(files)) == 5
    assert name() == files[0]
    for changed in ("infra/alerts.py", "Pulumi.local.yaml", "infra/new.py"):
        (checkout / changed).write_text(f"{changed}: 2\n")
        files.append(name())
    assert len(set(files)) == 8


def test_what_was_kept_is_there_and_only_two_contents_are_kept(checkout: Path) -> None:
    names = []
    for limit in range(3):
        (checkout / "infra" / "alerts.py").write_text(f"limit = {'1' * (limit + 1)}\n")
        names.append(name())
        recordings.keep(names[-1], {"requests": [limit]})
    assert [file.exists() for file in names] == [False, True, True]
    assert names[-1].read_text() == '{"requests": [2]}'


def test_a_program_outside_the_checkout_is_never_kept(checkout: Path) -> None:
    assert recordings.kept_file(("local",), {"PROGRAM": str(checkout.parent)}) is None
