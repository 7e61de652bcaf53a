"""The configuration of a rehearsed stack: the checkout's own, with the rehearsal's accounts and without its secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from firedrill.errors import KnownFailure

PLACEHOLDER = "CHANGE-ME"
PERSON = "ada.okafor@example.com"
"""A user of every organisation of the sandbox."""
ORGANISATION = "org"
"""The stack of infra/org."""
DOCUMENTED_SECRETS = (
    "llm-api:datadogApiKey",
    "llm-api:operatorToken",
    "llm-api:readerToken",
    "llm-api:conversationKeys",
    "datadog:apiKey",
    "datadog:appKey",
)
"""In the order of docs/deploy.md."""


@dataclass(frozen=True)
class Configuration:
    """The parts of a filled configuration that a rehearsal reads."""

    project: str
    region: str
    people: tuple[str, ...]
    """The e-mail addresses of users that the Datadog organisation must have."""
    secrets: tuple[str, ...]
    """The keys of secrets that have to be set."""


def fill(root: Path, stack: str, datadog_url: str) -> Configuration:
    """Fill the files of a stack and of its organisation, as a person does before the first deployment.

    Raises:
        KnownFailure: the stack has no file.
    """
    file = root / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        raise KnownFailure(f"{file.name} is missing: copy Pulumi.dev.yaml to it, and fill it in")
    stored = yaml.safe_load(file.read_text())["config"]
    own = [key for key, value in stored.items() if isinstance(value, dict) and "secure" in value]
    config = {key: _filled(key, value) for key, value in stored.items() if key not in own}
    config |= {"datadog:apiUrl": f"{datadog_url}/", "llm-api:ownHosts": ["localhost", "127.0.0.1"]}
    _write(file, config)
    on_call = tuple(config["llm-api:onCall"]["emails"])
    _fill_organisation(root, stack, config, on_call)
    deployer = config.get("llm-api:deployer")
    return Configuration(
        str(config["gcp:project"]),
        str(config["gcp:region"]),
        (*on_call, *([deployer] if deployer else [])),
        tuple(dict.fromkeys([*DOCUMENTED_SECRETS, *own])),
    )


def _fill_organisation(root: Path, stack: str, config: Mapping[str, Any], people: tuple[str, ...]) -> None:
    """Fill the organisation's file, with this stack as its only environment."""
    file = root / "infra" / ORGANISATION / f"Pulumi.{ORGANISATION}.yaml"
    stored = yaml.safe_load(file.read_text())["config"]
    only = {
        "datadog:apiUrl": config["datadog:apiUrl"],
        "llm-api-org:environments": [stack],
        "llm-api-org:indexOrder": [config["llm-api:logIndex"]],  # the sandbox has no index `main`
        "llm-api-org:paged": list(people),
        "llm-api-org:productsOff": list(config.get("llm-api:productsOff") or []),
    }
    kept = {key: value for key, value in stored.items() if not (isinstance(value, dict) and "secure" in value)}
    _write(file, kept | only)


def _write(file: Path, config: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump({"config": dict(config)}, sort_keys=False, allow_unicode=True))


def _filled(key: str, value: Any) -> Any:
    """Return a value whose placeholders are filled in."""
    if isinstance(value, dict):
        return {name: _filled(name, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(key, member) for member in value]
    if PLACEHOLDER not in str(value):
        return value
    return PERSON if "@" in value else value.replace(PLACEHOLDER, "rehearsal" if key == "gcp:project" else "example")
