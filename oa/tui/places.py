"""Where a person's own files are: the platform's directories, made private."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class Places:
    """Directories of one person on one machine."""

    config: Path
    """Known hubs, keys, preferences."""
    state: Path
    """Drafts, and answers that wait to be sent."""

    @classmethod
    def of_platform(cls) -> Places:
        return cls(platformdirs.user_config_path("oa"), platformdirs.user_state_path("oa"))

    def of_hub(self, address: str, username: str) -> Path:
        """What belongs to one person at one hub; names of hubs hold what no file name may."""
        digest = hashlib.sha256(f"{address}\n{username}".encode()).hexdigest()[:16]
        return self.state / digest
