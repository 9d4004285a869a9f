"""All addresses: health, the admin, the API below /api/v1/, and the pages."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.i18n import JavaScriptCatalog
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView

from cvstudio.common.api.not_found import unknown_endpoint
from cvstudio.common.health import health
from cvstudio.common.pages import overview_page, search_page

PLATFORM_APPS = (
    "accounts",
    "runs",
    "datasets",
    "architectures",
    "weights",
    "training",
    "inference",
    "monitor",
)

# JSON unless YAML is asked for; the plain media type first, which browsers show.
SCHEMA_FORMS = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]

domains = [config for config in apps.get_app_configs() if config.name in settings.DOMAIN_APPS]

api: list[URLPattern | URLResolver] = [
    path("schema", SpectacularAPIView.as_view(renderer_classes=SCHEMA_FORMS), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    *(path("", include(f"cvstudio.{name}.api.urls")) for name in PLATFORM_APPS),
    *(path(f"{domain.label}/", include(f"{domain.name}.api.urls")) for domain in domains),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health, name="health"),
    path("admin/", admin.site.urls),
    path("jsi18n/", JavaScriptCatalog.as_view(), name="javascript-catalog"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include(api)),
    re_path(r"^api/", unknown_endpoint),
    path("", overview_page, name="overview"),
    path("search", search_page, name="search"),
    *(path("", include(f"cvstudio.{name}.urls")) for name in PLATFORM_APPS),
    *(path(f"{domain.label}/", include(f"{domain.name}.urls")) for domain in domains),
]

handler400 = "cvstudio.common.error_pages.bad_request"
handler403 = "cvstudio.common.error_pages.forbidden"
handler404 = "cvstudio.common.error_pages.not_found"
handler500 = "cvstudio.common.error_pages.server_error"
