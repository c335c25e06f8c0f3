"""Where everything is kept: tables, migrations, one writer and many readers, and queries that return domain values."""
