"""The program's resources against the schemas of the published providers."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.infra.provider_schema import allowed_values, alternatives, deprecated, faults

Json = Any
SECRET = "4dabf18193072939515e22adb298388d"
SERVICE = "gcp:cloudrunv2/service:Service"
GOOGLE = 95
"""The Google resources of the sandbox's stack."""


def plain(value: Json) -> Json:
    """Return a value without the marks of secrets."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET in value else {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def google(local: dict[str, Json]) -> list[tuple[str, str, dict[str, Json]]]:
    """Provide the Google resources: token, name and inputs."""
    assert "error" not in local, local["error"]
    return [
        (request["type"], request["name"], plain(request.get("object", {})))
        for request in local["requests"]
        if request["type"].startswith("gcp:")
    ]


def test_every_google_resource_is_as_its_schema_says(google: list[tuple[str, str, dict[str, Json]]]) -> None:
    assert len(google) == GOOGLE
    assert [f"{name}: {fault}" for token, name, inputs in google for fault in faults(token, inputs)] == []


def test_every_datadog_resource_is_as_its_schema_says(local: dict[str, Json]) -> None:
    declared = [request for request in local["requests"] if request["type"].startswith("datadog:")]
    assert len(declared) > 100
    for request in declared:
        assert list(faults(request["type"], plain(request["object"]))) == [], request["name"]


def test_no_resource_sets_what_its_sdk_deprecates(local: dict[str, Json]) -> None:
    declared = [
        (r["type"], r["name"], r["object"]) for r in local["requests"] if r["type"].startswith(("gcp:", "datadog:"))
    ]
    assert len(declared) > 200
    assert [f"{name}: {member}" for token, name, inputs in declared for member in deprecated(token, inputs)] == []


def test_a_deprecated_member_is_seen() -> None:
    filters = {"clientEmail": "a@b", "cloudRunRevisionFilters": ["service:a"]}
    assert list(deprecated("datadog:gcp/integrationSts:IntegrationSts", filters)) == ["cloudRunRevisionFilters"]


def container(inputs: Json) -> Json:
    return inputs["template"]["containers"][0]


DEFECTS: dict[str, tuple[Callable[[Json], object], str]] = {
    "no such member": (lambda inputs: inputs.update(ingres="x"), "ingres: ServiceArgs has no such member"),
    "no such member below": (lambda inputs: container(inputs).update(img="x"), "has no such member"),
    "another type": (lambda inputs: inputs.update(deletionProtection="true"), "'true' is not of type bool"),
    "a text for a number": (lambda inputs: container(inputs)["ports"].update(containerPort="x"), "not of type int"),
    "a part of a number": (lambda inputs: container(inputs)["ports"].update(containerPort=80.5), "not of type int"),
    "an object for a list": (lambda inputs: inputs["template"].update(containers={}), "is not a list"),
    "a list for a map": (lambda inputs: inputs.update(labels=["a"]), "is not a map"),
    "a number in a map": (lambda inputs: inputs.update(labels={"a": 1}), "labels.a: 1 is not of type str"),
    "a required member": (lambda inputs: inputs.pop("location"), "location is required"),
    "a required member below": (lambda inputs: container(inputs).pop("image"), "image is required"),
    "no such value": (lambda inputs: inputs.update(ingress="ALL"), "'ALL' is none of INGRESS_TRAFFIC_ALL"),
    "both of two": (
        lambda inputs: container(inputs)["startupProbe"].update(tcpSocket={"port": 1}),
        "startupProbe.httpGet: not together with tcpSocket",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_reported(google: list[tuple[str, str, dict[str, Json]]], defect: str) -> None:
    [inputs] = [copy.deepcopy(inputs) for token, _, inputs in google if token == SERVICE]
    plant, expected = DEFECTS[defect]
    plant(inputs)
    found = list(faults(SERVICE, inputs))
    assert any(expected in fault for fault in found), found


def test_a_secret_has_one_end_and_a_version_one_value() -> None:
    both = {"secretId": "s", "replication": {"auto": {}}, "ttl": "60s", "expireTime": "2027-01-01T00:00:00Z"}
    assert "ttl: not together with expireTime" in list(faults("gcp:secretmanager/secret:Secret", both))
    both = {"secret": "s", "secretData": "a", "secretDataWo": "a"}
    version = list(faults("gcp:secretmanager/secretVersion:SecretVersion", both))
    assert "secretDataWo: not together with secretData" in version


@pytest.mark.parametrize(
    ("description", "values"),
    [
        ("Ingress. Possible values are: `A`, `B`.", {"A", "B"}),
        ('Allowed values are "http1" and "h2c". Default is http1.', {"http1", "h2c"}),
        ("The class. Supported values include: `STANDARD`, `ARCHIVE`.", {"STANDARD", "ARCHIVE"}),
        ("A name, such as `a`.", set()),
    ],
)
def test_values_are_read_from_descriptions(description: str, values: set[str]) -> None:
    assert allowed_values(description) == values


def test_alternatives_are_read_from_descriptions() -> None:
    assert list(alternatives("Exactly one of HTTPGet or TCPSocket must be specified.")) == [{"httpget", "tcpsocket"}]
    assert list(alternatives("it conflicts with `public_key_type` and `private_key_type`.")) == [
        {"publickeytype", "privatekeytype"}
    ]
