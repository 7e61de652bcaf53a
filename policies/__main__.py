"""The pack. Pulumi runs this folder; ``python policies --list`` prints all policies as JSON instead."""
# ruff: noqa: E402  # the path comes first

import json
import sys
from pathlib import Path

# This folder's names (logs, slos ...) must not become top-level modules; `policies`, `infra` and `service` are.
FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parent), *(one for one in sys.path if Path(one or ".").resolve() != FOLDER)]

from policies import pack

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        sys.stdout.write(json.dumps(pack.table(), indent=1))
    else:
        pack.serve()
