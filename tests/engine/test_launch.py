"""Starting a session process: its own last words are told where it does not come up."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.engine.launch import ERROR_FILE, LaunchError, launch


async def test_a_session_that_cannot_begin_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"session\.json") as caught:
        await launch(tmp_path)
    assert caught.value.code == 1
    assert "Traceback" not in (tmp_path / ERROR_FILE).read_text()


async def test_a_rollback_is_begun_where_no_file_can_be_written_for_its_words(tmp_path: Path) -> None:
    """Law 5: the folder takes no file (here: its name is taken), and the session is started all the same."""
    (tmp_path / ERROR_FILE).mkdir()
    with pytest.raises(LaunchError, match="without a word") as caught:
        await launch(tmp_path, "--rollback", "ana")
    assert caught.value.code == 1
