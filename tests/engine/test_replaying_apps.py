"""A run of several apps once more: the tape shows at each moment which of them served, and what was judged."""

from __future__ import annotations

from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.rejudging import judge_again
from cpr_cockpit.engine.replaying import TapeShowing
from cpr_cockpit.engine.tape import ReplaySettings, Tape
from tests.engine.worlds import APPS, Apps


def test_the_tape_shows_app_after_app_and_the_judge_judges_the_window_again() -> None:
    with Apps() as stage:
        run = stage.whole_run()
        records = read(stage.folder)
        tape = Tape(ReplaySettings(stage.folder.name, stage.folder), records)
        showing = TapeShowing(tape, lambda run: "")
        said: list[str] = []
        for record in (one for one in records if one.event.type != "observation"):
            tape.wind(record.at)
            panel = showing.view().panel
            if not said or said[-1] != panel.word:
                said.append(panel.word)
        turns = [word for word in said if word in ("SWITCHING", "ROLLING", "KEEP WATCHING")]
        assert turns == ["SWITCHING", "ROLLING", "SWITCHING", "ROLLING", "SWITCHING", "KEEP WATCHING"]
        assert said[-1] == "KEPT"
        assert tape.t0 == run.t0
        again = judge_again(records)
        assert (again.t0, again.would.word) == (run.t0, "keep")
        assert set(tape.run_state.met) == set(APPS)
