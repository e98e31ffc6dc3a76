"""What our own requests have in common."""

from __future__ import annotations

import pytest

from cpr_cockpit.adapters.over_http import same_origin

BASE = "https://management.azure.com"


@pytest.mark.parametrize(
    ("url", "same"),
    [
        (f"{BASE}/subscriptions", True),
        ("https://MANAGEMENT.azure.com:443/x?y=1", True),
        ("", False),
        ("http://management.azure.com/x", False),
        ("https://management.azure.com:444/x", False),
        ("https://management.azure.com.example.net/x", False),
        ("https://management.azure.com@example.net/x", False),
        ("https://management.azure.com:x/", False),
        ("https://[management.azure.com/", False),
        ("/subscriptions", False),
    ],
)
def test_a_url_is_of_the_same_origin_by_scheme_host_and_port(url: str, same: bool) -> None:
    assert same_origin(url, BASE) is same
    assert same_origin(url, f"{BASE}:443/") is same
