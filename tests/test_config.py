from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa import config
from oa.config import Config, RegistrationMode, flatten, load
from oa.errors import InvalidSetting


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "oa.toml"


def refusal(env: dict[str, str], flags: dict[str, object] | None = None, file: Path | None = None) -> str:
    with pytest.raises(InvalidSetting) as caught:
        load(env, flags, file)
    return str(caught.value)


# --- which source wins ------------------------------------------------------------------------------------------------


def test_without_any_source_everything_is_at_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load({})
    assert loaded.config == Config()
    assert set(loaded.origins.values()) == {"default"}


def test_flags_beat_environment_beats_file_beats_default(file: Path) -> None:
    file.write_text('[server]\nport = 1\nhost = "file"\nbody_limit_bytes = 3\n')
    loaded = load({"OA_SERVER__PORT": "2", "OA_SERVER__HOST": "environment"}, {"server.port": 3}, file)
    server = loaded.config.server
    assert (server.port, server.host, server.body_limit_bytes, server.base_url) == (3, "environment", 3, None)


def test_every_value_knows_where_it_came_from(file: Path) -> None:
    file.write_text("[store]\nreaders = 2\n")
    origins = load({"OA_SERVER__HOST": "::1"}, {"server.port": 3}, file).origins
    assert origins["store.readers"] == f"file {file}"
    assert origins["server.host"] == "environment OA_SERVER__HOST"
    assert origins["server.port"] == "flag"
    assert origins["auth.allow_debug_login"] == "default"
    assert list(origins) == list(flatten(Config()))


def test_a_flag_that_was_not_typed_leaves_the_other_sources_alone() -> None:
    loaded = load({"OA_SERVER__PORT": "2"}, {"server.port": None, "server.host": None})
    assert loaded.config.server.port == 2
    assert loaded.origins["server.port"] == "environment OA_SERVER__PORT"


def test_an_empty_variable_counts_as_unset() -> None:
    loaded = load({"OA_SERVER__PORT": "", "OA_STORE__URL": "", "OA_DATA_DIR": "", "OA_CONFIG": ""})
    assert loaded.config == Config()


# --- which file is read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("through", ["environment", "flag"])
def test_the_data_directory_may_hold_the_settings(tmp_path: Path, through: str) -> None:
    (tmp_path / "config.toml").write_text("[server]\nport = 9\n")
    if through == "flag":
        loaded = load({"OA_DATA_DIR": "/elsewhere"}, {"data_dir": tmp_path})
    else:
        loaded = load({"OA_DATA_DIR": str(tmp_path)})
    assert loaded.config.server.port == 9
    assert loaded.config.data_dir == tmp_path
    assert loaded.origins["server.port"] == f"file {tmp_path / 'config.toml'}"


def test_a_named_file_replaces_the_one_in_the_data_directory(tmp_path: Path, file: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nport = 9\n")
    file.write_text('[server]\nhost = "h"\n')
    server = load({}, {"data_dir": tmp_path}, file).config.server
    assert (server.host, server.port) == ("h", Config().server.port)


def test_a_typed_file_beats_the_one_that_the_environment_names(tmp_path: Path, file: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 1\n")
    file.write_text("[server]\nport = 2\n")
    assert load({"OA_CONFIG": str(other)}).config.server.port == 1
    assert load({"OA_CONFIG": str(other)}, file=file).config.server.port == 2


def test_a_named_file_may_say_where_the_data_is(file: Path) -> None:
    file.write_text('data_dir = "~/hub"\n')
    assert load({}, file=file).config.data_dir == Path.home() / "hub"


def test_the_file_in_the_data_directory_may_not_move_it(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('data_dir = "/elsewhere"\n')
    assert "use --data-dir or OA_DATA_DIR" in refusal({}, {"data_dir": tmp_path})


def test_a_byte_order_mark_is_no_error(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf[server]\nport = 4\n")
    assert load({}, file=file).config.server.port == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="missing"),
        pytest.param(b"[server\n", "is not valid TOML: ", id="broken"),
        pytest.param(b'host = "\xff"\n', "is not text in UTF-8", id="binary"),
    ],
)
def test_an_unreadable_named_file_is_refused_by_name(file: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        file.write_bytes(content)
    assert refusal({}, file=file).startswith(f"the settings file {file} {reason}")


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[server]\nprot = 1\n", "server.prot is not a setting (file {file}): did you mean server.port?"),
        ("[servr]\nport = 1\n", "servr is not a setting (file {file}): did you mean server.port?"),
        ("[server.tls]\ncert = 1\n", "server.tls is not a setting (file {file}): did you mean"),
        ("zzz = 1\n", "zzz is not a setting (file {file}): `oa config show` lists the settings"),
        ("server = 1\n", "server is a group of settings (file {file}): write [server] and its settings below"),
        ("[[server]]\nport = 1\n", "server is a group of settings (file {file}): write [server]"),
        ("[data_dir]\nx = 1\n", "data_dir must be a path, not a table (file {file})"),
    ],
)
def test_an_unknown_name_in_the_file_is_refused(file: Path, content: str, sentence: str) -> None:
    file.write_text(content)
    assert refusal({}, file=file).startswith(sentence.format(file=file))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("OA_SERVER__PROT", "did you mean OA_SERVER__PORT?"),
        ("OA_SERVER_PORT", "did you mean OA_SERVER__PORT?"),
        ("OA_DATADIR", "did you mean OA_DATA_DIR?"),
        ("OA_QQQ", "`oa config show` lists the settings"),
        ("OA_SERVER", "did you mean OA_SERVER__"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    assert refusal({name: "1"}).startswith(f"the environment variable {name} is not a setting: {nearest}")


def test_an_unknown_flag_is_refused() -> None:
    assert refusal({}, {"server.prot": 1}) == "server.prot is not a setting (flag): did you mean server.port?"


@pytest.mark.parametrize("name", ["OA_HUB", "OA_TOKEN", "OA_DEBUG", "OA_TEST_POSTGRES_URL", "PORT", "OATH", "oa_x"])
def test_variables_that_are_not_the_hubs_are_left_alone(name: str) -> None:
    assert load({name: "anything"}).config == Config()


@given(st.text(alphabet=st.characters(whitelist_categories=["Lu", "Nd"], whitelist_characters="_"), max_size=30))
def test_a_variable_with_the_prefix_is_a_setting_or_is_refused(rest: str) -> None:
    name = f"OA_{rest}"
    known = {f"OA_{key.replace('.', '__').upper()}" for key in flatten(Config())}
    if name not in known | config.NOT_SETTINGS and not name.startswith("OA_TEST_"):
        assert name in refusal({name: "1"})


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OA_SERVER__PORT", "abc", "server.port must be a port from 0 to 65535, not 'abc'"),
        ("OA_SERVER__PORT", "65536", "server.port must be a port from 0 to 65535, not '65536'"),
        ("OA_SERVER__PORT", "-1", "server.port must be a port from 0 to 65535, not '-1'"),
        ("OA_SERVER__PORT", "80.5", "server.port must be a port from 0 to 65535, not '80.5'"),
        ("OA_STORE__READERS", "0", "store.readers must be a whole number of at least 1, not '0'"),
        ("OA_AUTH__ALLOW_DEBUG_LOGIN", "yes", "auth.allow_debug_login must be true or false, not 'yes'"),
        ("OA_REGISTRATION__MODE", "shut", "registration.mode must be one of open, invitation, closed, not 'shut'"),
        ("OA_SERVER__BASE_URL", "oa.org", "server.base_url must be an address such as https://oa.example.org, not"),
    ],
)
def test_a_wrong_value_names_the_setting_the_value_and_the_origin(name: str, value: str, sentence: str) -> None:
    said = refusal({name: value})
    assert said.startswith(sentence)
    assert said.endswith(f"(environment {name})")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('[server]\nport = "80"\n', "server.port must be a port from 0 to 65535, not '80'"),
        ("[server]\nport = true\n", "server.port must be a port from 0 to 65535, not true"),
        ("[server]\nport = [1]\n", "server.port must be a port from 0 to 65535, not a list"),
        ("[server]\nhost = 1\n", "server.host must be text, not 1"),
        ("[auth]\nallow_debug_login = 1\n", "auth.allow_debug_login must be true or false, not 1"),
        ("data_dir = 1\n", "data_dir must be a path, not 1"),
    ],
)
def test_the_file_has_types_and_keeps_to_them(file: Path, content: str, sentence: str) -> None:
    file.write_text(content)
    assert refusal({}, file=file) == f"{sentence} (file {file})"


def test_a_wrong_value_is_refused_even_where_a_later_source_overrides_it(file: Path) -> None:
    file.write_text("[server]\nport = -1\n")
    assert str(file) in refusal({"OA_SERVER__PORT": "1"}, file=file)


def test_a_refused_secret_is_not_repeated() -> None:
    said = refusal({"OA_STORE__URL": "mysql://oa:hunter2@db/oa"})
    assert "hunter2" not in said
    assert said.startswith("store.url must be an address such as postgresql://")


@pytest.mark.parametrize("text", ["true", "1", "True"])
def test_the_environment_spells_truth_in_several_ways(text: str) -> None:
    assert load({"OA_AUTH__ALLOW_DEBUG_LOGIN": text}).config.auth.allow_debug_login is True


def test_text_that_looks_like_nothing_stays_text() -> None:
    assert load({"OA_SERVER__HOST": "null"}).config.server.host == "null"


def test_values_arrive_with_their_types() -> None:
    env = {
        "OA_DATA_DIR": "hub",
        "OA_REGISTRATION__MODE": "closed",
        "OA_SERVER__BASE_URL": "https://oa.example.org",
        "OA_STORE__URL": "postgresql://db/oa",
    }
    loaded = load(env).config
    assert loaded.data_dir == Path("hub")
    assert loaded.registration.mode is RegistrationMode.CLOSED
    assert loaded.server.base_url == "https://oa.example.org"
    assert loaded.store.url == "postgresql://db/oa"


def test_the_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Config().server.port = 1  # type: ignore[misc]


# --- what is shown ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://oa:hunter2@db/oa", "postgresql://oa:***@db/oa"),
        ("postgresql://oa:hun@ter/2@db:5432/oa", "postgresql://oa:***@db:5432/oa"),
        ("postgresql://db/oa?user=oa&password=hunter2&x=1", "postgresql://db/oa?user=oa&password=***&x=1"),
        ("postgresql://oa@db:5432/oa", "postgresql://oa@db:5432/oa"),
    ],
)
def test_passwords_are_masked_when_settings_are_shown(url: str, shown: str) -> None:
    assert flatten(load({"OA_STORE__URL": url}).config)["store.url"] == shown


def sections() -> list[type[Any]]:
    return [config.Config, config.Server, config.Store, config.Registration, config.Auth]


def test_every_setting_has_a_sentence_below_it() -> None:
    for section in sections():
        tree = ast.parse(inspect.getsource(section)).body[0]
        assert isinstance(tree, ast.ClassDef)
        for field, below in zip(tree.body, [*tree.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign):
                is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                assert is_text, f"{section.__name__}: {ast.unparse(field)}"


def spell(default: object) -> str:
    if default is None:
        return "unset"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_setting_is_in_the_manual_with_its_variable_and_its_default() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "settings.md").read_text("utf-8")
    rows = {line.split("|")[1].strip(" `"): line for line in manual.splitlines() if line.startswith("| `")}
    settings = flatten(Config())
    assert list(rows) == list(settings)
    for key, default in settings.items():
        assert f"`OA_{key.replace('.', '__').upper()}`" in rows[key]
        assert f"| {spell(default)} |" in rows[key], key
