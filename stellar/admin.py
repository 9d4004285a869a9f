"""Surveys, stars and what runs made of them in the admin; what changes files goes through the services."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cvstudio.common.admin_bases import MadeByServices
from stellar.models import Download, Prediction, ScreeningDecision, Star, StarClassification, Survey, Training
from stellar.selectors import listed_downloads, listed_predictions, listed_surveys, listed_trainings
from stellar.services.delete_prediction import delete_prediction
from stellar.services.delete_survey import delete_survey
from stellar.services.show_prediction import show_prediction
from stellar.services.take_files import take_files


def opener(address: str) -> SafeString:
    """Link to the page of a thing."""
    return format_html('<a href="{}">{}</a>', address, _("Open"))


@admin.register(Survey)
class SurveyAdmin(MadeByServices):
    """Name, description and owner may be changed; deleting frees the files too."""

    date_hierarchy = "created_at"
    list_display = ("name", "owner", "source", "state", "stars", "complete", "with_spectrum", "with_image",
                    "created_at", "page")  # fmt: skip
    list_filter = ("state", "source", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "description", "owner__username", "id")
    autocomplete_fields = ("owner",)
    fields = (
        "name", "description", "owner", "source", "state", "fault", "origin", "stars", "complete", "with_spectrum",
        "with_image", "classes", "sn_groups", "findings", "size_bytes", "import_run", "shown", "page", "id",
        "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("name", "description", "owner"))
    actions = ("take_new_files", "delete_with_files")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Survey]:
        """With what the list shows."""
        return listed_surveys(request.user)

    @admin.display(description=_("page"))
    def page(self, obj: Survey) -> SafeString:
        """Link to the page."""
        return opener(f"/stellar/surveys/{obj.pk}")

    @admin.action(description=_("Look for spectra and images that are new in the folder"))
    def take_new_files(self, request: HttpRequest, queryset: QuerySet[Survey]) -> None:
        """What a stopped download left comes into the table of stars."""
        ready = queryset.filter(state=Survey.State.READY)
        self.each(request, ready, take_files, gettext("%(name)s is up to date."))

    @admin.action(description=_("Delete with all stars and files (only what no run is at work on)"))
    def delete_with_files(self, request: HttpRequest, queryset: QuerySet[Survey]) -> None:
        """Delete what may be deleted, and say what may not."""
        self.each(request, queryset, delete_survey, gettext("Deleted %(name)s."))


@admin.register(Star)
class StarAdmin(MadeByServices):
    """Stars with their pictures; classes and decisions are made on the pages, which keep the files in step."""

    list_display = ("name", "preview", "survey", "subclass", "predicted_class", "confidence", "sn", "screening",
                    "image_flags", "page")  # fmt: skip
    list_filter = ("label", "predicted", "sn_group", "screening", "label_edited", "modalities_differ")
    list_select_related = ("survey",)
    list_per_page = 50
    search_fields = ("name__startswith", "survey__name", "subclass")
    fields = readonly_fields = (
        "name", "preview", "survey", "position", "subclass", "label", "label_edited", "ra", "dec", "plate", "mjd",
        "fiber", "u_mag", "g_mag", "r_mag", "i_mag", "z_mag", "spectrum_file", "image_file", "sn", "sn_group",
        "coverage", "redshift", "spectrum_subclass", "image_flags", "fault", "screening", "predicted_class",
        "confidence", "type", "type_sd", "novelty", "modalities_differ", "page", "id",
    )  # fmt: skip

    @admin.display(description=_("preview"))
    def preview(self, obj: Star) -> SafeString | str:
        """The picture; its address checks who asks."""
        if not obj.image_file:
            return "–"
        address = f"{reverse('api-stellar-image', args=[obj.pk])}?size=64"
        return format_html('<img src="{}" width="64" height="64" loading="lazy" alt="">', address)

    @admin.display(description=_("predicted"), ordering="predicted")
    def predicted_class(self, obj: Star) -> str:
        """By the shown prediction."""
        return obj.predicted_name or "–"

    @admin.display(description=_("page"))
    def page(self, obj: Star) -> SafeString:
        """Link to the page."""
        return opener(f"/stellar/stars/{obj.pk}")


@admin.register(Prediction)
class PredictionAdmin(MadeByServices):
    """What classifiers said of surveys."""

    date_hierarchy = "created_at"
    list_display = ("name", "owner", "survey", "classifier", "state", "stars", "disagreements", "created_at", "page")
    list_filter = ("state", "modality", "created_at")
    search_fields = ("name", "survey__name", "owner__username", "id")
    fields = readonly_fields = (
        "name", "owner", "survey", "classifier", "run", "state", "fault", "modality", "stars", "counts",
        "disagreements", "summary", "page", "id", "created_at", "updated_at",
    )  # fmt: skip
    actions = ("show_in_table", "delete_with_files")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """With what the list shows."""
        return listed_predictions(request.user)

    @admin.display(description=_("page"))
    def page(self, obj: Prediction) -> SafeString:
        """Link to the page."""
        return opener(f"/stellar/predictions/{obj.pk}")

    @admin.action(description=_("Show in the table of stars"))
    def show_in_table(self, request: HttpRequest, queryset: QuerySet[Prediction]) -> None:
        """The last of the chosen ones is shown."""
        self.each(request, queryset, lambda row: show_prediction(row.survey, row), gettext("Shown: %(name)s."))

    @admin.action(description=_("Delete with all answers (only what is not at work)"))
    def delete_with_files(self, request: HttpRequest, queryset: QuerySet[Prediction]) -> None:
        """Delete what may be deleted, and say what may not."""
        self.each(request, queryset, delete_prediction, gettext("Deleted %(name)s."))


@admin.register(StarClassification)
class StarClassificationAdmin(MadeByServices):
    """Single answers."""

    list_display = ("star", "prediction", "predicted_name", "confidence", "type", "novelty", "modality")
    list_filter = ("predicted", "modality", "modalities_differ")
    list_select_related = ("star", "prediction")
    search_fields = ("star__name__startswith", "prediction__name")
    fields = readonly_fields = (
        "star", "prediction", "predicted_name", "likeliest", "probabilities", "confidence", "type", "type_sd",
        "novelty", "modality", "by_modality", "modalities_differ",
    )  # fmt: skip


@admin.register(Training)
class TrainingAdmin(MadeByServices):
    """Trainings with the classifier that they left."""

    date_hierarchy = "created_at"
    list_display = ("name", "owner", "survey", "preset", "modality", "run", "classifier", "created_at")
    list_filter = ("preset", "modality", "created_at")
    search_fields = ("name", "survey__name", "owner__username", "id")
    fields = readonly_fields = ("name", "owner", "survey", "preset", "modality", "settings", "run", "classifier", "id",
                                "created_at", "updated_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Training]:
        """With what the list shows."""
        return listed_trainings(request.user)


@admin.register(Download)
class DownloadAdmin(MadeByServices):
    """Downloads with what came of them."""

    date_hierarchy = "created_at"
    list_display = ("survey", "kind", "owner", "state", "counts", "created_at")
    list_filter = ("kind", "state", "created_at")
    search_fields = ("survey__name", "owner__username", "id")
    fields = readonly_fields = ("survey", "kind", "owner", "state", "fault", "settings", "counts", "run", "id",
                                "created_at", "updated_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Download]:
        """With what the list shows."""
        return listed_downloads(request.user)


@admin.register(ScreeningDecision)
class ScreeningDecisionAdmin(MadeByServices):
    """Who looks for a decision finds it; taking back is done on the screening page."""

    list_display = ("star", "survey", "before", "after", "created_at")
    list_filter = ("after", "created_at")
    list_select_related = ("star", "survey")
    search_fields = ("star__name__startswith", "survey__name")
    fields = readonly_fields = ("star", "survey", "group", "before", "after", "created_at")
