"""Who may show the pages in a frame."""

import pytest

from mlmtune_core.errors import ConfigError
from pages.serving.headers import security_headers


def test_only_the_server_itself_unless_others_are_named(monkeypatch):
    monkeypatch.delenv("MLMTUNE_FRAME_ANCESTORS", raising=False)
    assert security_headers()["X-Frame-Options"] == "SAMEORIGIN"
    assert security_headers()["Content-Security-Policy"].endswith("frame-ancestors 'self'")
    monkeypatch.setenv("MLMTUNE_FRAME_ANCESTORS", "https://moodle.example.edu https://*.example.org:8443")
    assert "X-Frame-Options" not in security_headers()
    assert security_headers()["Content-Security-Policy"].endswith(
        "frame-ancestors 'self' https://moodle.example.edu https://*.example.org:8443"
    )


@pytest.mark.parametrize(
    "origin", ["moodle.example.edu", "*", "https://x.example/;script-src", "https://x.example/moodle"]
)
def test_what_is_no_origin_is_refused(monkeypatch, origin):
    monkeypatch.setenv("MLMTUNE_FRAME_ANCESTORS", origin)
    with pytest.raises(ConfigError, match="is no origin"):
        security_headers()
