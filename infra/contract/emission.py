"""The contract's check that the service's code emits what the contract declares."""

import re
from collections.abc import Iterator
from pathlib import Path

from service import telemetry
from service.telemetry import EMITTED

SERVICE = Path(telemetry.__file__).parents[1]
EMISSION = re.compile(r"\.emit\(\s*([A-Z][A-Z0-9_]*)\s*,")
"""A call of :class:`service.telemetry.emission.Emitter`, with the declaration that it emits."""


def never_emitted(service: Path = SERVICE) -> Iterator[str]:
    """Yield an error for each declared metric that no code of the service emits: no query on it would have data."""
    constants = {id(value): name for name, value in vars(telemetry).items() if name.isupper()}
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(service.rglob("*.py"))}
    emitted = {name for text in texts.values() for name in EMISSION.findall(text)}
    for metric in EMITTED:
        constant = constants[id(metric)]
        if constant not in emitted:
            yield (
                f"{_declaration(constant, texts, service)} declares {metric.name}, and no code of service/ sends it: "
                f"call emitter.emit({constant}, ...) where it happens, or delete the declaration"
            )


def _declaration(constant: str, texts: dict[Path, str], service: Path) -> str:
    """Return file and line of a declaration."""
    for path, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith(f"{constant} = "):
                return f"{path.relative_to(service.parent)}:{number}"
    return "service/telemetry"
