"""One student of the class of forty, over Streamlit's protocol: the benchmark still clicks what is really there."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.students import Notes, Student, make_file
from mlmtune_core.runs.run import Run

pytestmark = [pytest.mark.browser, pytest.mark.long]
MINUTES = 4
NUMBER = 14  # topics, the last layers too


def test_one_student_goes_from_the_first_page_to_an_answer_of_the_own_model(server):
    notes = Notes()
    student = Student(NUMBER, server.address, time.monotonic() + 60 * MINUTES, notes)
    with ThreadPoolExecutor() as beside:  # in this thread Playwright has a loop of its own
        beside.submit(asyncio.run, asyncio.wait_for(take_part(student), 60 * MINUTES)).result()
    (run,) = (Run(server.home / "runs" / name) for name in notes.runs)
    assert run.state() == "finished"
    assert run.config().strategy == "last_layers:2" and run.config().epochs <= 4
    assert run.about()["data"]["name"] == make_file(NUMBER)[0]
    assert len(notes.delays) == len(run.log.read()[0]), "the chart's route gave every event"
    assert set(notes.clicks) >= {"own data", "upload", "strategy", "start", "open the model", "ask the model"}


async def take_part(student):
    """One round, with what the page says at the end."""
    try:
        await student.visitor.open()
        await student.bring_data()
        await student.set_up()
        assert await student.watch(await student.start())
        await student.inspect()
        page = student.visitor.page
        assert "Answer:" in page.said() or "Every word has its own softmax" in page.said()
        assert not page.errors
    finally:
        await student.visitor.close()


def test_students_bring_files_of_their_own():
    files = [make_file(number) for number in range(40)]
    assert len({content for _, content in files}) == 40
    assert all(content.decode().strip() for _, content in files)
