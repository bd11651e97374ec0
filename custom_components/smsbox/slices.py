"""Long work in the event loop, in slices."""

import asyncio
from collections.abc import Callable, Iterable
from itertools import batched

SIZE = 500


async def async_map_in_slices[T, R](function: Callable[[T], R], items: Iterable[T], size: int = SIZE) -> list[R]:
    """Return what a function makes of each item, giving everybody else a turn after each full slice."""
    results: list[R] = []
    for part in batched(items, size, strict=False):
        results += map(function, part)
        if len(part) == size:
            await asyncio.sleep(0)
    return results
