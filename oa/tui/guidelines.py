"""What is wanted of people, by the kind of work. Markdown; translated where it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from oa.tui.language import mark

GUIDELINES: Mapping[str, str] = MappingProxyType(
    {
        "review": mark(
            "Judge the last message only; the ones above it say what it answers.\n\n"
            "- Correct and helpful counts first, then whether it keeps to what was asked. Length does not count.\n"
            "- **Spam** is what nobody meant seriously. An honest attempt that came out weak is not spam.\n"
            "- Answer what you can tell, and leave open what you cannot: only what you answered is sent.\n"
            "- If you cannot judge whether it is right, skip it. That is fine, and needs no reason."
        ),
        "rank": mark(
            "Put the best reply first.\n\n"
            "- Right and useful beats long and elegant. Your own opinion on the subject should not count.\n"
            "- To admit not knowing is worse than being right, and better than being wrong.\n"
            "- If none is acceptable, say so with `x`: then no order is learnt from them."
        ),
        "assist": mark(
            "Answer as a friendly and honest assistant would.\n\n"
            "- Write it yourself. Texts of other assistants must not be copied here.\n"
            "- Be correct; look things up, and say so where you are not sure.\n"
            "- Keep to the language of the conversation. Markdown and code blocks are welcome.\n"
            "- Give away nothing about private people."
        ),
        "prompt": mark(
            "Go on as the one who asks.\n\n"
            "- React to the last answer: ask further, doubt it, change the wish.\n"
            "- Sound like a person and not like a machine; short is all right.\n"
            "- Keep to the language of the conversation."
        ),
        "first": mark(
            "Begin a conversation with an assistant.\n\n"
            "- Ask for anything that people may want: knowledge, a text, a plan, code, a conversation.\n"
            "- Say clearly what you want, in a sentence or in many.\n"
            "- No names, numbers or addresses of private people."
        ),
    }
)
"""By the names of the work that home offers."""

HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        "review": mark("Review a message"),
        "rank": mark("Rank replies, best first"),
        "assist": mark("Answer as the assistant"),
        "prompt": mark("Go on as the prompter"),
        "first": mark("Write a first prompt"),
        "any": mark("Anything"),
    }
)
