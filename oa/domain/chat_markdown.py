"""A conversation as a Markdown document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from oa.domain.chats import Chat, ChatMessage
from oa.domain.tree import Role

UNTITLED = "Untitled chat"


def document(chat: Chat, thread: Sequence[ChatMessage]) -> str:
    """The messages under one another, each below who said it. What they wrote is Markdown already and left as it is."""
    return "\n\n".join((f"# {chat.title or UNTITLED}", f"*{_date(chat)}*", *_parts(thread))) + "\n"


def file_name(chat: Chat, extension: str) -> str:
    """A name that every file system takes, of letters that every header takes."""
    words = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in chat.title or "")
    name = "-".join(part for part in words.lower().split("-") if part)[:60].strip("-")
    return f"{name or 'chat'}.{extension}"


def _parts(thread: Iterable[ChatMessage]) -> Iterator[str]:
    for message in thread:
        yield f"## {_speaker(message)}"
        if message.content:
            yield message.content.strip()
        if message.role is Role.ASSISTANT and not message.content:
            yield f"*(no answer: {message.state.value})*"
        elif message.state.is_failure:
            yield f"*(cut off: {message.error or message.state.value})*"


def _speaker(message: ChatMessage) -> str:
    if message.role is Role.PROMPTER:
        return "You"
    return f"Assistant ({message.model})" if message.model else "Assistant"


def _date(chat: Chat) -> str:
    return chat.created_date.strftime("%Y-%m-%d %H:%M UTC")
