"""Long work in the event loop gives everybody else a turn."""

import asyncio

import pytest

from custom_components.smsbox.slices import async_map_in_slices


@pytest.mark.parametrize(
    ("items", "size", "turns"), [(0, 2, 0), (1, 2, 0), (2, 2, 1), (5, 2, 2), (499, 500, 0), (3, 1, 3)]
)
async def test_others_get_a_turn_after_each_slice(items: int, size: int, turns: int) -> None:
    """Every result comes, in order, and the loop turns once after each full slice."""
    taken = 0

    def take() -> None:
        nonlocal taken
        taken += 1
        loop.call_soon(take)

    loop = asyncio.get_running_loop()
    loop.call_soon(take)
    assert await async_map_in_slices(str, range(items), size) == [str(item) for item in range(items)]
    assert taken == turns
