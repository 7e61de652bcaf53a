"""Cloud Storage's JSON API, as the google-cloud-storage client uses it with STORAGE_EMULATOR_HOST.

https://cloud.google.com/storage/docs/json_api/v1: buckets, objects, downloads with ranges, and the three kinds of
upload (media, multipart, resumable).
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.storage.buckets import Buckets, StoredObject

PAGE = 1000


@dataclass
class Upload:
    """A resumable upload that is not complete yet."""

    bucket: str
    metadata: dict[str, Any]
    conditions: dict[str, str]
    content: bytearray = field(default_factory=bytearray)


def _path(request: Request) -> tuple[str, str]:
    """Return a request's bucket and object, from the raw path: an object's name may hold encoded slashes."""
    raw = request.scope["raw_path"].decode().partition("?")[0]
    bucket, _, name = raw.partition("/b/")[2].partition("/o/")
    return unquote(bucket), unquote(name)


def _read_multipart(body: bytes, content_type: str) -> tuple[dict[str, Any], bytes, str]:
    """Return the metadata, content and content type of a multipart/related upload."""
    header = Message()
    header["content-type"] = content_type
    boundary = f"--{header.get_param('boundary', '')}".encode()
    sections = body.split(boundary, 2)
    if header.get_content_type() != "multipart/related" or len(sections) != 3:
        raise ErrorResponse(400, "Malformed multipart body.", reason="badRequest")
    metadata = sections[1].partition(b"\r\n\r\n")[2]
    head, _, rest = sections[2].partition(b"\r\n\r\n")
    part = message_from_bytes(head.lstrip() + b"\r\n\r\n")
    return json.loads(metadata), rest.rpartition(b"\r\n" + boundary)[0], part.get_content_type()


def _download(stored: StoredObject, byte_range: str | None) -> Response:
    """Return an object's content, or the bytes of it that a ``Range`` header asks for."""
    content, total, status = stored.content, len(stored.content), 200
    headers = {
        "x-goog-hash": f"crc32c={stored.metadata['crc32c']},md5={stored.metadata['md5Hash']}",
        "x-goog-generation": stored.metadata["generation"],
        "x-goog-metageneration": stored.metadata["metageneration"],
        "x-goog-stored-content-length": str(total),
        "etag": stored.metadata["etag"],
        "accept-ranges": "bytes",
    }
    if byte_range and byte_range.startswith("bytes="):
        first, _, last = byte_range.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, total - int(last))
        end = min(int(last), total - 1) if first and last else total - 1
        if start >= total:
            raise ErrorResponse(416, "Request range not satisfiable", reason="requestedRangeNotSatisfiable")
        content, status = content[start : end + 1], 206
        headers["content-range"] = f"bytes {start}-{end}/{total}"
    return Response(content, status, headers, media_type=stored.metadata["contentType"])


def _linked(request: Request, stored: StoredObject) -> dict[str, Any]:
    """Return an object's metadata with the links that clients follow."""
    path = f"storage/v1/b/{stored.metadata['bucket']}/o/{quote(stored.metadata['name'], safe='')}"
    media = f"{request.base_url}download/{path}?generation={stored.generation}&alt=media"
    return stored.metadata | {"selfLink": f"{request.base_url}{path}", "mediaLink": media}


class StorageApi:
    """The request handlers and the open resumable uploads, which a restart loses."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._uploads: dict[str, Upload] = {}

    async def list_buckets(self, _request: Request) -> Response:
        """Handle GET /b."""
        return JSONResponse({"kind": "storage#buckets", "items": self._buckets.list_buckets()})

    async def create_bucket(self, request: Request) -> Response:
        """Handle POST /b."""
        body = await request.json()
        if not body.get("name"):
            raise ErrorResponse(400, "Required parameter: name", reason="required")
        return JSONResponse(self._buckets.create_bucket(body["name"], body))

    async def get_bucket(self, request: Request) -> Response:
        """Handle GET /b/BUCKET."""
        return JSONResponse(self._buckets.get_bucket(_path(request)[0]))

    async def delete_bucket(self, request: Request) -> Response:
        """Handle DELETE /b/BUCKET."""
        self._buckets.delete_bucket(_path(request)[0])
        return Response(status_code=204)

    async def list_objects(self, request: Request) -> Response:
        """Handle GET /b/BUCKET/o with prefix, delimiter, maxResults and pageToken (the previous page's last name)."""
        bucket = request.path_params["bucket"]
        query = request.query_params
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        prefixes: list[str] = []
        items: list[dict[str, Any]] = []
        limit, last = min(int(query.get("maxResults", PAGE)), PAGE), None
        for name in self._buckets.object_names(bucket, prefix, query.get("pageToken", "")):
            cut = name.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                folder = name[: cut + len(delimiter)]
                if not prefixes or prefixes[-1] != folder:
                    prefixes.append(folder)
                continue
            if len(items) == limit:
                last = items[-1]["name"]
                break
            items.append(_linked(request, self._buckets.get(bucket, name, {})))
        body = {"kind": "storage#objects", "items": items, "prefixes": prefixes}
        return JSONResponse(body | ({"nextPageToken": last} if last else {}))

    async def get_object(self, request: Request) -> Response:
        """Handle GET /b/BUCKET/o/OBJECT: the metadata, or the content with alt=media."""
        stored = self._buckets.get(*_path(request), request.query_params)
        if request.query_params.get("alt") == "media":
            return _download(stored, request.headers.get("range"))
        return JSONResponse(_linked(request, stored))

    async def patch_object(self, request: Request) -> Response:
        """Handle PATCH /b/BUCKET/o/OBJECT."""
        stored = self._buckets.patch(*_path(request), await request.json(), request.query_params)
        return JSONResponse(_linked(request, stored))

    async def delete_object(self, request: Request) -> Response:
        """Handle DELETE /b/BUCKET/o/OBJECT."""
        self._buckets.delete(*_path(request), request.query_params)
        return Response(status_code=204)

    async def upload(self, request: Request) -> Response:
        """Handle POST /upload/.../b/BUCKET/o, in each of the three upload types."""
        query, bucket = request.query_params, request.path_params["bucket"]
        body, kind = await request.body(), request.headers.get("content-type", "")
        match query.get("uploadType"):
            case "media":
                metadata, content, media_type = {"name": query.get("name", "")}, body, kind
            case "multipart":
                metadata, content, media_type = _read_multipart(body, kind)
            case "resumable":
                return self._begin_resumable(request, json.loads(body or b"{}"))
            case other:
                raise ErrorResponse(400, f"uploadType {other!r}: use media, multipart or resumable", reason="invalid")
        metadata = {"contentType": media_type} | metadata | ({"name": query["name"]} if query.get("name") else {})
        return JSONResponse(_linked(request, self._put(bucket, content, metadata, dict(query))))

    def _put(
        self, bucket: str, content: bytes, metadata: dict[str, Any], conditions: Mapping[str, str]
    ) -> StoredObject:
        if not metadata.get("name"):
            raise ErrorResponse(400, "Required parameter: name", reason="required")
        return self._buckets.put(bucket, metadata["name"], content, metadata, conditions)

    def _begin_resumable(self, request: Request, metadata: dict[str, Any]) -> Response:
        bucket, query = request.path_params["bucket"], dict(request.query_params)
        self._buckets.get_bucket(bucket)
        media_type = request.headers.get("x-upload-content-type", "application/octet-stream")
        metadata = {"contentType": media_type, **({"name": query["name"]} if "name" in query else {}), **metadata}
        identity = secrets.token_hex(16)
        self._uploads[identity] = Upload(bucket, metadata, query)
        location = str(request.url.include_query_params(upload_id=identity))
        return Response(headers={"location": location, "x-guploader-uploadid": identity})

    async def continue_upload(self, request: Request) -> Response:
        """Handle the PUT of a chunk: 308 with the received range until ``Content-Range`` names the end."""
        identity = request.query_params.get("upload_id", "")
        upload = self._uploads.get(identity)
        if upload is None:
            raise ErrorResponse(404, "No such upload: start a new one", reason="notFound")
        content_range = request.headers.get("content-range", "bytes 0-/*").removeprefix("bytes ")
        span, _, total = content_range.partition("/")
        if span != "*":
            del upload.content[int(span.partition("-")[0]) :]
            upload.content += await request.body()
        complete = "content-range" not in request.headers or (total != "*" and len(upload.content) >= int(total))
        if not complete:
            end = len(upload.content)
            return Response(status_code=308, headers={"range": f"bytes=0-{end - 1}"} if end else {})
        stored = self._put(upload.bucket, bytes(upload.content), upload.metadata, upload.conditions)
        del self._uploads[identity]
        return JSONResponse(_linked(request, stored))


def routes(buckets: Buckets) -> list[BaseRoute]:
    """Return Cloud Storage's routes."""
    api = StorageApi(buckets)
    base = "/storage/v1/b"
    item = "{bucket}/o/{object:path}"
    return [
        Route(base, api.list_buckets, methods=["GET"]),
        Route(base, api.create_bucket, methods=["POST"]),
        Route(f"{base}/{{bucket}}", api.get_bucket, methods=["GET"]),
        Route(f"{base}/{{bucket}}", api.delete_bucket, methods=["DELETE"]),
        Route(f"{base}/{{bucket}}/o", api.list_objects, methods=["GET"]),
        Route(f"{base}/{item}", api.get_object, methods=["GET"]),
        Route(f"{base}/{item}", api.patch_object, methods=["PATCH"]),
        Route(f"{base}/{item}", api.delete_object, methods=["DELETE"]),
        Route(f"/download{base}/{item}", api.get_object, methods=["GET"]),
        Route(f"/upload{base}/{{bucket}}/o", api.upload, methods=["POST"]),
        Route(f"/upload{base}/{{bucket}}/o", api.continue_upload, methods=["PUT"]),
    ]
