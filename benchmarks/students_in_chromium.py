"""The same student in a real Chromium: what the eye waits for, from an event written to its point drawn.

python -m benchmarks.students_in_chromium ADDRESS --pages 3 --minutes 30 --join-seconds 60
"""

import argparse
import asyncio
import json
import os
import random
import time
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as BrowserError

from benchmarks.students import NICENESS, QUESTION, THINKING, make_file
from tests.browser.serving import FLAGS, find_chromium

RUN_SECONDS = 600.0
FIRST_NUMBER = 1000  # files unlike those of the students without a browser
DRAWN_SCRIPT = """() => {
  window.drawn = [];
  new MutationObserver((all) => {
    for (const { target } of all) if (target.dataset.lastTime) window.drawn.push([target.dataset.run, Number(target.dataset.lastTime), Date.now() / 1000]);
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-last-time"] });
}"""


class PageStudent:
    """One of them, until `deadline` (time.monotonic). `drawn`: [run, time of the last event drawn, when that was] of each change."""

    def __init__(self, number: int, page: Page, address: str, deadline: float) -> None:
        self.runs: list[str] = []
        self.errors: list[str] = []
        self.drawn: list[list[Any]] = []
        self._number, self._page, self._address, self._deadline = number, page, address, deadline
        self._rng = random.Random(FIRST_NUMBER + number)
        page.set_default_timeout(RUN_SECONDS * 1000)
        page.on("pageerror", lambda error: self.errors.append(f"page {number}: {error}"[:300]))

    async def attend(self) -> None:
        """All of it; ends quietly when the time is over."""
        seconds = max(1.0, self._deadline - time.monotonic())
        try:
            async with asyncio.timeout(seconds):
                await self._attend()
        except TimeoutError:
            self.drawn = await self._page.evaluate("() => window.drawn")
        except BrowserError as error:
            self.errors.append(f"page {self._number}: {error}"[:300])

    async def _attend(self) -> None:
        await self._page.add_init_script(f"({DRAWN_SCRIPT})()")
        await self._page.goto(self._address)
        await self._click("own_data")
        name, content = make_file(FIRST_NUMBER + self._number)
        file = {"name": name, "mimeType": "text/plain", "buffer": content}
        await self._page.locator("input[type=file]").first.set_input_files([file])
        await self._click("to_train")
        while True:
            await self._type("epochs", str(self._rng.randint(2, 4)))
            await self._click("start")
            await self._page.wait_for_url("**/watch?*run=*")
            self.runs.append(self._page.url.partition("run=")[2].partition("&")[0])
            await self._click("to_inspect")
            field = self._page.locator(".st-key-sentence input, [class*=st-key-typed_] textarea").first
            await field.fill(QUESTION.format(number=self._number))
            await field.press("Control+Enter")
            await self._page.locator(".token-row, .token-strip, [data-testid=stDataFrame]").first.wait_for()
            await self._think()
            await self._page.locator("a[href*='/train']").first.click()

    async def _think(self) -> None:
        await asyncio.sleep(self._rng.uniform(*THINKING))

    async def _click(self, key: str) -> None:
        button = self._page.locator(f".st-key-{key} button").first
        await button.wait_for()
        await self._think()
        await button.click()

    async def _type(self, key: str, value: str) -> None:
        field = self._page.locator(f".st-key-{key} input")
        await field.fill(value)
        await field.press("Enter")


async def attend_all(address: str, pages: int, minutes: float, join_seconds: float) -> list[PageStudent]:
    """So many pages in one Chromium, each with cookies of its own."""
    deadline = time.monotonic() + 60 * minutes
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        students = await asyncio.gather(
            *(_come(browser, number, address, deadline, join_seconds * number / pages) for number in range(pages))
        )
        await browser.close()
    return students


async def _come(browser: Browser, number: int, address: str, deadline: float, after: float) -> PageStudent:
    await asyncio.sleep(after)
    context = await browser.new_context(locale="en-US")
    student = PageStudent(number, await context.new_page(), address, deadline)
    await student.attend()
    return student


def main() -> None:
    """Prints one JSON object: runs, errors, and what was drawn when."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--join-seconds", type=float, default=60)
    chosen = parser.parse_args()
    os.nice(NICENESS)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # in a class these are other computers
    students = asyncio.run(attend_all(chosen.address, chosen.pages, chosen.minutes, chosen.join_seconds))
    together = {
        name: [each for student in students for each in getattr(student, name)] for name in ("runs", "errors", "drawn")
    }
    print(json.dumps(together))


if __name__ == "__main__":
    main()
