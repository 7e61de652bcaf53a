"""Numbers with a check digit or a form of their own: cards, accounts, national ids, telephone numbers."""

import re
from collections.abc import Callable

import phonenumbers
from stdnum import luhn
from stdnum.br import cnpj, cpf
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.exceptions import ValidationError
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.iso7064 import mod_97_10
from stdnum.it import codicefiscale
from stdnum.mx import curp

from service.telemetry.rules.rule import Rule, always

ISSUERS = re.compile(
    r"""(?x)
      4\d{12}(?:\d{3}){0,2}                                                # Visa
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}     # Mastercard
    | 3[47]\d{13}                                                          # American Express
    | (?:30[0-5]\d|3095|3[689]\d\d)\d{10,15}                               # Diners Club
    | (?:6011|64[4-9]\d|65\d\d)\d{12,15}                                   # Discover
    | 35\d{14,17}                                                      # JCB
    | (?:62|81|82)\d{12,17}                                                # UnionPay, RuPay
    | (?:50|5[678]|60|63|67)\d{10,17} | 0604\d{8}                          # Maestro, Elo, Hipercard, RuPay
    | 220[0-4]\d{12,15} | 9792\d{12}                                       # Mir, Troy
    | (?:1800|2131)\d{11} | 1\d{14}$                                       # JCB, UATP"""
)
"""Issuers' ranges (ISO/IEC 7812-1; https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN))."""
BEGINNINGS = re.compile(r"(?:4|5[1-5]|3[47]|6011|64[4-9]|65)\d{11,14}$")
"""Those of common cards, whatever their length: numbers are mistyped and cut."""
IBAN_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}  # fmt: skip
"""Countries by the length of their account numbers (https://www.swift.com/standards/data-standards/iban-international-bank-account-number)."""
TRACE_ID_BEFORE = re.compile(r"""(?i)(?:trace|span|parent)_?-?id\\?["']?\s*[=:]\s*\\?["']?$""")
"""What stands before an id of ddtrace in a text. Its form is 64 bits in decimal, without separators."""


def _is_card(match: re.Match[str]) -> bool:
    text = match[0]
    digits = re.sub(r"\D", "", text)
    known = ISSUERS.fullmatch(digits) if len(digits) > 16 else ISSUERS.match(digits) or BEGINNINGS.match(digits)
    if not known or len(set(digits)) == 1 or not luhn.is_valid(digits):
        return False
    if digits == text:
        return not is_trace_id_at(match.string, match.start())
    groups = [len(group) for group in re.findall(r"\d+", text)]
    # Digit by digit, or in groups: measurements and versions are not written so.
    grouped = all(3 <= size <= 8 for size in groups[:-1]) and groups[-1] <= 8 and len(groups) <= 5
    return max(groups) == 1 or (grouped and not (len(groups) == 2 and "." in text))


def is_trace_id_at(text: str, start: int) -> bool:
    """Return whether the number that starts here is an id of a trace or a span, by the name before it."""
    return bool(TRACE_ID_BEFORE.search(text[max(0, start - 24) : start]))


def _is_iban(match: re.Match[str]) -> bool:
    text = re.sub(r"[^A-Za-z0-9]", "", match[0]).upper()
    # The pattern may reach into the words that follow: the country gives the length.
    return any(_has_iban_check(text[:length]) for length in range(len(text), 14, -1) if _ends_group(match[0], length))


def _has_iban_check(text: str) -> bool:
    """Return whether length and check digits are those of the country. Banks' own check digits are left out."""
    return text[:2] in IBAN_LENGTHS.get(len(text), "") and mod_97_10.is_valid(text[4:] + text[:4])


def _ends_group(text: str, length: int) -> bool:
    """Return whether a group ends after ``length`` characters, separators not counted."""
    places = [place for place, character in enumerate(text) if character.isalnum()]
    return len(places) == length or not text[places[length - 1] + 1].isalnum()


def _stdnum(*validators: Callable[[str], object]) -> Callable[[re.Match[str]], bool]:
    """Return a check by validators of python-stdnum."""

    def check(match: re.Match[str]) -> bool:
        for validate in validators:
            try:
                validate(match[0])
            except ValidationError:
                continue
            return True
        return False

    return check


COUNTRIES = (
    "GB",
    "DE",
    "FR",
    "IT",
    "ES",
    "NL",
    "BE",
    "CH",
    "AT",
    "US",
    "PL",
    "SE",
    "IE",
    "AU",
    "JP",
    "IN",
    "BR",
    "ZA",
    "FI",
    "TR",
)
"""Countries whose national numbers are known, those with a zero in front first."""
DATE = re.compile(
    r"(?<!\d)(?<!\d[./-])(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d|(?:19|20)\d\d[./-]\d\d[./-]\d\d)(?![./-]?\d)"
)


def _is_international(match: re.Match[str]) -> bool:
    return 8 <= len(re.sub(r"\D", "", re.split(r"(?i)x|ext", match[0])[0])) <= 15


def _is_national(match: re.Match[str]) -> bool:
    text = match[0]
    if DATE.search(text) or (re.search(r"\d\.\d{1,2}$", text.replace(" ", "")) and text.count(".") == 1):
        return False
    digits = re.sub(r"\D", "", text)
    if len(set(digits)) < 3:
        return False
    for country in COUNTRIES:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(digits, country)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _is_called(match: re.Match[str]) -> bool:
    """Return whether the number behind a word for telephone is one, in any form."""
    return 6 <= len(re.sub(r"\D", "", match["value"])) <= 15 and not DATE.search(match["value"])


def _has_many_digits(match: re.Match[str]) -> bool:
    return sum(map(str.isdigit, match["value"])) >= 3 and not DATE.search(match["value"])


def _has_digits_of_an_id(match: re.Match[str]) -> bool:
    """Return whether a text behind a word for an id, without a sign between them, has as many digits as ids have."""
    return 7 <= sum(map(str.isdigit, match["value"])) <= 20 and not DATE.search(match["value"])


_S = r"[ \t\-._/\u00b7\u2022|,:]"
PHONE_WORDS = (
    r"tel(?:e(?:phone|fon[oe]?|foon)|[ée]fono|[ée]phone)?|phone|mobil[e]?|mob|cell(?:phone|ular)?|fax|handy|t[ée]l|whatsapp|sms"
    r"|portable|m[óo]vil|cellulare|celular|komórka|numer telefonu|telefoonnummer|rufnummer|durchwahl|call me(?: at| on)?"
    r"|reach me(?: at| on)?|☎|📞|电话|手机|電話|전화"
)
ID_WORDS = (
    r"ssn|social security|sin|nino|national insurance|ni number|nhs|passport|reisepass|passeport|pasaporte|driver'?s?[ _-]?licen[cs]e"
    r"|licen[cs]e plate|tax[ _-]?id|tin|itin|vat|ust-?id(?:nr)?|steuer-?(?:id|nummer)|steuernummer|idnr|nif|nie|dni|cif|nir"
    r"|codice fiscale|bsn|burgerservicenummer|pesel|cpf|cnpj|rg|cnp|egn|oib|jmbg|personnummer|personal[ _]?(?:number|id|code)"
    r"|f[oø]dselsnummer|cpr|hetu|henkil[oö]tunnus|aadhaar|pan|curp|rfc|rut|cuit|tckn|tc kimlik|rrn|my ?number|medicare|tfn"
    r"|national[ _-]?id|id[ _-]card|ausweis(?:nummer)?|versichertennummer|sozialversicherungsnummer|insurance[ _-]?(?:number|no|id)"
    r"|account[ _-]?(?:number|no)|kontonummer|acct|iban|(?:aba|bank)?[ _-]?routing(?:[ _-]?(?:number|no))?|aba"
    r"|sort[ _-]?code|credit[ _-]?card|card[ _-]?(?:number|no)"
    r"|kreditkarte|kartennummer|imei|patient[ _-]?(?:id|number)|mrn|身份证(?:号码?)?|マイナンバー|주민등록번호"
    # Passports, identity cards, driving licences.
    r"|(?:reise)?pass-?(?:nummer|nr)|dokument(?:en)?-?[ ]?(?:nummer|nr)|ausweisdokument|passaporto|n[úu]mero de pasaporte"
    r"|travel document|여권|identity[ _](?:number|card)|id number|documento nacional de identidad|carta d.identit[àa]|cie"
    r"|personal identity code|personbeteckning(?:en)?|samordningsnummer|(?:resident|foreigner) registration|frn|nric|tnin"
    r"|(?:south african|rsa|smart|thai|turkish|svensk) id|kimlik(?: numaras[\u0131i])?|tc no|nüfus cüzdan[\u0131i]"
    r"|외국인(?:등록)?번호|เลขประจำตัวประชาชน|เลขบัตรประชาชน|voter(?: id)?|uidai|driving licen[cs]e|licen[cs]e number|dl number"
    r"|(?:führerschein|fahrerlaubnis)(?:nummer)?|patente(?: di guida)?|licenza di guida|permis de conduire|rijbewijs"
    r"|운전면허(?:번호)?|면허번호"
    # Insurance, health, taxes.
    r"|kranken(?:versicherung|versicherten)(?:snummer|nummer)|kranken(?:kasse|versicherung)|(?:gesundheits|versicherten)karte"
    r"|kvnr|egk|(?:renten|sozial)versicherung(?:snummer|sausweis)?|versicherungsnummer|sv-?nummer|[rs]vnr|social insurance"
    r"|assurance sociale|num[ée]ro nas|national health service|mbi|hicn?|medicaid|beneficiary|steueridentifikationsnummer"
    r"|(?:steuerliche|persönliche) identifikation(?:snummer)?|steuer[ -]?(?:idnr|nr)|steuerid|st\.?-nr|tax file number"
    r"|taxpayer(?: id(?:entification)?)?|permanent account|ssns"
)

ID_VALUE = r"(?P<value>(?:[A-Z]{1,3}[ ./-])?(?=[A-Z]*\d)[A-Z0-9]{1,30}(?:[ ./-](?=[A-Z]*\d)[A-Z0-9]{1,30}){0,6}(?:[ ./-][A-Z])?)(?![A-Z0-9])"
"""What stands behind such a word."""

RULES: tuple[Rule, ...] = (
    ("iban", re.compile(rf"(?i)(?<![A-Z0-9])[A-Z]{{2}}{_S}?\d{_S}?\d(?:{_S}{{0,2}}[A-Z0-9]){{11,30}}(?![A-Z0-9])"), _is_iban),
    ("card", re.compile(rf"(?<![\w.])\d(?:{_S}{{0,3}}\d){{11,18}}(?!\w)"), _is_card),
    ("national_id", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), always),
    ("national_id", re.compile(
        rf"(?i)(?<![^\W_])(?:{ID_WORDS})(?:[ _-]?(?:no|nr|number|num|id))?\.?[\"']?\s{{0,2}}(?:[:=#]|\bis\b)\s{{0,2}}[\"']?"
        rf"{ID_VALUE}"), _has_many_digits),
    ("national_id", re.compile(rf"(?i)(?<![^\W_])(?:{ID_WORDS})(?:[ _-]?(?:no|nr|number|num|id))?\.? {ID_VALUE}"), _has_digits_of_an_id),
    ("national_id", re.compile(r"(?i)(?<![A-Z0-9])[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z](?![A-Z0-9])"), _stdnum(codicefiscale.validate)),
    ("national_id", re.compile(r"(?i)(?<![A-Z0-9-])(?:\d{8}|[XYZ]-?\d{7})[ -]?[A-Z](?![A-Z0-9-])"), _stdnum(dni.validate, nie.validate)),
    ("national_id", re.compile(r"(?i)(?<![A-Z0-9])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?![A-Z0-9])"), always),
    ("national_id", re.compile(r"(?<!\w)\d{6}[-+A-FU-Y]\d{3}[0-9A-Y](?!\w)"), _stdnum(hetu.validate)),
    ("national_id", re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d\d(?!\w)"), _stdnum(cpf.validate)),
    ("national_id", re.compile(r"(?<![\w.])\d\d\.\d{3}\.\d{3}/\d{4}-\d\d(?!\w)"), _stdnum(cnpj.validate)),
    ("national_id", re.compile(r"(?<![\w.])\d{1,2}\.\d{3}\.\d{3}-[\dkK](?!\w)"), _stdnum(rut.validate)),
    ("national_id", re.compile(r"(?<![\w.])756\.?\d{4}\.?\d{4}\.?\d\d(?!\w)"), _stdnum(ahv.validate)),
    ("national_id", re.compile(r"(?i)(?<![A-Z0-9])[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d(?![A-Z0-9])"), _stdnum(curp.validate)),
    ("national_id", re.compile(r"(?<!\w)\d{17}[\dXx](?!\w)"), _stdnum(ric.validate)),
    ("national_id", re.compile(r"(?<![\w.])[12] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d(?!\w)"), _stdnum(nir.validate)),
    ("national_id", re.compile(r"(?<![\w.-])[2-9]\d{3} \d{4} \d{4}(?![\w-]| \d)"), _stdnum(aadhaar.validate)),
    ("phone", re.compile(
        rf"(?i)(?<![^\W\d_])(?:{PHONE_WORDS})(?:[ _-]?(?:number|no|nr|num|nummer))?[\"'.]{{0,2}}\s{{0,3}}(?:[:=#]|\bis\b)?\s{{0,3}}[\"']?"
        r"(?P<value>[+(]?\d(?:[ ()./-]{0,3}\d){5,16})(?!\w)"), _is_called),
    ("phone", re.compile(
        r"(?<![\w.+])(?:\+|00(?=[1-9]))[ (]{0,2}\d(?:[ ()./-]{0,3}\d){6,16}(?:[ ,]{0,2}(?:x|ext\.?) ?\d{1,6})?(?!\w)"
        ), _is_international),
    ("phone", re.compile(
        r"(?<![\w.+/:,-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-]|\.\d)"), always),
    ("phone", re.compile(
        r"(?<![\w.+/:,=-])(?:\(0\d{1,5}\)|0[1-9]\d{0,4})(?:[ ./-]{1,3}\d{1,8}){1,5}(?![\w/-]|[.:,]\d)|(?<![\w.+/:,=-])0[1-9]\d{8,9}(?![\w/-]|[.:,]\d)"),
     _is_national),
    ("phone", re.compile(
        r"(?<![\w.+/:,=-])(?:[5-9]\d\d[ -]\d{2,3}[ -]\d{2,3}(?: \d{2})?|[6-9]\d{4} \d{5}|3\d\d[ .-]\d{6,7}|1[3-9]\d[ -]\d{4}[ -]\d{4})(?![\w/:-]| \d|[.,]\d)"
        ), _is_national),
    ("phone", re.compile(
        r"(?<![\w.+/:,=-])(?:\(\d{2}\) ?9?\d{4}-\d{4}|[78][ -]?\(\d{3}\) ?\d{3}[ -]\d\d[ -]\d\d)(?!\w)"), always),
)  # fmt: skip
