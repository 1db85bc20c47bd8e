"""A loop that does not end: what goes wrong in a round is said, waited for, and tried again; a loop that died would be grants that nobody ends.

The same trouble twice in a row is said once. A round answers in how many seconds it wants to be called again, at the latest; a change calls it at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ostiary.core.errors import OstiaryError

_log = logging.getLogger("ostiary.loops")
_AGAIN, _LONGEST = 0.5, 15.0


async def steadily(name: str, turn: Callable[[], Awaitable[float]], changed: asyncio.Event) -> None:
    """Call ``turn`` until cancelled: at every change, and when the time that it answered has passed."""
    pause, said = _AGAIN, ""
    while True:
        changed.clear()
        try:
            wait, pause = await turn(), _AGAIN
            if said:
                _log.warning("%s: it works again", name)
                said = ""
        except Exception as error:
            wait, pause = pause, min(2 * pause, _LONGEST)
            trouble = error.happened if isinstance(error, OstiaryError) else f"a bug in ostiary: {type(error).__name__}"
            if trouble != said:
                _log.error(
                    "%s: %s; it is tried again", name, trouble, exc_info=None if isinstance(error, OstiaryError) else error
                )
                said = trouble
        await sleep_until(changed, wait)


async def sleep_until(changed: asyncio.Event, seconds: float) -> None:
    """Until a change, or for so long."""
    try:
        async with asyncio.timeout(max(seconds, 0.001)):
            await changed.wait()
    except TimeoutError:
        return
