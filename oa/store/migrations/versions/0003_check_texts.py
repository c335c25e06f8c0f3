"""Keep what checks find in texts, and an index of texts that are alike."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "text_sketch",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("mark_1", sa.BigInteger(), nullable=False),
        sa.Column("mark_2", sa.BigInteger(), nullable=False),
        sa.Column("mark_3", sa.BigInteger(), nullable=False),
        sa.Column("mark_4", sa.BigInteger(), nullable=False),
        sa.Column("mark_5", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_text_sketch_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_text_sketch")),
    )
    with op.batch_alter_table("text_sketch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_text_sketch_mark_1"), ["mark_1"], unique=False)
        batch_op.create_index(batch_op.f("ix_text_sketch_mark_2"), ["mark_2"], unique=False)
        batch_op.create_index(batch_op.f("ix_text_sketch_mark_3"), ["mark_3"], unique=False)
        batch_op.create_index(batch_op.f("ix_text_sketch_mark_4"), ["mark_4"], unique=False)
        batch_op.create_index(batch_op.f("ix_text_sketch_mark_5"), ["mark_5"], unique=False)
    op.create_table(
        "text_warning",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("check", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_text_warning_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "check", "what", name=op.f("pk_text_warning")),
    )
