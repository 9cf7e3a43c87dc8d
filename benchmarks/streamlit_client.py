"""A visitor without a browser: loads the page, speaks Streamlit 1.67's websocket protocol, and knows widgets by their keys."""

import asyncio
import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.streamlit_page import Page, ProtocolError

ANSWER_SECONDS = 120.0
IDLE_SECONDS = 3.0  # the server closes connections that rest for five
LOOK_SECONDS = 0.05
KEPT = 64  # messages that the server may name instead of sending them again, as a browser keeps them
ASSET = re.compile(r'(?:src|href)="\./(static/[^"]+\.(?:js|css))"')
TOKEN = "_streamlit_xsrf"


class Visitor:
    """One page of one person, with cookies of its own. Its requests go out one after the other, each until its script has ended."""

    def __init__(self, address: str) -> None:
        self.http = httpx2.AsyncClient(
            base_url=address,
            limits=httpx2.Limits(max_connections=6, keepalive_expiry=IDLE_SECONDS),  # so many as a browser opens
            timeout=ANSWER_SECONDS,
            verify=False,
            trust_env=False,
        )
        self.page = Page()
        self._address = address
        self._kept: dict[str, ForwardMsg] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._files: asyncio.Future[Any] | None = None
        self._ended, self._turn = asyncio.Event(), asyncio.Lock()
        self._socket: ClientConnection | None = None
        self._listener: asyncio.Task[None] | None = None

    async def open(self, path: str = "/", query: str = "") -> None:
        """Loads a page as a browser does, scripts included, and waits until its script has run."""
        document = await self.http.get(path, params=query)
        await asyncio.gather(*(self.discard(f"/{name}") for name in ASSET.findall(document.text)))
        await self.http.get("/_stcore/health")
        await self.http.get("/_stcore/host-config")
        self._socket = await connect(
            self._address.replace("http", "ws", 1) + "/_stcore/stream",
            additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())},
            origin=self._address,
            subprotocols=["streamlit", self.http.cookies.get(TOKEN) or ""],
            max_size=None,
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        self._listener = asyncio.create_task(self._listen())
        await self._rerun(query=query, name=path.strip("/"))

    async def close(self) -> None:
        """Leaves, as a closed tab does."""
        self._stop_timers()
        if self._socket and self._listener:
            await self._socket.close()
            await self._listener
        await self.http.aclose()

    async def discard(self, path: str) -> None:
        """Fetches a file and throws it away, still compressed."""
        async with self.http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            async for _ in answer.aiter_raw():
                pass

    async def press(self, key: str) -> None:
        """Clicks a button, and waits until the script that answers has ended."""
        widget = self.page.find(key)
        await self._rerun(widget.fragment, trigger=WidgetState(id=widget.id, trigger_value=True))

    async def write(self, key: str, value: str | float) -> None:
        """Types into a field, and waits as `press` does."""
        await self._change(key, "string_value" if isinstance(value, str) else "double_value", value)

    async def choose(self, key: str, beginning: str) -> None:
        """Picks the option of a radio or select box whose text begins so, and waits as `press` does."""
        options = [option for option in self.page.find(key).message.options if option.startswith(beginning)]
        if not options:
            raise ProtocolError(f"{key} offers no {beginning}")
        await self._change(key, "string_value", options[0])

    async def upload(self, key: str, name: str, raw: bytes) -> None:
        """Gives a file to an uploader, and waits as `press` does."""
        self._files = asyncio.get_running_loop().create_future()
        asking = BackMsg()
        asking.file_urls_request.request_id = uuid.uuid4().hex
        asking.file_urls_request.session_id = self.page.session
        asking.file_urls_request.file_names.append(name)
        await self._socket.send(asking.SerializeToString())
        (urls,) = (await asyncio.wait_for(self._files, ANSWER_SECONDS)).file_urls
        token = {"X-Xsrftoken": self.http.cookies.get(TOKEN) or ""}
        sent = await self.http.put(urls.upload_url, files={name: (name, raw)}, headers=token)
        if sent.status_code != 204:
            raise ProtocolError(f"the upload was answered with {sent.status_code}: {sent.text[:200]}")
        widget = self.page.find(key)
        state = self.page.values[widget.id] = WidgetState(id=widget.id)
        state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(raw), file_id=urls.file_id, file_urls=urls
        )
        await self._rerun(widget.fragment)

    async def go(self, page: str) -> None:
        """Opens a page of the navigation by its path, and waits as `press` does."""
        self._stop_timers()
        self.page.values.clear()
        await self._rerun(script=self.page.addresses[page], query="")

    async def until(self, true: Callable[[], object], what: str, seconds: float = ANSWER_SECONDS) -> None:
        """Waits for something that comes by itself. Raises ProtocolError with `what` when it does not."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline or self._listener.done():
                raise ProtocolError(f"{what} did not come; {self._describe_connection()}; the page says: {self.page.said()[:300]!r}")  # fmt: skip
            await asyncio.sleep(LOOK_SECONDS)

    def _describe_connection(self) -> str:
        """What else there is to know where something did not come."""
        if self._listener.done():
            return f"the connection has ended ({self._listener.exception() or self._socket.close_reason or 'closed'})"
        return f"an answer is awaited: {self._turn.locked()}; timers: {len(self._timers)}"

    async def _change(self, key: str, kind: str, value: Any) -> None:
        widget = self.page.find(key)
        self.page.values[widget.id] = WidgetState(id=widget.id, **{kind: value})
        await self._rerun(widget.fragment)

    async def _rerun(self, fragment: str = "", **more: Any) -> None:
        """Asks for a run of the script, once earlier requests are answered, and waits for its end."""
        async with self._turn:
            asking = self._describe(fragment, **more)
            self._ended.clear()
            await self._socket.send(asking.SerializeToString())
            await asyncio.wait_for(self._ended.wait(), ANSWER_SECONDS)

    def _describe(
        self,
        fragment: str,
        query: str | None = None,
        script: str = "",
        name: str = "",
        trigger: WidgetState | None = None,
        timer: bool = False,
    ) -> BackMsg:
        asking = BackMsg()
        rerun = asking.rerun_script
        rerun.query_string = str(httpx2.QueryParams(self.page.query)) if query is None else query
        rerun.page_script_hash, rerun.page_name = script or self.page.script, name
        rerun.fragment_id, rerun.is_auto_rerun = fragment, timer
        rerun.context_info.locale, rerun.context_info.timezone = "en-US", "UTC"
        rerun.context_info.url = self._address
        rerun.widget_states.widgets.extend([*self.page.values.values(), *([trigger] if trigger else [])])
        for old in list(self._kept)[:-KEPT]:
            del self._kept[old]
        rerun.cached_message_hashes.extend(self._kept)
        return asking

    async def _listen(self) -> None:
        try:
            async for raw in self._socket:
                self._take(ForwardMsg.FromString(raw))
        finally:
            self._ended.set()  # whoever waits for an answer finds the page gone

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            message = self._kept[message.ref_hash]
        elif message.metadata.cacheable:
            self._kept[message.hash] = message
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._stop_timers()
        self.page.take(message)
        if kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.page.drop_values()
            self._ended.set()
        elif kind == "auto_rerun" and message.auto_rerun.fragment_id not in self._timers:
            fragment = message.auto_rerun.fragment_id
            self._timers[fragment] = asyncio.create_task(self._repeat(fragment, message.auto_rerun.interval))
        elif kind == "stop_auto_rerun":
            self._stop_timers(*message.stop_auto_rerun.fragment_ids)
        elif kind == "file_urls_response":
            self._files.set_result(message.file_urls_response)

    async def _repeat(self, fragment: str, seconds: float) -> None:
        """Runs a fragment again and again, as its page asked for; leaves one out where another request is on its way."""
        await asyncio.sleep(seconds)
        while self._timers.get(fragment) is asyncio.current_task():
            if not self._turn.locked():
                with suppress(TimeoutError, ConnectionClosed):
                    await self._rerun(fragment, timer=True)
            await asyncio.sleep(seconds)

    def _stop_timers(self, *fragments: str) -> None:
        """A timer that sleeps ends when it wakes; one that waits for an answer still gets it."""
        for fragment in fragments or list(self._timers):
            self._timers.pop(fragment, None)
