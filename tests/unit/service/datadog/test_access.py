"""Access: roles of tokens and of Google identities, the caller of a chat, and settings that would admit nobody."""

import base64
import datetime
import json
import time
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from flask import Flask, request
from flask.testing import FlaskClient
from google.auth import crypt, jwt
from google.auth.exceptions import TransportError
from google.auth.transport import requests as requests_transport
from google.oauth2 import id_token

from service.api.callers import caller_of
from service.app import create_app
from service.settings import WrongSetting, read_environment
from tests.http_server import QuietHandler, serve
from tests.unit.service.fakes import RecordedMetrics

AUDIENCE, DRAIN = "llm-api/test", "/datadog/writes/drain"
ENVIRONMENT = {
    "API_AUTH": "token", "OPERATOR_TOKEN": "an-operator", "READER_TOKEN": "a-reader", "API_AUDIENCE": AUDIENCE,
    "API_OPERATORS": "drain@p.iam.gserviceaccount.com", "API_READERS": "viewer@example.com",
}  # fmt: skip


@pytest.fixture
def client() -> FlaskClient:
    """Return a service as in dev and prod."""
    return create_app(read_environment(ENVIRONMENT), RecordedMetrics()).test_client()


def statuses(client: FlaskClient, token: str | None) -> tuple[int, int]:
    """Return the statuses of a read and of a write."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.get("/datadog/products", headers=headers).status_code, client.post(DRAIN, headers=headers).status_code


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"API_AUDIENCE": AUDIENCE},
        {"READER_TOKEN": "a-reader"},
    ],
)
def test_it_does_not_start_without_a_way_to_authenticate(environment: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match="API_AUTH"):
        read_environment({"API_AUTH": "token", **environment})


def test_tokens_have_roles(client: FlaskClient) -> None:
    assert statuses(client, None) == statuses(client, "wrong") == statuses(client, "") == (401, 401)
    assert statuses(client, "a-reader") == (200, 403)
    # There is no store here: the call passed.
    assert statuses(client, "an-operator") == (200, 503)


def test_callers_on_this_machine_need_a_token_too(client: FlaskClient) -> None:
    assert client.get("/datadog/products", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> Iterator[crypt.RSASigner]:
    """Signs as Google does: a server has the certificate where Google's are looked for."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificates = json.dumps({"k": certificate.public_bytes(serialization.Encoding.PEM).decode()}).encode()

    asked: list[str] = []

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(certificates)

    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    rsa_signer = crypt.RSASigner.from_string(private.decode(), "k")  # type: ignore[no-untyped-call]  # publishes no types
    rsa_signer.asked = asked
    with serve(Handler) as url:
        monkeypatch.setattr(id_token, "_GOOGLE_OAUTH2_CERTS_URL", f"{url}/certs")
        yield rsa_signer


def identity(signer: crypt.RSASigner, **claims: object) -> str:
    """Return an identity token."""
    now = int(time.time())
    usual = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "iat": now, "exp": now + 600,
             "email": "drain@p.iam.gserviceaccount.com", "email_verified": True}  # fmt: skip
    encoded: bytes = jwt.encode(signer, usual | claims)  # type: ignore[no-untyped-call]  # publishes no types
    return encoded.decode()


def test_google_identities_have_roles(client: FlaskClient, signer: crypt.RSASigner) -> None:
    assert statuses(client, identity(signer)) == (200, 503)
    assert statuses(client, identity(signer, email="viewer@example.com")) == (200, 403)
    for claims in (
        {"email": "else@example.com"}, {"email_verified": False}, {"aud": "another"}, {"iss": "https://evil.example"},
        {"iat": 1000, "exp": 2000},
    ):  # fmt: skip
        assert statuses(client, identity(signer, **claims)) == (401, 401), claims
    assert statuses(client, identity(signer)[:-4] + "AAAA") == (401, 401)


def unsigned(**claims: object) -> str:
    """Return a token with these claims and no signature."""
    usual = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "exp": int(time.time()) + 600}
    parts = ({"alg": "RS256", "kid": "k"}, usual | claims)
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "AA"]
    )


def test_google_is_asked_for_its_keys_once_and_only_for_what_may_be_a_token(
    client: FlaskClient, signer: crypt.RSASigner
) -> None:
    for malformed in ("a.b.c", "..", "a.b", "e30.e30.", "!.!.!", f"{'a' * 5000}.b.c", unsigned(aud="another"),
                      unsigned(iss="https://evil.example"), unsigned(exp=1000), unsigned(exp="soon")):  # fmt: skip
        assert statuses(client, malformed) == (401, 401), malformed
    assert signer.asked == []  # type: ignore[attr-defined]  # set by the fixture
    for _ in range(3):
        assert statuses(client, identity(signer)) == (200, 503)
        assert statuses(client, unsigned()) == (401, 401)
    assert len(signer.asked) == 1  # type: ignore[attr-defined]


def test_keys_that_cannot_be_read_are_not_asked_for_by_each_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fail(_: object, url: str, *__: object, **___: object) -> None:
        asked.append(url)
        raise TransportError("down")  # type: ignore[no-untyped-call]  # publishes no types

    monkeypatch.setattr(id_token, "_GOOGLE_OAUTH2_CERTS_URL", "https://keys.test/down")
    monkeypatch.setattr(requests_transport.Request, "__call__", fail)
    for _ in range(3):
        assert statuses(client, unsigned()) == (503, 503)
    assert asked == ["https://keys.test/down"]


def caller(environment: dict[str, str], token: str = "", caller_id: str = "", address: str = "203.0.113.7") -> str:
    """Return the key of whoever sends a request with this token, name and address."""
    headers = {"X-Forwarded-For": f"10.1.1.1, {address}"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"X-Caller-Id": caller_id} if caller_id else {}
    with Flask(__name__).test_request_context("/v1/chat", method="POST", headers=headers):
        return caller_of(request, read_environment(environment)).key


def test_the_caller_header_counts_only_for_trusted_callers() -> None:
    stranger = caller(ENVIRONMENT)
    assert caller(ENVIRONMENT, caller_id="ann") == caller(ENVIRONMENT, caller_id="bob") == stranger
    assert caller(ENVIRONMENT, "wrong", "ann") == stranger
    assert caller(ENVIRONMENT, address="203.0.113.8") != stranger
    reader = caller(ENVIRONMENT, "a-reader")
    assert caller(ENVIRONMENT, "a-reader", "ann", "203.0.113.8") == reader != stranger
    # The role operate may name another caller.
    operated = {name: caller(ENVIRONMENT, "an-operator", name) for name in ("", "ann", "bob")}
    assert len({stranger, reader, *operated.values()}) == 5
    sandboxed = {"API_AUTH": "loopback"}
    assert caller(sandboxed, caller_id="ann") != caller(sandboxed, caller_id="bob")
    assert caller(sandboxed, caller_id="ann") == caller(sandboxed, caller_id="ann", address="203.0.113.8")
    assert caller({}, caller_id="ann") == caller({}, caller_id="bob")


def test_a_google_identity_is_a_caller_wherever_it_calls_from(signer: crypt.RSASigner) -> None:
    viewer, nobody = (identity(signer, email=email) for email in ("viewer@example.com", "nobody@example.com"))
    assert caller(ENVIRONMENT, viewer, "ann") == caller(ENVIRONMENT, viewer, "bob", "203.0.113.8")
    assert len({caller(ENVIRONMENT, viewer), caller(ENVIRONMENT, nobody), caller(ENVIRONMENT)}) == 3
    assert caller(ENVIRONMENT, identity(signer, aud="another")) == caller(ENVIRONMENT)


def test_a_chat_is_not_refused_while_googles_keys_cannot_be_read(
    signer: crypt.RSASigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_token, "_GOOGLE_OAUTH2_CERTS_URL", "http://127.0.0.1:9/certs")
    assert caller(ENVIRONMENT, identity(signer)) == caller(ENVIRONMENT)


@pytest.mark.parametrize(
    ("addresses", "callers"),
    [
        (("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:DB8:1:2::"), 1),
        (("2001:db8:1:2::1", "2001:db8:1:3::1"), 2),
        (("203.0.113.7", "::ffff:203.0.113.7"), 1),
        (("203.0.113.7", "203.0.113.8"), 2),
        (("fe80::1%eth0", "fe80::2"), 1),
    ],
)
def test_a_customer_of_ipv6_is_one_caller(addresses: tuple[str, ...], callers: int) -> None:
    assert len({caller(ENVIRONMENT, address=address) for address in addresses}) == callers
