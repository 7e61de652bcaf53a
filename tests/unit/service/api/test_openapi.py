"""The OpenAPI document: it has every route of the API, with the models that validate the requests."""

import re

from flask import Flask
from flask.testing import FlaskClient

PAGES = {"/", "/config.js", "/openapi.json", "/docs", "/docs.js", "/static/{filename}"}
"""Routes that are not part of the API."""


def test_the_document_has_every_route(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    rules = {
        (method.lower(), rule.rule.replace("<path:", "{").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert {(method, path) for method, path in rules if path not in PAGES} == documented


def test_every_reference_is_to_a_schema_of_the_document(client: FlaskClient) -> None:
    response = client.get("/openapi.json")
    references = set(re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', response.text))
    assert references <= response.get_json()["components"]["schemas"].keys()
    assert len(references) > 20


def test_an_endpoints_parameters_stand_in_query_and_body(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    operation = document["paths"]["/datadog/oncall/page"]["post"]
    parameters = {"schedule_name", "message", "severity"}
    assert {parameter["name"] for parameter in operation["parameters"]} == {*parameters, "Idempotency-Key"}
    assert {"200", "201", "202", "400", "401", "409", "422", "503"} <= operation["responses"].keys()
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert document["components"]["schemas"][reference.rpartition("/")[2]]["properties"].keys() == parameters
    [path] = document["paths"]["/datadog/writes/{write_id}"]["get"]["parameters"]
    assert (path["in"], path["required"]) == ("path", True)


def test_the_page_to_try_it_loads_only_its_own_scripts(client: FlaskClient) -> None:
    page, script = client.get("/docs"), client.get("/docs.js")
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert 'src="docs.js"' in page.text
    assert script.content_type.startswith("text/javascript") and "openapi.json" in script.text
