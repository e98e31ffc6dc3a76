"""The screen of step 4: what is there, half merged with its choices, a conflict; armed and confirmed as START is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core import events as ev
from cpr_cockpit.core.code_lines import code_lines
from cpr_cockpit.core.code_view import CodeStep
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.showing_code import code, go_on, half_words, merge, revert
from cpr_cockpit.core.view import View
from cpr_cockpit.tui.screens.code import telling
from tests.core.a_run import A_MERGE, OPENED, UI, looked_at, records
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, until

SIZES = [(80, 24), (160, 48)]
GUARD_S = 0.7


def told(*events: ev.AnyEvent) -> View:
    """A run before START with these events, as its screen shows it."""
    run = Run()
    for record in records((OPENED, *events)):
        run.apply(record)
    policy = MergePolicy()
    ready = views.ready()
    panel = replace(ready.panel, merge=merge(run, policy), revert=revert(run), go_on=go_on(run))
    return replace(ready, panel=replace(panel, sentence=half_words(run)), code=code(run, policy))


CONFLICT = told(A_MERGE[0], looked_at(UI, conflicts=("src/Goals.tsx", "package.json")))
HALF = told(*A_MERGE)


@pytest.mark.parametrize("size", SIZES)
async def test_half_merged_is_named_and_going_on_takes_a_word_and_a_reason(size: tuple[int, int]) -> None:
    source, hand = Script(HALF), Hand()
    app = face(source, hand)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await until(pilot, lambda: at(app) == "code")
        text = screen_text(app)
        assert "CODE  HALF MERGED" in text
        assert "LOOK AGAIN, and go on with acme/cpr-ui" in text
        assert "REVERT by a pull request" in text
        assert "GO ON without acme/cpr-ui" in text
        assert "acme/cpr-api  merged as cccccccccc" in text
        assert "v revert" in foot(app)
        await pilot.press("b")
        hand.move(GUARD_S)
        await pilot.press(*"go-on", "tab", *"API is compatible")
        hand.move(1.0)
        await pilot.press("enter")
        await until(pilot, lambda: bool(source.commands))
        name, arguments = source.commands[0]
        assert (name, arguments["choice"], arguments["reason"]) == ("merge_choice", "go-on", "API is compatible")


@pytest.mark.parametrize("size", SIZES)
async def test_a_conflict_names_its_files_and_merging_takes_two_keys(size: tuple[int, int]) -> None:
    source, hand = Script(CONFLICT), Hand()
    app = face(source, hand)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await until(pilot, lambda: at(app) == "code")
        text = screen_text(app)
        assert "acme/cpr-ui  CONFLICT" in text
        assert "conflicts in src/Goals.tsx, package.json" in text
        assert ".github/workflows/deploy.yml deploys on a merge by itself" in text
        hand.move(2.0)
        await pilot.press("a")
        hand.move(GUARD_S)
        await until(pilot, lambda: "it is looked at again first" in screen_text(app))
        assert source.commands == []
        await pilot.press("y")
        await until(pilot, lambda: bool(source.commands))
        assert source.commands[0][0] == "merge"
        await pilot.press("escape")
        await until(pilot, lambda: at(app) != "code")


def test_the_same_in_lines() -> None:
    lines = "\n".join(code_lines(HALF.code, HALF.panel))
    assert "half merged: merged: acme/cpr-api as cccccccccc. acme/cpr-ui: protected branch" in lines
    assert "go-on: GO ON without acme/cpr-ui; possible" in lines
    assert "  check e2e: running, required" in lines
    assert code_lines(views.ready().code, views.ready().panel)[0].startswith("no repository of the feature")


def test_a_merge_under_way_says_so_and_offers_nothing() -> None:
    view = told(*A_MERGE[:3], ce.MergeIntent(repository=UI, step="checks", attempt=1, mutates=False))
    assert view.code.sentence == "under way: Checks and reviews, acme/cpr-ui"
    assert view.panel.merge is not None
    assert (view.panel.merge.enabled, view.panel.merge.reason) == (False, "under way")
    assert view.panel.go_on is None


def test_where_there_is_little_room_the_newest_good_step_is_shown_beside_what_is_in_trouble() -> None:
    look, tag, back = (CodeStep(key, key, "done", began_at=at) for key, at in (("look", 1), ("tag", 9), ("revert", 5)))
    merge = CodeStep("merge", "merge", "failed", began_at=3)
    assert telling((look, merge, tag, back)) == (merge, tag)


@pytest.mark.parametrize("size", SIZES)
async def test_half_merged_is_told_whole_and_code_is_in_the_bar(size: tuple[int, int]) -> None:
    app = face(Script(HALF), Hand())
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        bar = screen_text(app).splitlines()[1]
        assert " 6 Code " in bar
        assert "[>3 Prod" in bar
        words = " ".join(screen_text(app).replace("│", " ").split())
        assert half_words_of(HALF) in words
        await pilot.press("6")
        await until(pilot, lambda: "[6 Code]" in screen_text(app).splitlines()[1])


def half_words_of(view: View) -> str:
    """The panel's sentence, its blanks as the screen has them."""
    return " ".join(view.panel.sentence.split())
