"""The service's image: built, pushed, and named by its digest. In the sandbox the folder stands for it."""

import json
import shutil
import subprocess
import tempfile
from enum import StrEnum
from pathlib import Path

from firedrill.errors import KnownFailure

DOCKERFILE = "service/Dockerfile"
TAG_LENGTH = 12
"""Characters of the commit in an image's tag."""


class Builder(StrEnum):
    """Who builds."""

    DOCKER = "docker"
    GCLOUD = "gcloud"


def build(root: Path, repository: str, commit: str, builder: Builder | None) -> str:
    """Build and push; ``REPOSITORY/llm-api@sha256:...``.

    ``repository`` is Artifact Registry's. ``commit`` is the whole hash: the image's tag begins like it, since the
    registry's tags never move, and the service reports it (``DD_GIT_COMMIT_SHA``). An image of this commit that is
    there already is taken as it is. Without a builder Docker is used where it is, else Cloud Build.

    Raises:
        KnownFailure: neither program is there, or it failed; its own last lines.
    """
    name, tag = f"{repository}/llm-api", commit[:TAG_LENGTH]
    chosen = builder or next((one for one in Builder if shutil.which(one)), None)
    if chosen is None or shutil.which(chosen) is None:
        raise KnownFailure(
            f"{chosen or 'docker or gcloud'} is not on PATH: install it, or give --image NAME@sha256:..."
        )
    if chosen == Builder.GCLOUD:
        return f"{name}@{_cloud_build(root, f'{name}:{tag}', commit)}"
    if _succeeds(root, "docker", "pull", "--quiet", "--platform", "linux/amd64", f"{name}:{tag}"):
        return f"{name}@{_docker_digest(root, name, tag)}"
    _run(root, "docker", "build", "--platform", "linux/amd64", *_arguments(f"{name}:{tag}", commit))
    _run(root, "docker", "push", f"{name}:{tag}")
    return f"{name}@{_docker_digest(root, name, tag)}"


def _docker_digest(root: Path, name: str, tag: str) -> str:
    """By what digest the registry knows an image that was pushed or pulled."""
    pushed = json.loads(_run(root, "docker", "image", "inspect", "--format", "{{json .RepoDigests}}", f"{name}:{tag}"))
    digest = next((one.partition("@")[2] for one in pushed if one.startswith(f"{name}@")), None)
    if digest is None:
        raise KnownFailure(f"docker names no digest of {name}:{tag} after the push: look at `docker image inspect`")
    return str(digest)


def _arguments(reference: str, commit: str) -> list[str]:
    """What both builders give to ``docker build``."""
    return ["--build-arg", f"COMMIT={commit}", "-f", DOCKERFILE, "-t", reference, "."]


def _cloud_build(root: Path, reference: str, commit: str) -> str:
    """Cloud Build with a configuration of its own, since the Dockerfile is not at the root. The digest."""
    describe = ("gcloud", "artifacts", "docker", "images", "describe", reference, "--format=json")
    if _succeeds(root, *describe):
        return str(json.loads(_run(root, *describe))["image_summary"]["digest"])
    steps = [{"name": "gcr.io/cloud-builders/docker", "args": ["build", *_arguments(reference, commit)]}]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"steps": steps, "images": [reference]}, file)
        file.flush()
        said = _run(root, "gcloud", "builds", "submit", "--quiet", "--format=json", f"--config={file.name}", ".")
    images = json.loads(said)["results"]["images"]
    return str(next(one["digest"] for one in images if one["name"] == reference))


def _succeeds(root: Path, *command: str) -> bool:
    return subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0


def _run(root: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise KnownFailure(f"`{' '.join(command[:3])}` failed:\n{last}")
    return done.stdout
