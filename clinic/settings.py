"""Every setting of the house, from the environment; what it does not understand it refuses.

The variables are listed in `clinic/environment.py` and explained in `docs/operating.md`.
"""

import zoneinfo
from pathlib import Path
from typing import Any

from django.templatetags.static import static

from clinic import environment

# Zones come from the locked `tzdata` package, so that the web server, the workers and the tests
# agree on every clock change whatever the machine has installed.
zoneinfo.reset_tzpath(to=())

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.environment()

PUBLIC = environment.public_url(env)
PUBLIC_URL = PUBLIC.geturl()
HTTPS = PUBLIC.scheme == "https"
LOCAL = PUBLIC.hostname in environment.LOCAL_NAMES
DEBUG = environment.truth(env, "FALLOW_DEBUG") and LOCAL
VAR = Path(env.str("FALLOW_VAR", default=str(BASE_DIR / "var"))).absolute()

# Empty is allowed here, because commands such as `makemigrations` need no secret; whatever signs
# something (sessions, links) asks Django for the key, and Django refuses an empty one.
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
PHOTO_KEYS = env.list("FALLOW_PHOTO_KEYS", default=[]) or [SECRET_KEY, *SECRET_KEY_FALLBACKS]

# ---------------------------------------------------------------- the apps, upper floors first

INSTALLED_APPS = [
    "clinic.apps.ClinicConfig",
    "notifications.apps.NotificationsConfig",
    "plans.apps.PlansConfig",
    "scheduling.apps.SchedulingConfig",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "import_export",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "phonenumber_field",
    "csp",
]

MIDDLEWARE = [
    "clinic.http.RequestIds",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinic.http.ContentSecurity",
    "clinic.http.ReadableBodies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "clinic.http.NamelessForms",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinic.http.ClinicErrors",
]

ROOT_URLCONF, WSGI_APPLICATION = "clinic.urls", "clinic.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ---------------------------------------------------------------- the two servers

DATABASES = {"default": environment.database(env)}

REDIS_URL = environment.redis(env)
CACHES = {
    "default": {
        "BACKEND": "clinic.cache.SteadyCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "fallow",
        # A server that is away costs a request two seconds, never its life.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    },
}

# ---------------------------------------------------------------- time and language

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["clinic.formats"]  # 22 Nov 2026, 14:30: unmistakable on both shores
LANGUAGES = [("en", "English"), ("es", "Español")]

# ---------------------------------------------------------------- files

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # The manifest exists only after `collectstatic`: demo and tests read the apps' folders.
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if HTTPS
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = not HTTPS
MEDIA_ROOT = VAR / "media"

# ---------------------------------------------------------------- who may come in

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"

ACCOUNT_ADAPTER = "clinic.accounts.StaffAccounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_ALLOW_UNVERIFIED_EMAIL = True  # staff accounts are made by the clinic, not by e-mail
MFA_TOTP_ISSUER = "Fallow"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL
ALLAUTH_TRUSTED_PROXY_COUNT = environment.number(env, "FALLOW_PROXIES", least=0, most=5, default=0)

# ---------------------------------------------------------------- the wire

ALLOWED_HOSTS = [PUBLIC.hostname, *env.list("FALLOW_EXTRA_HOSTS", default=[])]
if LOCAL:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "clinic.http.csrf_failure"
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # one working day
DATA_UPLOAD_MAX_MEMORY_SIZE, FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20, 25 * 2**20  # no file on disk

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}
# Unfold's Alpine build evaluates attributes and writes inline styles; behind sign-in only.
ADMIN_CONTENT_SECURITY = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}

# ---------------------------------------------------------------- the API

REST_FRAMEWORK: dict[str, Any] = {
    "EXCEPTION_HANDLER": "clinic.http.problem",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # One strict reader and one pager for every floor, by name: upper floors do not import edges.
    "DEFAULT_PARSER_CLASSES": ["scheduling.rest.reading.JsonObject"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "scheduling.rest.paging.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fallow",
    "DESCRIPTION": "Free starts, bookings and their reasons for a laser-skin clinic.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "ResourceKind": "scheduling.models.Resource.Kind",
        "PreferredChannel": "scheduling.models.Patient.Channel",
        "MessageKind": "notifications.models.KINDS",
        "MessageChannel": "notifications.models.CHANNELS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# ---------------------------------------------------------------- the admin

# Lightness and chroma of the admin's own scale, in the green of the patients' pages; white text on
# 600 and 700 keeps a contrast above 4.5.
FIELD_GREEN = {
    "50": "oklch(97.5% .012 172)",
    "100": "oklch(94.5% .026 172)",
    "200": "oklch(89% .048 172)",
    "300": "oklch(81% .075 172)",
    "400": "oklch(70% .09 172)",
    "500": "oklch(61% .092 172)",
    "600": "oklch(46% .075 172)",
    "700": "oklch(40% .066 172)",
    "800": "oklch(34% .055 172)",
    "900": "oklch(29% .045 172)",
    "950": "oklch(20% .035 172)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Fallow",
    "SITE_HEADER": "Fallow",
    "SITE_SYMBOL": "calendar_month",
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {"primary": FIELD_GREEN},
    "STYLES": [lambda _: static("scheduling/screens.css")],
    "SCRIPTS": [lambda _: static("scheduling/names.js")],
    "DASHBOARD_CALLBACK": "clinic.dashboard.show",
    "SIDEBAR": {"show_search": False, "navigation": "clinic.navigation.navigation"},
}

# ---------------------------------------------------------------- words that leave the house

vars().update(environment.mail(env))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "FALLOW_FROM_EMAIL", default="Fallow <clinic@localhost>"
)

EMAIL_PROVIDER = environment.email_provider(env)
ESP = env.str("FALLOW_ESP", default="")
ANYMAIL = environment.anymail(env)
if EMAIL_PROVIDER == "anymail":
    INSTALLED_APPS.append("anymail")

SMS_PROVIDER = environment.one_of(
    env, "FALLOW_SMS", choices=("file", "console", "twilio"), default="file"
)
OUTBOX_DIR = Path(env.str("FALLOW_OUTBOX", default=str(VAR / "outbox")))
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_FROM = env.str("TWILIO_FROM", default="")
TWILIO_OTHER_TOKEN = env.str("TWILIO_OTHER_TOKEN", default="")
# a sender by name, or one that sends nothing, cannot be answered
SMS_REPLIES = SMS_PROVIDER == "twilio" and TWILIO_FROM.startswith("+")
TWILIO_BASE_URL = env.str("TWILIO_BASE_URL", default="https://api.twilio.com")
CATCH_UP_A_MINUTE = environment.catch_up(env)
EMAIL_WEBHOOKS = bool(ANYMAIL["WEBHOOK_SECRET"])
SMS_SEGMENTS = environment.number(env, "FALLOW_SMS_SEGMENTS", least=1, most=6, default=2)
HABITS_FILE = env.str("FALLOW_HABITS", default="")
CODE_COUNTRIES = environment.countries(env, "FALLOW_CODE_COUNTRIES")
FAST_REMINDERS = environment.truth(env, "FALLOW_FAST_REMINDERS")
SHEETS_DIR = env.str("FALLOW_SHEETS", default=str(VAR / "sheets"))
SHEETS_DAYS = environment.number(env, "FALLOW_SHEETS_DAYS", least=1, most=60, default=7)
SWEEP_SECONDS = environment.number(env, "FALLOW_SWEEP_SECONDS", least=1, most=15, default=15)

# ---------------------------------------------------------------- Celery: the doorbell
# No result backend and no ETA tasks: rows with `due_at` are the truth, any tick may be lost, late
# or doubled. Each figure answers a reported failure (docs/decisions.md).

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 90, 120
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_ETA_TASK_LIMIT = 1000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20.0
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,  # beyond every task's time limit, the same in every process
    "health_check_interval": 25,
    "socket_keepalive": True,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "retry_on_timeout": True,
}
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # the schedule is code: nothing to keep on disk
CELERY_BEAT_SCHEDULE = {
    # `expires`: a worker that was stopped must not wake to a heap of ticks.
    name: {"task": task, "schedule": float(every), "options": {"expires": expires}}
    for name, task, every, expires in (
        ("beat lives", "clinic.tasks.tick", 15, 15),
        ("send what is due", "notifications.tasks.sweep", SWEEP_SECONDS, 15),
        ("recall patients", "notifications.tasks.recall", 6 * 3600, 3600),
        ("free expired holds", "scheduling.tasks.free_expired_holds", 60, 15),
        ("offer free times", "scheduling.tasks.offer_free_times", 60, 15),
        ("look over plans", "plans.tasks.look_over", 3600, 300),
        ("keep the day's sheets", "scheduling.tasks.keep_sheets", 300, 60),
        ("read plans", "plans.tasks.read_adherence", 3600, 300),
        ("measure waits", "scheduling.tasks.measure_waits", 3600, 300),
        ("forget old answers", "scheduling.tasks.forget_old_answers", 600, 60),
    )
}

# ---------------------------------------------------------------- the log: no patient data

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "clinic.log.JsonLines"},
        "plain": {"()": "clinic.log.PlainLines"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": environment.one_of(
                env, "FALLOW_LOG", choices=("json", "plain"), default="json"
            ),
        },
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},  # not its own
        # aiosmtpd's and Twilio's own name recipients
        **{key: {"level": "WARNING"} for key in ("mail.log", "twilio.http_client")},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
