"""Radio, select box and the like with translated labels that survive a change of language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st


def choice(
    widget: Callable[..., Any], label: str, labels: Mapping[Any, str], key: str, default: Any = None, **more: Any
) -> Any:
    """Draws `widget` over the ids of `labels` (id -> text) and returns the chosen id.

    The value is assigned again just before the widget: without it Streamlit 1.67 loses it when the texts change.
    """
    options: Sequence[Any] = list(labels)
    if key not in st.session_state or st.session_state[key] not in options:
        st.session_state[key] = default if default in options else options[0]
    else:
        st.session_state[key] = st.session_state[key]
    return widget(label, options, key=key, format_func=labels.__getitem__, **more)
