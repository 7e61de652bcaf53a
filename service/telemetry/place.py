"""The place of a process (revision, region, instance, commit) for every span and log line.

Metrics do not have it: an instance lives for minutes, and each would make series of its own.
https://cloud.google.com/run/docs/container-contract
"""

import os
from collections.abc import Mapping

import urllib3

METADATA_PATH = "/computeMetadata/v1/instance/"
TIMEOUT_SECONDS = 1.0


def read_place() -> dict[str, str]:
    """Return the place of this process; what cannot be read is left out."""
    place = {
        "revision": os.environ.get("K_REVISION", ""),
        "commit": os.environ.get("DD_GIT_COMMIT_SHA", ""),
        "region": _read_metadata("region").rpartition("/")[2],
        # The end tells instances apart; the whole id is long and has no meaning.
        "instance": _read_metadata("id")[-12:],
    }
    return {key: value for key, value in place.items() if value}


def span_tags(place: Mapping[str, str]) -> dict[str, str]:
    """Return the place as tags of spans."""
    return {"git.commit.sha" if key == "commit" else f"cloud_run.{key}": value for key, value in place.items()}


def _read_metadata(name: str) -> str:
    """Return a value of Cloud Run's metadata server, empty elsewhere."""
    if "K_SERVICE" not in os.environ:
        return ""
    url = f"http://{os.environ.get('GCE_METADATA_HOST', 'metadata.google.internal')}{METADATA_PATH}{name}"
    headers = {"Metadata-Flavor": "Google"}
    try:
        response = urllib3.request("GET", url, headers=headers, timeout=TIMEOUT_SECONDS, retries=False)
    except urllib3.exceptions.HTTPError:
        return ""
    return response.data.decode() if response.status == 200 else ""
