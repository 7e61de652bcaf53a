"""`firedrill new policy`: a check that a property is set, with a case that passes and one that fails."""

import re
from pathlib import Path

from firedrill.errors import KnownFailure
from firedrill.prove.unfinished import MARK
from firedrill.scaffold.checkout import Checkout, require_key

CHECK = f'''

@policy(
    "{{name}}",
    "{{kind}}",
    severity="warning",
    description="{MARK}: what holds of every {{noun}}.",
    prevents="{MARK}: the defect that this prevents, if possible one that happened, in a sentence or two.",
    link="https://docs.datadoghq.com/",
)
def {{function}}({{argument}}: Resource, stack: Stack) -> Iterator[str]:
    """Check that {{prop}} is set."""
    if not {{argument}}.get("{{prop}}"):
        yield "Set {{prop}}: {MARK} why."
'''
CASE = """\
{expect}resources:
- kind: {kind}
  name: example
  properties:
    {content}
"""


def new_policy(checkout: Checkout, name: str, topic: str, kind: str, prop: str) -> None:
    """Add a policy to the file of a topic. Its pages are generated afterwards.

    Raises:
        KnownFailure: The name is taken, or the topic, the kind or the property is not of its form.
    """
    module = Path("policies") / f"{topic}.py"
    topics = sorted(path.stem for path in (checkout.root / "policies").glob("*.py") if "@policy(" in path.read_text())
    if topic not in topics:
        raise KnownFailure(f"policies has no {topic}.py with policies: give --topic one of {', '.join(topics)}")
    if not re.fullmatch(r"\w+:(\w+:)?[A-Z]\w*", kind):
        raise KnownFailure(f"{kind!r} is not a kind of resource: write datadog:Monitor or gcp:cloudrunv2:Service")
    if not re.fullmatch(r"[a-z]\w*", prop):
        raise KnownFailure(f"{prop!r} is not the name of a property: write it as the engine does, such as specJson")
    content = checkout.read(module)
    cases = f"tests/unit/policies/cases/{require_key(name)}"
    noun = kind.rpartition(":")[2]
    checkout.create(f"{cases}/passes.yaml", CASE.format(expect="", kind=kind, content=f"{prop}: an example"))
    checkout.create(f"{cases}/fails.yaml", CASE.format(expect=f"expect: Set {prop}\n", kind=kind, content="name: x"))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", noun).lower()
    check = CHECK.format(
        name=name, kind=kind, prop=prop, noun=words, argument=words.split()[-1], function=name.replace("-", "_")
    )
    checkout.change(module, content.rstrip("\n") + "\n" + check)
