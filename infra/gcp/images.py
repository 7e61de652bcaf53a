"""The service's image, always by digest, so that the tested image is the deployed one."""

from pathlib import Path

import pulumi
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.settings import get_engine

from firedrill.image import digest
from infra.config import Settings
from infra.identity import SERVICE

NO_IMAGE = "0" * 64
"""The digest in a new stack's file, which the deploy command replaces."""


def _digest(settings: Settings, root: Path) -> str:
    if settings.image is not None:
        return settings.image.rpartition("@")[2]
    assert settings.image_folder is not None
    folder = root / settings.image_folder
    if not (folder / "Dockerfile").is_file():
        raise pulumi.RunError(f"llm-api:imageFolder is {settings.image_folder!r}, which has no Dockerfile")
    return digest(folder)


def _deploying() -> bool:
    """Return whether this is an update, not a preview, and not a test or proof with Pulumi's mocks."""
    return not pulumi.runtime.is_dry_run() and not isinstance(get_engine(), MockEngine)


def image(settings: Settings, root: Path, registry: pulumi.Input[str]) -> pulumi.Input[str]:
    """Return the image's full reference. In the sandbox the digest is that of a folder (firedrill/image.py)."""
    if settings.image is not None:
        if settings.image.endswith(NO_IMAGE) and _deploying():
            raise pulumi.RunError(
                "llm-api:image has no image yet: run `firedrill deploy -s STACK`, which builds, pushes and deploys it, "
                "or `pulumi config set llm-api:image NAME@sha256:DIGEST`"
            )
        return settings.image
    return pulumi.Output.concat(registry, f"/{SERVICE}@", _digest(settings, root))


def version(settings: Settings, root: Path) -> str:
    """Return the ``version`` tag: the digest's first 12 characters, which change exactly when the code does."""
    return _digest(settings, root).removeprefix("sha256:")[:12]
