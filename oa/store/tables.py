"""The tables. Alembic migrations build and change them; nothing else does (`oa.store.migrations`).

Rows are facts; what is derived from them and kept for speed says so, and can be recomputed from the rest.
"""

# pyright: reportAssignmentType=false
# SQLModel types `__tablename__` as a declared attribute and takes a plain name all the same.
from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Table, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from oa.store.chat_tables import chat_evaluations as chat_evaluations
from oa.store.chat_tables import chat_events as chat_events
from oa.store.chat_tables import chat_messages as chat_messages
from oa.store.chat_tables import chat_reports as chat_reports
from oa.store.chat_tables import chat_shares as chat_shares
from oa.store.chat_tables import chats as chats
from oa.store.chat_tables import refresh_tokens as refresh_tokens
from oa.store.columns import Json, UtcDateTime
from oa.store.privacy_tables import former_names as former_names
from oa.store.privacy_tables import terms as terms
from oa.store.privacy_tables import terms_acceptances as terms_acceptances
from oa.store.privacy_tables import user_languages as user_languages
from oa.store.standing_tables import announcements as announcements
from oa.store.standing_tables import campaign_goals as campaign_goals
from oa.store.standing_tables import collected as collected
from oa.store.standing_tables import standing as standing
from oa.store.standing_tables import standing_frames as standing_frames
from oa.store.text_tables import text_sketches as text_sketches
from oa.store.text_tables import text_warnings as text_warnings
from oa.store.trust_tables import abuse_signs as abuse_signs
from oa.store.worker_tables import workers as workers

# --- who ------------------------------------------------------------------------------------------------------------


class ApiClient(SQLModel, table=True):
    """A program with a key: a bot, another front end. The hub itself is one, without a key, for its own people."""

    __tablename__ = "api_client"
    id: UUID = Field(primary_key=True)
    key_hash: str | None = Field(default=None, unique=True, max_length=64)
    """SHA-256 of the key in hex; the key itself is shown once and never kept."""
    key_hint: str = ""
    """The first characters of the key, to tell keys apart."""
    description: str = ""
    admin_email: str | None = None
    enabled: bool = True
    trusted: bool = False
    frontend_type: str | None = None
    created_date: datetime = Field(sa_type=UtcDateTime)
    last_used_date: datetime | None = Field(default=None, sa_type=UtcDateTime)


class User(SQLModel, table=True):
    """Somebody, as one program names them: the same person through two programs is two users."""

    __tablename__ = "user"
    __table_args__ = (
        UniqueConstraint("api_client_id", "username", "auth_method"),
        Index("user_by_display_name", "display_name", "id"),
        Index("user_by_username", "username", "id"),
        Index(
            "user_hidden",
            "id",
            # Word for word what SQLAlchemy makes of `oa.store.standing.HIDDEN`.
            sqlite_where=text("enabled IS 0 OR deleted IS 1 OR show_on_leaderboard IS 0"),
            postgresql_where=text("enabled IS false OR deleted IS true OR show_on_leaderboard IS false"),
        ),
    )
    id: UUID = Field(primary_key=True)
    username: str
    auth_method: str
    display_name: str
    created_date: datetime = Field(sa_type=UtcDateTime)
    api_client_id: UUID = Field(foreign_key="api_client.id")
    enabled: bool = True
    notes: str = ""
    deleted: bool = False
    show_on_leaderboard: bool = True
    streak_last_day_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    streak_days: int | None = None
    last_activity_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tos_acceptance_date: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Account(SQLModel, table=True):
    """What makes a user of this hub a person who can sign in here."""

    __tablename__ = "account"
    user_id: UUID = Field(primary_key=True, foreign_key="user.id")
    password_hash: str | None = None
    """argon2id; None for people who use tokens alone."""
    role: str = "volunteer"


class Token(SQLModel, table=True):
    """A person's access token."""

    __tablename__ = "token"
    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="user.id", index=True)
    name: str
    token_hash: str = Field(unique=True, max_length=64)
    token_hint: str
    scopes: list[str] = Field(sa_type=Json)
    created_date: datetime = Field(sa_type=UtcDateTime)
    expiry_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_date: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Invitation(SQLModel, table=True):
    """A code that opens registration, or (with the role admin) makes the first administrator."""

    __tablename__ = "invitation"
    id: UUID = Field(primary_key=True)
    code_hash: str = Field(unique=True, max_length=64)
    role: str
    created_date: datetime = Field(sa_type=UtcDateTime)
    expiry_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    uses_left: int


# --- trees ----------------------------------------------------------------------------------------------------------


class Message(SQLModel, table=True):
    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("api_client_id", "frontend_message_id"),
        Index("message_by_date", "created_date", "id"),
        Index("message_by_author", "user_id", "created_date"),
    )
    id: UUID = Field(primary_key=True)
    parent_id: UUID | None = Field(default=None, foreign_key="message.id", index=True)
    message_tree_id: UUID = Field(index=True)
    task_id: UUID | None = None
    user_id: UUID | None = Field(default=None, foreign_key="user.id")
    role: str
    api_client_id: UUID = Field(foreign_key="api_client.id")
    frontend_message_id: str
    created_date: datetime = Field(sa_type=UtcDateTime)
    text: str
    lang: str
    depth: int = 0
    children_count: int = 0
    """Derived: replies that are not deleted."""
    deleted: bool = False
    review_count: int = 0
    """Reviews so far: those of this hub, and those that an imported message came with."""
    review_result: bool | None = None
    ranking_count: int = 0
    """Derived: ballots that placed this message."""
    rank: int | None = None
    synthetic: bool = False
    edited: bool = False
    model_name: str | None = None
    emojis: dict[str, int] | None = Field(default=None, sa_type=Json)
    """How often each emoji was given; NULL when none. Counts of imported messages have no `message_emoji` rows."""


class MessageTree(SQLModel, table=True):
    __tablename__ = "message_tree"
    __table_args__ = (Index("tree_by_state", "lang", "state"),)
    message_tree_id: UUID = Field(primary_key=True, foreign_key="message.id")
    goal_tree_size: int
    max_depth: int
    max_children_count: int
    state: str
    active: bool
    """Derived from the state."""
    origin: str | None = None
    won_prompt_lottery_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lang: str
    tie_seed: int


class WaitingPrompt(SQLModel, table=True):
    """Derived: the accepted prompts that wait for the draw, by author."""

    __tablename__ = "waiting_prompt"
    __table_args__ = (Index("waiting_prompt_by_author", "lang", "user_id"),)
    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    lang: str
    user_id: UUID | None = Field(default=None, foreign_key="user.id")


class MessageRevision(SQLModel, table=True):
    """A text as it was before an edit, or after it: the history of a message, oldest first."""

    __tablename__ = "message_revision"
    id: UUID = Field(primary_key=True)
    message_id: UUID = Field(foreign_key="message.id", index=True)
    number: int
    """Counts from 1, for texts of one moment."""
    text: str
    user_id: UUID | None = Field(default=None, foreign_key="user.id")
    created_date: datetime = Field(sa_type=UtcDateTime)


class ImportedLabel(SQLModel, table=True):
    """The labels that a message came with: mean and count, without the votes behind them."""

    __tablename__ = "imported_label"
    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    label: str = Field(primary_key=True)
    value: float
    count: int


class ImportedEvents(SQLModel, table=True):
    """The events that a message came with, as they stood in the file."""

    __tablename__ = "imported_events"
    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    events: dict[str, Any] = Field(sa_type=Json)


class ImportedToxicity(SQLModel, table=True):
    """The scores of the Detoxify classifier that a message came with."""

    __tablename__ = "imported_toxicity"
    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    scores: dict[str, float] = Field(sa_type=Json)


# --- work -----------------------------------------------------------------------------------------------------------


class OpenWork(SQLModel, table=True):
    """Derived: a slot of work that somebody may be given (`oa.domain.lifecycle.open_work`)."""

    __tablename__ = "open_work"
    __table_args__ = (
        UniqueConstraint("message_id", "kind"),
        Index(
            "open_work_to_hand_out",
            "pool",
            "lang",
            "random_key",
            sqlite_where=text("free > 0"),
            postgresql_where=text("free > 0"),
        ),
        Index("open_work_by_kind", "lang", "kind", sqlite_where=text("free > 0"), postgresql_where=text("free > 0")),
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    pool: str
    lang: str
    message_id: UUID = Field(foreign_key="message.id")
    message_tree_id: UUID = Field(index=True)
    free: int
    """Answers that are still wanted, less those that somebody is at."""
    lonely: bool
    random_key: float
    """Where a random probe finds this row; drawn anew whenever the work is handed out, so that gaps favour none."""


class BarredFromWork(SQLModel, table=True):
    """Derived: who must not be given a slot of open work, because they wrote it, did it or skipped it."""

    __tablename__ = "barred_from_work"
    work_id: int = Field(primary_key=True, foreign_key="open_work.id", ondelete="CASCADE")
    user_id: UUID = Field(primary_key=True, foreign_key="user.id", index=True)


class Task(SQLModel, table=True):
    __tablename__ = "task"
    __table_args__ = (
        Index(
            "task_pending",
            "user_id",
            "created_date",
            # Word for word what SQLAlchemy makes of `.is_(False)`: SQLite uses a partial index for no other words.
            sqlite_where=text("done IS 0 AND skipped IS 0"),
            postgresql_where=text("done IS false AND skipped IS false"),
        ),
        Index(
            "task_holding_place",
            "message_tree_id",
            "place_until",
            sqlite_where=text("place_until IS NOT NULL"),
            postgresql_where=text("place_until IS NOT NULL"),
        ),
        Index(
            "task_losing_place",
            "place_until",
            sqlite_where=text("place_until IS NOT NULL"),
            postgresql_where=text("place_until IS NOT NULL"),
        ),
        UniqueConstraint("api_client_id", "frontend_message_id"),
        Index(
            "task_by_request_key",
            "api_client_id",
            "request_key",
            unique=True,
            sqlite_where=text("request_key IS NOT NULL"),
            postgresql_where=text("request_key IS NOT NULL"),
        ),
    )
    id: UUID = Field(primary_key=True)
    created_date: datetime = Field(sa_type=UtcDateTime)
    expiry_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    user_id: UUID | None = Field(default=None, foreign_key="user.id")
    kind: str
    api_client_id: UUID = Field(foreign_key="api_client.id")
    lang: str
    ack: bool | None = None
    done: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    skipped: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    skip_reason: str | None = None
    collective: bool = False
    frontend_message_id: str | None = None
    message_tree_id: UUID | None = None
    parent_message_id: UUID | None = Field(default=None, foreign_key="message.id", index=True)
    """The message that is answered, reviewed, or whose replies are ranked; None for a new prompt."""
    place_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Until when the task keeps its place on a slot of open work; NULL when it has none (any more)."""
    replies: list[str] | None = Field(default=None, sa_type=Json)
    """Ids of the replies to rank, in the order in which they were shown: a ranking's numbers refer to it."""
    mode: str | None = None
    """`simple` or `full`, for reviews."""
    valid_labels: list[str] | None = Field(default=None, sa_type=Json)
    mandatory_labels: list[str] | None = Field(default=None, sa_type=Json)
    request_key: str | None = None
    """The idempotency key of the request, so that asking again gives the same task."""
    answer_key: str | None = None
    """The idempotency key of the answer that was taken, so that sending it again changes nothing."""


# --- answers --------------------------------------------------------------------------------------------------------


class TextLabels(SQLModel, table=True):
    """One person's labels on one message: a review when it answers a task, else a remark."""

    __tablename__ = "text_labels"
    __table_args__ = (
        Index("text_labels_by_author", "user_id", "created_date"),
        Index("text_labels_by_date", "created_date"),
    )
    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="user.id")
    created_date: datetime = Field(sa_type=UtcDateTime)
    api_client_id: UUID = Field(foreign_key="api_client.id")
    text: str
    """What was labelled when it was not a message; else empty, since the message has it."""
    message_id: UUID | None = Field(default=None, foreign_key="message.id", index=True)
    labels: dict[str, float] = Field(sa_type=Json)
    task_id: UUID | None = Field(default=None, foreign_key="task.id")


class Ballot(SQLModel, table=True):
    """One person's order of the replies to one message."""

    __tablename__ = "ballot"
    __table_args__ = (Index("ballot_by_winner", "created_date", "first_user_id"),)
    task_id: UUID = Field(primary_key=True, foreign_key="task.id")
    user_id: UUID = Field(primary_key=True, foreign_key="user.id", index=True)
    created_date: datetime = Field(sa_type=UtcDateTime)
    api_client_id: UUID = Field(foreign_key="api_client.id")
    parent_id: UUID = Field(foreign_key="message.id", index=True)
    message_tree_id: UUID = Field(index=True)
    ranking: list[str] = Field(sa_type=Json)
    """Ids of the replies, best first."""
    not_rankable: bool = False
    first_user_id: UUID | None = Field(default=None, foreign_key="user.id")
    """Author of the reply that stands first; decides the prompt lottery."""


class MessageEmoji(SQLModel, table=True):
    __tablename__ = "message_emoji"
    __table_args__ = (Index("message_emoji_by_user", "user_id", "message_id"),)
    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    user_id: UUID = Field(primary_key=True, foreign_key="user.id")
    emoji: str = Field(primary_key=True)
    created_date: datetime = Field(sa_type=UtcDateTime)


class FlaggedMessage(SQLModel, table=True):
    """The moderators' queue."""

    __tablename__ = "flagged_message"
    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    processed: bool = Field(default=False, index=True)
    created_date: datetime = Field(sa_type=UtcDateTime, index=True)
    outcome: str | None = None
    """What came of it (`oa.domain.moderation.Outcome`)."""
    processed_by: UUID | None = Field(default=None, foreign_key="user.id")
    processed_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str | None = None


class Journal(SQLModel, table=True):
    """What happened, in order, for those who must explain it later."""

    __tablename__ = "journal"
    id: int | None = Field(default=None, primary_key=True)
    created_date: datetime = Field(sa_type=UtcDateTime)
    user_id: UUID | None = Field(default=None, index=True)
    """Who did it; no foreign key, for the journal outlives what it tells of."""
    message_id: UUID | None = Field(default=None, index=True)
    api_client_id: UUID | None = None
    event_type: str
    event_payload: dict[str, Any] = Field(sa_type=Json)
    undoes: int | None = Field(default=None, unique=True)
    """The event that this one took back."""


class CachedStats(SQLModel, table=True):
    """Derived: figures about everything, as they stood when they were last counted."""

    __tablename__ = "cached_stats"
    name: str = Field(primary_key=True)
    modified_date: datetime = Field(sa_type=UtcDateTime)
    stats: Any = Field(sa_type=Json)


class CampaignSetting(SQLModel, table=True):
    """A setting of data collection that differs from its default (`oa.domain.campaign`)."""

    __tablename__ = "campaign_setting"
    name: str = Field(primary_key=True)
    value: Any = Field(sa_type=Json)


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


metadata = SQLModel.metadata
api_clients = _table(ApiClient)
users = _table(User)
accounts = _table(Account)
tokens = _table(Token)
invitations = _table(Invitation)
messages = _table(Message)
trees = _table(MessageTree)
waiting_prompts = _table(WaitingPrompt)
revisions = _table(MessageRevision)
imported_labels = _table(ImportedLabel)
imported_events = _table(ImportedEvents)
imported_toxicity = _table(ImportedToxicity)
open_work = _table(OpenWork)
barred = _table(BarredFromWork)
tasks = _table(Task)
text_labels = _table(TextLabels)
ballots = _table(Ballot)
message_emojis = _table(MessageEmoji)
flagged_messages = _table(FlaggedMessage)
journal = _table(Journal)
cached_stats = _table(CachedStats)
campaign_settings = _table(CampaignSetting)
