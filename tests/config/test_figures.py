from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import load
from cpr_cockpit.wiring.target import Target
from tests.config.files import TEXT, refused

FIGURES = '''
[[figures]]
name = "open tickets"
kind = "tickets"
url = "https://desk.example.org/api/open"
field = "/count"
header = "X-Api-Key"
header_env = "DESK_KEY"
every_s = "1h"

[[figures]]
name = "users of goals"
kind = "adoption"
kql = """
AppRequests
| where TimeGenerated >= {start} and TimeGenerated < {end}
| summarize Value = dcountif(UserId, Name has "goals"), Total = dcount(UserId)
"""
'''


def test_figures_are_read_and_come_back_from_what_a_run_keeps(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(TEXT + FIGURES, "utf-8")
    settings = load(path, {}).settings
    desk, users = settings.figures
    assert (desk.kind, desk.every_s, desk.header_env, users.kind) == ("tickets", 3600.0, "DESK_KEY", "adoption")
    assert Target.from_dict(Target(figures=settings.figures).to_dict()).figures == settings.figures


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "tickets"', 'kind = "mood"', "tickets"),
        ('field = "/count"\n', "", "field is missing"),
        ("{start}", "ago(1h)", "{start}"),
        ("api/open", "api/open?key=1", "a secret (key)"),
    ],
)
def test_what_is_wrong_with_a_figure_is_said(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words in str(refused(tmp_path, TEXT + FIGURES.replace(old, new)))
