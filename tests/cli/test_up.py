"""What ``ostiary up`` loads before it is ready, and that garbage is looked for again afterwards."""

import gc
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from ostiary.cli.up import _loaded
from ostiary.core.errors import BadInput

LATER = ("alembic", "asyncpg", "playwright", "schemathesis", "sqlalchemy.dialects.postgresql", "webauthn")


def test_a_start_loads_nothing_that_only_some_starts_need() -> None:
    asked = f"import sys, ostiary.server.run; print(*(name for name in {LATER} if name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.parametrize(("sets", "fails"), [(["api.port=9440"], False), (["nonsense"], True)])
def test_garbage_is_looked_for_again_once_it_is_loaded(tmp_path: Path, sets: list[str], fails: bool) -> None:
    try:
        with pytest.raises(BadInput) if fails else nullcontext():
            _loaded(None, sets, str(tmp_path), None)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()
