"""Deletes what has reached its age: when the server starts, and once a day."""

import asyncio
import logging

from mlmtune_core.runs.owned_runs import DAY_SECONDS, clean_by_age, delete_exports
from mlmtune_core.workers import engine


async def clean_daily() -> None:
    """Cleans until it is cancelled. Logs an error and goes on."""
    while True:
        try:
            await asyncio.to_thread(_clean)
        except Exception:
            logging.getLogger(__name__).exception("cleaning by age failed")
        await asyncio.sleep(DAY_SECONDS)


def _clean() -> None:
    queue = engine.current().queue
    delete_exports()
    clean_by_age({*queue.under_way(), *queue.order()})
