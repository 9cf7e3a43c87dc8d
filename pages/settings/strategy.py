"""What is trainable and how fast: the strategy and its rates."""

import streamlit as st

from mlmtune_core.config import RunConfig
from mlmtune_core.strategies import default_rates, parse_strategy
from pages.shared.choice import choice
from pages.shared.visit import Visit

RATES = (1e-6, 1e-5, 2e-5, 3e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 3e-2, 1e-1)
RANKS = (1, 2, 4, 8, 16, 32, 64)
COUNTED = {"last_layers": "last_layers", "lora": "lora_rank"}  # strategy -> session key of its number


def ask_strategy(visit: Visit) -> str:
    """Asks which weights are trainable; returns the strategy as RunConfig has it."""
    tr = visit.tr
    names = {
        "head_only": tr("Head only (selective)"),
        "last_layers": tr("Last layers and head (layer-wise)"),
        "full": tr("Everything (full)"),
        "gradual": tr("Layer after layer, from the top (gradual unfreezing)"),
        "lora": tr("Small matrices beside the frozen ones (LoRA)"),
    }
    captions = [
        tr("Fast. Keeps all that was pre-trained; for few labels."),
        tr("A middle way: the top layers adapt."),
        tr("Adapts most, and overfits most easily."),
        tr("The head first, then one more layer with each epoch, or after equal shares of fewer epochs. The embeddings stay."),
        tr("What was pre-trained stays; beside it little learns. Kept and taken home as one ordinary model."),
    ]
    kind = choice(st.radio, tr("What may learn?"), names, "strategy", help=visit.help("strategy"), captions=captions)
    if kind == "last_layers":
        count = st.slider(tr("How many last layers"), 1, 12, 2, key="last_layers", persist_state="session")
        return f"last_layers:{count}"
    return f"lora:{_ask_rank(visit)}" if kind == "lora" else kind


def fill_strategy(config: RunConfig) -> dict[str, object]:
    """Returns what the session must hold for these settings: key -> value."""
    kind, count = parse_strategy(config.strategy)
    rates = {"head_learning_rate": config.head_rate, "learning_rate": config.body_rate}
    filled = {"strategy": kind, "typed_rates": True} | {f"typed_{name}_{kind}": f"{rate:g}" for name, rate in rates.items()}
    body = {name: getattr(config, name) for name in ("layer_decay", "decay_towards")}
    return filled | body | ({COUNTED[kind]: count} if kind in COUNTED else {})


def ask_rates(visit: Visit, strategy: str) -> dict[str, float | str]:
    """Asks for two rates from a few log-spaced values; their defaults, and so their keys, depend on the strategy."""
    tr = visit.tr
    kind = parse_strategy(strategy)[0]
    chosen: dict[str, float | str] = {}
    fields = ["head_learning_rate"] if kind == "head_only" else ["head_learning_rate", "learning_rate"]
    typed = st.toggle(tr("Type the learning rates"), key="typed_rates", persist_state="session")
    for column, field, default in zip(st.columns(2), fields, default_rates(strategy), strict=False):
        with column:
            chosen[field] = _ask_rate(visit, field, kind, default, typed)
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


def ask_body_settings(visit: Visit, strategy: str) -> dict[str, object]:
    """Asks for layer decay and where weight decay leads; nothing if only the head is trained."""
    tr, kind = visit.tr, parse_strategy(strategy)[0]
    if kind == "head_only":
        return {}
    falls, leads = (RunConfig.model_fields[name] for name in ("layer_decay", "decay_towards"))
    chosen: dict[str, object] = {
        "layer_decay": st.number_input(
            tr(falls.title), 0.0, 1.0, falls.default, 0.05, key="layer_decay", help=visit.help("layer_decay"), persist_state="session"
        )
    }
    if kind != "lora":  # decay of adapters towards zero leads back to the pre-trained model
        ends = {"zero": tr("zero"), "pretrained": tr("the pre-trained weights")}
        chosen["decay_towards"] = choice(st.radio, tr(leads.title), ends, "decay_towards", help=visit.help("decay_towards"))
    return chosen


def _ask_rank(visit: Visit) -> int:
    """Asks for a rank from a few powers of two; a rank from another run's settings is among them."""
    asked = st.session_state.get("lora_rank", 8)
    title, help_text = visit.tr("Rank R"), visit.tr("W stays; W + BA is what is used. A has R rows, B has R columns: the weights that learn grow with R.")
    return st.select_slider(title, sorted({*RANKS, asked}), 8, key="lora_rank", help=help_text, persist_state="session")


def _ask_rate(visit: Visit, field: str, kind: str, default: float, typed: bool) -> float | str:
    title, more = visit.tr(RunConfig.model_fields[field].title), {"help": visit.help(field), "persist_state": "session"}
    if typed:
        return _to_number(st.text_input(title, value=f"{default:g}", key=f"typed_{field}_{kind}", **more))
    return st.select_slider(title, RATES, value=default, key=f"{field}_{kind}", format_func="{:.0e}".format, **more)


def _to_number(text: str) -> float | str:
    """Returns typed text as a number; other text stays as typed, and is refused with a message."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return text
