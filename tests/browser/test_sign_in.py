"""Signing in with a provider, in a real browser: the way in, the name, the way out; and a lock that is broken stays shut."""

import pytest
from playwright.sync_api import expect

from tests.browser.provider import CLIENT, SECRET, provide
from tests.browser.serving import free_port, serve, settled

pytestmark = [pytest.mark.browser, pytest.mark.long]


def write_secrets(path, provider, home_address):
    path.write_text(
        f"""[auth]
redirect_uri = "{home_address}/oauth2callback"
cookie_secret = "{"long and random " * 3}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{provider.address}/.well-known/openid-configuration"
"""
    )


@pytest.mark.parametrize("base", ["", "/lab/mlmtune"])
def test_sign_in_see_the_name_sign_out(browser, tmp_path, base):
    port = free_port()
    with provide(sub="17", name="Ana *Luz* <b>") as provider:
        write_secrets(tmp_path / "secrets.toml", provider, f"http://127.0.0.1:{port}{base}")
        options = ("--secrets.files", str(tmp_path / "secrets.toml"))
        with serve(tmp_path / "home", "app.py", *options, base=base, port=port) as server:
            context = browser.new_context(locale="pt-BR")
            page = context.new_page()
            page.goto(f"{server.address}/train?data=sample-sentiment-en")
            expect(page.get_by_role("button", name="Entrar")).to_be_visible()
            assert page.locator(".layer-stack").count() == 0 and page.get_by_test_id("stTopNavLink").count() == 0
            page.get_by_role("button", name="Entrar").click()
            page.locator("#yes").click()
            expect(page.get_by_text("Ana *Luz* <b>", exact=True)).to_be_visible()
            expect(page.get_by_role("link", name="Comece aqui")).to_be_visible()
            page.goto(f"{server.address}/train?data=sample-sentiment-en")
            page.locator(".layer-stack").wait_for(timeout=90_000)
            settled(page)
            page.get_by_role("button", name="Sair").click()
            expect(page.get_by_role("button", name="Entrar")).to_be_visible()
            assert provider.sessions_ended == 1
            page.goto(f"{server.address}/train?data=sample-sentiment-en")
            expect(page.get_by_role("button", name="Entrar")).to_be_visible()
            context.close()
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("content", ["[auth\n", '[auth]\nredirect_uri = "x"\n'])
def test_settings_that_cannot_be_read_let_nobody_in(browser, tmp_path, content):
    (tmp_path / "secrets.toml").write_text(content)
    with serve(tmp_path / "home", "app.py", "--secrets.files", str(tmp_path / "secrets.toml")) as server:
        page = browser.new_page()
        page.goto(server.address)
        expect(page.get_by_role("alert").filter(has_text="Tell who runs this server")).to_be_visible()
        assert page.get_by_test_id("stTopNavLink").count() == 0
        page.close()
