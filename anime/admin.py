"""Collections, characters and what was made of them in the admin; what changes files goes through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from anime.models import (
    Character,
    CharacterImage,
    Collection,
    Correction,
    Enrolment,
    GeneratedImage,
    Recognition,
    Training,
)
from anime.selectors import listed_enrolments, listed_generated, listed_recognitions, listed_trainings
from cvstudio.common.admin_bases import MadeByServices


def preview_of(address: str) -> SafeString:
    """A small image; its address checks who asks."""
    return format_html('<img src="{}" width="64" height="64" loading="lazy" alt="">', address)


def opener(address: str) -> SafeString:
    """Link to the page of a thing."""
    return format_html('<a href="{}">{}</a>', address, _("Open"))


@admin.register(Collection)
class CollectionAdmin(MadeByServices):
    """Collections; name and files are the data set's."""

    date_hierarchy = "created_at"
    list_display = ("name", "owner", "characters", "images", "recogniser", "created_at", "page")
    list_filter = ("dataset__source", "created_at")
    list_select_related = ("owner", "dataset", "recogniser__weight")
    search_fields = ("dataset__name", "owner__username", "id")
    autocomplete_fields = ("owner",)
    fields = ("owner", "dataset", "recogniser", "synced", "characters", "images", "sources", "health", "examine_run",
              "page", "id", "created_at", "updated_at")  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "owner")

    @admin.display(description=_("page"))
    def page(self, obj: Collection) -> SafeString:
        """Link to the page."""
        return opener(f"/anime/collections/{obj.pk}")


@admin.register(Character)
class CharacterAdmin(MadeByServices):
    """Characters; captions and notes may be changed."""

    list_display = ("name", "preview", "collection", "position", "images", "page")
    list_filter = ("collection__dataset__source",)
    list_select_related = ("collection__dataset",)
    search_fields = ("name", "notes", "collection__dataset__name")
    fields = ("name", "preview", "collection", "position", "captions", "partial", "notes", "images", "page", "id")
    readonly_fields = ("name", "preview", "collection", "position", "images", "page", "id")

    @admin.display(description=_("preview"))
    def preview(self, obj: Character) -> SafeString | str:
        """Its first image."""
        return preview_of(thumbnail(obj.collection.dataset_id, obj.cover)) if obj.cover else "–"

    @admin.display(description=_("page"))
    def page(self, obj: Character) -> SafeString:
        """Link to the page."""
        return opener(f"/anime/characters/{obj.pk}")


@admin.register(CharacterImage)
class CharacterImageAdmin(MadeByServices):
    """Images with what was found; characters are corrected on the pages, which make a new version."""

    list_display = ("path", "preview", "character", "source", "flags", "likely")
    list_filter = ("source", "flags")
    list_select_related = ("character", "collection")
    list_per_page = 50
    search_fields = ("path", "character__name", "source")
    fields = readonly_fields = ("path", "preview", "collection", "character", "image", "position", "source", "flags",
                                "likely", "id")  # fmt: skip

    @admin.display(description=_("preview"))
    def preview(self, obj: CharacterImage) -> SafeString:
        """The image."""
        return preview_of(thumbnail(obj.collection.dataset_id, obj.image_id))


@admin.register(Training)
class TrainingAdmin(MadeByServices):
    """Trainings with the weight that they left."""

    date_hierarchy = "created_at"
    list_display = ("name", "owner", "kind", "collection", "preset", "character", "run", "weight", "created_at")
    list_filter = ("kind", "preset", "created_at")
    search_fields = ("name", "collection__dataset__name", "character", "owner__username", "id")
    fields = readonly_fields = ("name", "owner", "kind", "collection", "teacher", "preset", "character", "settings",
                                "run", "weight", "id", "created_at", "updated_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Training]:
        """With what the list shows."""
        return listed_trainings(request.user)


@admin.register(Enrolment)
class EnrolmentAdmin(MadeByServices):
    """Characters that were added to recognisers, or removed."""

    date_hierarchy = "created_at"
    list_display = ("name", "owner", "action", "recogniser", "weight", "state", "images", "created_at", "page")
    list_filter = ("action", "state", "created_at")
    search_fields = ("name", "recogniser__weight__name", "owner__username", "id")
    fields = readonly_fields = ("name", "owner", "action", "collection", "recogniser", "weight", "run", "state",
                                "fault", "images", "report", "page", "id", "created_at", "updated_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrolment]:
        """With what the list shows."""
        return listed_enrolments(request.user)

    @admin.display(description=_("page"))
    def page(self, obj: Enrolment) -> SafeString:
        """Link to the page."""
        return opener(f"/anime/enrolments/{obj.pk}")


@admin.register(Recognition)
class RecognitionAdmin(MadeByServices):
    """Images that recognisers looked at, and what people said to the answers."""

    date_hierarchy = "created_at"
    list_display = ("file_name", "preview", "owner", "recogniser", "name", "probability", "is_unknown", "correction",
                    "created_at")  # fmt: skip
    list_filter = ("is_unknown", "created_at")
    list_per_page = 50
    search_fields = ("file_name", "name", "correction", "owner__username", "id")
    fields = readonly_fields = ("file_name", "preview", "owner", "recogniser", "collection", "width", "height", "name",
                                "probability", "is_unknown", "answer", "correction", "sha256", "id", "created_at",
                                "updated_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recognition]:
        """With what the list shows."""
        return listed_recognitions(request.user)

    @admin.display(description=_("preview"))
    def preview(self, obj: Recognition) -> SafeString:
        """The image."""
        return preview_of(reverse("api-anime-recognition-image", args=[obj.pk]))


@admin.register(GeneratedImage)
class GeneratedImageAdmin(MadeByServices):
    """Drawn images."""

    date_hierarchy = "created_at"
    list_display = ("character", "preview", "owner", "generator", "seed", "truncation", "favourite", "agreed",
                    "created_at")  # fmt: skip
    list_filter = ("favourite", "agreed", "created_at")
    list_per_page = 50
    search_fields = ("character", "generator__weight__name", "owner__username", "id")
    fields = readonly_fields = ("character", "preview", "owner", "generator", "seed", "seed_to", "share", "truncation",
                                "favourite", "width", "height", "confidence", "agreed", "nearest", "group", "position",
                                "id", "created_at", "updated_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[GeneratedImage]:
        """With what the list shows."""
        return listed_generated(request.user)

    @admin.display(description=_("preview"))
    def preview(self, obj: GeneratedImage) -> SafeString:
        """The image."""
        return preview_of(reverse("api-anime-generated-image", args=[obj.pk]))


@admin.register(Correction)
class CorrectionAdmin(MadeByServices):
    """What waits for the next version of a collection and what went into one; taking back is done on the pages."""

    list_display = ("path", "collection", "action", "before", "after", "state", "version", "created_at")
    list_filter = ("action", "state", "created_at")
    list_select_related = ("collection__dataset", "version__dataset")
    search_fields = ("path", "before", "after", "collection__dataset__name")
    fields = readonly_fields = ("path", "collection", "group", "action", "before", "after", "state", "recognition",
                                "version", "created_at")  # fmt: skip


def thumbnail(dataset_id: Any, image_id: Any) -> str:
    """Address of an image of a data set, small."""
    return reverse("api-datasets-thumbnail", args=[dataset_id, image_id])
