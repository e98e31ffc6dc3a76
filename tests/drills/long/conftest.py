"""What the long series share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills import papers
from tests.drills.cockpit import Home, a_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as made:
        yield made


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> papers.Told:
    """What the report of a healthy drill tells that nothing disturbed."""
    with a_home(tmp_path_factory.mktemp("undisturbed")) as home:
        ended = home.run("drill", "--window", "20s", "--json")
        assert ended.code == 0, ended.err
        return papers.told(ended.outcome["report"])
