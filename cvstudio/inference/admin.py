"""Jobs and predictions in the admin: searched and read."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cvstudio.common.admin_bases import ReadOnlyAdmin, pretty
from cvstudio.inference.models import InferenceJob, Prediction


@admin.register(InferenceJob)
class InferenceJobAdmin(ReadOnlyAdmin):
    """Batches and kept answers."""

    list_display = ("id", "kind", "owner", "weight_version", "state", "created_at", "page")
    list_filter = ("kind", "created_at")
    search_fields = ("owner__username", "weight_version__weight__name", "run__name", "=id", "=run__id")
    list_select_related = ("owner", "weight_version__weight", "run")
    date_hierarchy = "created_at"

    @admin.display(description=_("State"))
    def state(self, job: InferenceJob) -> str:
        """Of the run of a batch."""
        return job.run.get_state_display() if job.run else ""

    @admin.display(description=_("Page"))
    def page(self, job: InferenceJob) -> SafeString:
        """The way to its page."""
        return format_html('<a href="/inference/jobs/{}">{}</a>', job.id, gettext("Open"))


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """Kept answers with their pictures."""

    list_display = ("picture", "image_name", "best", "owner", "forward", "created_at")
    list_filter = ("created_at",)
    search_fields = ("image_name", "job__owner__username", "job__weight_version__weight__name", "=id", "=job__id")
    list_select_related = ("job__owner", "image__version")
    date_hierarchy = "created_at"
    fields = readonly_fields = ("job", "picture", "image_name", "classes", "times", "created_at")

    @admin.display(description=_("Image"))
    def picture(self, prediction: Prediction) -> SafeString | str:
        """The thumbnail of an image of a data set; its address checks who asks."""
        image = prediction.image
        if image is None:
            return "–"
        address = reverse("api-datasets-thumbnail", args=[image.version.dataset_id, image.id])
        return format_html('<img src="{}" width="48" height="48" loading="lazy" alt="">', address)

    @admin.display(description=_("Best class"))
    def best(self, prediction: Prediction) -> str:
        """The most probable class."""
        return (
            f"{prediction.top[0]['class']} {prediction.top[0].get('probability', prediction.top[0].get('share')):.1%}"
            if prediction.top
            else "–"
        )

    @admin.display(description=_("Owner"), ordering="job__owner__username")
    def owner(self, prediction: Prediction) -> str:
        """Whose it is."""
        return str(prediction.job.owner)

    @admin.display(description=_("Network, ms"))
    def forward(self, prediction: Prediction) -> str:
        """Time of the forward pass."""
        return str(prediction.timing_ms.get("forward", ""))

    @admin.display(description=_("Classes"))
    def classes(self, prediction: Prediction) -> SafeString:
        """All that is kept."""
        return pretty(prediction.top)

    @admin.display(description=_("Times, ms"))
    def times(self, prediction: Prediction) -> SafeString:
        """Of each part."""
        return pretty(prediction.timing_ms)
