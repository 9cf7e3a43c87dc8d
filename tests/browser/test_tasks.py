"""Each task from its sample to the answer, in a real browser: pairs in English, scores and questions in Portuguese."""

import re

import pytest
from playwright.sync_api import Page, expect

from mlmtune_core.data.uploads import SAMPLES_FOLDER
from mlmtune_core.workers.worker import carry_out
from tests.browser.serving import settled
from tests.browser.test_journeys import fill_number, upload

pytestmark = pytest.mark.browser


def train(page: Page, strategy: str, epochs: str) -> None:
    """From the data page to the model of a short run."""
    page.locator(".st-key-to_train button").click()
    page.locator(".layer-stack").wait_for()
    if strategy:
        page.get_by_text(strategy).click()
        page.locator(".layer-stack [data-state=learning]").nth(1).wait_for()
        settled(page)
    fill_number(page, "epochs", epochs)
    page.locator(".st-key-start button").click()
    page.locator(".st-key-to_inspect button").wait_for(timeout=240_000)
    page.wait_for_function(f"() => document.querySelector('.live-chart')?.dataset.evals === '{int(epochs) + 1}'")
    page.locator(".st-key-to_inspect button").click()
    page.locator(".st-key-way button").first.wait_for()
    settled(page)


MARK = ":text-is('[SEP]'):not(.term)"  # where it is a token, not a word that is explained


def show(page: Page, choice: str, place: int) -> None:
    page.locator(f".st-key-{choice} button").nth(place).click()
    settled(page)


@pytest.mark.long
def test_pairs_in_english(visit):
    with visit() as page:
        page.locator(".st-key-own_data button").click()
        upload(page, SAMPLES_FOLDER / "nli.en.csv")
        expect(page.get_by_text("Guessed: two columns hold texts")).to_be_visible()
        assert page.locator(MARK).count() == 10, "five examples with two marks each"
        train(page, "Last layers and head", "2")
        page.locator(".st-key-typed_text textarea").fill("Two boys are kicking a ball about in the park.")
        page.locator(".st-key-typed_second_text textarea").fill("Nobody is outside.")
        page.locator(".st-key-typed_second_text textarea").press("Control+Enter")
        expect(page.get_by_role("heading", name=re.compile(r"Answer: \w+ \(\d+\.\d%\)"))).to_be_visible()
        expect(page.locator(MARK)).to_have_count(2)
        show(page, "way", 1)
        expect(page.locator(".st-key-confusion .main-svg").first).to_be_visible()
        expect(page.get_by_text("trivially", exact=False).first).to_be_visible()
        open_from_the_matrix(page)


def open_from_the_matrix(page: Page) -> None:
    """A click on the last cell of the matrix fills the lists below it, and a click in the table chooses the example that opens."""
    click_at(page, ".st-key-confusion .nsewdrag", 0.8, 0.8)
    for side in ("true", "said"):
        expect(page.locator(f"[class*='st-key-cell_{side}'] input")).to_have_value("neutral")
    settled(page)
    field = page.locator(".st-key-mistakes_picked input")
    first = field.input_value()
    grid = page.locator(".st-key-mistakes canvas").first.bounding_box()
    click_at(page, ".st-key-mistakes canvas", 15 / grid["width"], 87 / grid["height"])  # the box of the second row
    page.wait_for_function("([field, old]) => field.value !== old", arg=[field.element_handle(), first])
    row = field.input_value().split(":")[0]
    page.locator(".st-key-mistakes_open button").click()
    expect(page.locator("[class*='st-key-example_'] input").first).to_have_value(re.compile(f"^{row}: "))


def click_at(page: Page, place: str, x: float, y: float) -> None:
    """A click on what lies under a chart or a table, at shares of its width and height: Playwright's own waits for what is never on top."""
    drawn = page.locator(place).first
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    page.mouse.move(box["x"] + box["width"] * x - 3, box["y"] + box["height"] * y)
    page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)


@pytest.mark.long
def test_scores_in_portuguese_in_the_dark(visit):
    with visit("pt-BR", "dark") as page:
        page.locator(".st-key-own_data button").click()
        upload(page, SAMPLES_FOLDER / "similarity.pt.csv")
        expect(page.get_by_text("Palpite: uma coluna traz números")).to_be_visible()
        train(page, "", "2")
        show(page, "source", 1)
        expect(page.get_by_role("heading", name=re.compile(r"Resposta: -?\d+,\d\d"))).to_be_visible()
        expect(page.locator(".st-key-number .main-svg").first).to_be_visible()
        show(page, "way", 1)
        expect(page.locator(".st-key-pairs .main-svg").first).to_be_visible()
        expect(page.get_by_text("Correlação de Pearson")).to_be_visible()


@pytest.mark.long
def test_questions_in_english(visit):
    with visit() as page:
        page.locator(".st-key-own_data button").click()
        upload(page, SAMPLES_FOLDER / "questions.en.json")
        expect(page.get_by_text("Read as SQuAD JSON", exact=False)).to_be_visible()
        expect(page.get_by_text("answer", exact=True).first).to_be_visible()
        train(page, "", "1")
        page.locator(".st-key-typed_question textarea").fill("Where does Anna live?")
        page.locator(".st-key-typed_context textarea").fill("Bob moved to Lisbon in May. Anna still lives in Rome.")
        page.locator(".st-key-typed_context textarea").press("Control+Enter")
        expect(page.get_by_role("heading", name=re.compile("Answer: "))).to_be_visible()
        page.locator(".token-strip .chip").nth(3).click()
        expect(page.locator(".token-strip .panel .row:not(.head)")).to_have_count(2)
        show(page, "way", 1)
        expect(page.get_by_text("Exact match").first).to_be_visible()


def test_a_row_is_repaired_and_the_change_undone(visit, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\n" + "".join(f"a line of text {i},{['Pos', 'pos', 'neg'][i % 3]}\n" for i in range(30)))
    with visit(path="/data") as page:
        upload(page, path)
        expect(page.get_by_text("Labels that differ only by case", exact=False)).to_be_visible()
        page.get_by_text("Look at the rows and repair them").click()
        page.locator("[class*='st-key-new_label'] input").fill("pos")
        page.locator("[class*='st-key-new_label'] input").press("Enter")
        page.locator(".st-key-rename_label button").click()
        expect(page.get_by_text("Labels that differ only by case", exact=False)).to_have_count(0)
        page.get_by_text(re.compile("changes so far: 1")).click()
        page.locator(".st-key-undo_edit button").click()
        expect(page.get_by_text("Labels that differ only by case", exact=False)).to_be_visible()


def test_a_large_file_is_read_with_progress_while_others_go_on(visit, tmp_path):
    """400,000 rows (40 MB): the bar is seen, a second visitor opens a sample meanwhile, and a part of the rows is taken."""
    big = tmp_path / "big.csv"
    line = "{i},a sentence of some length about nothing in particular that goes on for a while and ends here {i},{l}\n"
    with big.open("w") as out:
        out.write("id,text,label\n")
        out.writelines(line.format(i=i, l="xyz"[i % 3]) for i in range(400_000))
    with visit(path="/data") as page, visit() as other:
        page.locator("input[type=file]").first.set_input_files(big)
        expect(page.get_by_text("Reading and checking the file", exact=False).first).to_be_visible()
        other.locator(".st-key-open_sample button").click()
        expect(other.locator(".st-key-to_train button")).to_be_visible()
        expect(page.get_by_text("20,000 of 400,000")).to_be_visible()


def test_script_in_a_file_is_text_in_the_page(visit, tmp_path):
    evil = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
    path = tmp_path / f"evil{'<b>'}.tsv"
    path.write_text("text\tlabel\n" + "".join(f"{evil} {i}\t{evil}{i % 2}\n" for i in range(12)))
    with visit(path="/data") as page:
        upload(page, path)
        page.get_by_text("Look at the rows and repair them").click()
        settled(page)
        assert page.evaluate("window.hacked") is None
        train(page, "", "1")
        show(page, "source", 1)
        show(page, "way", 1)
        assert page.evaluate("window.hacked") is None


def test_the_moments_at_which_layers_began_to_learn_are_marked_on_the_curve(visit, server, make_run, monkeypatch):
    monkeypatch.setenv("MLMTUNE_HOME", str(server.home))
    run = make_run(strategy="gradual", epochs=5, patience=0)
    list(carry_out(run))
    with visit(path=f"/watch?run={run.id}") as page:
        chart = page.locator(".live-chart[data-unfrozen='3,6,9,12']")
        chart.wait_for(state="attached")
        assert chart.locator(".annotation-text").all_text_contents() == ["layers that learn: 1", "2", "3", "4"]
        assert chart.locator(".shapelayer path").count() == 5 + 4  # ends of epochs, and these
