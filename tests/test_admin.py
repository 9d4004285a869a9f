"""The admin manages every model of the studio: its list opens, can be searched and filtered."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import reverse

OURS = [
    config
    for config in apps.get_app_configs()
    if config.name.startswith("cvstudio.") or config.name in settings.DOMAIN_APPS
]
MODELS = [model for config in OURS for model in config.get_models()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_list_with_search_and_filters(model, client, admin_user):
    assert model in admin.site._registry, f"{model.__name__} is not in the admin"
    page = admin.site._registry[model]
    assert page.search_fields and page.list_filter
    client.force_login(admin_user)
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert client.get(address).status_code == 200
    assert client.get(address, {"q": "a word <script>"}).status_code == 200
    assert "<script>alert" not in client.get(address, {"q": "<script>alert(1)"}).content.decode()
