"""Rules for what names or reaches a person: e-mail addresses, names and dates of birth in fields of forms."""

import re

from service.telemetry.rules.rule import Rule, always

NOT_DOMAINS = frozenset(
    """service socket timer target mount slice scope device swap path png jpg jpeg gif svg webp ico js mjs cjs ts tsx jsx
    css scss html json yaml yml toml py go rs java rb sh md txt lock log conf cfg ini xml map whl gz zip jar""".split()
)
"""Ends of names that are not domains: systemd's units, files."""


def _is_email(match: re.Match[str]) -> bool:
    local, _, domain = match[0].rpartition("@")
    # Package names with versions, and the account git@, which is everybody's.
    return domain.rpartition(".")[2].lower() not in NOT_DOMAINS and local.lower() not in ("git", "hg", "svn", "")


_WORD = r"[A-Z\u00c0-\u00de][\w.'\u2019\u00c0-\u024f-]*"
_PARTICLES = r"(?:d[aeiou]|de[lnrs]|della|dos|l[ae]|v[ao]n|zu[mr]?)"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"

RULES: tuple[Rule, ...] = (
    ("email", re.compile(
        rf"(?:\"[\w .+-]{{1,64}}\"|[\w.!#$%&'*+=?^`{{|}}~-]+)@(?:{_LABEL}\.)+(?:[^\W\d_]{{2,63}}|xn--[a-z0-9-]+)(?![\w-]|\.\d)"), _is_email),
    ("email", re.compile(r"[\w.+-]+@\[[\d.:a-fA-FIPv]+\]"), always),
    ("email", re.compile(
        r"(?i)[\w.+-]+\s{0,2}(?:[\[({<]\s?(?:at|@)\s?[\])}>]|\bat\b)\s{0,2}[\w-]+(?:\s{0,2}(?:[\[({<]\s?(?:dot|\.)\s?[\])}>]|\bdot\b)\s{0,2}[\w-]+)+"), always),
    ("name", re.compile(
        r"(?i)(?<![^\W_])(?:(?:first|last|full|family|given|middle|maiden|sur|contact|customer|client|patient|employee|cardholder|holder"
        r"|account[ _-]holder)[ _-]?name|(?:customer|client|patient|cardholder)|surname|vorname|nachname|pr[ée]nom|apellidos?|cognome"
        r"|nazwisko|achternaam|voornaam)\\*[\"']?\s*[:=>]\s*\\*[\"']?"
        rf"(?P<value>(?-i:{_WORD}(?: (?:{_PARTICLES} ){{0,2}}{_WORD}){{0,5}}))"), always),
    ("birth_date", re.compile(
        r"(?i)(?<![^\W_])(?:dob|date[ _]of[ _]birth|birth[ _-]?(?:date|day)|born(?: on)?|geboren(?: am)?|geburts(?:datum|tag)|n[ée]e? le"
        r"|fecha de nacimiento|data di nascita)\\*[\"']?\s{0,2}[:=]?\s{0,2}\\*[\"']?(?P<value>\d{1,4}[./-]\d{1,2}[./-]\d{2,4})"), always),
)  # fmt: skip
