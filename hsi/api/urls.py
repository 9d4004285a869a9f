"""Addresses below /api/v1/hsi/. No trailing slashes."""

from __future__ import annotations

from django.urls import URLPattern, path

from hsi.api import map_views, pipeline_views, pixel_views, scene_views, sensor_views

urlpatterns: list[URLPattern] = [
    path("sensors", sensor_views.SensorListView.as_view(), name="api-hsi-sensors"),
    path("sensors/<uuid:id>", sensor_views.SensorView.as_view(), name="api-hsi-sensor"),
    path("scenes", scene_views.SceneListView.as_view(), name="api-hsi-scenes"),
    path("scenes/<uuid:id>", scene_views.SceneView.as_view(), name="api-hsi-scene"),
    path("scenes/<uuid:id>/confirm", scene_views.ConfirmView.as_view(), name="api-hsi-confirm"),
    path(
        "scenes/<uuid:id>/inspection/preview",
        scene_views.InspectionPreviewView.as_view(),
        name="api-hsi-inspection-preview",
    ),
    path("scenes/<uuid:id>/mask", scene_views.MaskView.as_view(), name="api-hsi-mask"),
    path("scenes/<uuid:id>/preview", pixel_views.PreviewView.as_view(), name="api-hsi-preview"),
    path("scenes/<uuid:id>/bands/<int:band>", pixel_views.BandView.as_view(), name="api-hsi-band"),
    path("scenes/<uuid:id>/spectrum", pixel_views.SpectrumView.as_view(), name="api-hsi-spectrum"),
    path("scenes/<uuid:id>/spectra", pixel_views.SpectraView.as_view(), name="api-hsi-spectra"),
    path("scenes/<uuid:id>/histogram", pixel_views.HistogramView.as_view(), name="api-hsi-histogram"),
    path("scenes/<uuid:id>/statistics", pixel_views.StatisticsView.as_view(), name="api-hsi-statistics"),
    path("scenes/<uuid:id>/neighbours", pixel_views.NeighboursView.as_view(), name="api-hsi-neighbours"),
    path("methods", map_views.MethodsView.as_view(), name="api-hsi-methods"),
    path("detections", map_views.DetectionView.as_view(), name="api-hsi-detections"),
    path("maps", map_views.MapListView.as_view(), name="api-hsi-maps"),
    path("maps/compare", map_views.CompareView.as_view(), name="api-hsi-compare"),
    path("maps/<uuid:id>", map_views.MapView.as_view(), name="api-hsi-map"),
    path("maps/<uuid:id>/image", map_views.MapImageView.as_view(), name="api-hsi-map-image"),
    path("maps/<uuid:id>/values", map_views.MapValuesView.as_view(), name="api-hsi-map-values"),
    path("maps/<uuid:id>/curves", map_views.MapCurvesView.as_view(), name="api-hsi-map-curves"),
    path("maps/<uuid:id>/count", map_views.MapCountView.as_view(), name="api-hsi-map-count"),
    path("maps/<uuid:id>/regions", map_views.MapRegionsView.as_view(), name="api-hsi-map-regions"),
    path("maps/<uuid:id>/neighbours", map_views.MapNeighboursView.as_view(), name="api-hsi-map-neighbours"),
    path("maps/<uuid:id>/export/<str:kind>", map_views.MapExportView.as_view(), name="api-hsi-map-export"),
    path("presets", pipeline_views.PresetsView.as_view(), name="api-hsi-presets"),
    path("pipelines", pipeline_views.PipelineListView.as_view(), name="api-hsi-pipelines"),
    path("pipelines/estimate", pipeline_views.EstimateView.as_view(), name="api-hsi-estimate"),
    path("pipelines/<uuid:id>", pipeline_views.PipelineView.as_view(), name="api-hsi-pipeline"),
    path("pipelines/<uuid:id>/control", pipeline_views.ControlView.as_view(), name="api-hsi-pipeline-control"),
]
