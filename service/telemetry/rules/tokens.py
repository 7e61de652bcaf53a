"""Tokens and keys whose form their issuers publish.

Issuers' documentation, as GitHub's list of secret scanning patterns and gitleaks' rules collect it:
https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns ,
https://github.com/gitleaks/gitleaks/tree/master/config . Lengths are lower bounds, since issuers change them.
"""

import re

from service.telemetry.rules.rule import Rule, always

PREFIXED = r"""
AIza [\w-]{30,}
ya29\. [\w.-]{20,}
GOCSPX- [\w-]{20,}
1//0 [\w-]{20,}
4/0A [\w-]{20,}
AQ\.A [\w-]{30,}
(?:A3T[A-Z0-9]|A(?:KIA|SIA|BIA|CCA|GPA|IDA|ROA|IPA|NPA|NVA|PKA)) [A-Z0-9]{12,}
ABSK [A-Za-z0-9+/]{40,}=*
bedrock-api-key- [\w+/=-]{20,}
LTAI [A-Za-z0-9]{12,}
AKID [A-Za-z0-9]{13,}
AQVN [\w-]{30,}
YC[AN] [\w-]{34,}
y0_ [\w-]{30,}
t1\. [\w-]+=*\.[\w-]{60,}=*
do[a-z]_v1_ [0-9a-fA-F]{32,}
HRKU- [\w-]{30,}
fo1_ [\w-]{30,}
fm[12][ar]?_ [\w+/-]{40,}=*
dop?_v1_ [0-9a-fA-F]{32,}
tskey- [\w-]{16,}
pscale_(?:tkn|oauth|pw)_ [\w=.-]{20,}
sbp_ [0-9a-fA-F]{32,}
sb_secret_ [\w-]{20,}
napi_ [a-z0-9]{32,}
nfp_ [A-Za-z0-9]{30,}
vc[a-z]_ [A-Za-z0-9]{24,}
vercel_blob_rw_ \w{20,}
rnd_ [A-Za-z0-9]{24,}
cf(?:ut|at|k)_ \w{36,}
v1\.0- [0-9a-fA-F]{24}-[0-9a-fA-F]{100,}
hv[sbr]\. [\w-]{20,}
dapi [0-9a-fA-F]{32}(?:-\d)?
dose [0-9a-fA-F]{32,}
nvapi- [\w-]{20,}
sha256~ [\w-]{43}
scw_ [\w-]{30,}
gh[pousr]_ \w{20,}
github_pat_ \w{20,}
gl(?:pat|cbt|dt|ffct|ft|imt|agent|oas|ptt|rt|rtr|soat|wt)- [\w.-]{16,}
GR1348941 [\w-]{16,}
npm_ [A-Za-z0-9]{20,}
pypi- [\w-]{16,}
rubygems_ [0-9a-fA-F]{32,}
cio [A-Za-z0-9]{32}
oy2 [a-z0-9]{43}
CLOJARS_ [a-z0-9]{40,}
dckr_[a-z]+_ [\w-]{20,}
dp\.(?:pt|st|ct|sa|scim|audit)\. [\w.-]{30,}
pul- [0-9a-fA-F]{40}
ATATT3 [\w=-]{50,}
ATCTT3 [\w=-]{50,}
ATBB [A-Za-z0-9]{28,}
CCIP(?:AT|RJ)_ \w{20,}
bk[a-z]{1,2}_ [0-9a-fA-F]{36,}
sq[pua]_ [0-9a-fA-F]{36,}
sgp_ \w{36,}
AKCp [A-Za-z0-9]{60,}
cmVmd [A-Za-z0-9]{50,}
PMAK- [0-9a-f-]{40,}
pn[ub]_ [A-Za-z0-9]{30,}
ops_eyJ [\w+/-]{50,}=*
lin_(?:api|oauth)_ [A-Za-z0-9]{30,}
figd_ [\w-]{30,}
ico- [A-Za-z0-9]{32}
API- [A-Z0-9]{25,}
figo_ [\w-]{30,}
sk-ant- [\w-]{16,}
sk-(?:proj|svcacct|admin|or)- [\w-]{16,}
hf_ [A-Za-z0-9]{20,}
api_org_ [A-Za-z0-9]{30,}
r8_ [A-Za-z0-9]{30,}
gsk_ [A-Za-z0-9]{30,}
pplx- [A-Za-z0-9]{30,}
xai- [A-Za-z0-9]{40,}
lsv2_[a-z]{2}_ \w{30,}
pcsk_ \w{30,}
fw_ [A-Za-z0-9]{20,}
(?:sk|rk|pk)_(?:live|test|prod|sbox)_ [A-Za-z0-9]{10,}
whsec_ [A-Za-z0-9+/=]{16,}
sq0[a-z]{3}- [\w-]{22,}
EAAA [\w-]{22,}
access_token\$ \w+\$\w+\$[0-9a-fA-F]{20,}
access-(?:sandbox|development|production)- [0-9a-f-]{36}
shippo_(?:live|test)_ [0-9a-fA-F]{32,}
EZ[AT]K [A-Za-z0-9]{50,}
duffel_(?:live|test)_ [\w=-]{40,}
FLW(?:SEC|PUB)K(?:_TEST)?- [\w-]{12,}
rzp_(?:live|test)_ [A-Za-z0-9]{14,}
shp[a-z]{2,3}_ [0-9a-fA-F]{32}
(?:live|test)_(?:pub_)? [0-9a-fA-F]{31,}
xox[a-z](?:\.xox[a-z])?- [\w-]{8,}
xapp- \d-[\w-]{20,}
SG\. [\w=-]{10,}\.[\w.=-]{10,}
key- [0-9a-fA-F]{32}
pubkey- [0-9a-fA-F]{32}
xkeysib- [0-9a-fA-F]{40,}-\w+
xsmtpsib- [0-9a-fA-F]{40,}-\w+
NR(?:AK|II|IQ|RA|JS|AL)- [\w-]{18,}
dt0[a-z]\d\d\. [A-Za-z0-9]{20,}\.[A-Za-z0-9]{40,}
gl(?:c|sa)_ [\w+/-]{30,}=*
sntry[su]_ [\w+/=-]{30,}
dd[ap]p?_ [A-Za-z0-9]{20,}
hc[a-z]ik_ \w{40,}
pat-(?:na|eu)\d- [0-9a-f-]{36}
ntn_ \w{40,}
secret_ [A-Za-z0-9]{40,}
CFPAT- [\w-]{40,}
tfp_ [\w.=-]{40,}
p8e- [A-Za-z0-9]{30,}
sl\. [\w=-]{100,}
EAA[A-Z]? [A-Za-z0-9]{80,}
IGQ [\w-]{80,}
rdme_ [a-z0-9]{40,}
sm_[aps]at_ [A-Za-z0-9]{16,}
fio-u- [\w=-]{50,}
tk-us- [\w-]{40,}
dnkey- [\w=-]{40,}
(?:api|sdk|mob)- [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}
s-s4t2(?:ud|af)- [0-9a-fA-F]{50,}
AGE-SECRET-KEY-1 [A-Z0-9]{50,}
A3- (?:[A-Z0-9]{5,11}-){3,5}[A-Z0-9]{5}
4b1d [A-Za-z0-9]{38}
[xyz]prv [A-Za-z0-9]{90,}
v[1-4]\.(?:local|public)\. [\w-]{20,}
gAAAAA [\w-]{50,}=*
S[UAON] [A-Z2-7]{56}
"""
"""A token on each line: its beginning, and a pattern of what follows."""

ELSEWHERE = (
    r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{20,}",  # HashiCorp's HCP
    r"(?:AC|SK)[0-9a-fA-F]{32}",  # Twilio
    r"[0-9a-fA-F]{32}-us\d{1,2}",  # Mailchimp
    r"[0-9a-fA-F]{32}-[0-9a-fA-F]{8}-[0-9a-fA-F]{8}",  # Mailgun
    r"pat[A-Za-z0-9]{14}\.[0-9a-fA-F]{64}",  # Airtable
    r"(?:pat|sat)\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}",  # Harness
    r"[\w~.]{3}\dQ~[\w~.-]{31,34}",  # Microsoft Entra
    r"(?<!sha512-)[A-Za-z0-9+/]{86}==",  # Azure storage
    r"[A-Za-z0-9+/]{30,76}(?:AzCa|ACDb|AzSe|AzFu|APIM|AIoT|\+ASt|\+ABa|\+AMC|\+ARm|AZDO|JQQJ99)[A-Za-z0-9+/]{4,}={0,2}",
    r"(?:\d{8,10}:[\w-]{35})",  # Telegram
    r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}",  # Discord
    r"\d/\d{10,}(?:/\d+)?:[0-9a-fA-F]{32}",  # Asana
    r"[0-9a-fA-F]{36}NRAL",  # New Relic
    r"A{18,}[\w%]{40,}",  # X
    r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",  # MaxMind
    r"\d{15,16}\|[\w-]{27,40}",  # Facebook
    r"(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][a-z0-9-]{10,32}\.[\w+/=-]{30,}",  # Authress
    r"[sp]k\.eyJ[\w-]{20,}\.[\w-]{16,}",  # Mapbox
    r"eyJrIjoi[A-Za-z0-9+/]{50,}={0,3}",  # Grafana
    r"\d{6,}-[a-z0-9]{32}\.apps\.googleusercontent\.com",
    r"2[A-Za-z0-9]{26}_[A-Za-z0-9]{20,}",  # ngrok
    r"[5KL][1-9A-HJ-NP-Za-km-z]{50,51}",  # Bitcoin
    r"[a-z2-7]{52}",  # Azure DevOps
    r"AAAA[\w-]{7}:[\w-]{100,}",  # Firebase
)

WEBHOOKS = (
    r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[\w/+-]{16,}"
    r"|discord(?:app)?\.com/api(?:/v\d+)?/webhooks/\d+/[\w-]{20,}|[\w.-]*webhook\.office\.com/webhookb2/[\w@/-]{40,}"
    r"|hooks\.zapier\.com/hooks/catch/\d+/\w+|maker\.ifttt\.com/trigger/\w+/with/key/[\w-]+"
    r"|api\.telegram\.org/bot\d+:[\w-]+|chat\.googleapis\.com/v1/spaces/[\w-]+/messages\?[\w=&%.-]+"
)


DIGEST_BEFORE = re.compile(r"sha(?:256|384|512)-[\w+/ ]*$")
"""The beginning of a digest of subresource integrity, whose ``+`` may have been read as a blank."""


def _is_varied(match: re.Match[str]) -> bool:
    """Return whether a text has digits, capitals and small letters, each several times, and is no part of a digest."""
    text = match[0]
    if DIGEST_BEFORE.search(match.string[max(0, match.start() - 100) : match.start()]):
        return False
    counts = (sum(map(kind, text)) for kind in (str.isdigit, str.isupper, str.islower))
    return all(count >= least for count, least in zip(counts, (2, 6, 6), strict=True))


def _has_digit(match: re.Match[str]) -> bool:
    return any(map(str.isdigit, match[0]))


_BEGINS, _ENDS = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"

RULES: tuple[Rule, ...] = (
    ("private_key", re.compile(
        r"-{4,5} ?BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|PGP [A-Z ]{3,30}|SSH2 ENCRYPTED [A-Z ]{3,30}) ?-{4,5}"
        r".*?(?:-{4,5} ?END [A-Z0-9 ]{3,60}-{4,5}|$)|PuTTY-User-Key-File-\d:.*?(?:Private-MAC: *[0-9a-fA-F]+|$)", re.S), always),
    ("jwt", re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}|ZXlK[A-Za-z0-9+/]{60,}={0,2}"), always),
    ("webhook", re.compile(WEBHOOKS), always),
    ("token", re.compile(
        _BEGINS + "(?:" + "|".join(line.replace(" ", "") for line in PREFIXED.split("\n") if line) + ")" + _ENDS), always),
    ("token", re.compile(_BEGINS + "(?:" + "|".join(ELSEWHERE) + ")" + _ENDS), always),
    # Beginnings that identifiers have as well.
    ("token", re.compile(r"(?<![\w.-])(?:sk-[\w-]{16,}|[sb]\.[A-Za-z0-9]{24,}|sk_[A-Za-z0-9]{24,})(?![\w-])"), _has_digit),
    # A secret access key of AWS, and others of its form.
    ("token", re.compile(r"(?<![\w+/=.@:-])[A-Za-z0-9+/]{40}(?![\w+/=.-])"), _is_varied),
)  # fmt: skip
