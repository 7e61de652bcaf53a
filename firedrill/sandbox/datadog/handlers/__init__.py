'''The endpoints of Datadog's API that the sandbox serves, one module for each product family.

To add one, take its operation name from the API client (``create_monitor`` of ``MonitorsApi`` v1 is
``v1.create_monitor``) and write a handler in the module of its family, or in a new module here::

    @serves("v1.get_monitor")
    def get(call: Call) -> ApiResponse:
        """Return one monitor."""
        monitor = call.get(MONITORS, call.path["monitor_id"])
        if monitor is None:
            raise ApiError(404, "Monitor not found")
        return ApiResponse(monitor)

That is all: path, method and the model of the body come from the client (:mod:`..http.routing`), the body is valid
when the handler sees it, and what the handler writes with ``call.put`` is undone when it raises. A kind of API v2 that
is only created, read, updated and deleted needs no functions: see :class:`..http.collection.Collection`.

A handler holds what the client's models do not know: defaults that the server adds, checks of meaning, the texts of
errors. Their source is a recorded response (``docs/coverage.md`` counts them) or the page that the module names. Test
it in ``tests/unit/sandbox/datadog``, and run ``firedrill coverage``, which adds the operation to ``docs/coverage.md``.
'''

import importlib
import pkgutil

from firedrill.sandbox.datadog.http.handler import ENDPOINTS, Endpoint


def load_handlers() -> dict[str, Endpoint]:
    """Import every module of this package; return the endpoints by operation name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return ENDPOINTS
