"""Every exception of ours reaches the caller of a process pool as it was raised."""

import importlib
import inspect
import pickle
import pkgutil
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import firedrill
from firedrill.evaluate import Refused

SAMPLES: dict[str, Any] = {"str": "a text", "int": 3, "float": 1.5}


def exceptions() -> list[type[BaseException]]:
    """Return every exception class that a module of firedrill defines."""
    kinds = set()
    for module in pkgutil.walk_packages(firedrill.__path__, "firedrill."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == module.name:
                kinds.add(value)
    return sorted(kinds, key=lambda kind: (kind.__module__, kind.__qualname__))


def sample(kind: type[BaseException]) -> BaseException:
    """Return an instance with a value for each required parameter, by its annotation."""
    if kind.__init__ in {Exception.__init__, ValueError.__init__, LookupError.__init__}:
        return kind("a text")
    parameters = list(inspect.signature(kind).parameters.values())
    required = [parameter for parameter in parameters if parameter.default is parameter.empty]
    return kind(*(_value(parameter) for parameter in required if parameter.kind != parameter.VAR_KEYWORD))


def _value(parameter: inspect.Parameter) -> Any:
    annotation = getattr(parameter.annotation, "__name__", str(parameter.annotation)).split(" | ")[0]
    return SAMPLES.get(annotation, {"key": "value"})


@pytest.mark.parametrize("kind", exceptions(), ids=lambda kind: kind.__qualname__)
def test_an_exception_is_the_same_after_pickling(kind: type[BaseException]) -> None:
    raised = sample(kind)
    copy = pickle.loads(pickle.dumps(raised))
    assert type(copy) is kind
    assert str(copy) == str(raised) != ""
    assert vars(copy) == vars(raised)


def refuse(name: str) -> None:
    """Raise a refusal, in another process."""
    raise Refused(name, "is not implemented")


def test_a_refusal_passes_a_process_pool() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(Refused, match=r"^trend: is not implemented$") as caught:
        pool.submit(refuse, "trend").result()
    assert (caught.value.name, caught.value.reason) == ("trend", "is not implemented")
