"""From planting to ranking: trees that volunteers grow at random keep the rules at every step, and come to an end."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.domain.campaign import Campaign
from oa.domain.lifecycle import (
    ACTIVE,
    Facts,
    Tree,
    TreeState,
    live_size,
    new_tree,
    next_state,
    open_work,
    planned_size,
    rankable,
    required_reviews,
    size,
    wakes_backlog,
)
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS, Slot, TaskKind, written_role
from oa.domain.tree import Node, Role

quick = settings(max_examples=25, deadline=None)

DEFAULT = Campaign()

campaigns = st.builds(
    Campaign,
    goal_tree_size=st.integers(1, 9),
    max_tree_depth=st.integers(1, 4),
    max_children_count=st.integers(1, 3),
    num_prompter_replies=st.integers(0, 3),
    num_reviews_initial_prompt=st.integers(1, 3),
    num_reviews_reply=st.integers(1, 3),
    num_required_rankings=st.integers(1, 2),
    rank_prompter_replies=st.booleans(),
)
seeds = st.integers(0, 2**32)


# --- planting and the backlog ----------------------------------------------------------------------------------------


def test_a_new_tree_is_in_review_with_the_sizes_of_its_campaign() -> None:
    campaign = Campaign(goal_tree_size=7, max_tree_depth=5, max_children_count=4)
    planted = new_tree(UUID(int=1), "de", campaign, random.Random(0), origin="seed")
    assert planted.state is TreeState.INITIAL_PROMPT_REVIEW
    assert planted.active
    assert (planted.goal_tree_size, planted.max_depth, planted.max_children_count) == (7, 5, 4)
    assert (planted.id, planted.lang, planted.origin, planted.won_prompt_lottery_date) == (
        UUID(int=1),
        "de",
        "seed",
        None,
    )


def test_trees_break_ties_each_in_its_own_way() -> None:
    rng = random.Random(0)
    assert len({new_tree(UUID(int=1), "en", DEFAULT, rng).tie_seed for _ in range(20)}) == 20


def test_goals_are_drawn_between_the_limits_where_the_campaign_says_so() -> None:
    rng = random.Random(0)
    drawn = Campaign(random_goal_tree_size=True, min_goal_tree_size=5, goal_tree_size=8)
    assert {planned_size(drawn, rng) for _ in range(100)} == {5, 6, 7, 8}
    assert planned_size(Campaign(goal_tree_size=8), rng) == 8


@pytest.mark.parametrize(
    ("campaign", "open_rankings", "expected"),
    [
        pytest.param(Campaign(p_activate_backlog_tree=0), 0, 0, id="never"),
        pytest.param(Campaign(p_activate_backlog_tree=1), 0, 1, id="always one"),
        pytest.param(Campaign(p_activate_backlog_tree=0, min_active_rankings_per_lang=3), 2, 1, id="too few rankings"),
        pytest.param(Campaign(p_activate_backlog_tree=0, min_active_rankings_per_lang=3), 3, 0, id="just enough"),
        pytest.param(Campaign(p_activate_backlog_tree=1, min_active_rankings_per_lang=3), 1, 2, id="one and one more"),
        pytest.param(
            Campaign(p_activate_backlog_tree=1, min_active_rankings_per_lang=3), 2, 1, id="the die was enough"
        ),
    ],
)
def test_a_tree_that_ends_wakes_others(campaign: Campaign, open_rankings: int, expected: int) -> None:
    rng = random.Random(0)
    assert {wakes_backlog(campaign, rng, open_rankings) for _ in range(20)} == {expected}


def test_one_tree_in_ten_wakes_another_by_chance() -> None:
    rng = random.Random(0)
    assert sum(wakes_backlog(DEFAULT, rng, 0) for _ in range(2000)) == pytest.approx(200, abs=50)


# --- growing at random -----------------------------------------------------------------------------------------------


@dataclass
class Community:
    """Volunteers who take and answer whatever work one tree has open."""

    campaign: Campaign
    rng: random.Random
    tree: Tree = field(init=False)
    nodes: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    ballots: dict[UUID, int] = field(default_factory=dict[UUID, int])
    held: dict[tuple[TaskKind, UUID], int] = field(default_factory=dict[tuple[TaskKind, UUID], int])

    def __post_init__(self) -> None:
        prompt = self._write(None, Role.PROMPTER)
        self.tree = new_tree(prompt.id, "en", self.campaign, self.rng)

    @property
    def facts(self) -> Facts:
        return Facts(list(self.nodes.values()), self.ballots)

    def slots(self) -> list[Slot]:
        return open_work(self.tree, self.facts, self.campaign, self.held)

    def take(self, slot: Slot) -> None:
        key = (slot.kind, slot.message_id)
        self.held[key] = self.held.get(key, 0) + 1

    def answer(self, kind: TaskKind, message_id: UUID) -> None:
        self._give_back(kind, message_id)
        if kind in REPLIES:
            self._write(self.nodes[message_id], written_role(kind))
        elif kind in RANKINGS:
            self.ballots[message_id] = self.ballots.get(message_id, 0) + 1
        else:
            self._review(self.nodes[message_id])
        self._move_on()

    def delete(self, message_id: UUID) -> None:
        """Delete a message with everything below it, and the tasks on it."""
        self.nodes[message_id] = dataclasses.replace(self.nodes[message_id], deleted=True)
        self.held = {key: people for key, people in self.held.items() if key[1] != message_id}
        for reply in [node for node in self.nodes.values() if node.parent_id == message_id]:
            self.delete(reply.id)
        self._move_on()

    def _give_back(self, kind: TaskKind, message_id: UUID) -> None:
        self.held[kind, message_id] -= 1
        if not self.held[kind, message_id]:
            del self.held[kind, message_id]

    def _write(self, parent: Node | None, role: Role) -> Node:
        place = (parent.id, parent.depth + 1) if parent else (None, 0)
        ident = UUID(int=len(self.nodes) + 1)
        node = Node(id=ident, parent_id=place[0], depth=place[1], user_id=None, role=role, lang="en")
        self.nodes[ident] = node
        return node

    def _review(self, node: Node) -> None:
        node = dataclasses.replace(node, review_count=node.review_count + 1)
        if node.review_count >= required_reviews(node, self.campaign):
            node = dataclasses.replace(node, review_result=self.rng.random() < 0.7)
        self.nodes[node.id] = node

    def _move_on(self) -> None:
        while (state := next_state(self.tree, self.facts, self.campaign)) is not None:
            won = TreeState.GROWING if state is TreeState.PROMPT_LOTTERY_WAITING else state
            self.tree = dataclasses.replace(self.tree, state=won)


def is_over(tree: Tree) -> bool:
    return tree.state not in ACTIVE or tree.state is TreeState.READY_FOR_SCORING


def check_slots(community: Community) -> None:
    slots = community.slots()
    assert len({(slot.kind, slot.message_id) for slot in slots}) == len(slots)
    for slot in slots:
        node = community.nodes[slot.message_id]
        assert 0 <= slot.free <= slot.wanted
        assert slot.wanted > 0
        assert not node.deleted
        assert slot.kind in REVIEWS or node.is_accepted()


def check_sizes(community: Community) -> None:
    """Were everything that is held answered at once, the tree would not be larger than planned."""
    campaign, tree, nodes = community.campaign, community.tree, list(community.nodes.values())
    replies = {ident: people for (kind, ident), people in community.held.items() if kind in REPLIES}
    reviews = {ident: people for (kind, ident), people in community.held.items() if kind in REVIEWS}
    assert live_size(nodes, campaign) + sum(replies.values()) <= tree.goal_tree_size
    for node in nodes:
        live = [reply for reply in nodes if reply.parent_id == node.id and reply.is_live(campaign.num_reviews_reply)]
        most = tree.max_children_count if node.role is Role.PROMPTER else campaign.num_prompter_replies
        assert len(live) + replies.get(node.id, 0) <= min(most, tree.max_children_count)
        assert node.review_count + reviews.get(node.id, 0) <= required_reviews(node, campaign)
        assert node.depth <= tree.max_depth


def free_places(slots: list[Slot]) -> dict[tuple[TaskKind, UUID], int]:
    return {(slot.kind, slot.message_id): slot.free for slot in slots}


@quick
@given(campaigns, seeds)
def test_growing_at_random_keeps_the_rules_and_ends(campaign: Campaign, seed: int) -> None:
    community = Community(campaign, random.Random(seed))
    rng = community.rng
    for _ in range(2000):
        if is_over(community.tree):
            break
        check_slots(community)
        check_sizes(community)
        free = [slot for slot in community.slots() if slot.free]
        assert free or community.held, f"nobody can do anything for a tree in {community.tree.state}"
        if free and (not community.held or rng.random() < 0.6):
            slot = rng.choice(free)
            community.take(slot)
            assert free_places(community.slots())[slot.kind, slot.message_id] == slot.free - 1
        else:
            community.answer(*rng.choice(list(community.held)))
    assert community.tree.state in {TreeState.READY_FOR_SCORING, TreeState.ABORTED_LOW_GRADE}


@quick
@given(campaigns, seeds)
def test_deleting_at_random_neither_stalls_a_tree_nor_asks_for_the_lost(campaign: Campaign, seed: int) -> None:
    community = Community(campaign, random.Random(seed))
    rng = community.rng
    for _ in range(2000):
        if is_over(community.tree):
            break
        check_slots(community)
        free = [slot for slot in community.slots() if slot.free]
        assert free, f"nobody can do anything for a tree in {community.tree.state}"
        if rng.random() < 0.05:
            community.delete(rng.choice(list(community.nodes)))
        else:
            slot = rng.choice(free)
            community.take(slot)
            community.answer(slot.kind, slot.message_id)
    assert is_over(community.tree)


@quick
@given(campaigns, seeds)
def test_what_is_ranked_in_the_end_is_worth_it(campaign: Campaign, seed: int) -> None:
    community = Community(campaign, random.Random(seed))
    while not is_over(community.tree):
        slot = community.rng.choice(community.slots())
        community.take(slot)
        community.answer(slot.kind, slot.message_id)
    if community.tree.state is TreeState.READY_FOR_SCORING:
        facts = community.facts
        groups = rankable(facts.nodes, campaign)
        assert set(groups) == set(facts.ballots)
        assert all(ballots == campaign.num_required_rankings for ballots in facts.ballots.values())
        assert size(facts.nodes) == live_size(facts.nodes, campaign) <= community.tree.goal_tree_size


verdicts = st.sampled_from([None, True, True, True, False])


@st.composite
def any_nodes(draw: st.DrawFn) -> list[Node]:
    """Messages as an import may bring them: any verdict anywhere, even below deleted and rejected ones."""
    nodes: list[Node] = []
    for number in range(1, draw(st.integers(2, 9))):
        parent = draw(st.sampled_from(nodes)) if nodes else None
        node = Node(
            id=UUID(int=number),
            parent_id=parent.id if parent else None,
            depth=parent.depth + 1 if parent else 0,
            user_id=None,
            role=parent.role.other if parent else Role.PROMPTER,
            lang="en",
            deleted=draw(st.integers(0, 5)) == 0,
            review_result=draw(verdicts),
            review_count=draw(st.integers(0, 4)),
        )
        nodes.append(node)
    return nodes


@quick
@given(
    campaigns,
    any_nodes(),
    st.sampled_from([TreeState.INITIAL_PROMPT_REVIEW, TreeState.GROWING, TreeState.RANKING]),
    seeds,
)
def test_a_tree_in_any_shape_moves_on_or_has_work_that_can_be_done(
    campaign: Campaign, nodes: list[Node], state: TreeState, seed: int
) -> None:
    planted = new_tree(nodes[0].id, "en", campaign, random.Random(seed))
    tree, facts = dataclasses.replace(planted, state=state), Facts(nodes, {})
    while (after := next_state(tree, facts, campaign)) is not None:
        tree = dataclasses.replace(tree, state=after)
    slots = open_work(tree, facts, campaign, {})
    assert bool(slots) is (tree.state in ACTIVE - {TreeState.READY_FOR_SCORING})
    by_id = {node.id: node for node in nodes}
    for slot in slots:
        assert slot.free == slot.wanted > 0
        above = by_id[slot.message_id]
        while above.parent_id is not None:
            above = by_id[above.parent_id]
            assert above.is_accepted()
