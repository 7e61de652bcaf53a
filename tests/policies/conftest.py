"""The stack as its program registers it, for tests that change a thing and ask the pack."""

from tests.infra.conftest import local

__all__ = ["local"]
