"""The image is built under its commit, which the service then reports, and named by its digest."""

import json
from pathlib import Path

import pytest

from firedrill.delivery.build import ImageBuilder, build
from firedrill.errors import KnownFailure
from tests.conftest import ROOT

REPOSITORY = "europe-west1-docker.pkg.dev/some-project/llm-api"
COMMIT = "1f7a9c3b5d7e9f1a3c5b7d9e1f3a5c7b9d1e3f5a"
REFERENCE = f"{REPOSITORY}/llm-api:{COMMIT[:12]}"
DIGEST = f"sha256:{'ab' * 32}"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file to which stand-ins for ``docker`` and ``gcloud`` on PATH write their arguments."""
    record, image_exists = tmp_path / "called", tmp_path / "there"
    answers = {
        "docker": f'[ "$1" != pull ] || [ -e {image_exists} ] || exit 1\n'
        f'[ "$1 $2" != "image inspect" ] || echo \'["other@sha256:00","{REPOSITORY}/llm-api@{DIGEST}"]\'',
        # As the real one: without a project it asks or takes another, and a build's log is on standard output.
        "gcloud": 'case "$*" in *--project=some-project*) ;; *) echo "no project" >&2; exit 1;; esac\n'
        f'if [ "$2" = docker ]; then [ -e {image_exists} ] || exit 1\n'
        f'echo \'{{"image_summary": {{"digest": "{DIGEST}"}}}}\'; exit; fi\n'
        'case "$*" in *--suppress-logs*) ;; *) echo "ERROR: you may not read the log" >&2; exit 1;; esac\n'
        'for one in "$@"; do case "$one" in --config=*) cat "${one#--config=}" >> ' + f"{record}; esac; done\n"
        f'echo "ID  CREATE_TIME  DURATION  STATUS"; touch {image_exists}',
    }
    for name, answer in answers.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {record}\n{answer}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return record


def test_docker_gets_the_commit_and_the_image_is_named_by_what_was_pushed(calls: Path) -> None:
    assert build(ROOT, REPOSITORY, COMMIT, None) == f"{REPOSITORY}/llm-api@{DIGEST}"
    _, built, pushed, _ = calls.read_text().splitlines()
    assert built == (
        f"docker build --platform linux/amd64 --build-arg COMMIT={COMMIT} -f service/Dockerfile -t {REFERENCE} ."
    )
    assert pushed == f"docker push {REFERENCE}"


def test_cloud_build_gets_the_same(calls: Path) -> None:
    assert build(ROOT, REPOSITORY, COMMIT, ImageBuilder.GCLOUD) == f"{REPOSITORY}/llm-api@{DIGEST}"
    [_, command, described] = calls.read_text().splitlines()
    assert command.startswith("gcloud builds submit --project=some-project --quiet --suppress-logs --config=")
    configuration, _, after = described.partition("}gcloud")
    assert after.startswith(" artifacts docker images describe")
    [step] = json.loads(configuration + "}")["steps"]
    assert step["args"][:5] == ["build", "--platform", "linux/amd64", "--build-arg", f"COMMIT={COMMIT}"]


@pytest.mark.parametrize("builder", ImageBuilder)
def test_an_existing_image_of_the_commit_is_not_built_again(calls: Path, builder: ImageBuilder) -> None:
    (calls.parent / "there").touch()
    assert build(ROOT, REPOSITORY, COMMIT, builder) == f"{REPOSITORY}/llm-api@{DIGEST}"
    assert "build" not in calls.read_text().replace("cloud-builders", "")


def test_the_dockerfile_gives_the_commit_to_the_service() -> None:
    lines = (ROOT / "service" / "Dockerfile").read_text().splitlines()
    assert lines.index("ARG COMMIT") < lines.index("ENV DD_GIT_COMMIT_SHA=$COMMIT")


def test_without_a_builder_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KnownFailure, match=r"docker or gcloud is not on PATH: install it, or give --image"):
        build(ROOT, REPOSITORY, COMMIT, None)
