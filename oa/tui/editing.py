"""Writing in another program."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from oa.errors import Unavailable


def edited(env: Mapping[str, str], text: str) -> str:
    """A text as the editor that the environment names leaves it; as it was when the editor fails.

    Raises:
        Unavailable: the editor cannot be started.
    """
    command = shlex.split(env.get("VISUAL") or env.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "text.md"
        path.write_text(text, "utf-8")
        try:
            done = subprocess.run([*command, os.fspath(path)], check=False)
        except OSError as error:
            raise Unavailable(f"{command[0]} cannot be started ({error.strerror}); set EDITOR to another") from error
        return text if done.returncode else path.read_text("utf-8", "replace").removesuffix("\n")
