"""Command ``python -m policies.documentation``: writes docs/policies, a page for each policy and a table of all."""

from collections.abc import Mapping
from pathlib import Path

from policies import pack
from policies.policy import POLICIES, Policy

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "policies"
INTRODUCTION = """# Policies

The rules that the policy pack in `policies/` checks. `firedrill up` and `firedrill preview` run it; with plain Pulumi,
use `pulumi preview --policy-pack policies/`. `python -m policies.documentation` generates these pages from the code.

An *error* stops the update if the stack sets `policies:level: mandatory`; otherwise it is only reported, as a *warning*
always is. A policy that needs a value which is known only after the update neither passes nor fails; a line at the end
of a preview names such values. Policies that need the telemetry contract are off unless the stack sets
`policies:contract: true`.

To use the pack on its own, with a program in any language: copy `policies/`, run
`pip install pulumi-policy git+https://github.com/OWNER/firedrill` (or `pip install pulumi-policy .` in a checkout) for
the `python` that Pulumi finds, and pass the folder as above. No settings are required; list teams and workflows that
the program does not declare in `policies:handles`. Tested with a TypeScript and a Go program in
`tests/integration/policies/languages`.

"Not checked" is mostly reported by a stack's first preview, when ids are unknown; the update then checks these
policies. Policies that check the whole stack run at the end of a preview or an update. `firedrill up` runs no preview
first, so it reports them after the update; `firedrill preview` reports them before.

Settings in Pulumi.STACK.yaml:

```yaml
policies:level: mandatory            # or advisory, the default
policies:contract: true              # check queries against service/telemetry
policies:runbooks: docs/runbooks     # each linked runbook must exist in this folder
policies:handles: [slack-oncall]     # handles that other stacks declare
policies:authentication: [API_KEYS]  # variables with the credentials of a public service's callers
policies:exempt:
  - {policy: slo-has-an-alert, resource: slos-batch, because: nobody waits for the batch; it is reviewed monthly}
```

| policy | description | severity |
|---|---|---|
"""


def page(policy: Policy) -> str:
    """Return the page of a policy."""
    scope = "checks the whole stack" if policy.scope == "stack" else "checks one resource"
    contract = "; needs the telemetry contract" if policy.needs_contract else ""
    kinds = ", ".join(f"`{kind}`" for kind in policy.kinds)
    cases = f"../../tests/unit/policies/cases/{policy.name}"
    return "\n".join(
        [
            f"# {policy.name}",
            "",
            policy.description,
            "",
            f"*{policy.severity.capitalize()}; {scope}{contract}. Kinds: {kinds}.*",
            "",
            "## What it prevents",
            "",
            policy.prevents,
            "",
            "## See",
            "",
            f"- [{policy.link.removeprefix('https://').rstrip('/')}]({policy.link})",
            f"- a passing case: [passes.yaml]({cases}/passes.yaml), a failing case: [fails.yaml]({cases}/fails.yaml)",
            f"- the check: [policies/{policy.topic}.py](../../policies/{policy.topic}.py)",
            "",
            "## Exempting a resource",
            "",
            f"In Pulumi.STACK.yaml, `policies:exempt`: `{{policy: {policy.name}, resource: NAME, because: ...}}`.",
            "",
        ]
    )


def pages() -> Mapping[str, str]:
    """Return all pages by file name."""
    rows = [
        f"| [{policy.name}]({policy.name}.md) | {policy.description} | {policy.severity} |"
        for policy in POLICIES.values()
    ]
    assert len(rows) == len(pack.table())
    table = INTRODUCTION + "\n".join(rows) + f"\n\n{len(rows)} policies, by topic in `policies/*.py`.\n"
    return {f"{policy.name}.md": page(policy) for policy in POLICIES.values()} | {"README.md": table}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for existing in FOLDER.glob("*.md"):
        existing.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
