"""The service's image: built, pushed, and named by its digest. In the sandbox, the service's folder stands for it."""

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


class ImageBuilder(StrEnum):
    """A program that builds images."""

    DOCKER = "docker"
    GCLOUD = "gcloud"


def build(root: Path, repository: str, commit: str, builder: ImageBuilder | None) -> str:
    """Build and push the image; return ``REPOSITORY/llm-api@sha256:...``.

    An image of this commit that exists already is used as it is.

    repository: of Artifact Registry; commit: the whole hash, whose beginning is the image's tag (tags are immutable in
    the registry) and which the service reports (``DD_GIT_COMMIT_SHA``); builder: by default Docker, else Cloud Build.

    Raises:
        KnownFailure: neither program is there, or it failed, with its last lines.
    """
    name, tag = f"{repository}/llm-api", commit[:TAG_LENGTH]
    program = builder or next((candidate for candidate in ImageBuilder if shutil.which(candidate)), None)
    if program is None or shutil.which(program) is None:
        raise KnownFailure(
            f"{program or 'docker or gcloud'} is not on PATH: install it, or give --image NAME@sha256:..."
        )
    if program == ImageBuilder.GCLOUD:
        return f"{name}@{_cloud_build(root, f'{name}:{tag}', commit)}"
    if _succeeds(root, "docker", "pull", "--quiet", "--platform", "linux/amd64", f"{name}:{tag}"):
        return f"{name}@{_docker_digest(root, name, tag)}"
    _run(root, "docker", "build", *_build_arguments(f"{name}:{tag}", commit))
    _run(root, "docker", "push", f"{name}:{tag}")
    return f"{name}@{_docker_digest(root, name, tag)}"


def _docker_digest(root: Path, name: str, tag: str) -> str:
    """Return the registry's digest of an image that was pushed or pulled."""
    digests = json.loads(_run(root, "docker", "image", "inspect", "--format", "{{json .RepoDigests}}", f"{name}:{tag}"))
    digest = next((digest.partition("@")[2] for digest in digests if digest.startswith(f"{name}@")), None)
    if digest is None:
        raise KnownFailure(f"docker has no digest of {name}:{tag} after the push: look at `docker image inspect`")
    return str(digest)


def _build_arguments(reference: str, commit: str) -> list[str]:
    """Return the arguments of ``docker build`` for both builders. Cloud Run runs linux/amd64."""
    return ["--platform", "linux/amd64", "--build-arg", f"COMMIT={commit}", "-f", DOCKERFILE, "-t", reference, "."]


def _cloud_build(root: Path, reference: str, commit: str) -> str:
    """Build with Cloud Build; return the digest. Its configuration names the Dockerfile, which is not at the root.

    The digest is the registry's: ``gcloud builds submit`` writes the build's log to its standard output, before any
    ``--format``. Without ``--suppress-logs`` it also fails for an account that may not read that log.
    https://docs.cloud.google.com/sdk/gcloud/reference/builds/submit
    """
    if not _succeeds(root, *_describe(reference)):
        steps = [{"name": "gcr.io/cloud-builders/docker", "args": ["build", *_build_arguments(reference, commit)]}]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"steps": steps, "images": [reference]}, file)
            file.flush()
            options = (f"--project={_project(reference)}", "--quiet", "--suppress-logs", f"--config={file.name}")
            _run(root, "gcloud", "builds", "submit", *options, ".")
    return str(json.loads(_run(root, *_describe(reference)))["image_summary"]["digest"])


def _describe(reference: str) -> tuple[str, ...]:
    """Return the command that prints what the registry knows of an image; it fails without one."""
    project = f"--project={_project(reference)}"
    return "gcloud", "artifacts", "docker", "images", "describe", reference, project, "--quiet", "--format=json"


def _project(reference: str) -> str:
    """Return the project of ``REGION-docker.pkg.dev/PROJECT/...``: gcloud's own default may be another one."""
    return reference.split("/")[1]


def _succeeds(root: Path, *command: str) -> bool:
    return subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0


def _run(root: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise KnownFailure(f"`{' '.join(command[:3])}` failed:\n{last}")
    return done.stdout
