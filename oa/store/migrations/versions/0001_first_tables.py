"""First tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "api_client",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.Column("key_hint", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("admin_email", sa.String(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("frontend_type", sa.String(), nullable=True),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_date", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_client")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_client_key_hash")),
    )
    op.create_table(
        "campaign_setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_campaign_setting")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expiry_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitation_code_hash")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("api_client_id", sa.Uuid(), nullable=True),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("event_payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("undoes", name=op.f("uq_journal_undoes")),
    )
    op.create_table(
        "cached_stats",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("modified_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stats", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cached_stats")),
    )
    op.create_index(op.f("ix_journal_message_id"), "journal", ["message_id"], unique=False)
    op.create_index(op.f("ix_journal_user_id"), "journal", ["user_id"], unique=False)
    op.create_table(
        "user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("auth_method", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("api_client_id", sa.Uuid(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("show_on_leaderboard", sa.Boolean(), nullable=False),
        sa.Column("streak_last_day_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("streak_days", sa.Integer(), nullable=True),
        sa.Column("last_activity_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tos_acceptance_date", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["api_client_id"], ["api_client.id"], name=op.f("fk_user_api_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint(
            "api_client_id", "username", "auth_method", name=op.f("uq_user_api_client_id_username_auth_method")
        ),
    )
    op.create_index("user_by_display_name", "user", ["display_name", "id"], unique=False)
    op.create_index("user_by_username", "user", ["username", "id"], unique=False)
    op.create_index(
        "user_hidden",
        "user",
        ["id"],
        unique=False,
        sqlite_where=sa.text("enabled IS 0 OR deleted IS 1 OR show_on_leaderboard IS 0"),
        postgresql_where=sa.text("enabled IS false OR deleted IS true OR show_on_leaderboard IS false"),
    )
    op.create_table(
        "account",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_account_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_account")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("message_tree_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("api_client_id", sa.Uuid(), nullable=False),
        sa.Column("frontend_message_id", sa.String(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("children_count", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("review_count", sa.Integer(), nullable=False),
        sa.Column("review_result", sa.Boolean(), nullable=True),
        sa.Column("ranking_count", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=True),
        sa.Column("emojis", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["api_client_id"], ["api_client.id"], name=op.f("fk_message_api_client_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["message.id"], name=op.f("fk_message_parent_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_message_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "api_client_id", "frontend_message_id", name=op.f("uq_message_api_client_id_frontend_message_id")
        ),
    )
    op.create_index(op.f("ix_message_message_tree_id"), "message", ["message_tree_id"], unique=False)
    op.create_index(op.f("ix_message_parent_id"), "message", ["parent_id"], unique=False)
    op.create_index("message_by_author", "message", ["user_id", "created_date"], unique=False)
    op.create_index("message_by_date", "message", ["created_date", "id"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("token_hint", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expiry_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_date", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_token_token_hash")),
    )
    op.create_index(op.f("ix_token_user_id"), "token", ["user_id"], unique=False)
    op.create_table(
        "flagged_message",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("processed", sa.Boolean(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("processed_by", sa.Uuid(), nullable=True),
        sa.Column("processed_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_flagged_message_message_id")),
        sa.ForeignKeyConstraint(["processed_by"], ["user.id"], name=op.f("fk_flagged_message_processed_by")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_flagged_message")),
    )
    op.create_index(op.f("ix_flagged_message_created_date"), "flagged_message", ["created_date"], unique=False)
    op.create_index(op.f("ix_flagged_message_processed"), "flagged_message", ["processed"], unique=False)
    op.create_table(
        "imported_events",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("events", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_imported_events_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_imported_events")),
    )
    op.create_table(
        "imported_label",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_imported_label_message_id")),
        sa.PrimaryKeyConstraint("message_id", "label", name=op.f("pk_imported_label")),
    )
    op.create_table(
        "imported_toxicity",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("scores", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_imported_toxicity_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_imported_toxicity")),
    )
    op.create_table(
        "message_emoji",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("emoji", sa.String(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_emoji_message_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_message_emoji_user_id")),
        sa.PrimaryKeyConstraint("message_id", "user_id", "emoji", name=op.f("pk_message_emoji")),
    )
    op.create_index("message_emoji_by_user", "message_emoji", ["user_id", "message_id"], unique=False)
    op.create_table(
        "message_revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_revision_message_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_message_revision_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_revision")),
    )
    op.create_index(op.f("ix_message_revision_message_id"), "message_revision", ["message_id"], unique=False)
    op.create_table(
        "message_tree",
        sa.Column("message_tree_id", sa.Uuid(), nullable=False),
        sa.Column("goal_tree_size", sa.Integer(), nullable=False),
        sa.Column("max_depth", sa.Integer(), nullable=False),
        sa.Column("max_children_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("won_prompt_lottery_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("tie_seed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["message_tree_id"], ["message.id"], name=op.f("fk_message_tree_message_tree_id")),
        sa.PrimaryKeyConstraint("message_tree_id", name=op.f("pk_message_tree")),
    )
    op.create_index("tree_by_state", "message_tree", ["lang", "state"], unique=False)
    op.create_table(
        "open_work",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("message_tree_id", sa.Uuid(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("lonely", sa.Boolean(), nullable=False),
        sa.Column("random_key", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_open_work_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_work")),
        sa.UniqueConstraint("message_id", "kind", name=op.f("uq_open_work_message_id_kind")),
    )
    op.create_index(op.f("ix_open_work_message_tree_id"), "open_work", ["message_tree_id"], unique=False)
    op.create_index(
        "open_work_by_kind",
        "open_work",
        ["lang", "kind"],
        unique=False,
        sqlite_where=sa.text("free > 0"),
        postgresql_where=sa.text("free > 0"),
    )
    op.create_index(
        "open_work_to_hand_out",
        "open_work",
        ["pool", "lang", "random_key"],
        unique=False,
        sqlite_where=sa.text("free > 0"),
        postgresql_where=sa.text("free > 0"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expiry_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("api_client_id", sa.Uuid(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("ack", sa.Boolean(), nullable=True),
        sa.Column("done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("skipped", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("skip_reason", sa.String(), nullable=True),
        sa.Column("collective", sa.Boolean(), nullable=False),
        sa.Column("frontend_message_id", sa.String(), nullable=True),
        sa.Column("message_tree_id", sa.Uuid(), nullable=True),
        sa.Column("parent_message_id", sa.Uuid(), nullable=True),
        sa.Column("place_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replies", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("mode", sa.String(), nullable=True),
        sa.Column("valid_labels", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("mandatory_labels", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("request_key", sa.String(), nullable=True),
        sa.Column("answer_key", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["api_client_id"], ["api_client.id"], name=op.f("fk_task_api_client_id")),
        sa.ForeignKeyConstraint(["parent_message_id"], ["message.id"], name=op.f("fk_task_parent_message_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_task_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint(
            "api_client_id", "frontend_message_id", name=op.f("uq_task_api_client_id_frontend_message_id")
        ),
    )
    op.create_index(op.f("ix_task_parent_message_id"), "task", ["parent_message_id"], unique=False)
    op.create_index(
        "task_by_request_key",
        "task",
        ["api_client_id", "request_key"],
        unique=True,
        sqlite_where=sa.text("request_key IS NOT NULL"),
        postgresql_where=sa.text("request_key IS NOT NULL"),
    )
    op.create_index(
        "task_holding_place",
        "task",
        ["message_tree_id", "place_until"],
        unique=False,
        sqlite_where=sa.text("place_until IS NOT NULL"),
        postgresql_where=sa.text("place_until IS NOT NULL"),
    )
    op.create_index(
        "task_losing_place",
        "task",
        ["place_until"],
        unique=False,
        sqlite_where=sa.text("place_until IS NOT NULL"),
        postgresql_where=sa.text("place_until IS NOT NULL"),
    )
    op.create_index(
        "task_pending",
        "task",
        ["user_id", "created_date"],
        unique=False,
        sqlite_where=sa.text("done IS 0 AND skipped IS 0"),
        postgresql_where=sa.text("done IS false AND skipped IS false"),
    )
    op.create_table(
        "waiting_prompt",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_waiting_prompt_message_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_waiting_prompt_user_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_waiting_prompt")),
    )
    op.create_index("waiting_prompt_by_author", "waiting_prompt", ["lang", "user_id"], unique=False)
    op.create_table(
        "ballot",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("api_client_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=False),
        sa.Column("message_tree_id", sa.Uuid(), nullable=False),
        sa.Column("ranking", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("not_rankable", sa.Boolean(), nullable=False),
        sa.Column("first_user_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["api_client_id"], ["api_client.id"], name=op.f("fk_ballot_api_client_id")),
        sa.ForeignKeyConstraint(["first_user_id"], ["user.id"], name=op.f("fk_ballot_first_user_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["message.id"], name=op.f("fk_ballot_parent_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_ballot_task_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_ballot_user_id")),
        sa.PrimaryKeyConstraint("task_id", "user_id", name=op.f("pk_ballot")),
    )
    op.create_index("ballot_by_winner", "ballot", ["created_date", "first_user_id"], unique=False)
    op.create_index(op.f("ix_ballot_message_tree_id"), "ballot", ["message_tree_id"], unique=False)
    op.create_index(op.f("ix_ballot_parent_id"), "ballot", ["parent_id"], unique=False)
    op.create_index(op.f("ix_ballot_user_id"), "ballot", ["user_id"], unique=False)
    op.create_table(
        "barred_from_work",
        sa.Column("work_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_barred_from_work_user_id")),
        sa.ForeignKeyConstraint(
            ["work_id"], ["open_work.id"], name=op.f("fk_barred_from_work_work_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("work_id", "user_id", name=op.f("pk_barred_from_work")),
    )
    op.create_index(op.f("ix_barred_from_work_user_id"), "barred_from_work", ["user_id"], unique=False)
    op.create_table(
        "text_labels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("api_client_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("labels", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["api_client_id"], ["api_client.id"], name=op.f("fk_text_labels_api_client_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_text_labels_message_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_text_labels_task_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_text_labels_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_labels")),
    )
    op.create_index(op.f("ix_text_labels_message_id"), "text_labels", ["message_id"], unique=False)
    op.create_index("text_labels_by_author", "text_labels", ["user_id", "created_date"], unique=False)
    op.create_index("text_labels_by_date", "text_labels", ["created_date"], unique=False)
    op.create_table(
        "standing",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("frame", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prompts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("replies_assistant", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("replies_prompter", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("labels_simple", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("labels_full", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rankings_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rankings_good", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("accepted_prompts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("accepted_replies_assistant", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("accepted_replies_prompter", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reply_ranked_1", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reply_ranked_2", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reply_ranked_3", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("red_flags", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("upvotes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("downvotes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("spam_prompts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lang_mismatch", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_appropriate", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pii", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("hate_speech", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sexual_content", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("political_content", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("spam", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("quality_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("humor_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("toxicity_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("violence_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("helpfulness_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("quality_sum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("humor_sum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("toxicity_sum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("violence_sum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("helpfulness_sum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("leader_order", sa.Integer(), nullable=True),
        sa.Column("troll_order", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_standing_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "frame", name=op.f("pk_standing")),
        sqlite_with_rowid=False,
    )
    op.create_index("leaderboard", "standing", ["frame", "leader_order", "user_id"], unique=False)
    op.create_index("trollboard", "standing", ["frame", "troll_order", "user_id"], unique=False)
    op.create_table(
        "standing_frame",
        sa.Column("frame", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("base_date", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("frame", name=op.f("pk_standing_frame")),
    )
    op.create_table(
        "collected",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "lang", name=op.f("pk_collected")),
    )
    op.create_table(
        "campaign_goal",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "lang", name=op.f("pk_campaign_goal")),
    )
    op.create_table(
        "announcement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=True),
        sa.Column("from_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.id"], name=op.f("fk_announcement_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
    op.create_index(op.f("ix_announcement_until_date"), "announcement", ["until_date"], unique=False)
    op.create_table(
        "user_language",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_language_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "lang", name=op.f("pk_user_language")),
    )
    op.create_table(
        "terms",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("from_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_terms_created_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_terms")),
    )
    op.create_table(
        "terms_acceptance",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("accepted_date", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_terms_acceptance_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version"], ["terms.version"], name=op.f("fk_terms_acceptance_version")),
        sa.PrimaryKeyConstraint("user_id", "version", name=op.f("pk_terms_acceptance")),
    )
    op.create_table(
        "abuse_sign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("other_user_id", sa.Uuid(), nullable=True),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user.id"], name=op.f("fk_abuse_sign_decided_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["other_user_id"], ["user.id"], name=op.f("fk_abuse_sign_other_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_abuse_sign_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abuse_sign")),
    )
    op.create_index("abuse_sign_by_date", "abuse_sign", ["created_date", "id"], unique=False)
    op.create_index(op.f("ix_abuse_sign_other_user_id"), "abuse_sign", ["other_user_id"], unique=False)
    op.create_index(op.f("ix_abuse_sign_status"), "abuse_sign", ["status"], unique=False)
    op.create_index(op.f("ix_abuse_sign_user_id"), "abuse_sign", ["user_id"], unique=False)
