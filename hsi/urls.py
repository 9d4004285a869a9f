"""Addresses of the pages, below /hsi/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from hsi import detect_pages, map_pages, pages, pipeline_pages, scene_pages

app_name = "hsi"
_SCENE = "scenes/<uuid:id>"
_MAP = "maps/<uuid:id>"
_PIPELINE = "pipelines/<uuid:id>"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.list_page, name="list"),
    path("new", pages.new_page, name="new"),
    path("register", pages.register_page, name="register"),
    path("sample", pages.sample_page, name="sample"),
    path("sensors", pages.sensors_page, name="sensors"),
    path(_SCENE, scene_pages.scene_page, name="detail"),
    path(f"{_SCENE}/import", scene_pages.import_page, name="import"),
    path(f"{_SCENE}/do/<slug:action>", scene_pages.action_page, name="action"),
    path("detect", detect_pages.detect_page, name="detect"),
    path(_MAP, map_pages.map_page, name="detection"),
    path(f"{_MAP}/progress", map_pages.progress_page, name="progress"),
    path(f"{_MAP}/do/<slug:action>", map_pages.action_page, name="map-action"),
    path("compare", map_pages.compare_page, name="compare"),
    path("pipelines", pipeline_pages.list_page, name="pipelines"),
    path("pipelines/new", pipeline_pages.new_page, name="pipeline-new"),
    path("pipelines/estimate", pipeline_pages.estimate_page, name="pipeline-estimate"),
    path(_PIPELINE, pipeline_pages.pipeline_page, name="pipeline"),
    path(f"{_PIPELINE}/stages", pipeline_pages.stages_page, name="pipeline-stages"),
    path(f"{_PIPELINE}/do/<slug:action>", pipeline_pages.action_page, name="pipeline-action"),
]
