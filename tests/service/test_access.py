"""Who calls: roles of tokens and of Google identities, whose budget it is; no start where nobody could be known."""

import datetime
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from flask import Flask, request
from flask.testing import FlaskClient
from google.auth import crypt, jwt
from google.oauth2 import id_token

from service.app import create_app
from service.callers import caller_of
from service.settings import WrongSetting, from_environment
from tests.service.test_emission import Sent

AUDIENCE, DRAIN = "llm-api/test", "/datadog/writes/drain"
ENVIRONMENT = {
    "API_AUTH": "token", "OPERATOR_TOKEN": "an-operator", "READER_TOKEN": "a-reader", "API_AUDIENCE": AUDIENCE,
    "API_OPERATORS": "drain@p.iam.gserviceaccount.com", "API_READERS": "viewer@example.com",
}  # fmt: skip


@pytest.fixture
def client() -> FlaskClient:
    """A service as in dev and prod."""
    return create_app(from_environment(ENVIRONMENT), Sent()).test_client()


def statuses(client: FlaskClient, token: str | None) -> tuple[int, int]:
    """Of a read and of a write."""
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
def test_it_does_not_start_where_nobody_can_be_known(environment: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match="API_AUTH"):
        from_environment({"API_AUTH": "token", **environment})


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
    known = json.dumps({"k": certificate.public_bytes(serialization.Encoding.PEM).decode()}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(known)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(id_token, "_GOOGLE_OAUTH2_CERTS_URL", f"http://127.0.0.1:{server.server_port}/certs")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    yield crypt.RSASigner.from_string(private.decode(), "k")  # type: ignore[no-untyped-call]  # publishes no types
    server.shutdown()
    thread.join()
    server.server_close()


def identity(signer: crypt.RSASigner, **claims: object) -> str:
    """An identity token."""
    now = int(time.time())
    usual = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "iat": now, "exp": now + 600,
             "email": "drain@p.iam.gserviceaccount.com", "email_verified": True}  # fmt: skip
    encoded: bytes = jwt.encode(signer, usual | claims)  # type: ignore[no-untyped-call]  # publishes no types
    return encoded.decode()


def test_google_identities_have_roles(client: FlaskClient, signer: crypt.RSASigner) -> None:
    assert statuses(client, identity(signer)) == (200, 503)
    assert statuses(client, identity(signer, email="viewer@example.com")) == (200, 403)
    for wrong in (
        {"email": "else@example.com"}, {"email_verified": False}, {"aud": "another"}, {"iss": "https://evil.example"},
        {"iat": 1000, "exp": 2000},
    ):  # fmt: skip
        assert statuses(client, identity(signer, **wrong)) == (401, 401), wrong
    assert statuses(client, identity(signer)[:-4] + "AAAA") == (401, 401)


def caller(environment: dict[str, str], token: str = "", named: str = "", address: str = "203.0.113.7") -> str:
    """The key of whoever sends a request with this token, name and address."""
    headers = {"X-Forwarded-For": f"10.1.1.1, {address}"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"X-Caller-Id": named} if named else {}
    with Flask(__name__).test_request_context("/v1/chat", method="POST", headers=headers):
        return caller_of(request, from_environment(environment)).key


def test_what_a_caller_calls_itself_counts_only_where_it_is_trusted() -> None:
    stranger = caller(ENVIRONMENT)
    assert caller(ENVIRONMENT, named="ann") == caller(ENVIRONMENT, named="bob") == stranger
    assert caller(ENVIRONMENT, "wrong", "ann") == stranger
    assert caller(ENVIRONMENT, address="203.0.113.8") != stranger
    reader = caller(ENVIRONMENT, "a-reader")
    assert caller(ENVIRONMENT, "a-reader", "ann", "203.0.113.8") == reader != stranger
    # Who operates speaks for others.
    operated = {name: caller(ENVIRONMENT, "an-operator", name) for name in ("", "ann", "bob")}
    assert len({stranger, reader, *operated.values()}) == 5
    sandboxed = {"API_AUTH": "loopback"}
    assert caller(sandboxed, named="ann") != caller(sandboxed, named="bob")
    assert caller(sandboxed, named="ann") == caller(sandboxed, named="ann", address="203.0.113.8")
    assert caller({}, named="ann") == caller({}, named="bob")


def test_a_google_identity_is_a_caller_wherever_it_calls_from(signer: crypt.RSASigner) -> None:
    mine, other = (identity(signer, email=email) for email in ("viewer@example.com", "nobody@example.com"))
    assert caller(ENVIRONMENT, mine, "ann") == caller(ENVIRONMENT, mine, "bob", "203.0.113.8")
    assert len({caller(ENVIRONMENT, mine), caller(ENVIRONMENT, other), caller(ENVIRONMENT)}) == 3
    assert caller(ENVIRONMENT, identity(signer, aud="another")) == caller(ENVIRONMENT)


def test_a_chat_is_not_refused_while_googles_keys_cannot_be_had(
    signer: crypt.RSASigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_token, "_GOOGLE_OAUTH2_CERTS_URL", "http://127.0.0.1:9/certs")
    assert caller(ENVIRONMENT, identity(signer)) == caller(ENVIRONMENT)
