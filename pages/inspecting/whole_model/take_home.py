"""Downloads of a run: model, ONNX, script, notebook, answers, report; and how to open each."""

from dataclasses import dataclass

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.exporting.archives import find_refusal, find_transformers_class, is_offered
from mlmtune_core.language import Translate
from mlmtune_core.runs.run import Run
from mlmtune_core.storage import new_id
from pages.serving.addresses import EXPORT_ROUTE
from pages.shared.asking import ask_slowly
from pages.shared.figures import ask_format
from pages.shared.visit import Visit, literal

OPEN_WHOLE = """from transformers import AutoTokenizer, {kind}

tokenizer = AutoTokenizer.from_pretrained("model")
model = {kind}.from_pretrained("model")
"""
ASK = 'python {folder}/predict.py "A text"'
ASK_PAIR = 'python {folder}/predict.py "A text" "Its second text"'
ASK_CONTEXT = 'python {folder}/predict.py "A question" "A context"'


@dataclass(frozen=True)
class Thing:
    """One export: its file, what it is, what it is for, how it is opened, and code for that."""

    file: str
    icon: str
    title: str
    purpose: str
    opening: str
    code: str = ""

    @property
    def kind(self) -> str:
        """Returns its kind, without language and ending."""
        return self.file.split(".")[0]


def draw_take_home(visit: Visit, run: Run) -> None:
    """Draws a row per export, and how to save figures."""
    tr = visit.tr
    st.markdown(tr("Everything here works without mlmtune. It is made by a click, of the best model of this run; what was made goes after a day and can be made again."))  # fmt: skip
    preparing = st.session_state.get("preparing", {})
    busy = preparing.get("run") == run.id
    for thing in _things(visit, run):
        with st.container(border=True):
            _draw_thing(visit, run, thing, preparing if busy else {})
    with st.container(border=True):
        st.markdown(":material/photo_camera: **" + tr("Figures") + "**")
        st.markdown(tr("Point at a figure anywhere on these pages: the camera above it saves it, with the background that it has on the screen. PNG goes into slides, SVG stays sharp at any size and can be edited."))  # fmt: skip
        ask_format(visit)


def _draw_thing(visit: Visit, run: Run, thing: Thing, preparing: dict[str, str]) -> None:
    """Draws what it is; the button, or the progress; the link once it is there."""
    tr, file = visit.tr, run.export_file(thing.file)
    kind = thing.kind
    words, buttons = st.columns([5, 3], gap="large", vertical_alignment="center")
    with words:
        st.markdown(f"{thing.icon} **{thing.title}**")
        st.markdown(thing.purpose)
    refusal = find_refusal(run.config(), kind)
    if refusal:
        buttons.info(literal(refusal.translate(tr)), icon=":material/info:")
        return
    with buttons:
        if preparing.get("file") == thing.file:
            _make(visit, run, preparing)
            return
        is_there = file.is_file()
        if is_there:
            size = visit.number(max(0.1, file.stat().st_size / 1e6), 1)
            address = EXPORT_ROUTE.replace("{run_id:path}", run.id).replace("{file}", thing.file)
            st.link_button(tr("Download ({size} MB)").format(size=size), address, icon=":material/download:", key=f"get_{kind}", width="stretch")  # fmt: skip
        title = tr("Make it again") if is_there else tr("Make it")
        kind_of_button = "tertiary" if is_there else "secondary"
        st.button(title, key=f"make_{kind}", type=kind_of_button, icon=":material/build:", disabled=bool(preparing), width="stretch", on_click=_begin, args=(run.id, thing.file))  # fmt: skip
    if is_there:
        with st.expander(tr("How to open it")):
            st.markdown(thing.opening)
            if thing.code:
                st.code(thing.code, language="python" if "import" in thing.code else "shell")


def _make(visit: Visit, run: Run, preparing: dict[str, str]) -> None:
    """Draws the bar while it is made, and redraws the page afterwards. What fails or is cancelled is not retried automatically."""
    try:
        made = ask_slowly(visit, run, "mlmtune_core.exporting.packing:prepare", preparing["file"], preparing["click"])
    except UserError:
        del st.session_state["preparing"]
        raise
    if made is not None:
        del st.session_state["preparing"]
        st.rerun()


def _begin(run_id: str, file: str) -> None:
    st.session_state["preparing"] = {"run": run_id, "file": file, "click": new_id()}


def _things(visit: Visit, run: Run) -> list[Thing]:
    """Returns all of them, in the order in which people ask for them."""
    things = [*_to_read(visit.tr, visit.language), *_to_train(visit.tr, visit.language), *_to_use(visit.tr, run)]
    return [thing for thing in things if is_offered(run.config().task, thing.kind)]


def _to_read(tr: Translate, language: str) -> list[Thing]:
    return [
        Thing(
            f"report.{language}.html", ":material/description:", tr("Report"),
            tr("The run on one page, to hand in, send or print: scores, curves, data, confusion matrix, calibration, some mistakes, settings."),
            tr("Open it in any browser, without internet. It holds up to 20 wrong answers with their texts; think of that before you pass it on."),
        ),
        Thing(
            "answers.csv", ":material/table:", tr("Answers"),
            tr("What the model said to every example that it was measured with, right and wrong, with its probabilities."),
            tr("Open it with Excel, LibreOffice or pandas. Cells that a spreadsheet would take for a formula begin with an apostrophe."),
        ),
    ]  # fmt: skip


def _to_train(tr: Translate, language: str) -> list[Thing]:
    return [
        Thing(
            f"notebook.{language}.zip", ":material/school:", tr("Notebook"),
            tr("This run step by step in plain transformers and torch, every step explained: to read, to change, to project."),
            tr("Unpack it and open train.ipynb in Jupyter; in Colab, upload examples.jsonl beside it. It draws with matplotlib."),
            "pip install torch transformers matplotlib jupyter",
        ),
        Thing(
            f"script.{language}.zip", ":material/terminal:", tr("Script"),
            tr("The same steps as one Python file, with the examples of this run. It trains again, on any computer and with any checkpoint."),
            tr("Unpack it, and in the folder beside it:"),
            "pip install torch transformers\npython script/train.py\npython script/train.py bert-base-uncased --seed 1",
        ),
    ]  # fmt: skip


def _to_use(tr: Translate, run: Run) -> list[Thing]:
    archive = run.export_file("model.zip")
    kind = find_transformers_class(archive) if archive.is_file() else ""
    ask = {"question_answering": ASK_CONTEXT, "sentence_pair": ASK_PAIR}.get(run.config().task, ASK)
    unpack = tr("Unpack it, and in the folder beside it:")
    return [
        Thing(
            "model.zip", ":material/inventory_2:", tr("Model for transformers"),
            tr("To use in a program of your own. Where transformers has the same head (words, questions, and texts with the pooler head) its own class opens it; else encoder and head come apart, with a short script that joins them."),
            unpack,
            OPEN_WHOLE.format(kind=kind) if kind else ask.format(folder="model"),
        ),
        Thing(
            "onnx.zip", ":material/deployed_code:", tr("Model as ONNX"),
            tr("For programs without Python's torch: telephones, web pages, other languages. Offered only where onnxruntime gives the same logits to 0.0001."),
            unpack,
            "pip install onnxruntime tokenizers\n" + ask.format(folder="onnx"),
        ),
    ]  # fmt: skip
