"""Variables of synthetic tests: the organisation's, a test's own, and what their patterns draw anew in each run.

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


def config_variables(test: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The values of a test's variables: its own patterns, and those of the organisation's that it names by their id."""
    shared = {one["id"]: str((one.get("value") or {}).get("value") or "") for one in known}
    found = {}
    for one in (test.get("config") or {}).get("configVariables") or ():
        if one["type"] != "global":
            found[one["name"]] = str(one.get("pattern") or one.get("example") or "")
        elif one.get("id") in shared:  # else a step that uses it says that it is unknown
            found[one["name"]] = shared[one["id"]]
    return found


def drawn(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of one run: ``{{ uuid }}``, ``{{ numeric(n) }}`` and the like are drawn once."""
    return {name: PATTERN.sub(_draw, value) for name, value in variables.items()}


def _draw(found: re.Match[str]) -> str:
    if found[1]:
        return str(uuid.uuid4())
    return "".join(secrets.choice(ALPHABETS[found[2]]) for _ in range(int(found[3])))
