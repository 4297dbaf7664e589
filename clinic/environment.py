"""What the environment says, read strictly: a misspelt or impossible value stops the start."""

import os
import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

KNOWN = {
    "FALLOW_DEBUG": "true shows tracebacks; only ever with a localhost address",
    "FALLOW_PUBLIC_URL": "where patients and staff reach the clinic, such as https://book.example",
    "FALLOW_EXTRA_HOSTS": "further host names to answer to, separated by commas",
    "FALLOW_PROXIES": "how many proxies stand in front and set X-Forwarded-For and -Proto",
    "FALLOW_FROM_EMAIL": "the sender of every e-mail",
    "FALLOW_LOG": "json (one object a line) or plain",
    "FALLOW_VAR": "the folder for everything that this machine writes",
    "FALLOW_EMAIL": "smtp, anymail, file or console; smtp where EMAIL_URL names a server, else file",
    "FALLOW_ESP": "the e-mail service of anymail, such as resend, or the path of its backend",
    "FALLOW_SMS": "file, console or twilio",
    "FALLOW_EMAIL_WEBHOOK_SECRET": "user:password of anymail's hooks; without it they are closed",
    "FALLOW_SMS_SEGMENTS": "how many segments an SMS may cost, 1 to 6",
    "FALLOW_PHOTO_KEYS": "what patients' photos are sealed with; the newest first",
    "FALLOW_HABITS": "a JSON file of the clinic's own quiet hours and caps",
    "FALLOW_CODE_COUNTRIES": "countries to whose telephones codes go, such as GB,IE; else the sites' own",
    "FALLOW_OUTBOX": "the folder into which the file provider writes messages",
    "FALLOW_SHEETS": "the folder of the day sheets kept for an outage; empty keeps none",
    "FALLOW_SHEETS_DAYS": "for how many days they are kept, 1 to 60",
    "FALLOW_CATCH_UP_EMAIL": "e-mails a minute of what waited during an outage",
    "FALLOW_CATCH_UP_SMS": "texts a minute of what waited during an outage",
    "FALLOW_FAST_REMINDERS": "true turns each reminder's lead time into seconds (demo)",
    "FALLOW_SWEEP_SECONDS": "how often the outbox is swept, 1 to 15",
    "FALLOW_SERVERS": "wheel or installed: which servers the demo and the tests start",
}

NOT_SET = "/DATABASE_URL-is-not-set"
"""A folder that does not exist: connecting fails at once, and the message names the variable."""

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


def check_known(environment: Mapping[str, str]) -> None:
    """Refuse a FALLOW_ variable that nothing reads: it is a misspelt one.

    Raises:
        ImproperlyConfigured: it names the variable and lists those that exist.

    """
    if strange := sorted(
        name for name in environment if name.startswith("FALLOW_") and name not in KNOWN
    ):
        raise ImproperlyConfigured(
            f"{', '.join(strange)}: no such setting. Known are {', '.join(sorted(KNOWN))}."
        )


def one_of(env: environ.Env, name: str, *, choices: tuple[str, ...], default: str) -> str:
    """Read a word that must be among `choices`.

    Raises:
        ImproperlyConfigured: it is another word.

    """
    word = env.str(name, default=default)
    if word not in choices:
        raise ImproperlyConfigured(f"{name}={word}: must be one of {', '.join(choices)}.")
    return str(word)


def number(env: environ.Env, name: str, *, least: int, most: int, default: int) -> int:
    """Read a whole number between `least` and `most`, both inclusive.

    Raises:
        ImproperlyConfigured: it is no number, or outside.

    """
    text = env.str(name, default=str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ImproperlyConfigured(f"{name}={text}: must be a number from {least} to {most}.")
    return int(text)


def countries(env: environ.Env, name: str) -> list[str]:
    """Read ISO 3166-1 codes, separated by commas.

    Raises:
        ImproperlyConfigured: one of them is not two capital letters.

    """
    codes = [code.strip() for code in env.list(name, default=[])]
    if odd := [code for code in codes if not re.fullmatch("[A-Z]{2}", code)]:
        raise ImproperlyConfigured(f"{name}: {', '.join(odd)} is no country; write GB,IE.")
    return codes


def truth(env: environ.Env, name: str) -> bool:
    """Read true or false; anything else is refused rather than taken for false."""
    return one_of(env, name, choices=("true", "false"), default="false") == "true"


def database(env: environ.Env) -> dict[str, Any]:
    """Read DATABASE_URL into Django's settings for one PostgreSQL database.

    Unset, every command that needs no database still works (`makemigrations`, `try_protocol`).

    Raises:
        ImproperlyConfigured: it is no PostgreSQL address.

    """
    url = env.str("DATABASE_URL", default="") or f"postgres://fallow@/fallow?host={NOT_SET}"
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL: only postgres:// addresses work.")
    found: dict[str, Any] = environ.Env.db_url_config(url)
    options = found.setdefault("OPTIONS", {})
    options.setdefault("connect_timeout", 10)
    if not found.get("DISABLE_SERVER_SIDE_CURSORS"):  # that is: no pooler swaps connections
        # Django's own None forbids prepared statements; so whoever asks for one gets it.
        options.setdefault("prepare_threshold", sys.maxsize)
    found["HOST"] = options.pop("host", found["HOST"])
    if not found["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL: the database's name is missing.")
    return found | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}


def redis(env: environ.Env) -> str:
    """Read REDIS_URL: the broker and the shared cache.

    Raises:
        ImproperlyConfigured: it is no Redis address.

    """
    url = env.str("REDIS_URL", default="") or "unix:///REDIS_URL-is-not-set"
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured("REDIS_URL: only redis://, rediss:// and unix:// work.")
    return str(url)


def public_url(env: environ.Env) -> SplitResult:
    """Read where the clinic is reached; plain http is for this machine only.

    Raises:
        ImproperlyConfigured: no scheme and host, something behind the host, or http elsewhere.

    """
    text = env.str("FALLOW_PUBLIC_URL", default="http://localhost:8000").rstrip("/")
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path or url.query:
        raise ImproperlyConfigured(
            f"FALLOW_PUBLIC_URL={text}: write it as https://name or https://name:port."
        )
    if url.scheme == "http" and url.hostname not in LOCAL_NAMES:
        raise ImproperlyConfigured(
            f"FALLOW_PUBLIC_URL={text}: patients' data travel by https only; http is for localhost."
        )
    return url


def mail(env: environ.Env) -> dict[str, Any]:
    """Read EMAIL_URL (smtp://, smtp+tls://, smtp+ssl://) into Django's EMAIL_ settings.

    Raises:
        ImproperlyConfigured: the address is of another kind.

    """
    url = env.str("EMAIL_URL", default="consolemail://")
    if urlsplit(url).scheme not in {"smtp", "smtp+tls", "smtp+ssl", "consolemail"}:
        raise ImproperlyConfigured("EMAIL_URL: smtp://, smtp+tls:// or smtp+ssl:// is meant.")
    read: dict[str, Any] = environ.Env.email_url_config(url)
    return {key: read[key] for key in read if key.startswith("EMAIL_") and read[key] is not None}


def email_provider(env: environ.Env) -> str:
    """Read who carries e-mail, when FALLOW_EMAIL says so; empty leaves it to EMAIL_URL.

    Raises:
        ImproperlyConfigured: no such provider, or one that lacks its own setting.

    """
    server = urlsplit(env.str("EMAIL_URL", default="")).scheme.startswith("smtp")
    choices = ("", "smtp", "anymail", "file", "console")
    chosen = one_of(env, "FALLOW_EMAIL", choices=choices, default="")
    if chosen == "smtp" and not server:
        raise ImproperlyConfigured("FALLOW_EMAIL=smtp needs EMAIL_URL, such as smtp+tls://….")
    if chosen == "anymail" and not env.str("FALLOW_ESP", default=""):
        raise ImproperlyConfigured("FALLOW_EMAIL=anymail needs FALLOW_ESP, such as resend.")
    return chosen


def anymail(env: environ.Env) -> dict[str, str]:
    """Read every ANYMAIL_ variable into anymail's settings, under the name that follows.

    Reports of e-mail are taken only with a secret, for most providers sign nothing.
    """
    lead = "ANYMAIL_"
    said = {n.removeprefix(lead): v for n, v in os.environ.items() if n.startswith(lead)}
    return said | {"WEBHOOK_SECRET": env.str("FALLOW_EMAIL_WEBHOOK_SECRET", default="")}


def catch_up(env: environ.Env) -> dict[str, int]:
    """Read how many messages a minute are taken up of what waited while somebody was away.

    Twilio takes 100 requests a second and then queues for hours; a mail server pushes back by itself.
    """
    return {
        "email": number(env, "FALLOW_CATCH_UP_EMAIL", least=1, most=10**6, default=6000),
        "sms": number(env, "FALLOW_CATCH_UP_SMS", least=1, most=10**6, default=1200),
    }


def environment() -> environ.Env:
    """Open the process's environment after checking that every name in it is known."""
    check_known(os.environ)
    return environ.Env()
