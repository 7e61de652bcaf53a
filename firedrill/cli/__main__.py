"""``python -m firedrill.cli``: the ``firedrill`` command line."""

import sys

if __name__ == "__main__":
    try:
        from firedrill.cli.main import main
    except KeyboardInterrupt:  # while modules are imported
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    main()
