"""Settings: declarations only, from the environment. `.env.example` lists every variable with its meaning.

Production is the default; development is stated with `CVSTUDIO_ENV=dev`. What makes a production
start unsafe is refused by `cvstudio.config.checks`.
"""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from django.utils.translation import gettext_lazy as _

from cvstudio.config import env
from cvstudio.config.redis_address import broker_url, client_url, embedded_socket

BASE_DIR = env.BASE_DIR
if (_env_file := env.env_file()) is not None:
    env.load_env_file(_env_file)

ENVIRONMENT = env.choice("CVSTUDIO_ENV", "prod", ("dev", "prod"))
IS_DEVELOPMENT = ENVIRONMENT == "dev"

# --- Security borders -------------------------------------------------------------------------
UNSET_SECRET_KEY = "unset"  # noqa: S105 - not a secret: the mark that checks.py refuses
SECRET_KEY = env.text("SECRET_KEY", UNSET_SECRET_KEY)
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if IS_DEVELOPMENT else "")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
REGISTRATION_OPEN = env.flag("REGISTRATION_OPEN", IS_DEVELOPMENT)
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)

# Attempts per client address, and per account name whatever the address.
RATES = {
    "login": env.text("LOGIN_RATE", "20/min"),
    "login_account": env.text("LOGIN_ACCOUNT_RATE", "10/min"),
    "register": env.text("REGISTER_RATE", "10/hour"),
}

HTTPS_ONLY = env.flag("HTTPS_ONLY", not IS_DEVELOPMENT)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^health$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
if TRUSTED_PROXIES:
    # Only behind a proxy that sets it: otherwise a client could claim HTTPS by itself.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- Applications -----------------------------------------------------------------------------
DOMAIN_APPS = [name for name in ("stellar", "hsi", "anime") if importlib.util.find_spec(name)]
INSTALLED_APPS = [
    "cvstudio.launcher",  # before staticfiles: its runserver starts the whole studio
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_celery_results",
    "channels",
    "cvstudio.common",
    "cvstudio.accounts",
    "cvstudio.runs",
    "cvstudio.datasets",
    "cvstudio.architectures",
    "cvstudio.weights",
    "cvstudio.training",
    "cvstudio.inference",
    "cvstudio.monitor",
    *DOMAIN_APPS,
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "cvstudio.common.middleware.ContentPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cvstudio.common.middleware.OneThreadMiddleware",  # innermost, or it has no effect
]
ROOT_URLCONF = "cvstudio.config.urls"
ASGI_APPLICATION = "cvstudio.config.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cvstudio.common.context.studio",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["cvstudio.accounts.backends.UsernameOrEmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "accounts:login"

# --- Folders ----------------------------------------------------------------------------------
DATA_DIR = env.folder("DATA_DIR", "./data")
UPLOAD_DIR = env.folder("UPLOAD_DIR", f"{DATA_DIR}/uploads")
DATASETS_DIR = env.folder("DATASETS_DIR", f"{DATA_DIR}/datasets")
MODELS_DIR = env.folder("MODELS_DIR", f"{DATA_DIR}/models")
CHECKPOINTS_DIR = env.folder("CHECKPOINTS_DIR", f"{DATA_DIR}/checkpoints")
RUNS_DIR = env.folder("RUNS_DIR", f"{DATA_DIR}/runs")
WEIGHTS_DIR = env.folder("WEIGHTS_DIR", f"{DATA_DIR}/weights")
THUMBNAILS_DIR = env.folder("THUMBNAILS_DIR", f"{DATA_DIR}/thumbnails")
TEMP_DIR = env.folder("TEMP_DIR", f"{DATA_DIR}/temp")
LOG_DIR = env.folder("LOG_DIR", f"{DATA_DIR}/logs")
DATASET_ROOTS = [(BASE_DIR / Path(name).expanduser()).resolve() for name in env.names("DATASET_ROOTS")]
MAX_UPLOAD_SIZE = env.integer("MAX_UPLOAD_SIZE", 1_073_741_824, minimum=1)
MAX_JSON_SIZE = 32 * 1024 * 1024  # a picture of about 24 MB as base64
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_JSON_SIZE

# --- Database ---------------------------------------------------------------------------------
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(env.text("DATABASE_URL", "sqlite:///./cvstudio.db"), conn_health_checks=True)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    if DATABASES["default"]["NAME"] != ":memory:":
        DATABASES["default"]["NAME"] = str((BASE_DIR / DATABASES["default"]["NAME"]).resolve())
    # Several processes write: WAL lets readers go on, IMMEDIATE takes the write lock at the start of a
    # transaction so that the busy timeout holds (a lock upgrade in the middle fails at once).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;",
    }

# --- Redis: broker, channel layer, cache ------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
REDIS_IS_EMBEDDED = not REDIS_URL
REDIS_SOCKET = embedded_socket(DATA_DIR)
REDIS_CLIENT_URL = client_url(REDIS_URL, REDIS_SOCKET)
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [REDIS_CLIENT_URL], "capacity": 1000, "expiry": 60},
    }
}
CACHES: dict[str, Any] = {
    # One web process with the embedded Redis: its own memory is enough and survives a Redis restart.
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if REDIS_IS_EMBEDDED
    else {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_CLIENT_URL}
}

# --- Celery -----------------------------------------------------------------------------------
CELERY_BROKER_URL = broker_url(REDIS_URL, REDIS_SOCKET)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_keepalive": True,
    "retry_on_timeout": True,
    # Publishing gives up after about a second: a page must not hang when Redis is away; the finder of
    # lost runs tells the broker again.
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.3,
    "interval_max": 0.6,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.3, "interval_max": 0.6}
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_TASK_IGNORE_RESULT = True  # tasks whose outcome is worth a row say so themselves
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "io"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_TRACK_STARTED = True
CELERY_TIMEZONE = "UTC"

# --- Runs: what may be set; cvstudio/runs/limits.py has the meaning and the rest ---------------
RUN_LEASE_S = env.integer("RUN_LEASE_S", 15, minimum=5)
RUN_MAX_QUEUED_PER_USER = env.integer("RUN_MAX_QUEUED_PER_USER", 50, minimum=1)
RUN_MAX_FILE_BYTES = env.integer("RUN_MAX_FILE_BYTES", 0)

# --- API --------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "cvstudio.common.api.parsers.LimitedJSONParser",
        "rest_framework.parsers.MultiPartParser",
        "rest_framework.parsers.FormParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "cvstudio.common.api.pagination.PagePagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "cvstudio.common.api.schema.StudioSchema",
    "EXCEPTION_HANDLER": "cvstudio.common.api.errors.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # ?format= belongs to the endpoints
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.integer("ACCESS_TOKEN_EXPIRE_MINUTES", 30, minimum=1)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.integer("REFRESH_TOKEN_EXPIRE_DAYS", 14, minimum=1)),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,  # a new password ends the old tokens
    "UPDATE_LAST_LOGIN": False,
}
DOMAIN_ENUMS = {  # names of enumerations that several forms of a domain share, where the domain is installed
    name: path
    for name, path in {
        "HsiSceneStateEnum": "hsi.models.Scene.State",
        "StellarWorkStateEnum": "stellar.models.WorkState",
        "StellarDownloadKindEnum": "stellar.models.Download.Kind",
        "AnimeTrainingKindEnum": "anime.models.Training.Kind",
    }.items()
    if path.split(".")[0] in DOMAIN_APPS
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "CV Studio",
    "DESCRIPTION": "Data sets, architectures, training runs, weights and inference.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    # The platform first, in the order of work; the domains follow by name.
    "TAGS": [
        {"name": name}
        for name in ("auth", "datasets", "augmentations", "models", "training", "weights", "inference", "health")
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RunStateEnum": "cvstudio.runs.models.RunState",
        "DatasetVersionStateEnum": "cvstudio.datasets.models.DatasetVersion.State",
        "DatasetTaskEnum": "cvstudio.datasets.models.DatasetVersion.Task",
        "ImportTaskEnum": ["classify", "detect", "auto"],
        "ShapeKindEnum": ["box", "polygons", "mask"],
        "DatasetSourceEnum": "cvstudio.datasets.models.Dataset.Source",
        "NewDatasetSourceEnum": ["folder", "sample"],
        "WeightSourceEnum": "cvstudio.weights.models.WeightVersion.Source",
        "InferenceJobKindEnum": "cvstudio.inference.models.InferenceJob.Kind",
        **DOMAIN_ENUMS,
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cvstudio.common.api.schema.describe_errors",
    ],
}

# --- Static files and languages ---------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
_plotly = importlib.util.find_spec("plotly")  # located, not imported: it is slow and large
STATICFILES_DIRS: list[Any] = [
    BASE_DIR / "static",
    *(
        [("vendor/plotly", str(Path(_plotly.submodule_search_locations[0]) / "package_data"))]
        if _plotly and _plotly.submodule_search_locations
        else []
    ),
]
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": UPLOAD_DIR}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if IS_DEVELOPMENT
        else "whitenoise.storage.CompressedStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = IS_DEVELOPMENT
WHITENOISE_AUTOREFRESH = IS_DEVELOPMENT

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")

# --- Log --------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "DEBUG", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # LOG_LEVEL speaks of our own lines; libraries at DEBUG would drown them.
        **{name: {"level": LOG_LEVEL} for name in ("cvstudio", "ml_core", *DOMAIN_APPS)},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # scanners; each line would bring a trace
        "celery": {"level": "INFO"},
    },
}
