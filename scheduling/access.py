"""Who may do what: the groups of the clinic, and the actor behind a signed-in user.

A permission says what somebody may do, `Staff.sites` where. Elsewhere appointments are busy time
only, and changes answer 404.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.models import Site, Staff

RECEPTION = "reception"
CLINICIAN = "clinician"
MANAGER = "manager"
MEDICAL_LEAD = "medical lead"

_CATALOGUE_NOUNS = (
    "site",
    "skill",
    "resource",
    "practitioner",
    "room",
    "device",
    "capability",
    "openinghours",
    "absence",
    "treatment",
    "treatmenttext",
    "need",
)
_LOOK_AROUND = frozenset(f"scheduling.view_{noun}" for noun in _CATALOGUE_NOUNS)
_DESK = _LOOK_AROUND | {
    "scheduling.view_patient",
    "scheduling.add_patient",
    "scheduling.change_patient",
    "scheduling.view_record",
    "scheduling.view_appointment",
    "scheduling.work_diary",
    "scheduling.view_override",
    "scheduling.view_submission",
    "scheduling.view_signedconsent",
    "scheduling.view_consenttext",
    "scheduling.view_todo",
    "scheduling.add_todo",
    "scheduling.change_todo",
}
_CATALOGUE = frozenset(
    f"scheduling.{verb}_{noun}" for verb in ("add", "change") for noun in _CATALOGUE_NOUNS
) | frozenset(
    # Sites, people, rooms, devices and treatments have history: they retire, they do not go.
    f"scheduling.delete_{noun}"
    for noun in ("skill", "capability", "openinghours", "absence", "need", "treatmenttext")
)

PERMISSIONS: Mapping[str, frozenset[str]] = {
    RECEPTION: _DESK,
    CLINICIAN: _DESK
    | {
        "scheduling.add_record",
        "scheduling.change_record",
        "scheduling.override_refusal",
        "scheduling.view_protocolversion",
        "scheduling.read_clinical_reports",
    },
    # In a small clinic the manager stands in at the desk, and nobody hands out what they lack.
    MANAGER: _DESK
    | _CATALOGUE
    | {
        "auth.view_user",
        "auth.add_user",
        "auth.change_user",
        "scheduling.read_reports",
        "scheduling.read_clinical_reports",
        "scheduling.view_staff",
        "scheduling.add_staff",
        "scheduling.change_staff",
        "scheduling.view_change",
        "scheduling.move_data",
        "scheduling.add_consenttext",
        "scheduling.view_protocolversion",
    },
    MEDICAL_LEAD: frozenset(
        {
            "scheduling.view_protocolversion",
            "scheduling.add_protocolversion",
            "scheduling.change_protocolversion",
            "scheduling.delete_protocolversion",
            "scheduling.activate_protocol",
            "scheduling.view_consenttext",
            "scheduling.add_consenttext",
        }
    ),
}
"""What each group may do, as `app.codename`; upper floors add theirs in `ensure_groups`."""


def ensure_groups(more: Mapping[str, Collection[str]] | None = None) -> dict[str, Group]:
    """Make the clinic's groups hold exactly these permissions, whatever they held before.

    `more` maps a group to further permissions, for the floors above.

    Raises:
        ImproperlyConfigured: a permission does not exist; `migrate` has not been run.

    """
    wanted = {name: own | set((more or {}).get(name, ())) for name, own in PERMISSIONS.items()}
    known = _permissions(set[str]().union(*wanted.values()))
    Group.objects.bulk_create((Group(name=name) for name in wanted), ignore_conflicts=True)
    groups = {group.name: group for group in Group.objects.filter(name__in=wanted)}
    rows = Group.permissions.through.objects
    due = {(groups[name].pk, known[code]) for name, codes in wanted.items() for code in codes}
    has = {
        (group, permission): pk
        for pk, group, permission in rows.filter(group__in=groups.values()).values_list(
            "pk", "group", "permission"
        )
    }
    rows.filter(pk__in=[pk for pair, pk in has.items() if pair not in due]).delete()
    rows.bulk_create(
        (
            Group.permissions.through(group_id=group, permission_id=permission)
            for group, permission in sorted(due - has.keys())
        ),
        ignore_conflicts=True,
    )
    return {name: groups[name] for name in PERMISSIONS}


def _permissions(wanted: Collection[str]) -> dict[str, int]:
    """Read the keys of these permissions, by `app.codename`."""
    names = [name.partition(".")[2] for name in wanted]
    rows = Permission.objects.filter(codename__in=names)
    found = {
        f"{app}.{codename}": pk
        for pk, app, codename in rows.values_list("pk", "content_type__app_label", "codename")
    }
    if missing := sorted(set(wanted) - set(found)):
        raise ImproperlyConfigured(f"no such permission: {', '.join(missing)}; run migrate first")
    return found


def actor_of(user: User | AnonymousUser) -> Actor:
    """Name the person behind a request, with the sites and rights they have just now.

    Nobody without a `Staff` row works anywhere; a superuser works everywhere.
    """
    if not isinstance(user, User) or not user.is_active:
        return Actor(name="nobody", sites=frozenset())
    return Actor(
        name=user.get_full_name() or user.get_username(),
        user_id=user.pk,
        may_override=user.has_perm("scheduling.override_refusal"),
        sites=_sites_of(user),
    )


def _sites_of(user: User) -> frozenset[int] | None:
    if user.is_superuser:
        return None
    rows = list(Staff.objects.filter(user=user).values_list("everywhere", "sites"))
    if any(everywhere for everywhere, _ in rows):
        return None
    return frozenset(site for _, site in rows if site)


def visible_sites(user: User | AnonymousUser) -> QuerySet[Site]:
    """List the sites at which this user may read the diary and change it."""
    sites = actor_of(user).sites
    return Site.objects.all() if sites is None else Site.objects.filter(pk__in=sites)


def may_give(giver: User | AnonymousUser, group: Group) -> bool:
    """Tell whether a user may put others into this group: nobody gives what they do not have."""
    return giver.is_superuser or _names(group) <= giver.get_all_permissions()


def may_manage(manager: User | AnonymousUser, other: User) -> bool:
    """Tell whether a user may change another's account (its password opens all it may do)."""
    if manager.is_superuser or manager == other:
        return True
    return not other.is_superuser and other.get_all_permissions() <= manager.get_all_permissions()


def _names(group: Group) -> set[str]:
    rows = group.permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


def standing_of(user: User) -> dict[str, list[str]]:
    """Say what an account may do and where, as the trail keeps it."""
    staff = Staff.objects.filter(user=user).first()
    sites = [] if staff is None else [site.name for site in staff.sites.order_by("name")]
    return {
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "sites": ["everywhere"] if staff and staff.everywhere else sites,
    }


def sign_for(*, user: User, before: Mapping[str, list[str]], by: Actor, now: datetime) -> None:
    """Write into the trail what an account may do and where, if that is news."""
    after = standing_of(user)
    what = {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }
    if what:
        verb = "change" if before else "add"
        trail.write([trail.entry(subject=user, verb=verb, by=by, now=now, what=what)])
