"""What ``check``, ``plan`` and ``open`` are told: a feature's folder, its settings, and where it is deployed to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cpr_cockpit.config import (
    NAME,
    PIPELINE_TOKEN,
    USER_TOKEN,
    Figure,
    Loaded,
    Problem,
    SettingsError,
    Signal,
    find,
    load,
)
from cpr_cockpit.config.loading import ENVIRONMENT
from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.journeys import SLOT
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.pipeline import PIPELINE, ZIP
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.readiness import ReadinessRules, ReadinessVerdict, assess
from cpr_cockpit.core.safeguards import Safeguards, Somebody
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import BLUE_GREEN, FEATURE_FLAG, NEW_ARTIFACT, OLD_ARTIFACT
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.documents.feature import FeatureDocuments
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.lab_client import LabError, read_ready
from cpr_cockpit.wiring import ConfigError, Target, apps_of
from cpr_cockpit.wiring.declared import Declared
from cpr_cockpit.wiring.journeys import JourneyTables, lab_tables
from cpr_cockpit.wiring.target import check_ready, lab_workers

# A lab that somebody else runs: its ready file is not called as that of a run's own lab, which ends with the run.
BORROWED_LAB = "borrowed-lab.json"
# A lab's slots differ in the setting that tells the product which of them it runs in.
LAB_HARMLESS = ("app setting SLOT_ENVIRONMENT",)
# The feature flag of a lab's product.
LAB_FLAG = "goal-suggestions"
# How late a lab's telemetry is by default; the run measures it anyway.
LAB_DELAY_S = 2.0


@dataclass(frozen=True, slots=True)
class Aim:
    """Where to, how (``course``), and which zips.

    ``name``: the environment's, or "lab"; ``ready``: a lab's ready file, {} otherwise. ``commit``: what the artifact
    must have been built from, "": nobody said. ``contacts``: whom to call. ``safeguards``: what guards a run beside its
    gates. ``merge``: how repositories are merged.
    """

    name: str
    mode: str
    target: Target
    ready: Mapping[str, Any]
    slot: str
    delay_s: float
    new_version: str
    new_path: Path
    old_path: Path | None = None
    course: Course = field(default_factory=Course)
    commit: str = ""
    contacts: tuple[Contact, ...] = ()
    safeguards: Safeguards = field(default_factory=Safeguards)
    merge: MergePolicy = field(default_factory=MergePolicy)

    @property
    def pinned(self) -> dict[str, str]:
        """Ids and addresses, without secrets."""
        return self.target.pinned(self.ready)


def settings_in(feature: Path) -> Loaded | None:
    """The settings that hold for the feature; None where there is no file. SettingsError."""
    path = find(feature)
    return None if path is None else load(path, os.environ)


def wanted(environment: str | None) -> str | None:
    """The environment that was named, on the command line or by variable."""
    return environment or os.environ.get(ENVIRONMENT) or None


def wrong_ready(lab: str | None) -> str:
    """What is wrong with the file that ``--lab`` names, told before anything else is looked at; "" where nothing is."""
    try:
        if lab is not None:
            check_ready(Path(lab), read_ready(Path(lab)))
    except (LabError, ConfigError) as error:
        return str(error)
    return ""


def aim(
    loaded: Loaded | None,
    *,
    environment: str | None,
    lab: str | None,
    strategy: str | None = None,
    control: float | None = None,
    preview: bool | None = None,
) -> Aim:
    """Where to, and how (None: as configured); SettingsError, LabError or ConfigError where none tells."""
    course = _course(loaded, strategy, control, preview)
    chosen = _aimed(loaded, course, environment=environment, lab=lab)
    if chosen.course.grey:
        raise ConfigError(f"{chosen.course.grey}. Nothing was changed.")
    return chosen


def _aimed(loaded: Loaded | None, course: Course, *, environment: str | None, lab: str | None) -> Aim:
    if lab is not None:
        return _at_lab(loaded, Path(lab), course)
    if loaded is None:
        what = "is missing, in the feature folder and above it in the repository"
        raise SettingsError(
            [Problem(NAME, "", what, "a file with [environments.NAME], or --lab FILE of a running lab")]
        )
    name, chosen = loaded.environment(wanted(environment))
    artifacts = loaded.settings.artifacts
    if artifacts is None:
        what = "is missing: nobody can tell what to deploy"
        raise SettingsError([Problem(loaded.path.name, "artifacts", what, "a table [artifacts] with version and path")])
    home = loaded.path.parent
    return Aim(
        name=name,
        mode="open",
        target=Target(
            chosen,
            smoke=loaded.settings.smoke,
            signals=loaded.settings.signals,
            pipeline=loaded.settings.pipeline if course.deploy == PIPELINE else None,
            workers=loaded.settings.workers,
            declared=_declared(loaded),
            figures=loaded.settings.figures,
            notify=loaded.settings.notify,
            journeys=_journeys(loaded, next(iter(chosen.staging_urls), "")),
        ),
        ready={},
        slot=chosen.slot,
        delay_s=chosen.telemetry_delay_s,
        new_version=artifacts.version,
        new_path=home / artifacts.path,
        old_path=home / artifacts.old_path if artifacts.old_path else None,
        course=replace(course, apps=chosen.names, journeys=_journeys(loaded).names(SLOT)),
        commit=artifacts.commit or "",
        contacts=contacts_of(loaded),
        safeguards=_safeguards(loaded, chosen.tag),
        merge=loaded.settings.merge.policy,
    )


def lab_tag(ready: Mapping[str, Any]) -> dict[str, str]:
    """What a lab's own tags must say; {} where its lab is of an older program."""
    return {str(name): str(value) for name, value in (ready.get("tag") or {}).items()}


def _safeguards(loaded: Loaded | None, tag: Mapping[str, str]) -> Safeguards:
    """What guards the run beside its gates."""
    if loaded is None:
        return Safeguards(tag=dict(tag))
    settings = loaded.settings
    return Safeguards(
        tag=dict(tag),
        two_person=settings.policy.two_person,
        people=tuple(Somebody(one.name, one.initials, one.role) for one in settings.people),
        freezes=tuple(one.declared for one in settings.freeze),
    )


def _declared(loaded: Loaded) -> Declared:
    """What the team's machine reads; the release's tag is called as its version."""
    settings, artifacts = loaded.settings, loaded.settings.artifacts
    return Declared(
        settings.checks,
        settings.code,
        home=str(loaded.path.parent.absolute()),
        tag=artifacts.version if artifacts else "",
        commit=(artifacts.commit or "") if artifacts else "",
        github=settings.github,
        sentry=settings.sentry,
    )


def _journeys(loaded: Loaded, staging_url: str = "") -> JourneyTables:
    """The declared journeys with where their secrets come from."""
    settings = loaded.settings
    return JourneyTables(settings.journeys, settings.secrets, str(loaded.path.parent.absolute()), staging_url)


def contacts_of(loaded: Loaded | None) -> tuple[Contact, ...]:
    """Whom to call, by the settings."""
    return tuple(one.reached for one in loaded.settings.people) if loaded else ()


def _course(loaded: Loaded | None, strategy: str | None, control: float | None, preview: bool | None) -> Course:
    configured = loaded.settings.strategy if loaded else None
    course = configured.course if configured else Course()
    if loaded is not None and loaded.settings.workers is not None:
        course = replace(course, workers=loaded.settings.workers.declared)
    if strategy is not None:
        # A preview that was configured for a swap is none of another strategy's.
        course = replace(course, strategy=strategy, preview=course.preview and strategy == BLUE_GREEN)
    if preview and course.strategy != BLUE_GREEN:
        what = f"is configured as {course.strategy}, and --preview belongs to {BLUE_GREEN}"
        raise SettingsError([Problem(NAME, "strategy.name", what, f"--strategy {BLUE_GREEN} beside --preview")])
    course = course if preview is None else replace(course, preview=preview)
    course = course if control is None else replace(course, control=control)
    if course.strategy == FEATURE_FLAG and course.control:
        what = "is given to the strategy feature-flag, where those with the flag off are the control"
        raise SettingsError([Problem("control", "", what, "none")])
    return course


def lab_flag(course: Course) -> Course:
    """The course with the flag of a lab's product, where it needs one and names none."""
    return replace(course, flag=LAB_FLAG) if course.strategy == FEATURE_FLAG and not course.flag else course


def _at_lab(loaded: Loaded | None, path: Path, course: Course) -> Aim:
    ready = read_ready(path)
    check_ready(path, ready)
    try:
        version, package = str(ready["versions"]["good"]), Path(ready["packages"]["good"])
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: names no package to deploy. Nothing was changed. Give a lab's ready file."
        ) from error
    smoke = loaded.settings.smoke if loaded else ()
    return Aim(
        name="lab",
        mode="rehearse",
        target=Target(ready_file=BORROWED_LAB, smoke=smoke, declared=_declared(loaded) if loaded else Declared()),
        ready=ready,
        slot=ready["slot"],
        delay_s=LAB_DELAY_S,
        new_version=version,
        new_path=package,
        # A lab deploys its own packages by zip, also where the team's pipeline is configured; its workers are its own.
        course=replace(
            lab_flag(course),
            harmless=(*course.harmless, *LAB_HARMLESS),
            apps=apps_of(ready),
            deploy=ZIP,
            workers=lab_rule(ready),
            journeys=lab_tables(ready).names(SLOT),
        ),
        contacts=contacts_of(loaded),
        safeguards=_safeguards(loaded, lab_tag(ready)),
        merge=loaded.settings.merge.policy if loaded is not None else MergePolicy(),
    )


def lab_rule(ready: Mapping[str, Any]) -> WorkerRule | None:
    """The rule of a lab's own background work."""
    table = lab_workers(ready)
    return table.declared if table is not None else None


def lacking(chosen: Aim) -> list[Problem]:
    """What a run would miss later, and can be told now."""
    if chosen.mode != "open":
        return []
    found = _without_flag(chosen)
    signed_in = next((test.name for test in chosen.target.smoke if test.signed_in), None)
    if signed_in is not None and not os.environ.get(USER_TOKEN):
        what = f"is not set, and smoke test {signed_in!r} is signed in"
        found.append(Problem(f"variable {USER_TOKEN}", "", what, "a token of a user of the application"))
    if chosen.target.pipeline is not None and not os.environ.get(PIPELINE_TOKEN):
        what = "is not set, and the pipeline is started with it"
        found.append(Problem(f"variable {PIPELINE_TOKEN}", "", what, "a token that may start the pipeline"))
    return (
        found + unset_secrets(chosen.target.journeys) + unset_headers((*chosen.target.signals, *chosen.target.figures))
    )


def unset_secrets(tables: JourneyTables) -> list[Problem]:
    """Variables of secrets that journeys refer to and that are not set."""
    wanted = {name for one in tables.journeys for name in one.secrets()}
    unset = [(name, one.env) for name, one in tables.secrets.items() if one.env and not os.environ.get(one.env)]
    return [
        Problem(
            f"variable {env}", "", f"is not set, and it holds secret {name!r} of journeys", "what journeys sign in with"
        )
        for name, env in unset
        if name in wanted
    ]


def _without_flag(chosen: Aim) -> list[Problem]:
    """What a feature flag needs and is not configured."""
    course, environment = chosen.course, chosen.target.environment
    if course.strategy == FEATURE_FLAG and not course.flag:
        return [Problem(NAME, "strategy.flag", "is missing: the strategy feature-flag needs one", "a flag's id")]
    if course.flag and environment is not None and not environment.app_configuration:
        key = f"environments.{chosen.name}.app_configuration"
        return [Problem(NAME, key, f"is missing, and [strategy] names the flag {course.flag}", "the store's address")]
    return []


def unset_headers(signals: Sequence[Signal | Figure]) -> list[Problem]:
    """Variables of headers of signals and figures that are not set."""
    found: list[Problem] = []
    for signal in signals:
        if signal.header_env is not None and not os.environ.get(signal.header_env):
            kind = "signal" if isinstance(signal, Signal) else "figure"
            what = f"is not set, and {kind} {signal.name!r} sends it as header {signal.header}"
            found.append(Problem(f"variable {signal.header_env}", "", what, "the header's value"))
    return found


def policy_of(loaded: Loaded | None) -> Policy:
    """The settings' policy, else the procedure's."""
    return loaded.policy if loaded else Policy()


def gate_of(documents: FeatureDocuments, policy: Policy) -> ReadinessVerdict:
    """The gate's answer to the documents."""
    return assess(documents.facts, ReadinessRules(require_ready=policy.require_ready))


def name_of(feature: Path) -> str:
    """The folder's own name, also where it is given as "."."""
    return feature.absolute().resolve().name


def session_settings(
    chosen: Aim, documents: FeatureDocuments, policy: Policy, *, feature: str, folder: Path, actor: str
) -> SessionSettings:
    """The settings of a run in ``folder``."""
    return SessionSettings(
        run=folder.name,
        feature=feature,
        mode=chosen.mode,
        actor=actor,
        script=None,
        environment=chosen.pinned,
        slot=chosen.slot,
        new_version=chosen.new_version,
        policy=policy,
        window_s=policy.window_s,
        declared_delay_s=chosen.delay_s,
        readiness=documents.facts,
        folder=folder,
        signals=chosen.target.specs,
        course=chosen.course,
        commit=chosen.commit,
        contacts=chosen.contacts,
        safeguards=chosen.safeguards,
        merge=chosen.merge,
    )


def bring_artifacts(chosen: Aim, artifacts: Path) -> None:
    """Copy the zips to where the run keeps its own. OSError names the file."""
    shutil.copyfile(chosen.new_path, artifacts / NEW_ARTIFACT)
    if chosen.old_path is not None:
        shutil.copyfile(chosen.old_path, artifacts / OLD_ARTIFACT)
