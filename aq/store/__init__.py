"""The store: SQLite or PostgreSQL behind one door, versioned writes, reads; all SQL is here."""

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from aq.store.engine import Store, Txn, open_store
from aq.store.standby import resumed

__all__ = ["Connection", "IntegrityError", "Store", "Txn", "open_store", "resumed"]
