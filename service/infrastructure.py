"""Where this process runs: revision, region, instance and commit, on every span and log line.

Not on metrics: an instance lives for minutes, and each would make series of its own.
https://cloud.google.com/run/docs/container-contract
"""

import os

import urllib3
from ddtrace.trace import tracer

from service.logs import PLACE

METADATA = "/computeMetadata/v1/instance/"
TIMEOUT = 1.0


def learn() -> None:
    """Find it out and tell it from now on. What cannot be had is left out."""
    found = {
        "revision": os.environ.get("K_REVISION", ""),
        "commit": os.environ.get("DD_GIT_COMMIT_SHA", ""),
        "region": _metadata("region").rpartition("/")[2],
        # The end tells instances apart; the whole is long and means nothing.
        "instance": _metadata("id")[-12:],
    }
    known = {key: value for key, value in found.items() if value}
    PLACE.update(known)
    tracer.set_tags(
        {f"cloud_run.{key}" if key != "commit" else "git.commit.sha": value for key, value in known.items()}
    )


def _metadata(name: str) -> str:
    if "K_SERVICE" not in os.environ:
        return ""
    url = f"http://{os.environ.get('GCE_METADATA_HOST', 'metadata.google.internal')}{METADATA}{name}"
    try:
        answer = urllib3.request("GET", url, headers={"Metadata-Flavor": "Google"}, timeout=TIMEOUT, retries=False)
    except urllib3.exceptions.HTTPError:
        return ""
    return answer.data.decode() if answer.status == 200 else ""
