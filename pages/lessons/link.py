"""What a teacher's link to a lesson fixes: seeds, data, and what is hidden or locked."""

from dataclasses import dataclass

import streamlit as st

from mlmtune_core.lessons.lesson import SEEDS_LIVE

FIXED = ("seed", "seeds", "on", "hide", "locked")
HIDABLE = ("recorded", "live", "tasks", "anchors", "what_if")
MOST_SEEDS = 10


@dataclass(frozen=True)
class Fixed:
    """seed, seeds: the first one and how many of a live run; on: the id of data that replace the lesson's own; hide: parts of the page that are
    left out; locked: no other pages, and nothing to choose but the prediction.
    """

    seed: int = 0
    seeds: int = SEEDS_LIVE
    on: str = ""
    hide: tuple[str, ...] = ()
    locked: bool = False


def read_fixed() -> Fixed:
    """Reads this visit's address; ignores what cannot be read."""
    told = {name: st.session_state.get(f"fixed_{name}", "") for name in FIXED}
    return Fixed(
        seed=_number(told["seed"], 0, 0, 2**31 - 1),
        seeds=_number(told["seeds"], SEEDS_LIVE, 1, MOST_SEEDS),
        on=told["on"],
        hide=tuple(name for name in told["hide"].split(",") if name in HIDABLE),
        locked=told["locked"] == "1",
    )


def keep_fixed() -> None:
    """Keeps what a link fixed in the session, and puts it back into the address of every page: a reload or another page changes nothing."""
    if "lesson" in st.query_params and any(name in st.query_params for name in FIXED):
        for name in FIXED:
            st.session_state[f"fixed_{name}"] = st.query_params.get(name, "")
    for name in FIXED:
        if st.session_state.get(f"fixed_{name}"):
            st.query_params[name] = st.session_state[f"fixed_{name}"]


def write_fixed(fixed: Fixed) -> dict[str, str]:
    """Returns it as parameters of an address, without defaults."""
    told = {"seed": str(fixed.seed), "seeds": str(fixed.seeds), "on": fixed.on, "hide": ",".join(fixed.hide), "locked": "1" if fixed.locked else ""}
    usual = {"seed": "0", "seeds": str(SEEDS_LIVE)}
    return {name: value for name, value in told.items() if value and value != usual.get(name)}


def _number(text: str, default: int, low: int, high: int) -> int:
    return min(max(int(text), low), high) if text.isascii() and text.isdecimal() else default
