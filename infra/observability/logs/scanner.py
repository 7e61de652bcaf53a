"""The sensitive data scanner, which redacts what the service's own redactor missed.

The service redacts before it sends (service/telemetry/redactor.py), so each match here is a gap in that redactor.
``llm.logs.redactions`` counts the matches.

The patterns are our own, because those of Datadog's library are not public and could not be tested. Their limits are:
no lookaround and no back-references; only messages and attributes are scanned, not tags; and the 30 characters after a
reserved word such as ``service``, ``host``, ``status`` or ``env`` are never redacted.
https://docs.datadoghq.com/security/sensitive_data_scanner/setup/telemetry_data/
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

REPLACED = "REDACTED"
"""The start of each replacement, by which one search finds them all."""


@dataclass(frozen=True)
class Rule:
    """A pattern of sensitive data. If there are ``keywords``, one must stand within 30 characters before a match."""

    kind: str
    pattern: str
    description: str
    keywords: tuple[str, ...] = ()

    @property
    def replacement(self) -> str:
        """The text in place of a match."""
        return f"{REPLACED}-{self.kind}"


RULES = (
    Rule(
        "EMAIL",
        r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}\b",
        "E-mail addresses, from prompts and error reports",
    ),
    Rule(
        "CARD",
        r"\b(?:\d[ -]?){12,18}\d\b",
        "Payment card numbers",
        keywords=("card", "Card", "visa", "Visa", "pan", "PAN"),
    ),
    Rule("GOOGLE-KEY", r"\bAIza[0-9A-Za-z_-]{35}\b", "API keys of Google, from errors of its client"),
    Rule(
        "TOKEN",
        r"\b(?:[Bb]earer|[Tt]oken|[Aa]pi[_-]?[Kk]ey)[\"']?[ =:]{1,3}[\"']?[A-Za-z0-9._~+/-]{16,512}",
        "Tokens, from headers and settings in stack traces",
    ),
    Rule("PRIVATE-KEY", r"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----", "Private keys, from stack traces"),
)


@dataclass(frozen=True)
class ScannerArgs:
    """The arguments of :class:`Scanner`."""

    identity: Identity


class Scanner(pulumi.ComponentResource):
    """The group of rules, of ``group_id``."""

    group_id: pulumi.Output[str]

    def __init__(self, name: str, args: ScannerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Scanner", name, None, opts)
        identity = args.identity
        group = dd.SensitiveDataScannerGroup(
            f"{name}-group",
            name=identity.named("Personal data and secrets"),
            description="Redacts what the service's own redactor missed.",
            is_enabled=True,
            # Not RUM: the page sends no user text.
            product_lists=["logs", "apm"],
            filter=dd.SensitiveDataScannerGroupFilterArgs(query=f"service:{identity.service} env:{identity.env}"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for rule in RULES:
            dd.SensitiveDataScannerRule(
                f"{name}-{rule.kind.lower()}",
                group_id=group.id,
                name=f"{identity.env}: {rule.kind.lower().replace('-', ' ')}",
                description=rule.description,
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
                    # Older providers find a difference at every preview if this is left out.
                    should_save_match=False,
                ),
                tags=[f"sensitive_data:{rule.kind.lower()}"],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.group_id = group.id
        self.register_outputs({"group_id": self.group_id})
