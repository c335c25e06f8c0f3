"""The settings of data collection as they stand. A change holds from the next transaction on, for everybody."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any

from oa.domain.campaign import Campaign, canonical_name, restored
from oa.errors import InvalidSetting
from oa.store import campaign_settings, journal
from oa.store.database import Transaction

_CACHE_KEY = "campaign"
_NAMES = frozenset(field.name for field in fields(Campaign))

log = logging.getLogger(__name__)


def current(tx: Transaction) -> Campaign:
    """The campaign that holds now.

    Raises:
        InvalidSetting: a stored value is no longer allowed; `oa campaign reset` takes it back.
    """
    campaign: Campaign | None = tx.cache.get(_CACHE_KEY)
    if campaign is None:
        try:
            campaign = restored(_known(campaign_settings.stored(tx)))
        except InvalidSetting as error:
            way_out = "it is stored so, and `oa campaign reset KEY` takes it back"
            raise InvalidSetting(f"{error}; {way_out}", **error.context) from error
        tx.cache[_CACHE_KEY] = campaign
    return campaign


def change(tx: Transaction, assignments: Mapping[str, str]) -> Campaign:
    """Set some settings from text, such as `{"goal_tree_size": "12"}`, and adjust the open work to them.

    Raises:
        InvalidSetting: an unknown name, or a value of the wrong kind or out of range; then nothing changes.
    """
    before = current(tx).differences()
    return _store(tx, before, current(tx).changed(assignments))


def reset(tx: Transaction, names: Collection[str]) -> Campaign:
    """Give some settings their defaults back, even where what is stored for them is no longer allowed.

    Raises:
        InvalidSetting: an unknown name, or a default that does not go with the other settings.
    """
    before = _known(campaign_settings.stored(tx))
    wanted = {canonical_name(name, dict.fromkeys(_NAMES)) for name in names}
    return _store(tx, before, restored({name: value for name, value in before.items() if name not in wanted}))


def _known(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The stored settings that this version has; another version's are kept for it, and mean nothing here."""
    for name in sorted(stored.keys() - _NAMES):
        log.warning("the stored campaign setting %s is unknown to this version and has no effect", name)
    return {name: value for name, value in stored.items() if name in _NAMES}


def _store(tx: Transaction, before: Mapping[str, Any], campaign: Campaign) -> Campaign:
    # They themselves ask for the current campaign.
    from oa.hub.checks import forget_unused
    from oa.hub.growth import rebuild_open_work
    from oa.hub.moderate import moderate_all

    after = campaign.differences()
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if not changed:
        return campaign
    campaign_settings.store(tx, {name: after[name] for name in changed if name in after})
    campaign_settings.forget(tx, [name for name in changed if name not in after])
    tx.cache.pop(_CACHE_KEY, None)
    journal.add(tx, "campaign_changed", before=_part(before, changed), after=_part(after, changed))
    rebuild_open_work(tx)
    forget_unused(tx, campaign)
    if any(name.startswith("auto_mod_") for name in changed):
        moderate_all(tx)
    return campaign


def _part(differences: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    defaults = Campaign()
    return {name: differences.get(name, getattr(defaults, name)) for name in names}
