"""Everything that looks like abuse among what a community did in some time."""

from __future__ import annotations

from oa.domain.deeds import Deeds
from oa.domain.joint_signs import accounts_in_step, votes_in_concert
from oa.domain.lone_signs import copied_texts, copies, impossible_speed, same_answer
from oa.domain.signs import NOTHING_JUDGED, Judged, Sign


def find_signs(deeds: Deeds, judged: Judged = NOTHING_JUDGED) -> list[Sign]:
    """The signs of abuse, at most one of a kind for a person or a pair.

    Args:
        judged: what moderators have looked at already; only what was done since is held against anybody.
    """
    copied = copies(deeds.texts)
    return [
        *copied_texts(deeds.texts, copied, judged),
        *impossible_speed(deeds, judged),
        *same_answer(deeds, judged),
        *votes_in_concert(deeds, judged),
        *accounts_in_step(deeds, copied, judged),
    ]
