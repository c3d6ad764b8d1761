"""Waiting with a limit."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def completes_within(seconds: float, work: Coroutine[Any, Any, Any]) -> bool:
    """Return whether the work completes in time. Unlike asyncio.timeout in Python 3.11 also in a cancelled task."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait([task], timeout=seconds)
    if not done:
        task.cancel()
    return bool(done)
