"""Passwords, kept as argon2id.

Hashing takes tens of milliseconds on purpose, so it has no place in a transaction: `oa.hub.sign_in` runs it in threads
of its own before the writing begins.

Source:
    OWASP Password Storage Cheat Sheet, argon2id with 19 MiB, 2 passes, 1 lane: as strong as its larger variants, and
    small enough for several people who sign in at once on a small machine.
"""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from oa.errors import Invalid

SHORTEST, LONGEST = 8, 1024
"""Characters that a password may have; the upper end only bounds the work."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

DECOY = "$argon2id$v=19$m=19456,t=2,p=1$9DSER3B4oOKddo4ToEXdBw$KuqjCxvXI9j4PNobhr3tlne2TH5/NmfF8KqG+7HZpuU"
"""Checked for people who do not exist or have no password, so that the answer takes as long. Nothing matches it."""


def hash_password(password: str) -> str:
    """What to keep of a new password.

    Raises:
        Invalid: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"a password has {SHORTEST} to {LONGEST} characters")
    return HASHER.hash(_bytes(password))


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; takes as long when there is none."""
    try:
        HASHER.verify(password_hash or DECOY, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's; it can be made anew while the password is known."""
    return HASHER.check_needs_rehash(password_hash)


def _bytes(password: str) -> bytes:
    # One keyboard composes an accented letter, another sends two characters (RFC 8265, OpaqueString).
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
