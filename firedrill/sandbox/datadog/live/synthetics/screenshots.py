"""Screenshots of browser tests: kept beside the results, one for each step, and served by ``/-/screenshots``."""

import base64
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firedrill.sandbox.datadog.account import SYNTHETICS_SCREENSHOTS, Directory
from firedrill.sandbox.datadog.live.synthetics.browser import SCREENSHOT


def store(directory: Directory, org: str, result: dict[str, Any]) -> None:
    """Move the screenshots of a result's steps into the store; each step keeps the path to its own."""
    steps = result["result"].get("stepDetails") or ()
    pictures = [step.pop(SCREENSHOT, None) for step in steps]
    if not any(pictures):
        return
    encoded = [base64.b64encode(picture).decode() if picture else None for picture in pictures]
    directory.put(org, SYNTHETICS_SCREENSHOTS, result["result_id"], {"steps": encoded})
    for number, (step, picture) in enumerate(zip(steps, pictures, strict=True)):
        if picture:
            step["screenshotBucketKey"] = f"{result['result_id']}/{number}"


def delete(directory: Directory, org: str, result_id: str) -> None:
    """Delete the screenshots of a result, if it has any."""
    if directory.get(org, SYNTHETICS_SCREENSHOTS, result_id) is not None:
        directory.store.delete(org, SYNTHETICS_SCREENSHOTS, result_id)


def route(directory: Directory, org: str) -> Route:
    """Return ``GET /-/screenshots/RESULT/STEP``, which has the steps' ``screenshotBucketKey`` as its end."""

    async def show(request: Request) -> Response:
        result, step = request.path_params["result"], request.path_params["step"]
        kept = await run_in_threadpool(directory.get, org, SYNTHETICS_SCREENSHOTS, result)
        steps = (kept or {}).get("steps") or ()
        if step >= len(steps) or steps[step] is None:
            return JSONResponse({"errors": ["there is no such screenshot"]}, 404)
        return Response(base64.b64decode(steps[step]), media_type="image/jpeg")

    return Route("/-/screenshots/{result}/{step:int}", show)
