"""Write the migration that leads from the newest one to what `oa/store/tables.py` says now.

    .venv/bin/python scripts/new_migration.py "Add notes to trees"
    .venv/bin/python scripts/new_migration.py --first "First tables"    # write 0001 anew; until the first release only

Read what it wrote, correct it, and set the head in `oa/store/migrate.py`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from oa.store import dialect
from oa.store.migrate import SCRIPTS, alembic_config


def write_migration(name: str) -> Path:
    """Compare the tables with what the migrations so far make of an empty file."""
    with tempfile.TemporaryDirectory() as directory:
        url = dialect.sqlite_url(Path(directory) / "empty.db")
        with dialect.writer_engine(url, foreign_keys=False).connect() as connection:
            config = alembic_config(connection)
            number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
            command.upgrade(config, "head")
            script = command.revision(config, name, autogenerate=True, rev_id=f"{number:04}")
    if script is None or isinstance(script, list):
        raise SystemExit("nothing was written")
    return Path(script.path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the migration does, as a sentence")
    parser.add_argument("--first", action="store_true", help="remove all migrations and write the first anew")
    arguments = parser.parse_args()
    if arguments.first:
        for script in (SCRIPTS.directory / "versions").glob("*.py"):
            script.unlink()
    written = write_migration(arguments.name)
    lines = written.read_text("utf-8").splitlines(keepends=True)
    written.write_text("".join(line for line in lines if not line.strip().startswith("# ###")), "utf-8")
    for tidy in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *tidy, str(written)], check=True)
    sys.stdout.write(f"{written}\n")


if __name__ == "__main__":
    main()
