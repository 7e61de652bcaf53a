"""Secrets after a name that says what they are: ``DB_PASSWORD=``, ``"api_key": ``, ``--token``, ``<passwort>``, ``redis://:...@``.

What counts as a value depends on the name and on what stands between the two, so that code and prose about secrets
("the token is invalid", ``password=get_password()``) stay as they are.
"""

import re

from service.telemetry.rules.rule import HIDDEN, Rule, always, mixes_characters, value_of

PASSWORDS = (
    r"pass(?:word|wd|wrd|wort|code|phrase)|passkey|pwd|kennwort|losungswort|mot[ _-]de[ _-]passe|motdepasse|contrase[nñ]a"
    r"|senha|palavra[ _-]passe|wachtwoord|l[oö]senord|adgangskode|passord|salasana|has[lł]o|heslo|jelsz[oó]|parol[aã]"
    r"|[sş]ifre|пароль|лозинка|парола|κωδικός|κωδικος|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호|mật khẩu|kata[ _]sandi"
    r"|סיסמה|סיסמא|كلمة المرور|كلمة السر|पासवर्ड|รหัสผ่าน|lozinka|geslo|slaptažodis|salasõna|lykilorð"
)
"""Words for a password, also inside a longer name."""
SECRETS = (
    r"secret|token|credentials?|(?:api|app|application|access|auth|account|client|consumer|encryption|functions|host|license"
    r"|master|private|publishable|secret|service|shared|shared[ _-]?access|signing|storage|subscription|webhook)[ _-]?key"
    r"(?:[ _-]?id)?|apikey|connection[ _-]?string|seed[ _-]?phrase|mnemonic|recovery[ _-]?code|requirepass|masterauth|geheimnis"
    r"|x-amz-signature|x-goog-signature|x-amz-credential"
)
SHORT = r"pass|pw|psw|mdp|clave|jwt|sas|sessionid|phpsessid|jsessionid|_gitlab_session|laravel_session|rack\.session|connect\.sid|asp\.net_sessionid|csrf|xsrf|sid"
"""Words that other words contain: they stand alone, or behind ``_``, ``-`` or a dot."""
AFTER = (
    r"(?:[ _.-]?(?:hash|digest|value|plain|text|confirmation|confirm|repeat|again|old|new|current|base|encoded|b64|base64"
    r"|prod(?:uction)?|dev|test|staging|live|sandbox|primary|secondary|main|default|prd|stg)){0,3}(?:[_.-]?v?\d{1,3}(?!\d))?"
)
NAME = rf"(?:{PASSWORDS}|{SECRETS}|(?<![^\W_]){SHORT.join(('(?:', ')'))}){AFTER}"
QUOTE = r"\\*[\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb]"
CLOSE = rf"(?:{QUOTE})?[\])]?"
VALUE = (
    rf"[bruf]?(?P<quote>{QUOTE})(?P<value>(?:(?!\\*[\"'`\u2019\u201d\u00bb\n{HIDDEN}]).|(?!(?P=quote))[\"'`]){{1,500}})"
    rf"|(?P<value_bare>[^\s\"'`,;&<>{{}}()\[\]\\{HIDDEN}\u201c\u201d\u00ab\u00bb][^\s\"'`,;&<>{{}}\[\]\\{HIDDEN}\u201c\u201d]{{2,500}})"
)
OPERATOR = r"[ \t]*(?::=|=>|->|={1,3}|:{1,2}|\|)[ \t]*(?:[|>][+-]?[ \t]*\n[ \t]+)?"
IS = r"[ \t]+(?:is|was|are|ist|lautet|war|est|es|era|è|é|jest|är|är:|er|on|to|=)[ \t]*:?[ \t]+"

ORDINARY = frozenset(
    """absent accepted any async await bool boolean bytes cannot changed char const correct created default deleted denied
    disabled does dummy empty enabled encrypted exists expired expires failed false field forbidden found function hidden
    incorrect input int invalid issued length lambda let long malformed masked match matches missing must new nil none not
    null number object optional outdated password placeholder present process read redacted refreshed rejected removed
    request required reset return revoked rotated secret secretstr self set short should stored str string strip text
    the this token too true type undefined unknown unset updated valid value var varchar void was weak will with withheld
    wrong yes your no ok raise pass continue break if else yield print assert import from try del log logger logging
    throw case switch for while and or""".split()
)
"""Words that follow such names in prose and in code, and are not values."""
REFERENCE = re.compile(
    r"""(?x) \*+ | [xX]{3,} | \.{3,} | <.* | \$[\w{(].* | %\w+% | \{\{.* | \[\w+\] | :\w+ | \?+ | @\w+@?
    | (?:projects|secrets|arn:aws|vault|op|ref|ssm|env|file|/run/secrets|/var/run)[:/].* | 0+ | -{2,}.*
    | [&|<>=+~!*/%^]{1,3}"""
)
"""Placeholders, and references to where a secret is kept."""
CODE = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+|[A-Za-z_][\w.]*[(\[].*|[a-z]+_[a-z_]*(?:password|token|secret|key)")


STEMS = tuple(
    """pass pwd pw psw kennwort losungswort contrase senha wachtwoord senord adgangskode salasana hasł haslo heslo jelsz
    parol ifre пароль лозинка парола κωδικ 密码 密碼 口令 パスワード 暗証 비밀 암호 khẩu sandi סיסמ كلمة पासवर्ड รหัสผ่าน lozinka geslo
    slaptažodis salasõna lykilorð secret token credential key connection seed mnemonic recovery masterauth geheim x-amz-
    x-goog- mdp clave jwt sas session connect.sid csrf xsrf sid identified""".split()
)


def may_name_secret(text: str) -> bool:
    """Return whether a text has a part of a name of a secret: a quick search, since most texts have none."""
    lowered = text.lower()
    return any(stem in lowered for stem in STEMS)


def is_secret_name(name: str) -> bool:
    """Return whether a member of this name holds a secret."""
    return bool(re.fullmatch(rf"(?i).*(?:{NAME})", name))


def is_plausible(value: str) -> bool:
    """Return whether a text can be a secret: no word of prose, no placeholder, no reference."""
    plain = value.strip(".,:;!?)")
    return bool(plain) and plain.lower() not in ORDINARY and not REFERENCE.fullmatch(value)


def _is_value(match: re.Match[str]) -> bool:
    """Return whether a name with an operator is followed by a secret."""
    value, rest = value_of(match), match.string[match.end() :][:12]
    if not is_plausible(value):
        return False
    if match["quote"]:
        return not re.match(r"\s", value)
    if len(value) < 4 or CODE.fullmatch(value) or rest[:1] in tuple("([{"):
        return False
    # Prose goes on with words; a secret of small letters rarely stands in it.
    return not (re.fullmatch(r"[a-z]+", value) and re.match(r" [a-z]+\b(?![=:])", rest))


def _is_said(match: re.Match[str]) -> bool:
    """Return whether a sentence such as "the password is ..." ends with a secret."""
    value = value_of(match)
    return len(value) >= 4 and is_plausible(value) and mixes_characters(value) and not CODE.fullmatch(value)


def _is_long(match: re.Match[str]) -> bool:
    """Return whether a word behind the name of a secret, without an operator, has letters and digits as none has."""
    value = value_of(match)
    return is_plausible(value) and bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


RULES: tuple[Rule, ...] = (
    ("authorization", re.compile(
        rf"(?i)\bauthorization(?:{QUOTE})?\s*[:=,]\s*(?:{QUOTE})?(?P<value>(?:digest|aws4-[\w-]+|oauth|hawk|signature|hmac)\s"
        rf"[^\n{HIDDEN}]+|(?:[\w-]+[ \t]+)?[^\s\"'`\\,;{HIDDEN}]{{6,}})"), lambda match: is_plausible(match["value"]) and match["value"].lower() not in ("bearer", "basic", "token")),
    ("authorization", re.compile(r"(?i)\b(?:bearer|basic|ssws)[ \t]+(?P<value>[\w.~+/=-]{8,})"),
     lambda match: mixes_characters(match["value"]) or len(match["value"]) >= 24),
    ("cookie", re.compile(rf"(?i)\b(?:set-)?cookie(?:{QUOTE})?\s*[:=]\s*(?:{QUOTE})?(?P<value>[\w.-]+=[^\n\"'`{HIDDEN}]{{4,}})"), always),
    ("userinfo", re.compile(rf"(?<=://)(?P<value>[^\s/:@\"'<>{HIDDEN}]*:[^\s/\"'<>?#{HIDDEN}]+)@(?=[\w\[])"), always),
    ("userinfo", re.compile(
        rf"(?i)\b(?!https?:|wss?:)[a-z][a-z0-9+.-]{{2,20}}://(?P<value>[^\s/:@\"'<>{HIDDEN}]*:[^\s\"'<>{HIDDEN}]+)@(?=[\w\[])"), always),
    ("userinfo", re.compile(r"(?<=://)(?P<value>(?=[^@/\s]*\d)[\w.~%-]{16,})@(?=[\w\[])"), always),
    ("userinfo", re.compile(rf"[\w.-]+:(?P<value>[^\s@/\"'{HIDDEN}]+)@(?:tcp|unix|udp)\("), always),
    ("userinfo", re.compile(rf"(?i)(?:\boracle:(?:thin|oci):|\bsqlplus\s+)[^\s/@]+/(?P<value>[^\s@\"'{HIDDEN}]+)@"), always),
    # ?sig=..., ?key=...
    ("signature", re.compile(
        rf"(?i)[?&;](?:amp;)?(?:[\w-]{{0,20}}-)?(?:sig|signature|hmac|key|code|auth|authkey|sid|ticket|otp|nonce|state|hash)=(?P<value>[^\s&#\"'<>{HIDDEN}]{{12,}})"),
     lambda match: bool(re.search(r"\d", match["value"]) and re.search(r"[A-Za-z]", match["value"]))),
    # name: DB_PASSWORD, value: ...
    ("password", re.compile(
        rf"(?i)\b(?:name|key|id|field|property){CLOSE}\s*[:=,]\s*(?:{QUOTE})?[\w.-]{{0,60}}?{NAME}{CLOSE}\s*[,;]?\s*(?:{QUOTE})?"
        rf"(?:value|val|data|default|content){CLOSE}\s*[:=,]\s*(?:{VALUE})"), _is_value),
    ("password", re.compile(rf"(?i)\bname={QUOTE}[\w.-]{{0,60}}?{NAME}{QUOTE}(?:\r?\n|\\r\\n|\\n){{1,3}}(?P<value>[^\s\\{HIDDEN}-][^\n\\{HIDDEN}]*)"), always),
    # <password>...</password>
    ("password", re.compile(
        rf"(?i){NAME}(?:\s[^<>\n]{{0,100}})?>\s*(?:<!\[CDATA\[)?(?P<value>[^<>{HIDDEN}\s][^<>{HIDDEN}]{{0,400}}?)\s*(?:\]\]>\s*)?</"),
     lambda match: is_plausible(match["value"])),
    # ("password", "..."), PASSWORD '...', IDENTIFIED BY '...'
    ("password", re.compile(rf"(?i)(?:(?:{PASSWORDS}|{SECRETS}){AFTER}(?:{QUOTE}\s*,\s*|[ \t]+)|\bidentified\s+(?:with\s+\S+\s+)?by\s+(?=['\"]))(?=[bru]?{QUOTE}\S)(?:{VALUE})"), _is_value),
    # --password ..., -p... of database clients, curl -u
    ("password", re.compile(rf"(?i)(?<![\w-])--?[\w.-]{{0,60}}?{NAME}[ \t]+(?!-)(?![\w-]+:)(?:{VALUE})"), _is_value),
    ("login", re.compile(
        rf"(?i)\b(?:mysql\w*|mariadb\w*|sshpass|mongo\w*|docker|podman|helm|7z|zip|unzip|redis-cli|ldap\w+|smbclient|sqlcmd)\b[^\n|;{HIDDEN}]{{0,200}}?"
        rf"[ \t]-(?:p|a|w|P)[ \t]?(?P<value>(?=[^\s]*[A-Za-z0-9])[^\s\"'{HIDDEN}-][^\s\"'{HIDDEN}]{{3,}})"),
     lambda match: mixes_characters(match["value"]) and not re.fullmatch(r"\d+:\d+|[\d.:/]+", match["value"])),
    ("login", re.compile(rf"(?<![\w-])(?:-u|-U|--user|--proxy-user)[ =]?(?:{QUOTE})?[^\s:\"']+:(?P<value>[^\s\"'{HIDDEN}]{{3,}})"),
     lambda match: not re.fullmatch(r"\d+", match["value"])),
    ("login", re.compile(rf"(?i)\b(?:requirepass|masterauth)[ \t]+(?:{VALUE})"), lambda match: is_plausible(value_of(match))),
    ("login", re.compile(rf"(?i)(?<![\w-])auth(?:{QUOTE})\s*:\s*(?:{QUOTE})(?P<value>[A-Za-z0-9+/]{{8,}}=*)(?={QUOTE})"), always),
    ("password", re.compile(
        r"(?i)(?:seed|mnemonic|recovery)(?:[ _-]?(?:phrase|words))?[\"']?\s*(?:[:=]|\bis\b)\s*[\"']?(?P<value>(?:[a-z]{3,8}[ ,]+){11,23}[a-z]{3,8})"), always),
    ("password_hash", re.compile(r"\$(?:2[abxy]?|1|5|6|y|7|apr1|argon2\w{1,2}|scrypt|pbkdf2[\w-]*)\$[^\s:\"',;]{10,}"), always),
    ("login", re.compile(rf"(?i)\b(?:login|user|account)\s+\S+\s+(?:password|pass)\s+(?P<value>[^\s{HIDDEN}]{{3,}})"),
     lambda match: is_plausible(match["value"])),
    ("password", re.compile(rf"(?i){NAME}{CLOSE}{OPERATOR}(?:{VALUE})"), _is_value),
    ("password", re.compile(rf"(?i){NAME}(?:{IS})(?:{VALUE})"), _is_said),
    ("password", re.compile(
        rf"(?i)(?:{PASSWORDS})[ \t]+(?P<value>[\w!@#$%^&*+=~]{{6,64}})(?![\w.:/-])"
        rf"|(?:{SECRETS})[ \t]+(?P<value_long>[0-9A-Za-z]{{20,64}}(?![\w/-]|[.:]\S)|\w{{20,}}(?![\w.:/-]))"), _is_long),
    # Names whose values are short numbers.
    ("code", re.compile(
        r"(?i)(?<![^\W_])(?:pin|cvv2?|cvc2?|cid|otp|tan|mfa|2fa|(?:security|verification|confirmation|one[ -]time|auth)[ _-]code)"
        r"(?:[ _-]?(?:code|number|is))?[\"']?\s*(?:[:=]|\bis\b)?\s*[\"']?(?P<value>\d{3,8})\b"), always),
)  # fmt: skip
