"""The settings of a run as a form: checkpoint, strategy, rates, regularisation."""

import streamlit as st

from mlmtune_core.config import BUNDLED, BUNDLED_NAME, RANKED_BY, RunConfig, setting_limits, suggest_epochs
from mlmtune_core.models.saved_checkpoints import SAVED_PREFIX
from mlmtune_core.names import metric_names
from pages.settings.checkpoints import ask_kept, has_kept
from pages.settings.experiment import ask_experiment, fill_experiment
from pages.settings.strategy import ask_body_settings, ask_rates, ask_strategy, fill_strategy
from pages.shared.choice import choice
from pages.shared.visit import Visit

FEWEST_EXAMPLES = 8
NUMBERS = ("epochs", "batch_size", "max_length", "first_layers")
OTHERS = ("dropout", "weight_decay", "warmup_ratio", "max_grad_norm", "patience", "seed", "batch_tokens")
CHOSEN = ("early_stopping_metric", "schedule", "bias_correction")


def ask_settings(visit: Visit, task: str, examples: int) -> dict[str, object]:
    """Asks for every setting; returns them by name, as typed: `config.validate` checks them."""
    settings: dict[str, object] = {"task": task, **_ask_checkpoint(visit)}
    strategy = ask_strategy(visit)
    settings |= {"strategy": strategy, **ask_rates(visit, strategy)}
    settings |= _ask_numbers(visit, examples) | _ask_regularisation(visit, task, strategy)
    return settings | ask_experiment(visit, task)


def fill_settings(config: RunConfig) -> None:
    """Writes the settings of a run into the form that is drawn next."""
    begins = {BUNDLED: "bundled", SAVED_PREFIX: "kept", "/": "folder", ".": "folder", "~": "folder"}
    place = next((kind for begin, kind in begins.items() if config.checkpoint.startswith(begin)), "hub")
    filled = {name: getattr(config, name) for name in (*NUMBERS, *OTHERS, *CHOSEN)} | fill_strategy(config) | fill_experiment(config)
    filled |= {"checkpoint_kind": place, f"checkpoint_{place}": config.checkpoint}
    filled |= {"stage": "masked" if config.task == "masked_words" else "task"}
    for key, value in filled.items():
        st.session_state[key] = value


def ask_examples(visit: Visit, available: int, key: str) -> int:
    """Asks how many of the examples to use: all, or fewer for a quick try. The number is in the session under `key`."""
    lowest = min(FEWEST_EXAMPLES, available)
    st.session_state[key] = min(max(st.session_state.get(key, available), lowest), available)
    return st.number_input(
        visit.tr("Examples to use"),
        lowest,
        available,
        key=key,
        help=visit.tr("Fewer examples train faster; each label keeps its share."),
        persist_state="session",
        width=240,
    )


def _ask_checkpoint(visit: Visit) -> dict[str, str]:
    tr = visit.tr
    kinds = {
        "bundled": tr("Bundled: {name} (BERT, 6 layers, English)").format(name=BUNDLED_NAME),
        "folder": tr("A folder on this server"),
        "hub": tr("A name on the Hub (online)"),
    }
    if has_kept(visit):
        kinds = {"bundled": kinds["bundled"], "kept": tr("One that was trained here"), **kinds}
    kind = choice(st.radio, tr("Checkpoint"), kinds, "checkpoint_kind", help=visit.help("checkpoint"))
    if kind == "bundled":
        return {"checkpoint": BUNDLED}
    if kind == "kept":
        return {"checkpoint": ask_kept(visit)}
    hint = "/data/my-bert" if kind == "folder" else "neuralmind/bert-base-portuguese-cased"
    typed = st.text_input(kinds[kind], key=f"checkpoint_{kind}", placeholder=hint, persist_state="session")
    name = typed.strip()
    if kind == "folder" and name and not name.startswith(("/", ".", "~")):
        name = f"./{name}"
    return {"checkpoint": name}


def _ask_numbers(visit: Visit, examples: int) -> dict[str, object]:
    chosen: dict[str, object] = {}
    for column, field in zip(st.columns(len(NUMBERS), vertical_alignment="bottom"), NUMBERS, strict=True):
        with column:
            chosen[field] = _ask_number(visit, field, suggest_epochs(examples) if field == "epochs" else None)
    return chosen


def _ask_regularisation(visit: Visit, task: str, strategy: str) -> dict[str, object]:
    tr = visit.tr
    chosen: dict[str, object] = {}
    with st.expander(tr("Regularisation and early stopping"), icon=":material/tune:"):
        columns = st.columns(2)
        for i, field in enumerate(OTHERS):
            with columns[i % 2]:
                chosen[field] = _ask_number(visit, field)
        with columns[0]:
            best = {"metric": metric_names(tr)[RANKED_BY[task]], "validation_loss": tr("Validation loss"), "last": tr("Always the last")}
            chosen["early_stopping_metric"] = choice(
                st.radio, tr("Best model by"), best, "early_stopping_metric", help=visit.help("early_stopping_metric")
            )
        with columns[1]:
            schedules = {"linear": tr("falls to zero"), "constant": tr("stays constant")}
            chosen["schedule"] = choice(
                st.radio, tr("After warm-up the rate"), schedules, "schedule", help=visit.help("schedule")
            )
            corrected = RunConfig.model_fields["bias_correction"]
            chosen["bias_correction"] = st.toggle(
                tr(corrected.title), value=True, key="bias_correction", help=visit.help("bias_correction"), persist_state="session"
            )
            chosen |= ask_body_settings(visit, strategy)
    return chosen


def _ask_number(visit: Visit, field: str, suggested: int | None = None) -> float | int:
    """Draws one setting as a number field with the limits of RunConfig."""
    info = RunConfig.model_fields[field]
    low, high = setting_limits(field)
    whole = isinstance(info.default, int)
    kind = int if whole else float
    more = {} if whole else {"format": "%.2f", "step": 0.01 if high and high <= 1 else 0.1}
    return st.number_input(
        visit.tr(info.title),
        min_value=kind(low),
        max_value=kind(high),
        value=suggested or info.default,
        key=field,
        help=visit.help(field),
        persist_state="session",
        **more,
    )
