"""Sign-in through an OpenID Connect provider named in .streamlit/secrets.toml."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mlmtune_core.errors import ConfigError
from pages.shared.visit import Visit, literal

NAME_CLAIMS = ("name", "preferred_username", "given_name", "email")
LONGEST_NAME = 60


@dataclass(frozen=True)
class SignedIn:
    """Someone whom the provider knows. `token` is the same at every visit, and nobody else can make it: it needs the server's secret."""

    name: str
    token: str


def signed_in(visit: Visit) -> SignedIn | None:
    """Returns who visits, after signing in; None if the server asks nobody.

    If it asks, and nobody has signed in, draws the sign-in and ends this script run. Raises ConfigError if the settings cannot be
    read: the server then admits nobody.
    """
    providers = _find_providers()
    if not providers:
        return None
    if not st.user.is_logged_in:
        _draw_way_in(visit, providers)
        st.stop()
    claims = st.user.to_dict()
    name = next((str(claims[claim]) for claim in NAME_CLAIMS if claims.get(claim)), visit.tr("Somebody"))
    who = f"{claims['iss']}\n{claims['sub']}".encode()
    token = hmac.new(st.secrets["auth"]["cookie_secret"].encode(), who, hashlib.sha256).hexdigest()
    return SignedIn(name[:LONGEST_NAME], token)


def draw_way_out(visit: Visit, person: SignedIn) -> None:
    """Draws the name, and a button to sign out."""
    st.markdown(literal(person.name), width="content")
    if st.button(visit.tr("Sign out"), key="sign_out", type="tertiary", icon=":material/logout:"):
        st.logout()


def _draw_way_in(visit: Visit, providers: dict[str | None, str]) -> None:
    st.title(visit.tr("See what fine-tuning does to a language model"), anchor=False)
    st.markdown(visit.tr("This server wants to know who uses it. Please sign in."))
    for provider, title in providers.items():
        label = visit.tr("Sign in with {provider}").format(provider=literal(title)) if title else visit.tr("Sign in")
        if st.button(label, key=f"sign_in_{provider or 'here'}", type="primary", icon=":material/login:"):
            st.login(provider)


def _find_providers() -> dict[str | None, str]:
    """Returns what st.login takes (None: the one of [auth] itself) -> its title; empty if nothing is configured."""
    if not st.secrets.load_if_toml_exists():
        if any(Path(file).is_file() for file in st.get_option("secrets.files")):
            raise ConfigError("The file secrets.toml cannot be read. Tell who runs this server.")
        return {}
    if "auth" not in st.secrets:
        return {}
    auth = st.secrets["auth"]
    named = {name: name.capitalize() for name, section in auth.items() if isinstance(section, Mapping) and "client_id" in section}  # fmt: skip
    found = ({None: ""} if "client_id" in auth else {}) | named
    if not found:
        raise ConfigError("The section [auth] of secrets.toml names no client_id. Tell who runs this server.")
    return found
