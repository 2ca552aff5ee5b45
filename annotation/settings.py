"""The one settings file. Every value that a deployment may change is read from the environment, loudly.

`.env.example` lists the variables; a test compares the two. `manage.py up` sets them for a local run.
"""

from pathlib import Path
from typing import Final

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from annotation import connections, environment, local, logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.LoudEnv()
env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
# Without DATABASE_URL this is a local run on the embedded services, found from DATA_DIR alone.
LOCAL = not env.str("DATABASE_URL", default="")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or (local.secret_key(DATA_DIR) if LOCAL else "")
environment.refuse_weak_key("SECRET_KEY", SECRET_KEY)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
environment.refuse_weak_key("SECRET_KEY_FALLBACKS", *SECRET_KEY_FALLBACKS)
# False only for a run without TLS on the own machine: cookies then travel over plain http.
SECURE = env.bool("SECURE", default=not LOCAL)
environment.refuse_debug_on_a_server(debug=DEBUG, secure=SECURE)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
environment.refuse_open_hosts(ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
environment.refuse_bad_origins("CSRF_TRUSTED_ORIGINS", CSRF_TRUSTED_ORIGINS, only_https=SECURE)
# How many proxies in front of us set X-Forwarded-For and X-Forwarded-Proto; 0 trusts neither header.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# Who may read /metrics sends it as a bearer token; empty: there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN:
    environment.refuse_weak_key("METRICS_TOKEN", METRICS_TOKEN)

REDIS_URL = env.str("REDIS_URL", default="") or local.redis_url(DATA_DIR)
environment.refuse_another_broker(REDIS_URL)
# The causal language model that a round starts from, where the project names none: a local directory, or "toy" for
# the small one that comes with the project and reads only its sample problems.
BASE_MODEL = env.str("BASE_MODEL", default="toy")
# CPU threads of a training or scoring process. On a machine that also serves pages one is quickest for small models.
TRAINING_THREADS = env.int("TRAINING_THREADS", default=1)
# Whether torch.compile fuses the small operations of a model's layers: faster for large ones; needs a C compiler.
TRAINING_COMPILE = env.bool("TRAINING_COMPILE", default=False)
# fp32 or bf16, in which a GPU multiplies many times as fast (active_learning/config.py).
TRAINING_PRECISION = env.str("TRAINING_PRECISION", default="fp32")
if TRAINING_PRECISION not in ("fp32", "bf16"):
    raise ImproperlyConfigured(f"TRAINING_PRECISION is fp32 or bf16, not {TRAINING_PRECISION!r}.")

# Publishing datasets: a token of the Hugging Face Hub that may write, and the address of another Hub than the public one.
HF_TOKEN = env.str("HF_TOKEN", default="")
HF_ENDPOINT = env.str("HF_ENDPOINT", default="")
# Where webhooks may lead; empty: there are none (annotation/services/outgoing.py).
WEBHOOK_ORIGINS = env.list("WEBHOOK_ORIGINS", default=[])
# Where generators on other servers may be asked; empty: nowhere (annotation/services/generators.py). Their key is the
# workers' environment variable GENERATOR_KEY, which only the program that asks them reads.
GENERATOR_ORIGINS = env.list("GENERATOR_ORIGINS", default=[])
environment.refuse_bad_origins("WEBHOOK_ORIGINS", WEBHOOK_ORIGINS)
environment.refuse_bad_origins("GENERATOR_ORIGINS", GENERATOR_ORIGINS)

INSTALLED_APPS = [
    "annotation",
    "labeling_ui",
    "workers",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "labeling_ui.request_names.Named",
    "labeling_ui.request_counts.Counted",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",  # above whatever answers by itself, as WhiteNoise does
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",  # above whatever speaks
    "labeling_ui.middleware.KeptByNobody",
    "labeling_ui.middleware.DatabaseAway",
    "labeling_ui.middleware.CleanQuery",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "labeling_ui.middleware.History",
    "labeling_ui.middleware.SecondFactor",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "labeling_ui.urls"
WSGI_APPLICATION = "labeling_ui.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "labeling_ui.preferences.for_templates",
            ],
            "builtins": ["django.templatetags.i18n", "labeling_ui.templatetags.languages"],
        },
    }
]

# Database: durable, and never waiting for ever -----------------------------------------------------------------------

# The web keeps it short (labeling_ui/wsgi.py); a worker's or a command's statement may read a whole project.
STATEMENT_TIMEOUT = env.str("DATABASE_STATEMENT_TIMEOUT", default="15min")
database_url = env.str("DATABASE_URL", default="") or local.database_url(DATA_DIR)
environment.refuse_another_database(database_url)
DATABASES = {"default": env.db_url_config(database_url)}
DATABASES["default"] |= {
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": DATABASES["default"].get("OPTIONS", {})  # such as ?host= and ?sslmode= in the address
    | {
        "connect_timeout": 2,
        "tcp_user_timeout": 10_000,
        # Only annotation/queries/statements.py prepares, never the ORM; once for any values, or PostgreSQL plans the
        # longest statements anew each time, thinking that worth the while.
        "prepare_threshold": 5,
        "options": f"-c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s"
        " -c plan_cache_mode=force_generic_plan",
    },
}
# The web keeps a pool (labeling_ui/wsgi.py); a worker forks its children, and a pool does not survive a fork.
if POOL_SIZE := env.int("DATABASE_POOL_SIZE", default=0):
    # One for each thread: only while the database is away does anybody wait for one.
    DATABASES["default"]["OPTIONS"]["pool"] = connections.POOL | {"min_size": POOL_SIZE, "max_size": POOL_SIZE}
PGHISTORY_APPEND_ONLY = True  # nobody rewrites what was, not even in SQL
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts ------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "annotation.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "labeling_ui.sessions.Accounts"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# OWASP's Argon2 profile (19 MiB, 2 passes, 1 lane): Django's own takes 100 MiB and 0.7 s a sign-in, a lever on a
# small machine.
PASSWORD_HASHERS = ["annotation.hashers.SmallArgon2"]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
# Per account and address: an office behind one address is not locked out by one colleague's typos, and nobody can
# lock somebody else out for longer than a quarter of an hour.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_HANDLER = "annotation.door.Door"  # from many addresses, or at many accounts
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_TEMPLATE = "labeling_ui/account/locked.html"
AXES_CLIENT_IP_CALLABLE = "annotation.door.address_of"
AXES_VERBOSE = False
# What a form held stands beside a failure, and "current" and "new" are passwords as well.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "current", "new", "code", "csrfmiddlewaretoken"]
# Leads, reviewers, ML staff and superusers give a code of an app after their password (docs/decisions/0014).
REQUIRE_MFA = env.bool("REQUIRE_MFA", default=SECURE)
OTP_TOTP_ISSUER = "Stepmark"
# Sign-in through an OpenID provider beside the password, for people who are invited or have an account: its address,
# under which /.well-known/openid-configuration is found, and what it knows this installation by.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="").rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME = env.str("OIDC_NAME", default="")  # as the button calls it; empty: the host of its address
environment.refuse_half_a_provider(OIDC_ISSUER, OIDC_CLIENT_ID, only_https=SECURE)

# Transport and headers -----------------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
# What a browser prefers, before and after a sign-in: no secret, and no script's business.
LANGUAGE_COOKIE_NAME = "__Host-language" if SECURE else "language"
LANGUAGE_COOKIE_SECURE = SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE: Final = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
THEME_COOKIE_NAME = "__Host-theme" if SECURE else "theme"
SESSION_ENGINE = "labeling_ui.sessions"
SESSION_COOKIE_AGE = 24 * 60 * 60
SESSION_SAVE_EVERY_REQUEST = False
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["labeling_ui.uploads.LimitedUpload"]

# Static files --------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
PACKAGES = BASE_DIR / "labeling_ui" / "node_modules"
VENDOR = {"katex": "katex/dist", "atkinson": "@fontsource-variable/atkinson-hyperlegible-next/files"}
STATICFILES_DIRS = [(f"vendor/{name}", PACKAGES / path) for name, path in VENDOR.items() if (PACKAGES / path).exists()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "labeling_ui.storage.HashedModules"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# Language and time ---------------------------------------------------------------------------------------------------

# English is the language of the sources; `make messages` and docs/translations.md tell how others come about.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "labeling_ui" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# API -----------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotation.api.access.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "annotation.api.access.TokenAllows"],
    "DEFAULT_PARSER_CLASSES": ["annotation.api.parsers.SafeJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotation.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Stepmark",
    "DESCRIPTION": "Step-level labels and retrain rounds. Send a token of your account (Authorization: Bearer …); or sign "
    "in on the site, and send X-CSRFToken with every write.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "AutomaticKindEnum": "annotation.models.automatic.AutomaticKind",
        "GoldKindEnum": "annotation.models.quality.GoldKind",
    },
}

# Background jobs: PostgreSQL holds the truth, a message is only a knock on the door -----------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2}

LOGGING = logs.configuration(form=env.str("LOG_FORMAT", default="line"), level=env.str("LOG_LEVEL", default="INFO"))
