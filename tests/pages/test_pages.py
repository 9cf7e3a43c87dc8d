"""Every page and its empty state, in both languages; what was typed stays; errors are sentences."""

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from mlmtune_core.data.uploads import PACKAGE_SAMPLES, SAMPLES, save_upload
from mlmtune_core.runs.heartbeats import beating
from mlmtune_core.runs.shelf import list_runs, open_run
from mlmtune_core.workers import worker
from mlmtune_core.workers.costs.estimate import Law
from pages.shared.visit import Visit
from tests.conftest import KINDS
from tests.core.broken_files import nasty
from tests.pages.conftest import FRAME

LANGUAGES = ("en", "pt-BR")
PAGES = ("home", "data", "train", "watch", "inspect")
EMPTY = {
    "data": ("Choose a file above", "Escolha um arquivo acima"),
    "train": ("There are no data yet", "Ainda não há dados"),
    "watch": ("No run has been started", "Nenhum treino foi iniciado"),
    "inspect": ("There is no trained model", "Ainda não há modelo treinado"),
}


def texts(app):
    return " ".join(
        str(element.value)
        for kind in ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success")
        for element in app.get(kind)
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3.14, "3.1 s"),
        (42.0, "42 s"),
        (75, "1 min 15 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (12629, "3 h 30 min"),
    ],
)
def test_a_time_is_said_in_the_units_one_thinks_in(seconds, said):
    assert Visit("en", str).seconds(seconds, 1) == said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_empty_states_say_what_to_do(open_page, page, language):
    app = open_page(page, language)
    if page in EMPTY:
        assert EMPTY[page][language == "pt-BR"] in app.info[0].value
    else:
        assert app.button(key="open_sample").label == ("Open the sample", "Abrir a amostra")[language == "pt-BR"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sample", [*SAMPLES, *(pytest.param(name, marks=pytest.mark.thorough) for name in PACKAGE_SAMPLES)])
def test_samples_open_without_an_error(open_page, sample, language):
    app = open_page("data", language, data=sample)
    assert not app.error and (sample in PACKAGE_SAMPLES or not app.warning)
    assert "[CLS]" in " ".join(html.value if hasattr(html, "value") else html.proto.body for html in app.get("html"))
    app = open_page("train", language, data=sample)
    assert not app.button(key="start").disabled and not app.error


def test_start_makes_a_run_and_goes_to_it(open_page, engine_here):
    app = open_page("train", data="sample-sentiment-en")
    app.number_input(key="epochs").set_value(2).run()
    app.button(key="start").click().run()
    assert not app.exception
    (run,) = engine_here.submitted
    assert run.config().epochs == 2 and run.config().strategy == "head_only" and run.state() == "queued"
    assert set(run.data()["split"]) == {"train", "validation"}
    assert app.query_params["run"] == run.id


@pytest.mark.parametrize(("language", "words"), [("en", "would fit into a minute"), ("pt-BR", "caberiam em um minuto")])
def test_the_time_is_announced_and_fewer_examples_are_one_click(open_page, engine_here, language, words):
    app = open_page("train", language, data="sample-sentiment-en")
    assert "**6 s**" in texts(app) and "fit_minute" not in [button.key for button in app.button]
    engine_here.costs = replace(engine_here.costs, learn=Law(1.0, 0.0, 0.0))
    app.number_input(key="batch_size").set_value(8).run()
    assert words in app.button(key="fit_minute").label
    app.button(key="fit_minute").click().run()
    used = app.number_input(key="examples_sample-sentiment-en").value
    assert used == 50 and "fit_minute" not in [button.key for button in app.button]
    app.button(key="start").click().run()
    (run,) = engine_here.submitted
    assert len(run.data()) == used and run.about()["estimate"] <= 60


@pytest.mark.parametrize(("language", "words"), [("en", "first 4 layers"), ("pt-BR", "4 primeiras camadas")])
def test_fewer_layers_are_one_click_and_the_run_says_so(open_page, engine_here, language, words):
    engine_here.costs = replace(engine_here.costs, learn=Law(0.0, 0.02, 0.0))
    app = open_page("train", language, data="sample-sentiment-en")
    app.radio(key="strategy").set_value("full").run()
    app.number_input(key="epochs").set_value(1).run()
    found = app.button(key="fit_layers").label
    assert words in found, found
    app.button(key="fit_layers").click().run()
    assert app.number_input(key="first_layers").value == 4 and not app.exception
    assert "19,165,058" in texts(app).replace(".", ",")
    app.button(key="start").click().run()
    assert engine_here.submitted[0].config().first_layers == 4
    assert words in texts(app)


@pytest.mark.thorough
def test_the_announced_costs_are_measured_for_real(open_page, engine_here):
    engine_here.costs = None
    app = open_page("train", data="sample-sentiment-en")
    assert "on this machine, if no run is ahead" in texts(app)


def test_the_count_of_weights_follows_the_strategy(open_page):
    app = open_page("train", data="sample-sentiment-en")
    assert "**770 of 22,713,986 weights will learn (0.003%)**" in texts(app)
    app.radio(key="strategy").set_value("last_layers").run()
    assert "**3,549,698 of 22,713,986 weights will learn" in texts(app)
    assert "learning_rate_last_layers" in [slider.key for slider in app.get("select_slider")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_for_experiments_reach_the_run_and_the_count_of_weights(open_page, engine_here, language):
    app = open_page("train", language, data="sample-sentiment-en")
    for key, value in (("initial_weights", "shuffled"), ("head", "mlp"), ("pooling", "mean"), ("truncation", "both")):
        app.selectbox(key=key).set_value(value).run()
    app.number_input(key="train_examples").set_value(40).run()
    app.number_input(key="label_noise").set_value(0.25).run()
    app.toggle(key="measure_training").set_value(True).run()
    assert "148,610" in texts(app).replace(".", ",") and not app.exception  # 384 * 384 + 384, and 2 * 384 + 2
    app.button(key="start").click().run()
    config = engine_here.submitted[0].config()
    assert (config.initial_weights, config.head, config.pooling, config.truncation) == ("shuffled", "mlp", "mean", "both")
    assert (config.train_examples, config.label_noise, config.measure_training) == (40, 0.25, True)


def test_words_with_tags_are_not_asked_for_what_only_texts_have(open_page, engine_here):
    app = open_page("train", data="sample-entities-en")
    shown = {widget.key for kind in (app.selectbox, app.number_input, app.toggle) for widget in kind}
    assert {"initial_weights", "train_examples", "measure_training"} <= shown and not {"head", "pooling", "truncation", "label_noise"} & shown
    app.button(key="start").click().run()
    assert engine_here.submitted[0].config().pooling == "cls"


@pytest.mark.parametrize("typed", ["0", "10", "fast", "-1"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_impossible_rate_disables_start_and_stays_as_typed(open_page, typed, language):
    app = open_page("train", language, data="sample-sentiment-en")
    app.toggle(key="typed_rates").set_value(True).run()
    app.text_input(key="typed_head_learning_rate_head_only").set_value(typed).run()
    assert app.button(key="start").disabled
    assert ("Learning rate of the head", "Taxa de aprendizado da cabeça")[language == "pt-BR"] in texts(app)
    assert app.text_input(key="typed_head_learning_rate_head_only").value == typed


def test_a_checkpoint_that_is_not_there_is_a_sentence(open_page, tmp_path):
    app = open_page("train", data="sample-sentiment-en")
    app.radio(key="checkpoint_kind").set_value("folder").run()
    assert app.button(key="start").disabled
    app.text_input(key="checkpoint_folder").set_value(str(tmp_path / "nowhere")).run()
    assert "There is no folder" in app.error[0].value and app.button(key="start").disabled
    app.radio(key="checkpoint_kind").set_value("hub").run()
    app.text_input(key="checkpoint_hub").set_value("neuralmind/bert-base-portuguese-cased").run()
    assert "Hub cannot be reached" in app.error[0].value and not app.exception


BAD = {
    "empty.csv": (b"", "is empty"),
    "one.csv": (b"text,label\na,x\nb,x\nc,x\nd,x\ne,x\n", "Every row has the label"),
    "head.csv": (b"text,label\n", "no rows"),
    "few.csv": (b"text,label\na,x\nb,y\n", "At least 4"),
    "tags.conll": (b"Anna B-PER\nmet O\n\nBob B-PER\nleft\n\nHe O\n\nShe O\n", "2 words but 1 tags"),
    "broken.jsonl": (b'{"text": "a", "label": "x"}\n{"text": \n', "line 2"),
    "one_column.csv": (b"text\nabc\ndef\nghi\njkl\n", "No column was found for: label"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_files_get_a_sentence_in_the_readers_language(open_page, name, language):
    raw, sentence = BAD[name]
    app = open_page("data", language, data=save_upload(name, raw))
    assert app.error, texts(app)
    assert (sentence in app.error[0].value.replace("\\", "")) == (language == "en")
    assert not app.get("button") or "to_train" not in [button.key for button in app.button]


def test_an_upload_becomes_data_with_guessed_columns_that_can_be_changed(open_page, engine_here):
    app = open_page("data")
    raw = "id;comentário;nota;classe\n" + "".join(
        f"{i};texto número {i} bem escrito;{i % 5};{'sim' if i % 2 else 'não'}\n" for i in range(1, 21)
    )
    app.file_uploader[0].upload("avaliações.csv", raw.encode("latin-1"), "text/csv").run()
    assert not app.exception and not app.error
    data_id = app.query_params["data"]
    assert app.selectbox(key=f"column_{data_id}_sequence_classification_text").value == "comentário"
    assert app.selectbox(key=f"column_{data_id}_sequence_classification_label").value == "classe"
    app.selectbox(key=f"column_{data_id}_sequence_classification_label").set_value("nota").run()
    assert [metric.value for metric in app.metric][:3] == ["20", "20", "5"]
    again = open_page("train", data=data_id)
    assert "20 examples" in texts(again)


def test_pasted_rows_become_data(open_page):
    app = open_page("data")
    rows = "text\tlabel\n" + "".join(f"a pasted text {i}\t{'ab'[i % 2]}\n" for i in range(8))
    app.text_area(key="upload_pasted_0").set_value(rows).run()
    app.button(key="upload_use_pasted").click().run()
    assert not app.exception and not app.error and app.metric[0].value == "8"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_hub_without_a_line_is_a_sentence(open_page, language):
    app = open_page("data", language)
    app.text_input(key="upload_hub").set_value("stanfordnlp/imdb").run()
    app.button(key="upload_fetch").click().run()
    assert "Hub" in app.error[0].value and not app.exception and "data" not in app.query_params


NASTY = nasty()


TERM = re.compile(r'<span class="term" tabindex="0" role="note" aria-label="[^"<>]*">[^<>]*</span>')


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "raw"), [pytest.param(*each, id=each[0][:40], marks=[] if i % 3 == 0 else pytest.mark.long) for i, each in enumerate(NASTY)]
)
def test_a_nasty_upload_is_a_sentence_and_changes_nothing_that_was_there(open_page, name, raw):
    """Each nasty file is uploaded over a sample: either it is shown, escaped, or the sample stays with a sentence above it."""
    app = open_page("data", data="sample-sentiment-en")
    app.file_uploader[0].upload(name, raw, "text/plain").run()
    assert not app.exception, app.exception[0].value
    if app.query_params["data"] in ("sample-sentiment-en", ["sample-sentiment-en"]):
        assert app.error and app.metric[0].value == "280"
    html = " ".join(element.proto.body for element in app.get("html"))
    assert "<script" not in html and "<img" not in html
    for element in [*app.markdown, *app.caption]:
        of_ours = TERM.sub("", element.value)  # the words of the glossary, whose meanings are escaped
        assert not element.proto.allow_html or not set(of_ours) & set("<>")
    for element in [*app.markdown, *app.warning, *app.error, *app.info, *app.caption]:
        assert "<script" not in element.value.replace("\\<script", "")


def test_labels_can_be_renamed_and_the_change_undone(open_page):
    raw = "text\tlabel\n" + "".join(f"some text {i}\t{['Pos', 'pos', 'neg'][i % 3]}\n" for i in range(12))
    app = open_page("data", data=save_upload("mine.tsv", raw.encode()))
    data_id = app.query_params["data"]
    data_id = data_id[0] if isinstance(data_id, list) else data_id
    fingerprint = app.metric[3].value
    app.selectbox(key=f"old_label_{data_id}_0").set_value("Pos").run()
    app.text_input(key=f"new_label_{data_id}_0").set_value("pos").run()
    app.button(key="rename_label").click().run()
    assert app.metric[2].value == "2" and app.metric[3].value != fingerprint
    app.button(key="undo_edit").click().run()
    assert app.metric[2].value == "3" and app.metric[3].value == fingerprint


def test_a_sample_is_copied_when_it_is_changed(open_page):
    app = open_page("data", data="sample-sentiment-en")
    app.text_input(key="new_label_sample-sentiment-en_0").set_value("good").run()
    app.button(key="rename_label").click().run()
    assert not app.exception and app.query_params["data"] != "sample-sentiment-en"
    assert "good" in {label for selectbox in app.selectbox for label in selectbox.options}


def test_user_text_is_never_markup(open_page):
    evil = "<img src=x onerror=alert(1)> <b>**bold** ![x](http://evil.example/x.png)"
    raw = "text\tlabel\n" + "".join(f"{evil} {i}\t<i>l{i % 2}</i>\n" for i in range(8))
    app = open_page("data", data=save_upload("<script>.tsv", raw.encode()))
    html = " ".join(element.proto.body for element in app.get("html"))
    assert "<img" not in html and "<i>l" not in html and "&lt;" in html
    assert "<script>" not in texts(app).replace("\\<script\\>", "")


def test_logits_are_bars_from_zero_and_the_answer_stands_out(engine_here):
    """Widths in the proportion of the logits, negative ones to the left; labels are text; probabilities on a scale to 100 %."""

    def script():
        from pages.inspecting.answer.logit_bars import logit_bars
        from pages.shared.visit import Visit

        logits = {"<b>low</b>": -1.0, "high": 3.0, "mid": 1.5}
        shares = {"<b>low</b>": 0.015, "high": 0.8, "mid": 0.185}
        logit_bars(Visit("pt-BR", str), logits, shares, ["high"], ("z", "p"), "bars")

    (element,) = AppTest.from_function(script).run().get("html")
    html = element.proto.body
    assert "<b>" not in html and "&lt;b&gt;low" in html
    names = re.findall(r"white-space:nowrap'>([^<]*)<", html)
    assert names == ["▸ high", "mid", "&lt;b&gt;low&lt;/b&gt;"]
    bars = [tuple(map(float, pair)) for pair in re.findall(r"left:([\d.]+)%;width:([\d.]+)%", html)]
    zero = bars[0][0]
    assert [width for _, width in bars] == pytest.approx([45, 80, 22.5, 18.5, 15, 1.5], abs=0.02)
    assert bars[2][0] == zero and sum(bars[4]) == pytest.approx(zero)
    assert re.findall(r"line-height:1.7rem'>([^<]*)<", html) == ["+3,00", "80,0%", "+1,50", "18,5%", "-1,00", "1,5%"]


TYPED = {
    "sentence_pair": {"text": "a good film", "second_text": "the film was good"},
    "regression": {"text": "a good film", "second_text": "the film was good"},
    "question_answering": {"question": "who works", "context": "Bob works at Acme"},
}


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_run_is_shown_whole_and_opens(open_page, make_run, kind, language):
    run = make_run(task=kind, with_test=True)
    list(worker.carry_out(run))
    app = open_page("watch", language, run=run.id)
    assert app.metric[0].value == ("finished", "concluído")[language == "pt-BR"]
    assert ("bit for bit", "bit a bit")[language == "pt-BR"] in texts(app)
    assert ("On the test set it reaches", "No conjunto de teste ele alcança")[language == "pt-BR"] in texts(app)
    app = open_page("inspect", language, run=run.id)
    if kind in TYPED:
        for role, text in TYPED[kind].items():
            app.text_area(key=f"typed_{role}").set_value(text)
        app.run()
    else:
        app.button(key="chapter").click().run()
        assert app.text_input(key="sentence").value == "A Apple foi fundada por Steve Jobs na Califórnia"
    assert not app.exception and not app.error and len(app.dataframe[0].value) > 0
    if kind == "token_classification":
        assert len(app.dataframe[0].value) == 9
    app.segmented_control(key="source").set_value("example").run()
    assert not app.exception and not app.error and len(app.dataframe[0].value) > 0
    for side in ("validation", "test"):
        app.segmented_control(key="way").set_value("examples").run()
        app.segmented_control(key="review_side").set_value(side).run()
        assert not app.exception and not app.error
        assert int(app.metric[0].value) == (run.data()["split"] == side).sum()
        assert ("trivial" in app.metric[1].delta) and app.metric[1].value


def test_a_failed_run_says_why_in_the_readers_language(open_page, make_run, monkeypatch):
    run = make_run(strategy="last_layers:9")
    list(worker.carry_out(run))
    assert "has 4 layers" in open_page("watch", "en", run=run.id).error[0].value.replace("\\", "")
    assert "tem 4 camadas" in open_page("watch", "pt-BR", run=run.id).error[0].value.replace("\\", "")


def test_stop_is_a_wish_left_for_the_worker(open_page, make_run):
    run = make_run()
    with beating([run.heartbeat_file]):
        app = open_page("watch", run=run.id)
        app.button(key="stop").click().run()
    assert open_run(run.id).control() == "stop" and app.button(key="stop").disabled


@pytest.mark.parametrize("page", ["watch", "inspect"])
def test_an_unknown_run_is_a_sentence(open_page, page):
    app = open_page(page, run="../../etc")
    assert "There is no run" in app.error[0].value and not list(list_runs())


def test_a_change_of_language_keeps_every_choice(open_page):
    app = open_page("train", data="sample-entities-en")
    app.radio(key="strategy").set_value("full").run()
    app.number_input(key="epochs").set_value(7).run()
    app.segmented_control(key="language").set_value("pt-BR").run()
    assert app.radio(key="strategy").value == "full" and app.number_input(key="epochs").value == 7
    assert app.button(key="start").label == "Iniciar" and app.query_params["lang"] == "pt-BR"


def test_language_follows_the_link_then_english():
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    assert app.title[0].value == "See what fine-tuning does to a language model"


def test_a_split_column_is_found_and_can_be_declined(open_page):
    sides = ["train", "train", "dev", "test"]
    raw = "text\tlabel\tpart\n" + "".join(f"some text {i}\t{'ab'[i % 2]}\t{sides[i % 4]}\n" for i in range(24))
    data_id = save_upload("mine.tsv", raw.replace("part\n", "split\n", 1).encode())
    app = open_page("data", data=data_id)
    assert "The data say themselves" in texts(app)
    app.selectbox(key=f"column_{data_id}_sequence_classification_split").set_value("").run()
    assert not app.exception and "The data say themselves" not in texts(app)
