"""Django's settings, made from the testbed's own; importing this writes nothing."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from swf_testbed.config.environment import settings
from swf_testbed.config.settings import Mode, Settings
from swf_testbed.model.hosts import is_loopback
from swf_testbed.monitor.startup import secret_key_file

_SWF = settings()

_MOST_CONNECTIONS = 16
"""Of one process to PostgreSQL: more than it has threads that ask the database."""


def _secret_key(swf: Settings) -> str:
    try:
        return secret_key_file(swf).read_text("utf-8").strip()
    except FileNotFoundError:
        return secrets.token_urlsafe(50)


def _database(swf: Settings) -> dict[str, Any]:
    if swf.swf_mode is Mode.EMBEDDED:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(swf.database_file),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    return {
        "ENGINE": "swf_testbed.monitor.postgresql",
        "HOST": swf.db_host,
        "PORT": swf.db_port,
        "NAME": swf.db_name,
        "USER": swf.db_user,
        "PASSWORD": swf.db_password.get_secret_value() if swf.db_password else "",
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": "swf-monitor",
            "pool": {"min_size": 1, "max_size": _MOST_CONNECTIONS, "timeout": 5},
        },
    }


def _hosts(swf: Settings) -> list[str]:
    """What the server may be called; an address of IPv6 is written in brackets."""
    said = {urlsplit(url).hostname or "" for url in _addresses(swf)}
    names = {f"[{name}]" if ":" in name else name for name in said}
    return sorted(names | {"127.0.0.1", "localhost", "[::1]"})


def _addresses(swf: Settings) -> list[str]:
    said = (swf.swf_monitor_url, swf.swf_monitor_http_url, swf.swf_monitor_public_url)
    return [url for url in said if url]


def _public_read(swf: Settings) -> bool:
    """Whether reading needs no token: as said, else only where nobody else can reach the server."""
    if swf.swf_public_read is not None:
        return swf.swf_public_read
    return all(is_loopback(url) for url in _addresses(swf))


SECRET_KEY = _secret_key(_SWF)
PUBLIC_READ = _public_read(_SWF)
DEBUG = False
ALLOWED_HOSTS = _hosts(_SWF)
DATABASES = {"default": _database(_SWF)}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "ninja",
    "swf_testbed.monitor.commands",
    "swf_testbed.monitor.store",
    "swf_testbed.monitor.web",
]
MIDDLEWARE = [
    "swf_testbed.monitor.middleware.count_requests",
    "swf_testbed.monitor.middleware.secure_cookies",
    "django.middleware.security.SecurityMiddleware",
    "swf_testbed.monitor.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "swf_testbed.monitor.urls"
# Relative: below whatever path a reverse proxy has the monitor at.
STATIC_URL = "static/"
STORAGES = {
    # Nothing is uploaded; but whoever looks at every object, as XRootD does at exit, asks for it.
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "swf_testbed.monitor.web.static_files.StaticFiles"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "swf_session"
SECURE_REFERRER_POLICY = "same-origin"
LOGIN_URL = "web:login"
CSRF_FAILURE_VIEW = "swf_testbed.monitor.web.problems.form_refused"
# No Strict-Transport-Security from here: it is for a host with all its ports, and would close the HTTP one.
LOGGING_CONFIG = None
