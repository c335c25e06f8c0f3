"""What the use cases run in, named here for those above the hub, who know no database."""

from oa.store.database import Database as Database
from oa.store.database import Transaction as Transaction
