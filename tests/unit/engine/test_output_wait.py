"""The wait for a program's outputs beside the SDK's own."""

import asyncio
import hashlib
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime import stack
from pulumi.runtime.settings import SETTINGS

from firedrill.engine import output_wait

Wait = Callable[..., Awaitable[None]]
WAITS = [pytest.param(stack.wait_for_rpcs, id="sdk"), pytest.param(output_wait.wait_for_rpcs, id="ours")]


def run(wait: Wait, program: Callable[[], Awaitable[None]]) -> None:
    """Run a program and wait for all that it began."""

    async def both() -> None:
        SETTINGS.outputs.clear()
        await program()
        await wait()

    asyncio.run(both())


def later(value: Any, turns: int) -> pulumi.Output[Any]:
    """Return an output that has its value after some turns of the event loop."""

    async def resolve() -> Any:
        for _ in range(turns):
            await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    return pulumi.Output.from_input(resolve())


def test_the_replaced_function_is_the_installed_one() -> None:
    source = inspect.getsource(stack.wait_for_rpcs)
    assert hashlib.sha256(source.encode()).hexdigest() == output_wait.KNOWN, (
        "Pulumi's SDK has another wait_for_rpcs: compare it with firedrill/engine/output_wait.py, then change KNOWN"
    )


@pytest.mark.parametrize("wait", WAITS)
def test_outputs_of_outputs_are_waited_for(wait: Wait) -> None:
    seen: list[int] = []

    def note(value: Any) -> None:
        seen.append(value)

    async def program() -> None:
        for number in range(20):
            later(number, number % 7).apply(lambda value: later(value, 5)).apply(note)

    run(wait, program)
    assert sorted(seen) == list(range(20))


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("nested", [False, True])
def test_an_exception_ends_the_wait(wait: Wait, nested: bool) -> None:
    async def program() -> None:
        for number in range(20):
            later(number, number)
        wrong = ValueError("the limit is negative")
        later(0, 3).apply(lambda _: later(wrong, 2)) if nested else later(wrong, 3)

    with pytest.raises(ValueError, match="the limit is negative"):
        run(wait, program)


def test_looks_at_each_output_a_bounded_number_of_times() -> None:
    def looks(wait: Wait, outputs: int) -> int:
        """Return how often a lock of the pending outputs is taken, per output."""

        async def program() -> None:
            for number in range(outputs):
                later(number, number)

        calls = 0

        def count(frame: Any, event: str, argument: Any) -> None:
            nonlocal calls
            calls += event == "c_call"

        sys.setprofile(count)
        try:
            run(wait, program)
        finally:
            sys.setprofile(None)
        return calls // outputs

    ours = [looks(output_wait.wait_for_rpcs, number) for number in (50, 200)]
    sdk = [looks(stack.wait_for_rpcs, number) for number in (50, 200)]
    assert (sdk[1] - ours[1]) > 2 * (sdk[0] - ours[0]) > 0
