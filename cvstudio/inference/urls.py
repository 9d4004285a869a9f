"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.inference import pages

app_name = "inference"
urlpatterns: list[URLPattern | URLResolver] = [
    path("inference/", pages.predict_page, name="predict"),
    path("inference/batch", pages.batch_page, name="batch"),
    path("inference/jobs", pages.jobs_page, name="jobs"),
    path("inference/jobs/<uuid:job_id>", pages.job_page, name="job"),
    path("inference/jobs/<uuid:job_id>/draft-labels", pages.draft_labels_page, name="draft-labels"),
    path("inference/jobs/<uuid:job_id>/pictures", pages.pictures_page, name="pictures"),
    path("inference/jobs/<uuid:job_id>/control", pages.control_page, name="control"),
    path("inference/jobs/<uuid:job_id>/delete", pages.delete_job_page, name="delete-job"),
]
