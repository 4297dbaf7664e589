"""Who signs in to the demo, and with which password: known to everybody, so for demos only."""

from dataclasses import dataclass

from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.contrib.auth.models import Group, User
from rest_framework.authtoken.models import Token

from clinic.demo.places import LONDON
from scheduling import access
from scheduling.core.words import Actor
from scheduling.models import Resource, Site, Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One account: its groups, its sites (none named is everywhere), and whom it treats as."""

    name: str
    password: str
    person: tuple[str, str]
    groups: tuple[str, ...]
    sites: tuple[str, ...] = ()
    treats: str = ""


SIGN_INS = (
    SignIn(
        name="reception",
        password="fallow-reception",  # noqa: S106 -- printed by the demo
        person=("Robin", "Desk"),
        groups=(access.RECEPTION,),
        sites=(LONDON,),
    ),
    SignIn(
        name="clinician",
        password="fallow-clinician",  # noqa: S106 -- printed by the demo
        person=("Amara", "Lind"),
        groups=(access.CLINICIAN, access.MEDICAL_LEAD),
        treats="Dr Amara Lind",
    ),
    SignIn(
        name="manager",
        password="fallow-manager",  # noqa: S106 -- printed by the demo
        person=("Sam", "Keeper"),
        groups=(access.MANAGER,),
    ),
)

PROGRAM = "clinician"
"""Whose token a program uses: it may book, record and override."""


def open_accounts(groups: dict[str, Group]) -> list[str]:
    """Make sure that everybody can sign in, and list the demo's sign-in and token lines."""
    lines = []
    for sign_in in SIGN_INS:
        user = _open(sign_in, groups)
        lines.append(f"sign-in {sign_in.name} {user.get_username()} {sign_in.password}")
    token, _ = Token.objects.get_or_create(user=User.objects.get(username=PROGRAM))
    return [*lines, f"token {token.key}"]


def _open(sign_in: SignIn, groups: dict[str, Group]) -> User:
    given, family = sign_in.person
    user = User.objects.filter(username=sign_in.name).first()
    if user is None:
        user = User(username=sign_in.name, password=_quickly(sign_in.password))
    user.first_name, user.last_name, user.is_staff = given, family, True
    user.save()
    user.groups.set([groups[name] for name in sign_in.groups])
    staff, _ = Staff.objects.get_or_create(user=user)
    staff.everywhere = not sign_in.sites
    staff.save()
    staff.sites.set(Site.objects.filter(name__in=sign_in.sites))
    Resource.objects.filter(name=sign_in.treats, user=None).update(user=user)
    return user


def _quickly(password: str) -> str:
    # Slow hashing guards secrets, and these are printed. Django hashes anew at the first sign-in.
    hasher = get_hasher()
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, hasher.salt(), iterations=1000)
    return hasher.encode(password, hasher.salt())


def actor(name: str) -> Actor:
    """Act as one of the demo's people."""
    return access.actor_of(User.objects.get(username=name))
