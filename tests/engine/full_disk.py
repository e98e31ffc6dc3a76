"""A session as a process of its own whose files stop to grow while it swaps; somebody rolls back."""

from __future__ import annotations

import resource
import sys
import tempfile

from cpr_cockpit.engine.journal import JournalError
from tests.engine.children import tell
from tests.engine.moments import Moment
from tests.engine.stage import Stage


def main() -> None:
    with Stage() as stage:
        life = stage.begin()
        life.live(Moment("accepted swap", 5).of(life))
        step = life.run_state.open_step
        tell(f"{life.run_state.phase} {step.key if step else '-'}")
        # The journal's own check on disk sees no event any more: the request is held against memory alone.
        stage.world.witness = lambda call: None
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
        life.command("rollback", by="ana")
        try:
            life.live()
        except JournalError:
            tell("the session ended")
            return
        stage.rest()
        ended = life.run_state.ended
        tell(f"{ended.decision if ended else '-'} {stage.world.production} {stage.world.slot}")
        life.end()


if __name__ == "__main__":
    tempfile.tempdir = sys.argv[1]
    main()
