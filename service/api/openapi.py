"""``/openapi.json`` and a page at ``/docs`` to try it, built from the table and the models that serve the requests."""

from functools import cache
from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from service.api.chat import ChatRequest
from service.api.control import CacheChange, ModelChange
from service.api.feedback import Feedback
from service.context import Context
from service.datadog.endpoint import Endpoint
from service.datadog.routes import ENDPOINTS

Json = dict[str, Any]
PROBLEM: Json = {
    "description": "A problem document (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
TEMPLATE = "#/components/schemas/{model}"

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>llm-api: API</title>
<style>body{font:15px system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}textarea{width:100%;height:5rem}
details{border-top:1px solid #ccc;padding:.5rem 0}summary{cursor:pointer}pre{background:#f4f4f4;padding:.5rem;
overflow:auto}</style><h1>llm-api</h1><p>From <a href="openapi.json">openapi.json</a>. A token, if one is needed:
<input id="token" type="password" autocomplete="off"></p><div id="all"></div><script src="docs.js"></script></html>"""
SCRIPT = """const element=(tag,text)=>{const node=document.createElement(tag);node.textContent=text||"";return node};
fetch("openapi.json").then(answer=>answer.json()).then(api=>{for(const[path,methods]of Object.entries(api.paths))
for(const[method,operation]of Object.entries(methods)){const row=element("details");
row.append(element("summary",method.toUpperCase()+" "+path+": "+operation.summary));
const url=element("input");url.value=path;url.size=70;const body=element("textarea");
const schema=operation.requestBody&&operation.requestBody.content["application/json"].schema;
const model=schema&&api.components.schemas[schema.$ref.split("/").pop()];
if(model)row.append(element("pre",JSON.stringify(model.properties,null,1)));
const button=element("button","Send"),output=element("pre");
button.onclick=async()=>{const headers={"Content-Type":"application/json"};
const token=document.getElementById("token").value;if(token)headers.Authorization="Bearer "+token;
const response=await fetch(url.value,{method,headers,body:method==="get"?undefined:body.value||undefined});
output.textContent=response.status+"\\n"+await response.text()};row.append(url,body,button,output);
document.getElementById("all").append(row)}});"""


def blueprint(context: Context) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("openapi", __name__)

    @routes.get("/openapi.json")
    def openapi() -> ResponseReturnValue:
        return jsonify(document(context.settings.version))

    @routes.get("/docs")
    def docs() -> ResponseReturnValue:
        policy = {
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        }
        return Response(PAGE, content_type="text/html; charset=utf-8", headers=policy)

    @routes.get("/docs.js")
    def script() -> ResponseReturnValue:
        return Response(SCRIPT, content_type="text/javascript; charset=utf-8")

    return routes


@cache
def document(version: str) -> Json:
    """Return the OpenAPI document."""
    schemas: Json = {"Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                       "detail": {"type": "string"}, "outcome": {"type": "string"}, "trace_id": {"type": "string"}},
    }}  # fmt: skip
    paths: Json = {
        "/health": {"get": _operation("The process answers", ())},
        "/ready": {"get": _operation("It can do its work", (503,))},
        "/v1/chat": {"post": _body(schemas, _operation("An answer of the model", (400, 422, 429, 502, 503, 504)),
                                   ChatRequest)},
        "/v1/feedback": {"post": _body(schemas, _operation("Rate an answer", (400,), status=201), Feedback)},
        "/v1/control": {"get": _secured(_operation("The shared state", (401, 503)))},
        "/v1/control/model": {"post": _secured(_body(schemas, _operation("Change the model", (400, 401, 503)),
                                                     ModelChange))},
        "/v1/control/cache": {"post": _secured(_body(schemas, _operation("Change the cache", (400, 401, 503)),
                                                     CacheChange))},
    }  # fmt: skip
    for endpoint in ENDPOINTS:
        paths.setdefault(f"/datadog{endpoint.path}", {})[endpoint.method.lower()] = _endpoint(schemas, endpoint)
    bearer = {"type": "http", "scheme": "bearer"}
    components = {"schemas": schemas, "securitySchemes": {"bearer": bearer}}
    info = {"title": "llm-api", "version": version or "0"}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def _endpoint(schemas: Json, endpoint: Endpoint) -> Json:
    statuses = (400, 401, 403, 404, 409, 502, 503) + ((422,) if endpoint.creates or endpoint.lasting else ())
    operation = _operation(endpoint.summary, statuses)
    operation["description"] = f"Channel: {endpoint.channel}"
    if endpoint.creates:
        operation["responses"]["201"] = {"description": "Created"}
    if endpoint.lasting:
        operation["responses"]["202"] = {"description": "Accepted: GET /datadog/writes/{id} has its status"}
    schema = endpoint.parameters.model_json_schema(ref_template=TEMPLATE)
    schemas.update(schema.pop("$defs", {}))
    parameters = [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in endpoint.path else "query",
            "required": f"{{{name}}}" in endpoint.path,
            "schema": shape,
        }
        for name, shape in schema.get("properties", {}).items()
    ]
    if endpoint.creates or endpoint.lasting:
        key = {"type": "string", "minLength": 1, "maxLength": 200}
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": key})
    operation["parameters"] = parameters
    if endpoint.method == "POST" and schema.get("properties"):
        # A parameter may be in the query string or in the body, so neither requires it.
        name = f"{endpoint.parameters.__module__.rpartition('.')[2]}.{endpoint.parameters.__name__}"
        properties = {key: value for key, value in schema["properties"].items() if f"{{{key}}}" not in endpoint.path}
        schemas[name] = {"type": "object", "properties": properties, "additionalProperties": False}
        content = {"application/json": {"schema": {"$ref": TEMPLATE.format(model=name)}}}
        operation["requestBody"] = {"required": False, "content": content}
    return _secured(operation)


def _operation(summary: str, problems: tuple[int, ...], status: int = 200) -> Json:
    responses: Json = {str(status): {"description": "Done"}} | {str(status): PROBLEM for status in problems}
    return {"summary": summary, "responses": responses}


def _body(schemas: Json, operation: Json, model: type[BaseModel]) -> Json:
    schemas[model.__name__] = model.model_json_schema(ref_template=TEMPLATE)
    content = {"application/json": {"schema": {"$ref": TEMPLATE.format(model=model.__name__)}}}
    return operation | {"requestBody": {"required": True, "content": content}}


def _secured(operation: Json) -> Json:
    return operation | {"security": [{"bearer": []}, {}]}
