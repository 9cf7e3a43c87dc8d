"""The settings of a run as a form: checkpoint, strategy, rates, and what keeps it from overfitting."""

import streamlit as st

from mlmtune_core.checkpoint_store import KEPT
from mlmtune_core.config import BUNDLED, BUNDLED_NAME, RANKED_BY, RunConfig, limits, suggest_epochs
from mlmtune_core.names import metric_names
from mlmtune_core.strategies import default_rates
from pages.parts.choice import choice
from pages.parts.kept_checkpoints import ask_kept, has_kept
from pages.parts.visit import Visit

FEWEST_EXAMPLES = 8
NUMBERS = ("epochs", "batch_size", "max_length", "first_layers")
OTHERS = ("dropout", "weight_decay", "warmup_ratio", "max_grad_norm", "patience", "seed", "batch_tokens")
RATES = (1e-6, 1e-5, 2e-5, 3e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 3e-2, 1e-1)


def ask_settings(visit: Visit, task: str, examples: int) -> dict[str, object]:
    """Asks for every setting; returns them by name, as they were given: `config.validate` judges them."""
    settings: dict[str, object] = {"task": task, **_ask_checkpoint(visit), **_ask_strategy(visit)}
    settings |= _ask_rates(visit, str(settings["strategy"]))
    return settings | _ask_numbers(visit, examples) | _ask_regularisation(visit, task)


def fill_settings(config: RunConfig) -> None:
    """Writes the settings of a run into the form that is drawn next."""
    kind, _, layers = config.strategy.partition(":")
    begins = {BUNDLED: "bundled", KEPT: "kept", "/": "folder", ".": "folder", "~": "folder"}
    place = next((kind for begin, kind in begins.items() if config.checkpoint.startswith(begin)), "hub")
    rates = {"head_learning_rate": config.head_rate, "learning_rate": config.body_rate}
    filled = {name: getattr(config, name) for name in (*NUMBERS, *OTHERS, "early_stopping_metric", "schedule")}
    filled |= {"checkpoint_kind": place, f"checkpoint_{place}": config.checkpoint, "strategy": kind}
    filled |= {f"typed_{name}_{kind}": f"{rate:g}" for name, rate in rates.items()}
    filled |= {"stage": "masked" if config.task == "masked_words" else "task", "typed_rates": True} | ({"last_layers": int(layers)} if layers else {})
    for key, value in filled.items():
        st.session_state[key] = value


def ask_examples(visit: Visit, available: int, key: str) -> int:
    """How many of the examples take part: all, or fewer for a quick look. The number stands in the session under `key`."""
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


def _ask_strategy(visit: Visit) -> dict[str, str]:
    tr = visit.tr
    names = {
        "head_only": tr("Head only (selective)"),
        "last_layers": tr("Last layers and head (layer-wise)"),
        "full": tr("Everything (full)"),
    }
    kind = choice(
        st.radio,
        tr("What may learn?"),
        names,
        "strategy",
        help=visit.help("strategy"),
        captions=[
            tr("Fast. Keeps all that was pre-trained; for few labels."),
            tr("A middle way: the top layers adapt."),
            tr("Adapts most, and overfits most easily."),
        ],
    )
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
                chosen[field] = _to_number(
                    st.text_input(
                        title,
                        value=f"{default:g}",
                        key=f"typed_{field}_{kind}",
                        help=help_text,
                        persist_state="session",
                    )
                )
            else:
                chosen[field] = st.select_slider(
                    title,
                    RATES,
                    value=default,
                    key=f"{field}_{kind}",
                    format_func="{:.0e}".format,
                    help=help_text,
                    persist_state="session",
                )
    if (
        kind == "head_only"
        and isinstance(chosen["head_learning_rate"], float)
        and 0 < chosen["head_learning_rate"] < 5e-4
    ):
        st.warning(
            tr(
                "A head alone learns next to nothing at this rate: the curve will stay near the majority class. Heads start at random and bear 1e-3 to 1e-2."
            ),
            icon=":material/warning:",
        )
    return chosen


def _ask_numbers(visit: Visit, examples: int) -> dict[str, object]:
    chosen: dict[str, object] = {}
    for column, field in zip(st.columns(len(NUMBERS), vertical_alignment="bottom"), NUMBERS, strict=True):
        with column:
            chosen[field] = _ask_number(visit, field, suggest_epochs(examples) if field == "epochs" else None)
    return chosen


def _ask_regularisation(visit: Visit, task: str) -> dict[str, object]:
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
    return chosen


def _ask_number(visit: Visit, field: str, suggested: int | None = None) -> float | int:
    """One setting as a number field with the limits of RunConfig."""
    info = RunConfig.model_fields[field]
    low, high = limits(field)
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


def _to_number(text: str) -> float | str:
    """What was typed as a number; what is none stays as it was typed, and is refused with a sentence."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return text
