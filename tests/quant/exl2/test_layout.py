from __future__ import annotations

import pytest

from oa.quant.exl2.layout import HEAD_LAYOUTS, LAYOUTS, Group, layout


def test_there_are_46_ways_of_which_two_are_the_same() -> None:
    assert len(set(LAYOUTS)) == len(LAYOUTS) == 45


def test_output_layers_use_ways_that_are_known() -> None:
    assert set(HEAD_LAYOUTS.values()) <= set(LAYOUTS)


def test_the_most_important_rows_get_more_bits() -> None:
    assert layout("5:64:0.1 4:128:0.9").groups(320) == (Group(5, 0, 64), Group(4, 64, 192), Group(4, 192, 320))


def test_a_last_group_is_shorter_where_rows_run_out() -> None:
    assert layout("4:128:1").groups(160) == (Group(4, 0, 128), Group(4, 128, 160))


def test_small_matrices_are_used_up_by_the_first_part() -> None:
    assert layout("8:32:0.05 5:128:0.1 4:128:0.85").groups(64) == (Group(8, 0, 32), Group(5, 32, 64))


@pytest.mark.parametrize("one", LAYOUTS, ids=str)
@pytest.mark.parametrize("rows", [32, 96, 352, 4096])
def test_every_row_is_in_one_group(one: object, rows: int) -> None:
    groups = layout(str(one)).groups(rows)

    assert [group.begin for group in groups] == [0, *(group.end for group in groups[:-1])]
    assert groups[-1].end == rows


def test_sizes_are_those_that_exllamav2_counts() -> None:
    bits = {text: round(layout(text).total_bits(4096, 4096) / 4096**2, 3) for text in ("3:64:0.05 2:64:0.95", "8:32:1")}

    assert bits == {"3:64:0.05 2:64:0.95": 2.133, "8:32:1": 8.133}
