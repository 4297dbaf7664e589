import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from scheduling import protocols
from scheduling.core.figures import Difference
from scheduling.core.protocol import shipped_document
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound, WrongState
from scheduling.models import Change, ProtocolVersion
from scheduling.signals import grounds_changed
from tests.cast import NOW

pytestmark = pytest.mark.django_db
LEAD = Actor(name="Dr Lead")
GAP = "rules/SEED-GAP-RF/tiers/0/below"
DAYS = Difference(section="SEED-GAP-RF", label="below how many days", before=7, after=10)


@pytest.fixture
def first() -> ProtocolVersion:
    """The shipped protocol, in force."""
    draft = protocols.load_shipped(by=LEAD, now=NOW)
    return protocols.activate(version_id=draft.pk, by=LEAD, now=NOW)


@pytest.fixture
def draft(first: ProtocolVersion) -> ProtocolVersion:
    return protocols.copy(version_id=first.pk, name="Ten days", by=LEAD, now=NOW)


def test_shipped_protocol_comes_in_once_as_a_draft() -> None:
    one = protocols.load_shipped(by=LEAD, now=NOW)
    again = protocols.load_shipped(by=LEAD, now=NOW)
    assert (one.number, one.state, one.document) == (1, "draft", shipped_document())
    assert again == one
    assert protocols.active() is None


def test_copy_is_a_draft_of_its_own(first: ProtocolVersion, draft: ProtocolVersion) -> None:
    assert (draft.number, draft.state, draft.based_on, draft.created_by) == (
        2,
        "draft",
        first,
        "Dr Lead",
    )
    assert draft.document == first.document
    assert protocols.active() == first


def test_copy_wants_a_name_and_a_version(first: ProtocolVersion) -> None:
    with pytest.raises(Malformed):
        protocols.copy(version_id=first.pk, name="  ", by=LEAD, now=NOW)
    with pytest.raises(NotFound):
        protocols.copy(version_id=0, name="x", by=LEAD, now=NOW)


def test_amended_draft_differs_by_its_figures(
    first: ProtocolVersion, draft: ProtocolVersion
) -> None:
    changed = protocols.amend(version_id=draft.pk, new={GAP: 10}, by=LEAD, now=NOW)
    draft.refresh_from_db()
    assert changed == (DAYS,)
    assert protocols.compare(before=first, after=draft) == (DAYS,)
    assert Change.objects.filter(verb="amend").values_list("what", flat=True).get() == {
        "SEED-GAP-RF: below how many days": [7, 10]
    }


def test_amendment_without_sense_changes_nothing(draft: ProtocolVersion) -> None:
    senseless: dict[str, Any] = {GAP: 10, "modalities/ipl/recovery/face/0": 99}
    with pytest.raises(protocols.UnreadableProtocol, match=r"modalities\.ipl"):
        protocols.amend(version_id=draft.pk, new=senseless, by=LEAD, now=NOW)
    draft.refresh_from_db()
    assert draft.document == shipped_document()


def test_weak_rule_is_never_made_hard(draft: ProtocolVersion) -> None:
    with pytest.raises(protocols.UnreadableProtocol, match="LIT-CONCURRENT"):
        protocols.amend(
            version_id=draft.pk,
            new={"rules/LIT-CONCURRENT/severity": "hard"},
            by=LEAD,
            now=NOW,
        )


def test_amendment_of_an_unknown_figure_is_refused(draft: ProtocolVersion) -> None:
    with pytest.raises(Malformed, match="no figure"):
        protocols.amend(version_id=draft.pk, new={"rules/X/severity": "hard"}, by=LEAD, now=NOW)


def test_activation_retires_the_version_before_it(
    first: ProtocolVersion, draft: ProtocolVersion
) -> None:
    heard: list[str] = []

    def listen(**news: Any) -> None:
        heard.append(news["what"])

    grounds_changed.connect(listen)
    try:
        protocols.activate(version_id=draft.pk, by=Actor(name="Dr Next"), now=NOW)
    finally:
        grounds_changed.disconnect(listen)

    first.refresh_from_db()
    draft.refresh_from_db()
    assert (first.state, first.retired_at) == ("retired", NOW)
    assert (draft.state, draft.activated_at, draft.activated_by) == ("active", NOW, "Dr Next")
    assert protocols.active() == draft
    assert heard == ["protocol 2 activated"]
    assert list(
        Change.objects.filter(verb__in=["activate", "retire"], by="Dr Next")
        .order_by("pk")
        .values_list("verb", "subject_id")
    ) == [("retire", first.pk), ("activate", draft.pk)]


def test_activated_version_is_not_amended_discarded_or_activated_again(
    first: ProtocolVersion,
) -> None:
    for step in (
        lambda: protocols.amend(version_id=first.pk, new={GAP: 10}, by=LEAD, now=NOW),
        lambda: protocols.discard(version_id=first.pk, by=LEAD, now=NOW),
        lambda: protocols.activate(version_id=first.pk, by=LEAD, now=NOW),
    ):
        with pytest.raises(WrongState, match="copy it to a draft"):
            step()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE scheduling_protocolversion SET document = '{}' WHERE id = %s",
        "UPDATE scheduling_protocolversion SET state = 'draft' WHERE id = %s",
        "UPDATE scheduling_protocolversion SET activated_by = 'me' WHERE id = %s",
        "UPDATE scheduling_protocolversion SET number = 9 WHERE id = %s",
        "DELETE FROM scheduling_protocolversion WHERE id = %s",
    ],
)
def test_database_itself_keeps_an_activated_version(first: ProtocolVersion, sql: str) -> None:
    with (
        pytest.raises(IntegrityError, match="an activated protocol does not change"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, [first.pk])


def test_document_that_the_rules_cannot_read_is_not_activated(draft: ProtocolVersion) -> None:
    draft.document["rules"][0]["kind"] = "guess"
    draft.save()
    with pytest.raises(protocols.UnreadableProtocol, match="SEED-GAP-RF"):
        protocols.activate(version_id=draft.pk, by=LEAD, now=NOW)
    assert protocols.active() != draft


def test_discarded_draft_is_gone_and_signed_for(draft: ProtocolVersion) -> None:
    protocols.discard(version_id=draft.pk, by=LEAD, now=NOW)
    assert not ProtocolVersion.objects.filter(pk=draft.pk).exists()
    assert Change.objects.filter(verb="discard", subject_id=draft.pk).count() == 1


def test_draft_with_copies_is_not_discarded(draft: ProtocolVersion) -> None:
    protocols.copy(version_id=draft.pk, name="Twelve", by=LEAD, now=NOW)
    with pytest.raises(WrongState, match="copied"):
        protocols.discard(version_id=draft.pk, by=LEAD, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_activate_at_once_leave_one_version_in_force() -> None:
    one = protocols.load_shipped(by=LEAD, now=NOW)
    two = protocols.copy(version_id=one.pk, name="Second", by=LEAD, now=NOW)
    gate = threading.Barrier(2)
    failed: list[BaseException] = []

    def activate(version: ProtocolVersion) -> None:
        try:
            gate.wait()
            protocols.activate(version_id=version.pk, by=LEAD, now=NOW)
        except BaseException as error:  # noqa: BLE001 -- told to the test's own thread
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=activate, args=[v]) for v in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(ProtocolVersion.objects.values_list("state", flat=True)) == ["active", "retired"]
