"""What makes thousands of small tests and hundreds of children cheap, and keeps workers out of each other's way."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator

import pytest

# Objects between two looks of the collector: the default of 700 walks the heap of all collected tests all the time.
_SELDOM = (100_000, 50, 100)


def pytest_collection_finish() -> None:
    """What the collection has made stays to the end: the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


@pytest.fixture(scope="session", autouse=True)
def _children_compile_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Sessions and labs share one cache of bytecode, also where the caller's environment allows none in the tree."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # The parent of a worker's own folder is the folder of all workers.
    os.environ["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.getbasetemp().parent / "bytecode")


@pytest.fixture(scope="session", autouse=True)
def _sockets_of_this_worker() -> Iterator[None]:
    """Runs of the same name in two workers are two sessions: each worker has its own folder of sockets.

    A socket's path has a limit that a test's own folder is too long for, hence a short one.
    """
    with tempfile.TemporaryDirectory(prefix="cpr-", ignore_cleanup_errors=True) as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        yield
