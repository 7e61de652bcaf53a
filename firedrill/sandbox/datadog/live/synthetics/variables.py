"""Variables of synthetic tests: global ones, a test's own, and patterns that get a new value in each run.

https://docs.datadoghq.com/synthetics/multistep/#create-local-variables
"""

import re
import secrets
import string
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

PATTERN = re.compile(r"\{\{\s*(?:(uuid)|(numeric|alphabetic|alphanumeric)\((\d+)\))\s*\}\}")
ALPHABETS = {
    "numeric": string.digits,
    "alphabetic": string.ascii_lowercase,
    "alphanumeric": string.ascii_lowercase + string.digits,
}


def config_variables(test: Mapping[str, Any], global_variables: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the values of a test's variables: its own patterns, and global ones that it references by id."""
    shared = {variable["id"]: str((variable.get("value") or {}).get("value") or "") for variable in global_variables}
    values = {}
    for config_variable in (test.get("config") or {}).get("configVariables") or ():
        if config_variable["type"] != "global":
            values[config_variable["name"]] = str(
                config_variable.get("pattern") or config_variable.get("example") or ""
            )
        elif config_variable.get("id") in shared:  # otherwise a step that uses it reports it as unknown
            values[config_variable["name"]] = shared[config_variable["id"]]
    return values


def draw_patterns(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of one run, with a random value for each ``{{ uuid }}``, ``{{ numeric(n) }}`` and so on."""
    return {name: PATTERN.sub(_draw, value) for name, value in variables.items()}


def _draw(values: re.Match[str]) -> str:
    if values[1]:
        return str(uuid.uuid4())
    return "".join(secrets.choice(ALPHABETS[values[2]]) for _ in range(int(values[3])))
