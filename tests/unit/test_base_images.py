"""The script that pins the service's base images, with a stand-in for ``docker buildx``, which needs a registry."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firedrill.sandbox.google.cloud_run.image import read_image
from tests.conftest import ROOT

DIGESTS = {"python:3.11-slim": f"sha256:{'1a' * 32}", "datadog/serverless-init:1": f"sha256:{'2b' * 32}"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the Dockerfile and the script."""
    for name in ("service/Dockerfile", ".github/pin-base-images.sh"):
        (tmp_path / name).parent.mkdir()
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def pin(checkout: Path, digests: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script with a registry that knows these digests."""
    docker = checkout / "bin" / "docker"
    docker.parent.mkdir(exist_ok=True)
    known = "".join(f"{image}) echo {digest};; " for image, digest in digests.items())
    docker.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "buildx imagetools inspect" ] || exit 2\ncase $4 in {known}esac\n')
    docker.chmod(0o755)
    return subprocess.run(
        [checkout / ".github/pin-base-images.sh"], cwd=checkout, env={"PATH": f"{docker.parent}:/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def test_each_base_image_is_pinned_and_then_renewed(checkout: Path) -> None:
    dockerfile = checkout / "service" / "Dockerfile"
    before = dockerfile.read_text()
    assert pin(checkout, DIGESTS).returncode == 0
    pinned = dockerfile.read_text()
    assert re.sub(r"@sha256:\w+", "", pinned) == re.sub(r"@sha256:\w+", "", before)
    for image, digest in DIGESTS.items():
        assert f"{image}@{digest}" in pinned
    newer = dict.fromkeys(DIGESTS, f"sha256:{'3c' * 32}")
    assert pin(checkout, newer).returncode == 0
    assert dockerfile.read_text().count(f"@sha256:{'3c' * 32}") == len(DIGESTS)
    assert "gunicorn" in read_image(checkout).command


def test_what_is_no_digest_is_not_written(checkout: Path) -> None:
    before = (checkout / "service" / "Dockerfile").read_text()
    refused = pin(checkout, {})
    assert refused.returncode == 1
    assert "python:3.11-slim: '' is no digest" in refused.stderr
    assert (checkout / "service" / "Dockerfile").read_text() == before
