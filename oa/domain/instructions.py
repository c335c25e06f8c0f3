"""What the system message of a chat says: the system prompt, and what a person wants the model to know of them."""

from __future__ import annotations

PREAMBLE = (
    "The person you talk to has written the following about themselves and their wishes. It comes with every "
    "conversation and has mostly nothing to do with what they ask. Use it only where a question is directly about it, "
    "and do not mention it otherwise."
)


def system_text(
    system_prompt: str | None = None, user_profile: str | None = None, response_instructions: str | None = None
) -> str | None:
    """The text of the system message; None when there is nothing to say."""
    parts = [system_prompt.strip()] if system_prompt and system_prompt.strip() else []
    profile, wishes = (user_profile or "").strip(), (response_instructions or "").strip()
    if profile or wishes:
        parts.append(PREAMBLE)
    if profile:
        parts.append(f"About the person: {profile}")
    if wishes:
        parts.append(f"How to answer them: {wishes}")
    return "\n\n".join(parts) or None
