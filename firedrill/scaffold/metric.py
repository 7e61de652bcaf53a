"""`firedrill new metric`: its declaration in the telemetry contract, and its ordinary signal."""

import re
from pathlib import Path
from typing import Literal

from firedrill.errors import KnownFailure
from firedrill.prove.unfinished import MARK
from firedrill.scaffold.checkout import ORDINARY, Checkout, insert_into_tuple

CONTRACT = Path("service/telemetry/contract/emitted.py")
NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
MetricKind = Literal["count", "distribution"]


def new_metric(checkout: Checkout, name: str, kind: MetricKind, unit: str) -> str:
    """Add a metric, and return the constant that the code emits.

    Raises:
        KnownFailure: The name has another form, or is declared.
    """
    if not NAME.fullmatch(name):
        raise KnownFailure(f"{name!r} is not a valid metric name: use words and dots, such as llm.chat.history")
    constant = "_".join(name.split(".")[1:]).upper()
    content = checkout.read(CONTRACT)
    if f'"{name}"' in content or re.search(rf"^{constant} = ", content, re.MULTILINE):
        raise KnownFailure(f"{CONTRACT} declares {name} or {constant}: choose another name")
    checkout.change(CONTRACT, insert_into_tuple(content, "EMITTED", f"    {constant},\n"))
    function = kind.capitalize()
    text = f"{MARK}: what a value is, and when it is sent"
    checkout.insert(CONTRACT, "EMITTED = (", f'{constant} = {function}("{name}", "{unit}", (), "{text}")\n\n')
    signal = constant.lower()
    value = "" if kind == "count" else ", value: 1"
    checkout.change(
        ORDINARY,
        checkout.read(ORDINARY).rstrip("\n")
        + f"\n  {signal}: {{metric: {name}, type: distribution, rate: 1{value}}}\n",
    )
    checkout.insert(
        ORDINARY, "# Other environments", f'  {name}: "{MARK}: why no drill sends it; with a recording, delete this"\n'
    )
    return constant
