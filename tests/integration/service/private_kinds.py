"""Private values by kind, from their issuers' documentation, and the forms of text in which such values appear.

Shares nothing with the redactor's rules. In a form of a value, ``{A20}`` stands for 20 letters and digits, ``{a}`` small
letters, ``{U}`` capitals and digits, ``{h}`` hexadecimal digits, ``{d}`` digits, ``{b}`` base64, ``{w}`` base64 of URLs.
"""

import base64
import json
import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

ALPHABETS = {
    "A": string.ascii_letters + string.digits, "a": string.ascii_lowercase, "U": string.ascii_uppercase + string.digits,
    "h": "0123456789abcdef", "d": string.digits, "b": string.ascii_letters + string.digits + "+/",
    "w": string.ascii_letters + string.digits + "-_", "l": string.ascii_lowercase + string.digits,
}  # fmt: skip

TOKENS = """
aws access key id: AKIA{U16}
aws temporary key id: ASIA{U16}
google api key: AIza{w35}
google oauth secret: GOCSPX-{w28}
google access token: ya29.a0{w120}
google refresh token: 1//0{w60}
azure entra client secret: {A3}8Q~{w34}
azure storage key: {b86}==
alibaba access key: LTAI{A20}
digitalocean token: dop_v1_{h64}
digitalocean oauth: doo_v1_{h64}
digitalocean refresh: dor_v1_{h64}
databricks token: dapi{h32}
heroku key: HRKU-AA{w58}
fly.io token: fo1_{w43}
tailscale key: tskey-auth-{A12}CNTRL-{A32}
planetscale password: pscale_pw_{w43}
planetscale token: pscale_tkn_{w43}
supabase token: sbp_{h40}
netlify token: nfp_{A36}
vercel token: vcp_{A56}
cloudflare origin ca key: v1.0-{h24}-{h146}
vault service token: hvs.{w95}
vault batch token: hvb.{w140}
terraform cloud token: {A14}.atlasv1.{w67}
github personal token: ghp_{A36}
github oauth token: gho_{A36}
github app token: ghs_{A36}
github refresh token: ghr_{A76}
github fine-grained token: github_pat_{A22}_{A59}
gitlab personal token: glpat-{w20}
gitlab runner token: glrt-{w20}
gitlab deploy token: gldt-{w20}
gitlab trigger token: glptt-{h40}
gitlab ci job token: glcbt-64_{w20}
atlassian token: ATATT3{w180}={U8}
bitbucket app password: ATBB{A32}
npm token: npm_{A36}
pypi token: pypi-AgEIcHlwaS5vcmc{w150}
rubygems key: rubygems_{h48}
crates.io token: cio{A32}
nuget key: oy2{l43}
docker hub token: dckr_pat_{w27}
circleci token: CCIPAT_{A22}_{h40}
buildkite token: bkua_{h40}
postman key: PMAK-{h24}-{h34}
pulumi token: pul-{h40}
sonarqube token: sqp_{h40}
artifactory key: AKCp{A69}
sourcegraph token: sgp_{h40}
doppler token: dp.pt.{A43}
1password token: ops_eyJ{b260}
linear key: lin_api_{A40}
figma token: figd_{w40}
anthropic key: sk-ant-api03-{w93}AA
openai project key: sk-proj-{w74}T3BlbkFJ{w74}
openai key: sk-{A20}T3BlbkFJ{A20}
hugging face token: hf_{A34}
replicate token: r8_{A37}
groq key: gsk_{A52}
perplexity key: pplx-{A48}
langsmith key: lsv2_pt_{h32}_{h10}
nvidia key: nvapi-{w64}
stripe secret key: sk_live_{A24}
stripe restricted key: rk_live_{A24}
stripe test key: sk_test_{A24}
stripe webhook secret: whsec_{A32}
square token: sq0atp-{w22}
square secret: sq0csp-{w43}
braintree token: access_token$production${l16}${h32}
plaid token: access-production-{h8}-{h4}-{h4}-{h4}-{h12}
shopify token: shpat_{h32}
shopify secret: shpss_{h32}
shippo token: shippo_live_{h40}
razorpay key: rzp_live_{A14}
flutterwave key: FLWSECK_TEST-{h32}-X
slack bot token: xoxb-{d12}-{d12}-{A24}
slack user token: xoxp-{d12}-{d12}-{d12}-{h32}
slack app token: xapp-1-A{U10}-{d13}-{h64}
slack webhook: https://hooks.slack.com/services/T{U8}/B{U8}/{A24}
discord webhook: https://discord.com/api/webhooks/{d18}/{w68}
discord bot token: M{A23}.{A6}.{w38}
telegram bot token: {d9}:AA{w33}
twilio account sid: AC{h32}
twilio api key: SK{h32}
sendgrid key: SG.{w22}.{w43}
mailgun key: key-{h32}
mailchimp key: {h32}-us12
brevo key: xkeysib-{h64}-{A16}
new relic key: NRAK-{U27}
new relic ingest key: {h36}NRAL
grafana service token: glsa_{A32}_{h8}
grafana cloud token: glc_{b60}
dynatrace token: dt0c01.{U24}.{U64}
sentry user token: sntryu_{h64}
datadog personal token: ddp_{A34}
honeycomb key: hcaik_{l58}
hubspot token: pat-na1-{h8}-{h4}-{h4}-{h4}-{h12}
notion token: ntn_{d11}{A35}
airtable token: pat{A14}.{h64}
contentful token: CFPAT-{w43}
typeform token: tfp_{w59}
mapbox token: sk.eyJ{A60}.{w22}
dropbox token: sl.{w135}
facebook token: EAA{A180}
launchdarkly key: sdk-{h8}-{h4}-4{h3}-a{h3}-{h12}
age secret key: AGE-SECRET-KEY-1{U58}
easypost key: EZAK{A54}
frame.io token: fio-u-{w64}
readme token: rdme_{l70}
octopus key: API-{U26}
paseto: v4.local.{w80}
jwt: eyJhbGciOiJIUzI1NiJ9.eyJzdWIi{w40}.{w43}
"""
"""Kind and form. Sources: the issuers' documentation, and GitHub's table of supported secret scanning patterns."""

NAMES = (
    "password", "DB_PASSWORD", "DD_API_KEY", "spring.datasource.password", "clientSecret", "X-Api-Key", "PGPASSWORD",
    "aws_secret_access_key", "auth-token", "SECRET_KEY_BASE", "mysql_pwd", "REFRESH_TOKEN", "private_key",
    "passphrase", "smtpPasswd", "apikey", "ENCRYPTION_KEY", "webhook_secret", "access_token", "AccountKey",
)  # fmt: skip
WORDS_FOR_PASSWORD = (
    "Passwort", "Kennwort", "mot de passe", "contraseña", "senha", "wachtwoord", "lösenord", "adgangskode", "passord",
    "salasana", "hasło", "heslo", "jelszó", "parola", "şifre", "пароль", "密码", "パスワード", "비밀번호", "mật khẩu",
)  # fmt: skip

Make = Callable[[random.Random], tuple[str, str]]
"""Makes a secret and a text that holds it."""


@dataclass(frozen=True)
class PrivateText:
    """A private text, and a text that contains it."""

    kind: str
    secret: str
    text: str


def filled(form: str, chance: random.Random) -> str:
    """Return a form with its places filled."""
    return re.sub(
        r"\{([A-Za-z])(\d+)\}",
        lambda match: "".join(chance.choices(ALPHABETS[match[1]], k=int(match[2]))),
        form,
    )


def password(chance: random.Random) -> str:
    """Return a password as people and generators make them."""
    signs = "!#$%*+-.@^_~"
    middle = "".join(chance.choices(string.ascii_letters + string.digits + signs, k=chance.randint(6, 18)))
    return f"{chance.choice(string.ascii_letters)}{middle}{chance.choice(string.digits)}{chance.choice('xyzXYZ')}"


def key(chance: random.Random) -> str:
    """Return a key without a form of its own."""
    return chance.choice(
        (filled("{h32}", chance), filled("{h40}", chance), filled("{A40}", chance), filled("{w43}", chance))
    )


def _token_texts(chance: random.Random, token: str) -> str:
    return chance.choice((
        f"using {token} for the call", f"({token})", f'{{"value": "{token}"}}', f"export X={token}", f"- {token}", token,
        f"curl -H 'X-Auth: {token}' https://api.example.com/v1", f"failed for {token}: 401", f"https://x.example/?a={quote(token)}&b=1",
    ))  # fmt: skip


def _luhn(body: str) -> str:
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return body + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


CARDS = {"visa": ("4{d14}", 4), "mastercard": ("5{d14}", 4), "mastercard 2": ("2521{d11}", 4), "amex": ("37{d12}", 0),
         "discover": ("6011{d11}", 4), "jcb": ("3566{d11}", 4), "diners": ("3600{d9}", 0), "unionpay": ("6212{d11}", 4),
         "maestro": ("6759{d11}", 4)}  # fmt: skip
SEPARATORS = {"plain": "", "blanks": " ", "dashes": "-", "dots": ".", "no-break blanks": "\u00a0", "double blanks": "  ",
              "thin blanks": "\u2009", "en dashes": "\u2013", "slashes": "/", "underscores": "_"}  # fmt: skip


def _card(issuer: str, separator: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        form, _ = CARDS[issuer]
        body = filled(form.replace("5{d14}", f"5{chance.randint(1, 5)}{{d13}}"), chance)
        digits = _luhn(body)
        sizes = (4, 6, 5) if len(digits) == 15 else (4, 6, 4) if len(digits) == 14 else (4, 4, 4, 4)
        groups, place = [], 0
        for size in sizes:
            groups.append(digits[place : place + size])
            place += size
        number = SEPARATORS[separator].join(groups)
        return number, chance.choice(
            (f"card {number} was declined", f"pan={number}", number, f'{{"card": "{number}"}}')
        )

    return make


IBANS = {"DE": "{d18}", "GB": "{U4}{d14}", "FR": "{d10}{U11}{d2}", "NL": "{U4}{d10}", "ES": "{d20}", "PL": "{d24}", "CH": "{d5}{U12}",
         "IT": "{U1}{d10}{U12}", "NO": "{d11}", "SE": "{d20}", "AT": "{d16}", "PT": "{d21}", "SA": "{d2}{U18}", "AE": "{d19}"}  # fmt: skip


def _iban(style: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        country, form = chance.choice(list(IBANS.items()))
        account = filled(form, chance)
        number = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
        text = f"{country}{98 - number % 97:02d}{account}"
        joined = {
            "plain": "",
            "grouped": " ",
            "dashed": "-",
            "no-break": "\u00a0",
            "dotted": ".",
            "lower": "",
            "lower grouped": " ",
        }[style]
        text = joined.join(re.findall(".{1,4}", text))
        text = text.lower() if style.startswith("lower") else text
        return text, chance.choice((f"pay to {text} today", f"iban={text}", f"IBAN: {text}", text))

    return make


PHONES = {
    "us": ("({d3}) {d3}-{d4}", "{d3}-{d3}-{d4}", "{d3}.{d3}.{d4}", "{d3} {d3} {d4}", "1-{d3}-{d3}-{d4}"),
    "international": ("+49 30 {d7}", "+44 20 7946 {d4}", "+33 6 {d2} {d2} {d2} {d2}", "+1 212 555 {d4}", "0049 151 {d8}", "+91-98{d8}",
                      "+81 (0)3-{d4}-{d4}", "+4915112345{d3}"),
    "uk": ("020 7946 0{d3}", "07700 900{d3}", "(0161) 496 0{d3}", "0113 496 0{d3}"),
    "germany": ("030 {d7}1", "0151 {d8}", "(089) {d7}", "0221/4{d6}", "0171-{d7}"),
    "france": ("01 42 {d2} {d2} {d2}", "06 12 {d2} {d2} {d2}", "06.12.{d2}.{d2}.{d2}", "0612{d6}"),
    "italy and netherlands": ("06 6982 {d4}", "020 624 {d4}", "06-1{d7}", "010-4{d6}"),
}  # fmt: skip


def _phone(country: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        form = chance.choice(PHONES[country])
        for place in ("{d3}",) * 2 if country == "us" else ():
            form = form.replace(place, f"{chance.randint(2, 9)}{chance.randint(0, 9)}{chance.randint(2, 8)}", 1)
        number = filled(form, chance)
        return number, chance.choice(
            (f"call me at {number}", f"phone: {number}", f"my number is {number}", f"Tel. {number}", f"({number})")
        )

    return make


def _named(form: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        name, secret = chance.choice(NAMES), password(chance) if chance.random() < 0.5 else key(chance)
        return secret, form.format(
            name=name, secret=secret, json=json.dumps({name: secret}), xml=escape(secret), url=quote(secret)
        )

    return make


NAMED_FORMS = {
    "environment": "export {name}={secret}", "ini": "{name} = {secret}", "colon": "{name}: {secret}", "json": "{json}",
    "single quotes": "{{'{name}': '{secret}'}}", "code": '{name} = "{secret}"', "ruby": ":{name} => '{secret}'", "go": '{name} := "{secret}"',
    "yaml quoted": '{name}: "{secret}"', "yaml block": "{name}: |\n  {secret}", "xml": "<{name}>{xml}</{name}>", "cdata": "<{name}><![CDATA[{secret}]]></{name}>",
    "xml attribute": '<user {name}="{xml}"/>', "property": '<property name="{name}" value="{xml}"/>', "flag": "run --{name} {secret}",
    "flag with equals": "run --{name}={secret} --verbose", "query": "https://x.example/a?b=1&{name}={url}&c=2", "form": "a=1&{name}={url}",
    "kubernetes": "- name: {name}\n  value: {secret}", "har": '{{"name": "{name}", "value": "{secret}"}}', "java property": "-D{name}={secret}",
    "docker": "docker run -e {name}={secret} image", "subscript": 'config["{name}"] = "{secret}"', "log field": "user=ann {name}={secret} status=401",
    "tuple": '("{name}", "{secret}")', "full-width colon": "{name}\uff1a{secret}", "no-break blanks": "{name}\u00a0=\u00a0{secret}",
    "curly quotes": "{name}: \u201c{secret}\u201d", "header": "{name}: {secret}\r\nAccept: */*", "multipart": 'form-data; name="{name}"\r\n\r\n{secret}\r\n--x',
}  # fmt: skip


def _escaped_json(depth: int) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        secret, text = password(chance), ""
        value: object = {chance.choice(NAMES): secret}
        for _ in range(depth):
            value = text = json.dumps(value)
        return secret, f"body: {text}"

    return make


SCHEMES = ("postgres", "postgresql", "mysql", "redis", "rediss", "mongodb", "mongodb+srv", "amqp", "amqps", "https", "ftp", "sftp", "smtp",
           "ldap", "clickhouse", "mssql", "nats", "kafka", "rtsp", "socks5")  # fmt: skip


def _connection(form: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        secret = filled("{A14}", chance)
        return secret, form.format(scheme=chance.choice(SCHEMES), secret=secret)

    return make


CONNECTIONS = {
    "url with user": "connect {scheme}://app:{secret}@db.example.com:5432/x failed", "url without user": "{scheme}://:{secret}@cache:6379/0",
    "url, encoded": "url=%22{scheme}%3A%2F%2Fapp%3A{secret}%40db.example.com%2Fx%22", "sql server": "Server=tcp:db,1433;User ID=sa;Password={secret};Encrypt=yes",
    "odbc": "Driver={{x}};Server=db;Uid=sa;Pwd={secret};", "go mysql": "app:{secret}@tcp(127.0.0.1:3306)/x", "oracle": "jdbc:oracle:thin:scott/{secret}@//db:1521/x",
    "jdbc": "jdbc:mysql://db/x?user=app&password={secret}", "libpq": "host=db user=app password={secret} dbname=x",
    "azure storage": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={secret}aaaa==;EndpointSuffix=core.windows.net",
    "service bus": "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={secret}aaaa=",
    "azure sas": "https://x.blob.core.windows.net/c/b?sv=2022-11-02&sr=b&sig={secret}aa1%3D", "curl": "curl -u admin:{secret} https://x.example",
    "mysql client": "mysql -u root -p{secret} -h db", "netrc": "machine x.example login ann password {secret}", "sql": "CREATE USER x IDENTIFIED BY '{secret}'",
    "postgres sql": "ALTER ROLE app WITH PASSWORD '{secret}'", "redis conf": "requirepass {secret}7",
    "aws presigned": "https://b.s3.amazonaws.com/k?X-Amz-Credential=x&X-Amz-Signature={secret}0123456789abcdef", "git": "git clone https://{secret}a1@github.com/a/b",
}  # fmt: skip


def _header(form: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        secret = filled("{A30}", chance)
        basic = base64.b64encode(f"ann:{secret}".encode()).decode()
        return (basic, form.format(secret=basic)) if "Basic" in form else (secret, form.format(secret=secret))

    return make


HEADERS = {
    "bearer": "Authorization: Bearer {secret}", "basic": "Authorization: Basic {secret}", "digest": 'Authorization: Digest username="ann", response="{secret}"',
    "aws4": "Authorization: AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature={secret}", "token scheme": "authorization: Token {secret}",
    "bearer in json": '{{"authorization": "Bearer {secret}"}}', "cookie": "Cookie: theme=dark; session={secret}", "set-cookie": "Set-Cookie: sid={secret}; Path=/; HttpOnly",
    "php session": "PHPSESSID={secret}", "proxy": "Proxy-Authorization: Bearer {secret}",
}  # fmt: skip


def _block(label: str, newline: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        body = newline.join(filled("{b64}", chance) for _ in range(4))
        return body, f"read -----BEGIN {label}-----{newline}{body}{newline}-----END {label}----- from disk"

    return make


def _word(word: str, form: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        secret = password(chance)
        return secret, form.format(word=word, secret=secret)

    return make


def _email(style: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        local, domain = (
            filled("{a6}.{a5}", chance),
            f"{filled('{a7}', chance)}.{chance.choice(('com', 'org', 'co.uk', 'de', 'io'))}",
        )
        text = {"plain": f"{local}@{domain}", "tag": f"{local}+x1@{domain}", "capitals": f"{local}@{domain}".upper(), "brackets": f"{local} [at] {domain.replace('.', ' [dot] ')}",
                "full-width at": f"{local}\uff20{domain}", "unicode": f"jürgen.{local}@müller-{domain}", "encoded": f"{local}%40{domain}", "json escape": f"{local}\\u0040{domain}",
                "entity": f"{local}&#64;{domain}"}[style]  # fmt: skip
        return text, chance.choice((f"write to {text} soon", f"<{text}>", f"user={text}", text))

    return make


IDS = {
    "us ssn": ("{d3}-{d2}-{d4}", "{id}"), "ssn by name": ("{d9}", "SSN: {id}"), "passport by name": ("{U2}{d7}", "passport number: {id}"),
    "uk nino": ("AB{d6}C", "NI number {id}"), "tax id by name": ("{d11}", "tax id: {id}"), "pesel by name": ("{d11}", "PESEL: {id}"), "nhs by name": ("{d3} {d3} {d4}", "NHS number: {id}"),
    "driving licence by name": ("{U12}{d2}", "driver's license: {id}"), "date of birth": ("19{d1}5-0{d1}-1{d1}", "date of birth: {id}"),
    "cvv": ("{d3}", "cvv: {id}"), "pin": ("{d4}", "PIN: {id}"), "one-time code": ("{d6}", "verification code: {id}"), "bank account": ("{d10}", "account number: {id}"),
    "german passport by name": ("C0{d7}", "Reisepassnummer: {id}"), "german health insurance by name": ("{U1}{d9}", "Krankenversichertennummer: {id}"),
    "german pension by name": ("{d8}C{d3}", "Rentenversicherungsnummer: {id}"), "german tax by name": ("{d11}", "Steueridentifikationsnummer: {id}"),
    "italian licence by name": ("{U2}{d7}B", "patente di guida: {id}"), "italian passport by name": ("{U2}{d7}", "passaporto: {id}"),
    "spanish passport by name": ("{U3}{d6}", "número de pasaporte: {id}"), "canadian insurance by name": ("{d3} {d3} {d3}", "numéro d'assurance sociale: {id}"),
    "korean id by name": ("{d6}-{d7}", "외국인등록번호: {id}"), "thai id by name": ("{d13}", "เลขบัตรประชาชน: {id}"), "singapore id by name": ("S{d7}C", "NRIC: {id}"),
    "us medicare by name": ("{d1}EG{d1}-TE{d1}-MK{d2}", "MBI: {id}"), "routing number": ("{d9}", "routing: {id}"), "passport without a sign": ("{U2}{d7}", "passport {id} expired"),
    "ssn without a sign": ("{d9}", "SSN {id} refused"),
}  # fmt: skip


def _id(form: str, text: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        value = filled(form.replace("{d1}5-0{d1}", "75-0{d1}"), chance)
        return value, text.format(id=value)

    return make


def _token(form: str) -> Make:
    def make(chance: random.Random) -> tuple[str, str]:
        token = filled(form, chance)
        return token, _token_texts(chance, token)

    return make


def makers() -> dict[str, Make]:
    """Return a maker for each kind."""
    kinds: dict[str, Make] = {}
    for line in TOKENS.strip().splitlines():
        kind, _, form = line.partition(": ")
        kinds[kind] = _token(form)
    kinds |= {f"{issuer} card, {separator}": _card(issuer, separator) for issuer, separator in
              [*((issuer, "plain") for issuer in CARDS), *(("visa", separator) for separator in SEPARATORS if separator != "plain"), ("amex", "blanks")]}  # fmt: skip
    kinds |= {
        f"iban, {style}": _iban(style)
        for style in ("plain", "grouped", "dashed", "no-break", "dotted", "lower", "lower grouped")
    }
    kinds |= {f"phone, {country}": _phone(country) for country in PHONES}
    kinds |= {f"name and value, {kind}": _named(form) for kind, form in NAMED_FORMS.items()}
    kinds |= {f"escaped json, {depth} times": _escaped_json(depth) for depth in (1, 2, 3)}
    kinds |= {f"connection, {kind}": _connection(form) for kind, form in CONNECTIONS.items()}
    kinds |= {f"header, {kind}": _header(form) for kind, form in HEADERS.items()}
    labels = (
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "PGP MESSAGE",
    )
    kinds |= {f"block, {label}": _block(label, "\n") for label in labels} | {
        "block in json": _block("PRIVATE KEY", "\\n")
    }
    kinds |= {f"password in a language, {word}": _word(word, "{word}: {secret}") for word in WORDS_FOR_PASSWORD}
    sentences = (
        "my password is {secret}",
        "das Passwort lautet {secret}",
        "le mot de passe est {secret}",
        "la contraseña es {secret}",
    )
    kinds |= {f"sentence, {form.split()[0]}": _word("", form) for form in sentences}
    kinds |= {
        f"e-mail, {style}": _email(style)
        for style in (
            "plain",
            "tag",
            "capitals",
            "brackets",
            "full-width at",
            "unicode",
            "encoded",
            "json escape",
            "entity",
        )
    }
    kinds |= {f"id, {kind}": _id(*form) for kind, form in IDS.items()}
    return kinds


def private_texts(seed: int, each: int = 12) -> list[PrivateText]:
    """Return texts of each kind, the same for each seed."""
    chance = random.Random(seed)
    return [PrivateText(kind, *make(chance)) for kind, make in makers().items() for _ in range(each)]
