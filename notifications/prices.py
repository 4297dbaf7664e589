"""What a segment costs, entered by those who pay; each change signed for."""

from datetime import datetime

from django.db import transaction

from notifications.models import SmsPrice
from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import NotFound


@transaction.atomic
def keep(*, price: SmsPrice, by: Actor, now: datetime) -> None:
    """Save a price, new or changed.

    Raises:
        NotFound: it is of a site at which the actor does not work.

    """
    if price.site_id is not None and not by.works_at(price.site_id):
        raise NotFound
    verb = "change" if price.pk else "add"
    price.changed_at, price.changed_by = now, by.name
    price.save()
    what = {"price": [None, f"{price.price} {price.currency} from {price.valid_from}"]}
    trail.write([trail.entry(subject=price, verb=verb, by=by, now=now, what=what)])
