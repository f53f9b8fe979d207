"""Where an office is: what its calendars go by."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from papier.errors import UsageError
from papier.workflows.calendar import FRANCE, parse_region
from papier.workflows.school_calendar import parse_zone


@dataclass(frozen=True, slots=True)
class Place:
    """`region`: where local holidays count (calendar.REGIONS), None for metropolitan France without local law; `zone`:
    of school holidays, A, B or C, None where none is said: school holidays then move no reminder.
    """

    region: str | None = None
    zone: str | None = None


def parse_place(settings: Mapping[str, str]) -> Place:
    """The place that an office's settings name. Raises UsageError for a region or a zone that is not known."""
    region = parse_region(settings.get("region") or None)
    zone = settings.get("zone")
    return Place(None if region is FRANCE else region.name, parse_zone(zone).value if zone else None)


def known_place(settings: Mapping[str, str]) -> Place:
    """As `parse_place`, what is not known left out.

    A scan is filed whatever the settings say; `papier today`, which refuses them, tells the office.
    """
    place = Place()
    for name in ("region", "zone"):
        with contextlib.suppress(UsageError):
            place = dataclasses.replace(place, **{name: getattr(parse_place({name: settings.get(name, "")}), name)})
    return place
