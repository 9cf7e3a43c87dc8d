"""Task, checkpoint, what to freeze, settings, start."""

import streamlit as st

from mlmtune_core import engine
from mlmtune_core.config import BUNDLED, BUNDLED_NAME, RANKED_BY, RunConfig, default_rates, limits, suggest_epochs, validate
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.errors import ConfigError, UserError
from mlmtune_core.run_store import create_run
from pages.parts.choice import choice
from pages.parts.dataset import Dataset, describe_model, open_dataset
from pages.parts.layer_stack import layer_stack
from pages.parts.names import metric_names, task_names
from pages.parts.visit import Visit, go_to, literal, remembered, show_error, this_visit

RATES = (1e-6, 1e-5, 2e-5, 3e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 3e-2, 1e-1)


def draw(visit: Visit) -> None:
    """Left: what to ask for; right: the model as it will learn. Start says what is missing."""
    tr = visit.tr
    if not remembered("data"):
        st.info(tr("There are no data yet. Choose a sample or upload a file first."), icon=":material/arrow_back:")
        if st.button(tr("Choose data"), key="choose_data", type="primary"):
            go_to("data")
        return
    dataset = open_dataset(remembered("data"))
    report = dataset.report()
    missing = [problem.say(tr) for problem in report.errors]
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.markdown(tr("**Data:** {name}, {count} examples, {labels} labels. **Task:** {task}.").format(
            name=literal(dataset.table.name), count=visit.number(report.rows_kept), labels=len(report.labels), task=task_names(tr)[dataset.task]))
        settings = {"task": dataset.task, **_ask_checkpoint(visit), **_ask_strategy(visit)}
        settings |= _ask_rates(visit, settings["strategy"])
        settings |= _ask_settings(visit, dataset.task, report.rows_kept)
    config = None
    try:
        config = validate(settings)
    except ConfigError as error:
        missing += [problem.say(tr) for problem in error.problems]
    with right:
        if not _draw_model(visit, settings, len(report.labels)):
            missing.append(tr("The model cannot be drawn yet: see the message beside."))
        _draw_start(visit, dataset, config, missing)


def _ask_checkpoint(visit: Visit) -> dict[str, str]:
    tr = visit.tr
    kinds = {"bundled": tr("Bundled: {name} (BERT, 6 layers, English)").format(name=BUNDLED_NAME), "folder": tr("A folder on this server"), "hub": tr("A name on the Hub (online)")}
    kind = choice(st.radio, tr("Checkpoint"), kinds, "checkpoint_kind", help=visit.help("checkpoint"))
    if kind == "bundled":
        return {"checkpoint": BUNDLED}
    hint = "/data/my-bert" if kind == "folder" else "neuralmind/bert-base-portuguese-cased"
    typed = st.text_input(kinds[kind], key=f"checkpoint_{kind}", placeholder=hint, persist_state="session")
    name = typed.strip()
    if kind == "folder" and name and not name.startswith(("/", ".", "~")):
        name = f"./{name}"
    return {"checkpoint": name}


def _ask_strategy(visit: Visit) -> dict[str, str]:
    tr = visit.tr
    names = {"head_only": tr("Head only (selective)"), "last_layers": tr("Last layers and head (layer-wise)"), "full": tr("Everything (full)")}
    kind = choice(st.radio, tr("What may learn?"), names, "strategy", help=visit.help("strategy"),
                  captions=[tr("Fast. Keeps all that was pre-trained; for few labels."), tr("A middle way: the top layers adapt."), tr("Adapts most, and overfits most easily.")])
    if kind != "last_layers":
        return {"strategy": kind}
    count = st.slider(tr("How many last layers"), 1, 12, 2, key="last_layers", persist_state="session")
    return {"strategy": f"last_layers:{count}"}


def _ask_rates(visit: Visit, strategy: str) -> dict[str, float | str]:
    """Two rates, few and log-spaced; their defaults follow the strategy, and so do their keys."""
    tr = visit.tr
    kind = strategy.partition(":")[0]
    chosen: dict[str, float | str] = {}
    fields = ["head_learning_rate"] if kind == "head_only" else ["head_learning_rate", "learning_rate"]
    typed = st.toggle(tr("Type the learning rates"), key="typed_rates", persist_state="session")
    for column, field, default in zip(st.columns(2), fields, default_rates(strategy), strict=False):
        title, help_text = tr(RunConfig.model_fields[field].title), visit.help(field)
        with column:
            if typed:
                chosen[field] = _to_number(st.text_input(title, value=f"{default:g}", key=f"typed_{field}_{kind}", help=help_text, persist_state="session"))
            else:
                chosen[field] = st.select_slider(title, RATES, value=default, key=f"{field}_{kind}", format_func="{:.0e}".format, help=help_text, persist_state="session")
    if kind == "head_only" and isinstance(chosen["head_learning_rate"], float) and 0 < chosen["head_learning_rate"] < 5e-4:
        st.warning(tr("A head alone learns next to nothing at this rate: the curve will stay near the majority class. Heads start at random and bear 1e-3 to 1e-2."), icon=":material/warning:")
    return chosen


def _ask_settings(visit: Visit, task: str, examples: int) -> dict[str, object]:
    tr = visit.tr
    chosen: dict[str, object] = {}
    columns = st.columns(3)
    for column, field in zip(columns, ("epochs", "batch_size", "max_length"), strict=True):
        with column:
            chosen[field] = _ask_number(visit, field, suggest_epochs(examples) if field == "epochs" else None)
    with st.expander(tr("Regularisation and early stopping"), icon=":material/tune:"):
        columns = st.columns(2)
        for i, field in enumerate(("dropout", "weight_decay", "warmup_ratio", "max_grad_norm", "patience", "seed")):
            with columns[i % 2]:
                chosen[field] = _ask_number(visit, field)
        with columns[0]:
            best = {"metric": metric_names(tr)[RANKED_BY[task]], "validation_loss": tr("Validation loss")}
            chosen["early_stopping_metric"] = choice(st.radio, tr("Best model by"), best, "early_stopping_metric", help=visit.help("early_stopping_metric"))
        with columns[1]:
            schedules = {"linear": tr("falls to zero"), "constant": tr("stays constant")}
            chosen["schedule"] = choice(st.radio, tr("After warm-up the rate"), schedules, "schedule", help=visit.help("schedule"))
    return chosen


def _ask_number(visit: Visit, field: str, suggested: int | None = None) -> float | int:
    """One setting as a number field with the limits of RunConfig."""
    info = RunConfig.model_fields[field]
    low, high = limits(field)
    whole = isinstance(info.default, int)
    kind = int if whole else float
    more = {} if whole else {"format": "%.2f", "step": 0.01 if high and high <= 1 else 0.1}
    return st.number_input(visit.tr(info.title), min_value=kind(low), max_value=kind(high), value=suggested or info.default, key=field,
                           help=visit.help(field), persist_state="session", **more)


def _to_number(text: str) -> float | str:
    """What was typed as a number; what is none stays as it was typed, and is refused with a sentence."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return text


def _draw_model(visit: Visit, settings: dict[str, object], labels: int) -> bool:
    """The stack of layers and the count of weights that will learn; False where there is no such model."""
    tr = visit.tr
    if not settings["checkpoint"]:
        return False
    try:
        seen = describe_model(settings["checkpoint"], settings["task"], labels, settings["strategy"], "linear")
    except UserError as error:
        show_error(error)
        return False
    st.markdown(tr("**{trainable} of {total} weights will learn ({share})**").format(
        trainable=visit.number(seen["trainable"]), total=visit.number(seen["total"]), share=visit.percent(seen["trainable"] / seen["total"], 3)))
    names = {"embeddings": tr("embeddings"), "pooler": tr("pooler"), "head": tr("head ({labels} labels)").format(labels=labels)}
    numbered, blocks = 0, []
    for block in seen["blocks"]:
        numbered += block["name"] == "layer"
        blocks.append({"name": names.get(block["name"]) or tr("layer {number}").format(number=numbered), "detail": visit.number(block["weights"]), "state": block["state"]})
    layer_stack(blocks, {"learning": tr("learns"), "frozen": tr("frozen"), "unused": tr("not used"),
                         "alt": tr("The model as a stack of blocks, embeddings at the bottom, head on top.")})
    return True


def _draw_start(visit: Visit, dataset: Dataset, config: RunConfig | None, missing: list[str]) -> None:
    tr = visit.tr
    for sentence in missing:
        st.error(literal(sentence), icon=":material/error:")
    if st.button(tr("Start") if not missing else tr("Start (something is missing)"), key="start", type="primary", disabled=bool(missing) or config is None,
                 icon=":material/play_arrow:", width="stretch"):
        report = dataset.report()
        examples = split_examples(report.examples, config.validation_share, config.seed)
        run = create_run(config, examples, {"name": dataset.table.name, "id": dataset.id, "fingerprint": report.fingerprint, "columns": report.columns})
        engine.current().submit(run)
        go_to("watch", run=run.id)


draw(this_visit())
