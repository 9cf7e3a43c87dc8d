"""Ends the server within seconds, even if a client has asked for a file and does not read it."""

import signal

OPEN_ANSWER_SECONDS = 2  # seconds, of the five in which the server ends; the workers take about one of the others


def bound_open_answers() -> None:
    """Limits how long uvicorn waits at its end for responses that nobody fetches; by default it waits forever.

    Streamlit passes no such limit on (1.67), so it is set on the server whose handler is on SIGTERM; without one, as in tests,
    there is nothing to limit.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if config := getattr(server, "config", None):
        config.timeout_graceful_shutdown = OPEN_ANSWER_SECONDS
