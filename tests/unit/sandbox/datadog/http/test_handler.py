"""The registration of handlers."""

import pytest

from firedrill.sandbox.datadog.handlers import load_handlers
from firedrill.sandbox.datadog.http.handler import serves
from firedrill.sandbox.datadog.http.routing import operations


def test_every_handler_serves_an_operation_of_the_api() -> None:
    assert load_handlers().keys() <= {operation.name for operation in operations()}


def test_an_operation_has_one_handler() -> None:
    load_handlers()
    with pytest.raises(ValueError, match=r"v1\.get_monitor has two handlers"):
        serves("v1.get_monitor")(lambda call: call.body)
