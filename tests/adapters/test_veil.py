"""What is a secret is found in the forms in which programs and servers repeat it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.adapters.veil import HIDDEN, Veil

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=8, max_size=40)


@given(secret=SECRETS, name=st.text(max_size=9), url=st.booleans())
def test_a_password_in_basic_authentication_is_hidden_behind_any_name(secret: str, name: str, *, url: bool) -> None:
    coded = base64.urlsafe_b64encode if url else base64.b64encode
    told = coded(f"{name}:{secret}".encode()).decode()
    hidden = Veil([secret]).over(f"Authorization: Basic {told}")
    assert HIDDEN in hidden
    # What is left of it are the signs that it shares with what stands beside it.
    assert len(hidden.rpartition(HIDDEN)[2].rstrip("=")) <= 1


@pytest.mark.parametrize("form", [str, quote, json.dumps, lambda text: base64.b64encode(text.encode()).decode()])
def test_other_forms_are_hidden(form: Callable[[str], str]) -> None:
    secret = 'p/w"geheim'
    assert Veil([secret]).over(f"<{form(secret)}>").strip('<>"=') == HIDDEN
