"""Sensitive data that reached Datadog after all is taken out before anybody can search it.

The last net, not the first: the service redacts before it sends (service/redactor.py), so that whatever a rule of this
scanner finds is a hole in that redactor. ``llm.logs.redactions`` counts the finds.

Own patterns, since those of Datadog's library are not public and could not be tested here. Three things that shape the
patterns (https://docs.datadoghq.com/security/sensitive_data_scanner/setup/telemetry_data/): no lookaround and no
back-references; tags are not scanned, only messages and attributes; and the 30 characters after a reserved word such as
``service``, ``host``, ``status`` or ``env`` are never redacted.
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

REPLACED = "REDACTED"
"""Each replacement starts with it, so that one search finds them all."""


@dataclass(frozen=True)
class Rule:
    """``kind`` names it in the replacement. ``keywords`` must stand in the 30 characters before a match, if any do."""

    kind: str
    pattern: str
    finds: str
    keywords: tuple[str, ...] = ()

    @property
    def replacement(self) -> str:
        """What stands in the text afterwards."""
        return f"{REPLACED}-{self.kind}"


RULES = (
    Rule(
        "EMAIL",
        r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}\b",
        "people write addresses into prompts, and callers report errors with them",
    ),
    Rule("CARD", r"\b(?:\d[ -]?){12,18}\d\b", "payment cards", keywords=("card", "Card", "visa", "Visa", "pan", "PAN")),
    Rule("GOOGLE-KEY", r"\bAIza[0-9A-Za-z_-]{35}\b", "an API key of Google in an error of its client"),
    Rule(
        "TOKEN",
        r"\b(?:[Bb]earer|[Tt]oken|[Aa]pi[_-]?[Kk]ey)[\"']?[ =:]{1,3}[\"']?[A-Za-z0-9._~+/-]{16,512}",
        "a header or a setting in a stack trace",
    ),
    Rule("PRIVATE-KEY", r"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----", "the first line of a key in a stack trace"),
)


@dataclass(frozen=True)
class ScannerArgs:
    """Whose telemetry."""

    identity: Identity


class Scanner(pulumi.ComponentResource):
    """``group_id`` is what the organisation's list of groups orders."""

    group_id: pulumi.Output[str]

    def __init__(self, name: str, args: ScannerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Scanner", name, None, opts)
        identity = args.identity
        group = dd.SensitiveDataScannerGroup(
            f"{name}-group",
            name=identity.named("nothing of people and no secrets"),
            description="The net behind the service's own redactor: what is found here got past that one.",
            is_enabled=True,
            # Prompts and errors go into both. RUM has text of people only where the page sends it, which it does not.
            product_lists=["logs", "apm"],
            filter=dd.SensitiveDataScannerGroupFilterArgs(query=f"service:{identity.service} env:{identity.env}"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for rule in RULES:
            dd.SensitiveDataScannerRule(
                f"{name}-{rule.kind.lower()}",
                group_id=group.id,
                name=f"{identity.env}: {rule.kind.lower().replace('-', ' ')}",
                description=rule.finds,
                pattern=rule.pattern,
                is_enabled=True,
                included_keyword_configuration=dd.SensitiveDataScannerRuleIncludedKeywordConfigurationArgs(
                    keywords=list(rule.keywords), character_count=30
                )
                if rule.keywords
                else None,
                text_replacement=dd.SensitiveDataScannerRuleTextReplacementArgs(
                    type="replacement_string",
                    replacement_string=rule.replacement,
                    # Said outright: left out, older providers found a difference at every preview.
                    should_save_match=False,
                ),
                tags=[f"sensitive_data:{rule.kind.lower()}"],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.group_id = group.id
        self.register_outputs({"group_id": self.group_id})
