"""Long work in the event loop, in slices."""

import asyncio
from collections.abc import AsyncIterator, Iterable

SIZE = 500


async def in_slices[T](items: Iterable[T], size: int = SIZE) -> AsyncIterator[T]:
    """Yield items, and after each slice of them give everybody else a turn."""
    for count, item in enumerate(items, 1):
        yield item
        if not count % size:
            await asyncio.sleep(0)
