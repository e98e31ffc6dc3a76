"""What holds the project's own files together: lock file, README, CI, start-up."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cpr_cockpit.cli.parser import parse

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements.txt").read_text("utf-8")


def _declared() -> list[Requirement]:
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for texts in lists for text in texts]


def _locked() -> dict[str, tuple[str, int]]:
    """Name to version and number of hashes."""
    found: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=\S)", LOCK):
        head = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block)
        if head:
            found[canonicalize_name(head[1])] = (head[2], block.count("--hash=sha256:"))
    return found


@pytest.mark.parametrize("wanted", _declared(), ids=str)
def test_lock_file_holds_every_declared_package_within_its_range(wanted: Requirement) -> None:
    version, _ = _locked()[canonicalize_name(wanted.name)]
    assert wanted.specifier.contains(version)


def test_every_locked_package_has_a_hash() -> None:
    locked = _locked()
    assert len(locked) > 30
    assert [name for name, (_, hashes) in locked.items() if hashes == 0] == []


def test_lock_file_names_no_index() -> None:
    assert re.search(r"https?://|--index|--extra-index|--find-links|--trusted-host", LOCK) is None


def _commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("python3 -m venv")]


def test_readme_has_two_commands_and_ci_runs_the_second() -> None:
    first, second = _commands((ROOT / "README.md").read_text("utf-8"))
    assert first.endswith("cpr-cockpit rehearse --scenario surprise")
    assert second.endswith("pytest")
    assert _commands((ROOT / ".ci" / "run").read_text("utf-8")) == [second]


def test_readme_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    with pytest.raises(SystemExit):
        parse(["--help"])
    commands = re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE)
    assert "drill" in commands
    assert [command for command in commands if f"`cpr-cockpit {command}" not in readme] == []


def _loaded_by(statement: str) -> set[str]:
    """Top-level packages in memory after ``statement`` in a fresh process."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_version_loads_nothing_heavy() -> None:
    statement = "from cpr_cockpit.cli import main\ntry:\n    main(['--version'])\nexcept SystemExit:\n    pass"
    heavy = {"azure", "textual", "rich", "httpx", "pydantic", "aiohttp", "sqlite3", "asyncio"}
    assert not _loaded_by(statement) & heavy


def test_a_glance_at_the_runs_loads_no_network_client() -> None:
    assert not _loaded_by("import cpr_cockpit.cli.listing") & {"azure", "textual", "httpx", "aiohttp"}


def test_core_loads_no_io() -> None:
    statement = (
        "import pkgutil, importlib, cpr_cockpit.core as core\n"
        "for module in pkgutil.walk_packages(core.__path__, core.__name__ + '.'):\n"
        "    importlib.import_module(module.name)"
    )
    assert not _loaded_by(statement) & {"azure", "textual", "rich", "httpx", "aiohttp", "sqlite3"}


def test_lab_loads_nothing_of_the_cockpit() -> None:
    code = (
        "import sys, pkgutil, importlib, cpr_cockpit.lab as lab\n"
        "for module in pkgutil.walk_packages(lab.__path__, lab.__name__ + '.'):\n"
        "    if '.product.' not in module.name:\n"
        "        importlib.import_module(module.name)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = [name for name in done.stdout.split() if name.startswith("cpr_cockpit.")]
    assert len(names) > 5
    assert [name for name in names if not name.startswith("cpr_cockpit.lab")] == []
