from __future__ import annotations

from pathlib import Path

import pytest

from oa.domain.sampling import Sampling
from oa.errors import BadFile
from oa.inference.presets import load


def test_the_presets_of_open_assistant_are_there_with_its_default_in_front(tmp_path: Path) -> None:
    presets = load(tmp_path)
    names = "k50 k50-Creative k50-Precise k50-Original k50-Plugins nucleus9 typical2 typical3"
    assert [preset.name for preset in presets] == names.split()
    assert presets[0].sampling == Sampling(temperature=0.75, top_k=50, top_p=0.95, repetition_penalty=1.2)
    assert presets[4].sampling.repetition_penalty == pytest.approx(1 / 0.9)
    assert all(preset.description for preset in presets)


def test_a_hub_adds_and_replaces_presets(tmp_path: Path) -> None:
    (tmp_path / "presets.toml").write_text("[k50]\ntop_k = 5\n[mine]\ntemperature = 0\n")
    presets = {preset.name: preset.sampling for preset in load(tmp_path)}
    assert presets["k50"] == Sampling(top_k=5)
    assert presets["mine"] == Sampling(temperature=0)
    assert len(presets) == 9


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a", "not valid TOML"),
        ("[a]\ntop_q = 1", "a has no setting top_q"),
        ("[a]\ntop_k = 'many'", "top_k of a must be a number"),
        ("a = 1", r"write \[a\]"),
    ],
)
def test_a_preset_that_is_wrong_is_refused_with_the_place(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "presets.toml").write_text(text)
    with pytest.raises(BadFile, match=sentence):
        load(tmp_path)
