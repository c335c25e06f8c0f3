from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A busy machine is slow, not wrong: only what a property says can fail it.
settings.register_profile("oa", deadline=None)
settings.load_profile("oa")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own hub must not decide how tests end."""
    for name in list(os.environ):
        if name.startswith("OA_") and not name.startswith("OA_TEST_"):
            monkeypatch.delenv(name)
