"""The settings as other processes read them: strict, safe, and silent where no secret is needed."""

import os
import subprocess
import sys

from django.conf import settings

PRODUCTION = {
    "FALLOW_PUBLIC_URL": "https://book.example",
    "FALLOW_PROXIES": "1",
    "EMAIL_URL": "smtp+tls://ann:pw@mail.example:587",
    "SECRET_KEY": "3f9-kept-nowhere" * 4,
}


def manage(*arguments: str, **said: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with nothing set but `said`."""
    kept = ("PATH", "HOME", "PYTHONPYCACHEPREFIX")
    bare = {name: os.environ[name] for name in kept if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=bare | said,
        capture_output=True,
        text=True,
        check=False,
    )


def test_settings_of_production_have_no_warning() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (done.returncode, done.stdout) == (
        0,
        "System check identified no issues (0 silenced).\n",
    )


def test_settings_need_nothing_for_commands_that_need_nothing() -> None:
    done = manage("makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "No changes detected\n")


def test_settings_stop_the_start_on_a_misspelt_name() -> None:
    done = manage("check", FALLOW_SMSS="twilio")
    assert done.returncode == 1
    assert "FALLOW_SMSS: no such setting." in done.stderr


def test_the_web_server_does_not_start_without_a_secret() -> None:
    done = manage("shell", "--no-imports", "-c", "import clinic.wsgi")
    assert done.returncode == 1
    assert "The SECRET_KEY setting must not be empty." in done.stderr


def test_a_database_without_address_is_named_at_the_first_question() -> None:
    done = manage("migrate", "--check")
    assert done.returncode == 1
    assert "/DATABASE_URL-is-not-set" in done.stderr


def test_a_real_clinic_without_mail_is_warned() -> None:
    done = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        **PRODUCTION | {"EMAIL_URL": "consolemail://"},
    )
    assert (done.returncode, "clinic.W001" in done.stderr) == (1, True)


def test_twilio_without_an_account_is_an_error() -> None:
    done = manage("check", FALLOW_SMS="twilio", TWILIO_FROM="+15005550006")
    assert done.returncode == 1
    assert "FALLOW_SMS=twilio needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN." in done.stderr
