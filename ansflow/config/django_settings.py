"""Django's settings, made from `ansflow.config.settings`. Nothing here is read from the environment directly.

Names that begin with ANSFLOW_ are ours: what the apps may know of the installation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansflow.config.databases import database
from ansflow.config.keys import load_keys
from ansflow.config.settings import current

SETTINGS = current()
KEYS = load_keys(SETTINGS.data_dir, ring_file=SETTINGS.key_file, folder=SETTINGS.keys_dir)

DEBUG = False
SECRET_KEY = KEYS.session
ANSFLOW_KEY_RING = KEYS.ring
ANSFLOW_KEY_FILES = KEYS.files
ANSFLOW_EXECUTOR = "sandbox"  # of steps that name none; a server that starts has it proved, and may have to say host
ANSFLOW_ALLOW_HOST_EXECUTOR = SETTINGS.allow_host_executor
HEADLESS_JWT_PRIVATE_KEY = KEYS.signing
ALLOWED_HOSTS = list(SETTINGS.hosts)
DATABASES: dict[str, Any] = {"default": database(SETTINGS)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "ansflow.config.urls"
WSGI_APPLICATION = None
INSTALLED_APPS = [
    "ansflow.apps.audit",
    "ansflow.apps.accounts",
    "ansflow.apps.projects",
    "ansflow.apps.tools",
    "ansflow.apps.atomic_steps",
    "ansflow.apps.pipelines",
    "ansflow.apps.executions",
    "ansflow.apps.approvals",
    "ansflow.apps.workers",
    "ansflow.apps.analytics",
    "django.contrib.admin.apps.SimpleAdminConfig",  # the operators' site is made by hand
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "rest_framework",
    "django_filters",
]
LOGGING_CONFIG = None  # the log is the edge's; Django's own setting up would undo some of it
MIDDLEWARE = [
    "ansflow.edge.threads.NameOperation",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
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

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
HEADLESS_ONLY = True
HEADLESS_TOKEN_STRATEGY = "ansflow.apps.accounts.access_tokens.Strategy"
HEADLESS_JWT_ALGORITHM = "RS256"
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 10 * 60
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = 14 * 24 * 3600
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True  # so that signing out ends what is under way
HEADLESS_JWT_ROTATE_REFRESH_TOKEN = True

OVER_TLS = SETTINGS.address.startswith("https://")
SESSION_ENGINE = "ansflow.apps.accounts.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OVER_TLS
CSRF_TRUSTED_ORIGINS = [SETTINGS.base_url] if SETTINGS.base_url else []
SECURE_HSTS_SECONDS = 31_536_000 if OVER_TLS else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # names below this server's are not ours to bind to TLS,
    "security.W021",  # nor to put on the lists of browsers;
    "security.W008",  # and who sends people from http to https is the proxy that has the certificate
]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
STATIC_URL = "static/"
APPEND_SLASH = False  # a redirect loses the body of a POST: a missing slash is a 404 that says so

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "ansflow.api.authentication.BearerAuthentication",
        "ansflow.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ansflow.api.base.parsing.Json"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ansflow.api.base.parsing.OneFormat",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "ansflow.api.base.schema.Schema",
    "EXCEPTION_HANDLER": "ansflow.api.base.errors.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AnsFlow",
    "DESCRIPTION": "Self-hosted CI/CD.",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}
