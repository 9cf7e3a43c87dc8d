"""What a Streamlit 1.67 page shows, read from the messages that draw it: widgets by their keys, words, and errors."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

SAYING = {"alert", "heading", "markdown", "metric", "text"}
ID_PREFIX = "$$ID-"  # $$ID-<hash>-<key>


class ProtocolError(Exception):
    """What a person would have seen as a page that does not work."""


@dataclass(frozen=True)
class Widget:
    """An element with an id: its kind, the message that drew it, and the fragment that it belongs to."""

    id: str
    kind: str
    message: Any
    fragment: str


class Page:
    """What stands on the page now, and what was typed into it. All else of an element is of no interest and not read."""

    def __init__(self) -> None:
        self.widgets: dict[str, Widget] = {}
        self.values: dict[str, WidgetState] = {}
        self.query: dict[str, str] = {}
        self.addresses: dict[str, str] = {}
        self.errors: list[str] = []
        self.session = self.script = ""
        self._said: dict[tuple[int, ...], tuple[str, str]] = {}

    def said(self) -> str:
        """What stands there in words and numbers, one element a line."""
        return "\n".join(text for _, text in self._said.values())

    def find(self, key: str) -> Widget:
        """The widget of a key. Raises ProtocolError where there is none that can be used."""
        widget = self.widgets.get(key)
        if widget is None or getattr(widget.message, "disabled", False):
            state = "disabled" if widget else "not on the page"
            raise ProtocolError(f"{key} is {state}, which says: {self.said()[:300]!r}")
        return widget

    def take(self, message: ForwardMsg) -> None:
        """Draws what a message says."""
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._draw(tuple(message.metadata.delta_path), message.delta)
        elif kind == "new_session":
            self.session = message.new_session.initialize.session_id
            self._forget(message.metadata.run.fragment_ids)
        elif kind == "page_info_changed":
            self.query = dict(parse_qsl(message.page_info_changed.query_string))
        elif kind == "navigation":
            self.script = message.navigation.page_script_hash
            self.addresses = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "session_event":
            self.errors.append(str(message.session_event)[:300])

    def drop_values(self) -> None:
        """After a whole run: what was typed into fields that are gone is gone too."""
        there = {widget.id for widget in self.widgets.values()}
        self.values = {name: state for name, state in self.values.items() if name in there}

    def _forget(self, fragments: Iterable[str]) -> None:
        """A run begins: what it will draw anew, these fragments or all, is no longer there."""
        chosen = set(fragments)
        self.widgets = {key: each for key, each in self.widgets.items() if chosen and each.fragment not in chosen}
        self._said = {path: said for path, said in self._said.items() if chosen and said[0] not in chosen}

    def _draw(self, path: tuple[int, ...], delta: Delta) -> None:
        kind = delta.WhichOneof("type") == "new_element" and delta.new_element.WhichOneof("type")
        if not kind:
            return
        message = getattr(delta.new_element, kind)
        if kind in SAYING:
            text = f"{message.label}: {message.body}" if kind == "metric" else message.body
            self._said[path] = (delta.fragment_id, text)
        if kind == "exception":
            self.errors.append(f"{message.type}: {message.message}"[:300])
        elif kind == "alert" and message.format == message.ERROR:
            self.errors.append(message.body[:300])
        name = getattr(message, "id", "")
        if name.startswith(ID_PREFIX):
            self.widgets[name.split("-", 2)[2]] = Widget(name, kind, message, delta.fragment_id)
            if name in self.values and getattr(message, "set_value", False):
                self.values[name] = _value_set(name, kind, message)


def _value_set(name: str, kind: str, message: Any) -> WidgetState:
    """The value that the server gave to a field."""
    if kind == "number_input":
        return WidgetState(id=name, double_value=message.value)
    return WidgetState(id=name, string_value=message.raw_value if kind in ("radio", "selectbox") else message.value)
