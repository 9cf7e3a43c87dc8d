"""What one student does: brings a file of their own, trains on it, watches, asks the model, and begins again.

    python -m benchmarks.students ADDRESS --students 40 --minutes 30 --join-seconds 60

One process for all of them, without browsers; prints what they measured as one JSON object.
"""

import argparse
import asyncio
import json
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
from websockets.exceptions import ConnectionClosed

from benchmarks.streamlit_client import Visitor
from benchmarks.streamlit_page import ProtocolError
from mlmtune_core.data.uploads import SAMPLES, SAMPLES_FOLDER
from mlmtune_core.runs.run import ENDED
from pages.serving.addresses import PLOTLY_ROUTE

FEWEST_ROWS, MOST_ROWS = 60, 200
POLL_SECONDS, FIRST_POLL_SECONDS, FIRST_POLLS = 0.7, 0.15, 40  # as pages/components/live_chart.js
LAG_SECONDS = 0.05
THINKING = (1.0, 4.0)  # seconds between two clicks
NICENESS = 5
PLACE = re.compile(r"\b(place|ahead|next|turn)\b", re.IGNORECASE)
QUESTION = "The soup was cold, but our table by the window was worth the walk, said student {number}"
TROUBLE = (ProtocolError, ConnectionClosed, httpx2.HTTPError, TimeoutError)


@dataclass
class Notes:
    """What a class wrote down: seconds, but for ids of runs and sentences of errors."""

    first_page: list[float] = field(default_factory=list)
    clicks: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    delays: list[float] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    unplaced: float = 0.0
    errors: list[str] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)


def make_file(number: int) -> tuple[str, bytes]:
    """(name, content) of a student's own file: 60 to 200 rows, or sentences, of one of the samples."""
    rng = random.Random(number)
    names = [sample.file for sample in SAMPLES.values() if not sample.file.endswith(".json")]
    file = SAMPLES_FOLDER / names[number % len(names)]
    text = file.read_text(encoding="utf-8")
    head, rows, glue = ("", text.strip().split("\n\n"), "\n\n") if file.suffix == ".conll" else (text.splitlines()[0] + "\n", text.splitlines()[1:], "\n")  # fmt: skip
    chosen = rng.sample(rows, min(rng.randint(FEWEST_ROWS, MOST_ROWS), len(rows)))
    return f"student-{number}.{file.name}", (head + glue.join(chosen) + "\n").encode()


class Student:
    """One of them, with a page of their own, until `deadline` (time.monotonic)."""

    def __init__(self, number: int, address: str, deadline: float, notes: Notes) -> None:
        self.visitor = Visitor(address)
        self._number, self._deadline, self._notes, self._rng = number, deadline, notes, random.Random(number)

    async def attend(self) -> None:
        """All of it, until the time is over. What goes wrong is noted, and ends the visit."""
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                await self._come()
                await self.bring_data()
                while True:
                    await self.set_up()
                    if await self.watch(await self.start()):
                        await self.inspect()
                    await self._click("go to Train", self.visitor.go, "train")
        except TROUBLE as error:
            if time.monotonic() < self._deadline:
                self._notes.errors.append(f"student {self._number}: {type(error).__name__}: {error}"[:400])
        finally:
            self._notes.errors += [f"student {self._number} was shown: {error}" for error in self.visitor.page.errors]
            with suppress(*TROUBLE):
                await self.visitor.close()

    async def _come(self) -> None:
        began = time.perf_counter()
        try:
            await self.visitor.open()
        finally:
            self._notes.first_page.append(time.perf_counter() - began)

    async def bring_data(self) -> None:
        """From the first page to the Train page with an uploaded file, read as it was guessed."""
        await self._click("own data", self.visitor.press, "own_data")
        await self._click("upload", self.visitor.upload, "upload_0", *make_file(self._number))
        await self._click("go on to Train", self.visitor.press, "to_train")
        await self.visitor.discard(PLOTLY_ROUTE)

    async def set_up(self) -> None:
        """Short settings; one in five trains the last layers too."""
        await self._click("epochs", self.visitor.write, "epochs", float(self._rng.randint(2, 4)))
        wanted = "Last layers" if self._number % 5 == 4 else "Head only"
        await self._click("strategy", self.visitor.choose, "strategy", wanted)

    async def start(self) -> str:
        """Presses Start; the id of the run."""
        await self._click("start", self.visitor.press, "start")
        run = self.visitor.page.query["run"]
        self._notes.runs.append(run)
        return run

    async def watch(self, run: str) -> bool:
        """Follows a run as the live chart does; True when its model can be opened."""
        position, steps, polls, waits_since = 0, 0, 0, time.monotonic()
        while True:
            answer = (await self.visitor.http.get(f"/runs/{run}/events?after={position}")).json()
            now, position = time.time(), answer["next"]
            self._notes.delays += [now - row["time"] for row in answer["rows"]]
            steps += sum(row["kind"] == "StepDone" for row in answer["rows"])
            if answer["state"] != "queued" or PLACE.search(self.visitor.page.said()):
                waits_since = time.monotonic()
            self._notes.unplaced = max(self._notes.unplaced, time.monotonic() - waits_since)
            if answer["state"] in ENDED and not answer["rows"]:
                await self.visitor.until(
                    lambda: {"to_inspect", "again"} & set(self.visitor.page.widgets), "the end of the run"
                )
                return "to_inspect" in self.visitor.page.widgets
            polls += 1
            pause = POLL_SECONDS if steps or polls > FIRST_POLLS else FIRST_POLL_SECONDS
            await asyncio.sleep(max(pause, answer["rest"]))

    async def inspect(self) -> None:
        """Opens the model and asks it one thing."""
        await self._click("open the model", self.visitor.press, "to_inspect")
        fields = [key for key in self.visitor.page.widgets if key == "sentence" or key.startswith("typed_")]
        for key in fields:
            await self._click("ask the model", self.visitor.write, key, QUESTION.format(number=self._number))

    async def _click(self, name: str, act: Callable[..., Awaitable[None]], *what: Any) -> None:
        """A click with its seconds noted, after a moment of thinking; without an answer, those until the time was over."""
        await asyncio.sleep(self._rng.uniform(*THINKING))
        began = time.perf_counter()
        try:
            await act(*what)
        finally:
            self._notes.clicks[name].append(time.perf_counter() - began)


async def attend_all(address: str, students: int, minutes: float, join_seconds: float) -> Notes:
    """All students of a class, who come one after the other within `join_seconds`."""
    notes, deadline = Notes(), time.monotonic() + 60 * minutes
    watch = asyncio.create_task(_measure_lag(notes))

    async def come(number: int) -> None:
        await asyncio.sleep(join_seconds * number / students)
        await Student(number, address, deadline, notes).attend()

    await asyncio.gather(*(come(number) for number in range(students)))
    watch.cancel()
    return notes


async def warm_up(address: str) -> None:
    """Waits until a first visitor was told how long a run will take: the workers have then imported what they need."""
    visitor = Visitor(address)
    await visitor.open("/train", "data=sample-sentiment-en")
    await visitor.until(lambda: "on this machine" in visitor.page.said(), "the announced time")
    await visitor.close()


async def _measure_lag(notes: Notes) -> None:
    """How late this process itself is: what it adds to every figure."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(LAG_SECONDS)
        notes.lag.append(time.perf_counter() - began - LAG_SECONDS)


def main() -> None:
    """The whole class; prints its notes, and the processor time that it took itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--join-seconds", type=float, default=60)
    chosen = parser.parse_args()
    os.nice(NICENESS)
    notes = asyncio.run(attend_all(chosen.address, chosen.students, chosen.minutes, chosen.join_seconds))
    print(json.dumps(vars(notes) | {"own_seconds": time.process_time()}))


if __name__ == "__main__":
    main()
