from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.train.batches import bins, collate, grouped_by_length, pack
from oa.train.tokens import IGNORED, Encoded


def encoded(*ids: int) -> Encoded:
    return Encoded(list(ids), list(ids))


lengths = st.lists(st.integers(1, 40), max_size=60)


@given(lengths)
def test_every_sample_is_in_one_row_and_no_row_is_too_long(found: list[int]) -> None:
    rows = bins(found, 40)
    assert sorted(place for row in rows for place in row) == list(range(len(found)))
    assert all(sum(found[place] for place in row) <= 40 for row in rows)


@given(lengths)
def test_rows_are_at_least_half_full_but_one(found: list[int]) -> None:
    rows = bins(found, 40)
    assert sum(sum(found[place] for place in row) * 2 <= 40 for row in rows) <= 1


def test_positions_begin_anew_and_no_sample_is_predicted_from_the_one_before() -> None:
    row = pack([encoded(5, 6, 7), encoded(8, 9)])
    assert row == {
        "input_ids": [5, 6, 7, 8, 9],
        "labels": [IGNORED, 6, 7, IGNORED, 9],
        "position_ids": [0, 1, 2, 0, 1],
    }


def test_a_batch_is_filled_up_on_the_side_that_is_asked_for() -> None:
    samples = [encoded(5, 6, 7), encoded(8)]
    batch = collate(samples, 1, multiple=4)
    assert batch["input_ids"].tolist() == [[5, 6, 7, 1], [8, 1, 1, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]
    assert batch["labels"].tolist() == [[5, 6, 7, IGNORED], [8, IGNORED, IGNORED, IGNORED]]
    assert collate(samples, 1, multiple=1, left=True)["input_ids"].tolist() == [[5, 6, 7], [1, 1, 8]]


@given(lengths, st.integers(1, 8), st.integers())
def test_grouping_keeps_every_sample_and_starts_with_the_longest(found: list[int], size: int, seed: int) -> None:
    order = grouped_by_length(found, size, Random(seed))
    assert sorted(order) == list(range(len(found)))
    if len(found) >= size:
        assert max(found[place] for place in order[:size]) == max(found)
    assert order == grouped_by_length(found, size, Random(seed))


def test_grouping_fills_up_less_than_chance() -> None:
    rng = Random(1)
    found = [rng.randint(1, 500) for _ in range(2000)]

    def filled(order: list[int]) -> int:
        rows = [order[at : at + 8] for at in range(0, len(order), 8)]
        return sum(max(found[place] for place in row) * len(row) for row in rows)

    assert filled(grouped_by_length(found, 8, rng)) < 1.1 * sum(found) < filled(list(range(2000)))


@pytest.mark.slow
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_packed_sample_gets_the_same_answer_as_alone(attention: str) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=50, attn_implementation=attention, **size)).eval()

    @settings(max_examples=10, deadline=None)
    @given(st.lists(st.lists(st.integers(0, 49), min_size=1, max_size=12), min_size=2, max_size=4))
    def same(samples: list[list[int]]) -> None:
        row = pack([encoded(*ids) for ids in samples])
        with torch.no_grad():
            packed = model(
                input_ids=torch.tensor([row["input_ids"]]),
                position_ids=torch.tensor([row["position_ids"]]),
                use_cache=False,
            ).logits[0]
            alone = torch.cat([model(input_ids=torch.tensor([ids]), use_cache=False).logits[0] for ids in samples])
        assert torch.allclose(packed, alone, atol=1e-5)

    same()
