"""Failures of settings, files, the store and the machine."""

from __future__ import annotations

from oa.errors.kinds import Invalid, Unavailable


class InvalidSetting(Invalid):
    """A setting that does not exist, or a value that it cannot take; the message names the nearest."""

    code = "invalid_setting"


class BadFile(Invalid):
    """A file that cannot be read as what it should be; the message names the line."""

    code = "bad_file"


class StoreTooNew(Unavailable):
    """The data was written by a newer version of OA."""

    code = "store_too_new"


class StoreUnavailable(Unavailable):
    """The database cannot be written: full disk, lost file, a lock that is never given back."""

    code = "store_unavailable"
    number = 4


class CannotListen(Unavailable):
    """The address or the port is taken, not allowed, or not this machine's."""

    code = "cannot_listen"
