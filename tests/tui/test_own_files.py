"""What is kept on the person's own machine."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from textual.keys import Keys

from oa.domain.tasks import TaskKind
from oa.errors import BadFile, InvalidSetting
from oa.protocol.tasks import InitialPromptTask
from oa.tui import keys
from oa.tui.actions import ACTIONS, BY_NAME, GROUPS
from oa.tui.drafts import Drafts, Progress
from oa.tui.hubs import HubBook, KnownHub, chosen_hub, read_hubs, write_hubs
from oa.tui.places import Places
from oa.tui.preferences import Preferences, knows_unicode, read_preferences, usual_theme, write_preferences

ADA = KnownHub(address="http://a", username="ada", token="oat_a")
BEN = KnownHub(address="http://b", username="ben", token="oat_b")


def test_tokens_are_for_their_owner_only(tmp_path: Path) -> None:
    write_hubs(tmp_path, HubBook().with_hub(ADA))
    assert stat.S_IMODE((tmp_path / "hubs.json").stat().st_mode) == 0o600
    assert read_hubs(tmp_path).hubs == [ADA]
    assert "oat_a" not in repr(read_hubs(tmp_path))


def test_the_hub_last_used_stands_first(tmp_path: Path) -> None:
    book = HubBook().with_hub(ADA).with_hub(BEN).with_hub(ADA)
    assert book.hubs == [ADA, BEN]
    assert book.without("http://a").hubs == [BEN]


def test_a_broken_list_of_hubs_is_named(tmp_path: Path) -> None:
    (tmp_path / "hubs.json").write_text("{")
    with pytest.raises(BadFile, match=r"hubs\.json"):
        read_hubs(tmp_path)


@pytest.mark.parametrize(
    ("hub", "token", "env", "found"),
    [
        (None, None, {}, BEN),
        ("http://a", None, {}, ADA),
        (None, None, {"OA_HUB": "http://a"}, ADA),
        ("http://b", None, {"OA_HUB": "http://a"}, BEN),
        ("http://c", None, {}, None),
        ("http://c", "oat_c", {}, KnownHub(address="http://c", username="", token="oat_c")),
        (None, None, {"OA_TOKEN": "oat_x"}, KnownHub(address="http://b", username="", token="oat_x")),
    ],
)
def test_what_was_typed_goes_before_the_environment_before_what_is_known(
    hub: str | None, token: str | None, env: dict[str, str], found: KnownHub | None
) -> None:
    book = HubBook().with_hub(ADA).with_hub(BEN)
    assert chosen_hub(book, env, hub=hub, token=token) == found


def test_two_people_at_one_hub_have_different_directories(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path)
    assert len({places.of_hub("http://a", name) for name in ("ada", "ben")}) == 2


def test_drafts_survive_and_the_latest_comes_first(tmp_path: Path) -> None:
    times = iter(datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in range(9))
    drafts = Drafts(tmp_path, now=lambda: next(times))
    one, two = InitialPromptTask(id=uuid4()), InitialPromptTask(id=uuid4())
    drafts.keep(one, "en", Progress(text="a"))
    drafts.keep(two, "de", Progress(text="b"))
    drafts.keep(one, "en", Progress(text="aa"))
    assert [draft.progress.text for draft in Drafts(tmp_path).all()] == ["aa", "b"]
    found = drafts.find([TaskKind.INITIAL_PROMPT], "de")
    assert found is not None
    assert found.task.id == two.id
    drafts.drop(two.id)
    assert drafts.find([TaskKind.INITIAL_PROMPT], "de") is None


def test_a_draft_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    drafts.keep(InitialPromptTask(id=uuid4()), "en", Progress(text="a"))
    (tmp_path / "b.json").write_bytes(b"\xff")
    assert len(drafts.all()) == 1


def test_preferences_are_kept_and_a_broken_file_keeps_nobody_out(tmp_path: Path) -> None:
    write_preferences(tmp_path, Preferences(theme="oa-light", mouse=False))
    assert read_preferences(tmp_path) == Preferences(theme="oa-light", mouse=False)
    (tmp_path / "terminal.json").write_text("[")
    assert read_preferences(tmp_path) == Preferences()


@pytest.mark.parametrize(
    ("env", "theme"),
    [
        ({}, "oa-dark"),
        ({"NO_COLOR": "1", "TERM": "linux"}, "oa-mono"),
        ({"TERM": "linux"}, "oa-ansi"),
        ({"TERM": "vt220"}, "oa-ansi"),
    ],
)
def test_the_theme_follows_the_terminal(env: dict[str, str], theme: str) -> None:
    assert usual_theme(env) == theme


@pytest.mark.parametrize(
    ("env", "does"),
    [({"LANG": "C"}, False), ({"LANG": "de_DE.UTF-8"}, True), ({"LC_ALL": "C", "LANG": "x.utf8"}, False)],
)
def test_signs_follow_the_locale(env: dict[str, str], does: bool) -> None:
    assert knows_unicode(env) is does


# --- keys ------------------------------------------------------------------------------------------------------------


def test_every_action_has_one_name_and_a_group_that_the_help_shows() -> None:
    assert len(BY_NAME) == len(ACTIONS)
    assert {action.group for action in ACTIONS} == set(GROUPS)


def test_every_key_arrives_over_ssh() -> None:
    for action in ACTIONS:
        pressed = action.keys.split(",")
        assert not set(pressed) & set(keys.NEVER_ARRIVE), action.name
        assert set(pressed) - keys.ONLY_SOME_TERMINALS, action.name
        assert any(key == key.lower() or len(key) == 1 for key in pressed), action.name
    assert Keys.ControlM.value == "ctrl+m"


def test_a_keymap_file_changes_keys(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text('label.yes = "j,ctrl+y"\n[task]\nskip = "z"\n')
    assert keys.read_keymap(tmp_path) == {"label.yes": "j,ctrl+y", "task.skip": "z"}
    assert keys.read_keymap(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("label.yse = 'j'", "label.yse"),
        ("label.yes = 3", "in quotes"),
        ("label.yes = 'ctrl+m'", "terminals send it as enter"),
        ("task.submit = 'shift+enter'", "does not arrive from every terminal"),
        ("label.yes", "cannot be read"),
    ],
)
def test_a_bad_keymap_is_explained(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(InvalidSetting, match=says):
        keys.read_keymap(tmp_path)


def test_the_sample_of_keys_is_a_keymap_file(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text(keys.sample().replace("\n# ", "\n"))
    found = keys.read_keymap(tmp_path)
    assert found == {action.name: action.keys for action in ACTIONS}
