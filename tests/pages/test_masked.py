"""Masked words on the pages: candidates before and after, the offer where there is no head, the first stage, and checkpoints that are kept."""

import pytest

from mlmtune_core.data.uploads import save_upload
from mlmtune_core.language import LANGUAGES
from mlmtune_core.people import PROGRAM
from mlmtune_core.runs.kept_checkpoints import list_checkpoints
from mlmtune_core.workers import worker
from tests.conftest import KINDS, MASKED

pytestmark = pytest.mark.thorough
SENTENCE = "the [MASK] was [MASK]"


def carry_out(run):
    return list(worker.carry_out(run))


def look(app):
    app.segmented_control(key="way").set_value("masked").run()
    assert not app.exception and not app.error


@pytest.mark.parametrize("language", LANGUAGES)
def test_candidates_stand_side_by_side_with_their_change(open_page, make_run, checkpoint_with_head, language):
    run = make_run(checkpoint=checkpoint_with_head, strategy="full", learning_rate=1e-2)
    carry_out(run)
    app = open_page("inspect", language, run=run.id)
    look(app)
    app.text_input(key="masked_words").set_value("film, awfully").run()
    app.text_input(key="masked_sentence").set_value(SENTENCE).run()
    assert not app.exception and not app.error and "awfully" in app.warning[0].value
    first, second = (table.value for table in app.dataframe[:2])
    assert first.iloc[:, 2].is_monotonic_decreasing and len(second) >= 10
    assert [name for name in first.iloc[:, 0] if name.startswith("★")] == ["★ film"]
    assert any(change[0] in "▲▼" for change in first.iloc[:, 3])


def test_a_sentence_without_mask_is_told_so_and_a_ready_one_is_offered(open_page, make_run, checkpoint_with_head):
    run = make_run(checkpoint=checkpoint_with_head)
    carry_out(run)
    app = open_page("inspect", "pt-BR", run=run.id)
    look(app)
    app.text_input(key="masked_sentence").set_value("the film").run()
    assert "[MASK]" in app.error[0].value.replace("\\", "")
    app.button(key="masked_ready").click().run()
    assert "[MASK]" in app.text_input(key="masked_sentence").value and not app.error and app.dataframe
    app.button(key="masked_example").click().run()
    shown = app.text_input(key="masked_sentence").value
    assert shown.count("[MASK]") == 1 and "capital" not in shown and not app.error
    assert app.info  # only the head learnt: before and after are equal
    assert (app.dataframe[0].value.iloc[:, 1] == app.dataframe[0].value.iloc[:, 2]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_no_head_one_is_offered_trained_and_used(open_page, engine_here, make_run, kind):
    run = make_run(task=kind)
    carry_out(run)
    app = open_page("inspect", run=run.id)
    look(app)
    assert "no head" in app.info[0].value and not [each for each in app.text_input if each.key == "masked_sentence"]
    button = app.button(key="masked_train")
    if kind in ("token_classification", "question_answering"):
        assert button.disabled  # here the same few texts stand on both sides
        return
    button.click().run()
    (head,) = engine_here.submitted
    assert head.config().task == MASKED and head.config().strategy == "head_only" and head.config().checkpoint == run.config().checkpoint
    assert not app.exception and not app.error and any("learns" in each.value for each in app.markdown)
    carry_out(head)
    app.run()
    app.text_input(key="masked_sentence").set_value(SENTENCE).run()
    assert not app.exception and not app.error and len(app.dataframe) == 2


def test_the_first_stage_is_trained_kept_chosen_and_deleted(open_page, engine_here, tiny_checkpoint):
    rows = "".join(f"{who} lives near {where} and works at acme,{who}\n" for who, where in (("anna", "rome"), ("bob", "lisbon")) for _ in range(8))
    data = save_upload("news.csv", ("text,label\n" + rows).encode())
    app = open_page("train", data=data)
    app.segmented_control(key="stage").set_value("masked").run()
    app.radio(key="checkpoint_kind").set_value("folder").run()
    app.text_input(key="checkpoint_folder").set_value(tiny_checkpoint).run()
    app.radio(key="strategy").set_value("full").run()
    assert not app.exception and not app.error
    app.button(key="start").click().run()
    (run,) = engine_here.submitted
    assert run.config().task == MASKED and set(run.data().columns) == {"row", "text", "split"} and len(run.data()) == 2
    carry_out(run)
    app = open_page("watch", run=run.id)
    app.button(key="keep_checkpoint").click().run()
    assert "needs a name" in app.error[0].value
    app.text_input(key=f"title_of_{run.id}").set_value("News").run()
    app.button(key="keep_checkpoint").click().run()
    assert not app.exception and not app.error and "News" in app.success[-1].value
    app.button(key="train_from_it").click().run()
    (kept,) = list_checkpoints(PROGRAM)
    app = open_page("train", data=data)
    app.radio(key="checkpoint_kind").set_value("kept").run()
    assert app.selectbox(key="checkpoint_kept").value == kept.name
    app.button(key="start").click().run()
    assert engine_here.submitted[-1].config().checkpoint == kept.name and engine_here.submitted[-1].config().task == "sequence_classification"
    app = open_page("train", data=data)
    app.radio(key="checkpoint_kind").set_value("kept").run()
    app.button(key="delete_checkpoint_yes").click().run()
    assert not list_checkpoints(PROGRAM) and not app.exception


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_without_labels_are_a_file_like_any_other(open_page, language):
    lines = "\n".join(f"The film was great{', and then it ended' * (i % 4)}. Number {i} saw it." for i in range(12))
    data = save_upload("prose.txt", lines.encode())
    app = open_page("data", language, data=data)
    assert not app.error and app.selectbox(key=f"task_{data}").value == MASKED
    app = open_page("train", language, data=data)
    assert not app.error and not [each for each in app.segmented_control if each.key == "stage"]
    assert not app.button(key="start").disabled


def test_a_run_on_texts_is_opened_as_such(open_page, make_run):
    run = make_run(task=MASKED, strategy="full")
    carry_out(run)
    app = open_page("inspect", run=run.id)
    assert app.segmented_control(key="way").value == "masked"
    for way in app.segmented_control(key="way").options:
        assert not app.exception and not app.error, way
    for way in ("movement", "take"):
        app.segmented_control(key="way").set_value(way).run()
        assert not app.exception and not app.error
    assert [button.key for button in app.button if button.key.startswith("make_")] == ["make_model"]
    app.button(key="make_model").click().run()
    assert not app.exception and not app.error and "BertForMaskedLM" in app.code[0].value
