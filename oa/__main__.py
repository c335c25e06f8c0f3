"""`python -m oa` is the same as `oa`."""

from __future__ import annotations

from oa.cli.main import entry

if __name__ == "__main__":
    entry()
