"""Entry point of the policy pack: Pulumi runs this folder; ``python policies --list`` prints all policies as JSON."""
# ruff: noqa: E402  # the path is set before the imports

import json
import sys
from pathlib import Path

# Python puts this folder on the path, which would make `logs` or `slos` top-level modules; replace it by its parent.
FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != FOLDER)]

from policies import pack

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        sys.stdout.write(json.dumps(pack.table(), indent=1))
    else:
        pack.serve()
