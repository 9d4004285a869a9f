"""Addresses of the pages about models: training, recognisers, comparison, generators, search, below /anime/."""

from __future__ import annotations

from django.urls import URLPattern, path

from anime import compare_pages, generate_pages, generator_pages, recogniser_pages, search_pages, train_pages

_RECOGNISER = "recognisers/<uuid:id>"
patterns: list[URLPattern] = [
    path("train", train_pages.train_page, name="train"),
    path("train/estimate", train_pages.estimate_page, name="train-estimate"),
    path("trainings", train_pages.trainings_page, name="trainings"),
    path("trainings/<uuid:id>/do/<slug:action>", train_pages.action_page, name="training-action"),
    path("trainings/<uuid:id>/timeline", generator_pages.timeline_page, name="timeline"),
    path("trainings/<uuid:id>/samples", generator_pages.samples_page, name="samples"),
    path("recognisers", recogniser_pages.list_page, name="recognisers"),
    path(_RECOGNISER, recogniser_pages.recogniser_page, name="recogniser"),
    path(f"{_RECOGNISER}/images", recogniser_pages.images_page, name="recogniser-images"),
    path("compare", compare_pages.compare_page, name="compare"),
    path("generators", generator_pages.list_page, name="generators"),
    path("generators/<uuid:id>", generator_pages.generator_page, name="generator"),
    path("generate", generate_pages.generate_page, name="generate"),
    path("generated", generate_pages.gallery_page, name="generated"),
    path("generated/<uuid:id>/do/<slug:action>", generate_pages.action_page, name="generated-action"),
    path("search", search_pages.search_page, name="search"),
]
