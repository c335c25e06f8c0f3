"""Whole trees come in and go out. What a file looks like is not known here (`oa.data`)."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from oa.domain import lifecycle
from oa.domain.anonymity import Anonymiser
from oa.domain.campaign import Campaign
from oa.domain.lifecycle import Facts, Tree, TreeState
from oa.domain.people import IMPORT_CLIENT_ID, AuthMethod, User
from oa.domain.records import (
    DEEPEST,
    IMPORT_USER_ID,
    Fault,
    MessageRecord,
    TreeRecord,
    has_grown,
    implied_state,
    in_ranked_order,
    is_synthetic,
    is_taken_on_trust,
    message_uuid,
    threads_in_order,
    undated,
    user_uuid,
)
from oa.domain.selection import Selection, pruned
from oa.domain.tree import Message, Node
from oa.errors import UserNotFound
from oa.hub import campaigns, growth, standing
from oa.store import exchange, people, records
from oa.store.database import Transaction
from oa.store.exchange import Arrival, Place, Shipment

# --- in --------------------------------------------------------------------------------------------------------------


CACHE_KEY = "import"

MOST_USERS_KNOWN = 50_000
"""How many users an import keeps in mind; it asks the database about all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What an import says that its file does not."""

    origin: str | None = None
    """Where trees come from that do not say it themselves."""
    state: TreeState | None = None
    """Puts every tree into this state, whatever the file says."""
    model_name: str | None = None
    """The model that wrote the synthetic messages that name none; then the assistant's messages are synthetic unless
    they say otherwise."""
    lang: str = "en"
    """Language of prompts that name none; a reply has that of its parent."""
    activate: int = 0
    """How many trees of the backlog go to ranking at once."""
    most_trees: int | None = None
    """After so many new trees, nothing more is taken."""
    rehearse: bool = False
    """Check everything and add nothing."""


@dataclass(frozen=True, slots=True)
class ImportCount:
    trees: int = 0
    """New ones."""
    messages: int = 0
    skipped: int = 0
    """Messages that were there already."""
    activated: int = 0

    def __add__(self, other: ImportCount) -> ImportCount:
        mine, others = dataclasses.astuple(self), dataclasses.astuple(other)
        return ImportCount(*(one + another for one, another in zip(mine, others, strict=True)))


class _Refused(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(line, reason)


@dataclass(slots=True)
class Importer:
    """One import, which comes in batches: each call of `add` is a use case of its own, so that others can write too.

    What is there already is left as it is, so that an import that was interrupted can be started again.
    """

    options: ImportOptions
    total: ImportCount = ImportCount()
    others_write: bool = False
    """Whether another process has changed the database since the batch before: a hub that runs, say."""
    _rehearsed: dict[UUID, Place] = field(default_factory=dict[UUID, Place])
    _known_users: set[UUID] = field(default_factory=set[UUID])
    """Some of those who need not be added any more."""
    _began: bool = False

    @property
    def is_full(self) -> bool:
        return self.options.most_trees is not None and self.total.trees >= self.options.most_trees

    def add(self, tx: Transaction, trees: Sequence[TreeRecord]) -> list[Fault]:
        """Take in some trees, each of them whole or not at all; what was wrong with those that were not taken."""
        # What is kept in the cache is forgotten as soon as another process has written.
        if not self._began:
            exchange.expect_much(tx)
        self.others_write = self._began and CACHE_KEY not in tx.cache
        self._began = tx.cache[CACHE_KEY] = True
        batch = _Batch(tx, self.options, self.total)
        batch.find_places(trees, self._rehearsed)
        faults: list[Fault] = []
        for tree in trees:
            if self.options.most_trees is not None and batch.count.trees >= self.options.most_trees:
                break
            try:
                batch.take(tree)
            except _Refused as refusal:
                faults.append(refusal.fault)
        if self.options.rehearse:
            self._rehearsed.update(batch.new_places)
        else:
            batch.add(self._known_users)
            self._remember(batch.users)
        self.total = batch.count
        return faults

    def _remember(self, users: Collection[UUID]) -> None:
        if len(self._known_users) > MOST_USERS_KNOWN:
            self._known_users.clear()
        self._known_users.update(users)


@dataclass(slots=True)
class _Batch:
    """What one transaction adds."""

    tx: Transaction
    options: ImportOptions
    count: ImportCount
    campaign: Campaign = field(init=False)
    ids: dict[str | None, UUID] = field(default_factory=dict[str | None, UUID])
    """What the hub calls the messages that are named in the batch."""
    places: dict[UUID, Place] = field(default_factory=dict[UUID, Place])
    """Where messages stand: those that were there, and those of this batch."""
    new_places: dict[UUID, Place] = field(default_factory=dict[UUID, Place])
    users: dict[UUID, User] = field(default_factory=dict[UUID, User])
    arrivals: list[Arrival] = field(default_factory=list[Arrival])
    trees: list[Tree] = field(default_factory=list[Tree])
    new_replies: Counter[UUID] = field(default_factory=Counter[UUID])
    grown: set[UUID] = field(default_factory=set[UUID])
    """Trees that were there and got something more."""

    def __post_init__(self) -> None:
        self.campaign = campaigns.current(self.tx)

    def find_places(self, trees: Sequence[TreeRecord], rehearsed: Mapping[UUID, Place]) -> None:
        records = [message for tree in trees for message in tree.messages]
        self.ids = {name: message_uuid(name) for message in records for name in (message.id, message.parent_id) if name}
        named = set(self.ids.values())
        self.places = {name: rehearsed[name] for name in named & rehearsed.keys()} | exchange.places(self.tx, named)

    def take(self, tree: TreeRecord) -> None:
        """
        Raises:
            _Refused: the tree does not fit what is there already.
        """
        new = self._placed(tree)
        on_trust = is_taken_on_trust(tree)
        replies = Counter(
            parent for message, _ in new if (parent := self.ids.get(message.parent_id)) and not message.deleted
        )
        arrivals: list[Arrival] = []
        for number, (message, place) in enumerate(new, start=self.count.messages):
            children = replies.pop(self.ids[message.id], 0)
            arrivals.append(self._arrival(message, place, children, undated(number), on_trust=on_trust))
        self.new_replies.update(replies)  # those to messages that were there
        self.count += ImportCount(messages=len(new), skipped=len(tree.messages) - len(new))
        self.arrivals += arrivals
        if arrivals and arrivals[0].message.parent_id is None:
            self._plant(tree, arrivals)
        elif arrivals:
            self.grown.add(arrivals[0].message.tree_id)

    def _placed(self, tree: TreeRecord) -> list[tuple[MessageRecord, Place]]:
        """The messages of a tree that are not there yet, parents first, and where they come to stand."""
        new: dict[UUID, tuple[MessageRecord, Place]] = {}
        tree_id: UUID | None = None
        for message, _ in threads_in_order(tree.messages):
            message_id = self.ids[message.id]
            place = self.places.get(message_id)
            if place is None:
                place = self._place(message, new)
                new[message_id] = message, place
            tree_id = tree_id or place.tree_id
            if place.tree_id != tree_id:
                raise _Refused(message.line, f"message {message.id} belongs to another tree here")
        places = {message_id: place for message_id, (_, place) in new.items()}
        self.places |= places
        self.new_places |= places
        return list(new.values())

    def _place(self, message: MessageRecord, new: Mapping[UUID, tuple[MessageRecord, Place]]) -> Place:
        above = self.ids.get(message.parent_id)
        if above is None:
            return Place(self.ids[message.id], 0, message.role, message.lang or self.options.lang)
        parent = new[above][1] if above in new else self.places.get(above)
        if parent is None:
            raise _Refused(
                message.line, f"message {message.id} answers {message.parent_id}, which is neither in the file nor here"
            )
        if parent.role is message.role:
            raise _Refused(message.line, f"message {message.id} has the role of the message that it answers")
        if parent.depth >= DEEPEST:
            raise _Refused(message.line, f"message {message.id} stands more than {DEEPEST} messages below its prompt")
        return Place(parent.tree_id, parent.depth + 1, message.role, message.lang or parent.lang)

    def _arrival(
        self, message: MessageRecord, place: Place, children: int, date: datetime, *, on_trust: bool
    ) -> Arrival:
        synthetic = is_synthetic(message, by_model=self.options.model_name is not None)
        return Arrival(
            Message(
                id=self.ids[message.id],
                parent_id=self.ids.get(message.parent_id),
                tree_id=place.tree_id,
                user_id=self._author(message.user_id),
                api_client_id=IMPORT_CLIENT_ID,
                frontend_message_id=message.id,
                role=message.role,
                text=message.text,
                lang=place.lang,
                depth=place.depth,
                created_date=message.created_date or date,
                children_count=children,
                deleted=message.deleted,
                review_count=message.review_count,
                review_result=True if on_trust else message.review_result,
                rank=message.rank,
                synthetic=synthetic,
                model_name=message.model_name or (self.options.model_name if synthetic else None),
            ),
            message.emojis,
            message.labels,
            message.events,
            message.detoxify,
        )

    def _author(self, name: str | None) -> UUID:
        """The user of this name, who is added with the batch if nobody has it yet."""
        user_id = IMPORT_USER_ID if name is None else user_uuid(name)
        if user_id not in self.users:
            self.users[user_id] = User(
                id=user_id,
                username=name or "import",
                auth_method=AuthMethod.SYSTEM,
                display_name="import" if name is None else f"imported {name[:8]}",
                api_client_id=IMPORT_CLIENT_ID,
                created_date=self.tx.now,
                show_on_leaderboard=name is not None,
            )
        return user_id

    def _plant(self, tree: TreeRecord, arrivals: Sequence[Arrival]) -> None:
        root = arrivals[0].message
        state = self.options.state or tree.state or implied_state(tree)
        if state is TreeState.BACKLOG_RANKING and self._is_woken(arrivals):
            state = TreeState.RANKING
            self.count += ImportCount(activated=1)
        self.count += ImportCount(trees=1)
        planted = lifecycle.new_tree(
            root.id, root.lang, self.campaign, self.tx.rng, origin=tree.origin or self.options.origin
        )
        won = root.created_date if has_grown(state, replies=len(arrivals) - 1) else None
        self.trees.append(dataclasses.replace(planted, state=state, won_prompt_lottery_date=won))

    def _is_woken(self, arrivals: Sequence[Arrival]) -> bool:
        """Whether a tree of the backlog is among the first that are to be ranked, and can be."""
        if self.count.activated >= self.options.activate:
            return False
        facts = Facts([_node(arrival.message) for arrival in arrivals], {})
        return lifecycle.woken_state(facts, self.campaign) is TreeState.RANKING

    def add(self, known_users: Set[UUID]) -> None:
        """Write everything, and open the work that active trees ask for."""
        with standing.following(self.tx, {arrival.message.tree_id for arrival in self.arrivals}):
            exchange.add(
                self.tx,
                Shipment(
                    users=[user for user_id, user in self.users.items() if user_id not in known_users],
                    arrivals=self.arrivals,
                    trees=self.trees,
                    new_replies=self.new_replies,
                ),
            )
        for tree in self.trees:
            if tree.active:
                growth.refresh_tree(self.tx, tree.id)
        for tree_id in self.grown:
            growth.reopen_work_of(self.tx, tree_id)


def _node(message: Message) -> Node:
    return Node(**{name: getattr(message, name) for name in Node.__slots__})


# --- out -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Exporter:
    """One export, read from one committed state of the data however long it takes."""

    selection: Selection
    anonymiser: Anonymiser | None = None
    trees: int = 0
    """So far."""
    messages: int = 0
    skipped: int = 0
    """Trees of which nothing could be taken, because their prompts were not."""

    def records(self, tx: Transaction) -> Iterator[TreeRecord]:
        """The trees that are wanted, or single messages with the names of their trees, one after the other.

        Raises:
            UserNotFound: the messages of somebody are asked for who is not there.
        """
        for tree in self._taken(tx):
            self.messages += len(tree.messages)
            yield tree if self.anonymiser is None else self.anonymiser.tree(tree)
            if self.selection.limit is not None and self._yielded() >= self.selection.limit:
                return

    def _yielded(self) -> int:
        return self.trees if self.selection.user_id is None else self.messages

    def _taken(self, tx: Transaction) -> Iterator[TreeRecord]:
        wanted = self.selection
        if wanted.user_id is not None:
            if people.user_by_id(tx, wanted.user_id) is None:
                raise UserNotFound("there is no user with this id", user_id=str(wanted.user_id))
            yield from (tree for tree in records.of_user(tx, wanted) if wanted.takes(tree.messages[0]))
            return
        for heads in records.heads(tx, wanted):
            for tree in records.of_trees(tx, heads, wanted):
                ordered = dataclasses.replace(tree, messages=tuple(in_ranked_order(tree.messages)))
                if taken := pruned(ordered, wanted.takes, whole=wanted.takes_trees_whole):
                    self.trees += 1
                    yield dataclasses.replace(tree, messages=tuple(taken))
                else:
                    self.skipped += 1
