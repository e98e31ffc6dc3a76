"""``plan``: the whole plan with every request that it would send. It reads, and changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.release import (
    Aim,
    aim,
    bring_artifacts,
    gate_of,
    name_of,
    policy_of,
    session_settings,
    settings_in,
    wrong_ready,
)
from cpr_cockpit.config import Loaded, SettingsError
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.engine.planning import Blocked
from cpr_cockpit.lab_client import LabError
from cpr_cockpit.wiring import ConfigError, SessionConfig, plan_of_run


def plan(options: argparse.Namespace) -> int:
    """Print the plan and the rollback card; 0, 1 where none can be made, 3 where the environment cannot be read."""
    if wrong := wrong_ready(options.lab):
        complain(wrong)
        return codes.WRONG_USE
    try:
        loaded = settings_in(Path(options.feature))
        chosen = aim(
            loaded,
            environment=options.environment,
            lab=options.lab,
            strategy=options.strategy,
            control=options.control,
            preview=options.preview,
        )
        say(_planned(Path(options.feature), loaded, chosen))
    except SettingsError as error:
        for problem in error.problems:
            complain(problem.words())
        complain("Nothing was changed.")
        return codes.BLOCKED
    except (LabError, ConfigError, Blocked) as error:
        complain(str(error))
        return codes.BLOCKED
    except OSError as error:
        complain(f"The artifact cannot be read ({error}). Nothing was changed. Correct its path in cockpit.toml.")
        return codes.BLOCKED
    except PortError as error:
        complain(error.words())
        return codes.UNKNOWN
    return 0


def _planned(feature: Path, loaded: Loaded | None, chosen: Aim) -> str:
    documents, policy = read_feature(feature), policy_of(loaded)
    gate = gate_of(documents, policy)
    with tempfile.TemporaryDirectory(prefix="cpr-cockpit-plan-") as temporary:
        folder = Path(temporary)
        (folder / "artifacts").mkdir()
        bring_artifacts(chosen, folder / "artifacts")
        settings = session_settings(chosen, documents, policy, feature=name_of(feature), folder=folder, actor="plan")
        config = SessionConfig(settings, chosen.ready, chosen.target)
        text = asyncio.run(plan_of_run(config, Path("<folder of the run>")))
    reasons = "; ".join((*gate.blockers, *gate.conditions))
    where = f"{chosen.name}{' (REHEARSAL)' if chosen.ready else ''}"
    return f"Environment {where}. Gate: {gate.level}{f' ({reasons})' if reasons else ''}.\n\n{text}"
