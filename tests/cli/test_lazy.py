"""`oa --help` speaks of commands that it does not load; here it is held to what they say of themselves."""

from __future__ import annotations

import pytest

from oa.cli.lazy import load
from oa.cli.main import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_about_a_command_is_the_first_of_its_own_help(name: str) -> None:
    told = (load(name).help or "").partition("\n\n")[0].replace("\n", " ")
    assert told == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_called_by_its_name(name: str) -> None:
    assert load(name).name == name
