"""Mark drawn images as favourites, and delete them."""

from __future__ import annotations

from anime.models import GeneratedImage
from anime.storage import generated_file


def set_favourite(row: GeneratedImage, favourite: bool) -> GeneratedImage:
    """Keep it among the favourites, or no longer."""
    row.favourite = favourite
    row.save(update_fields=["favourite", "updated_at"])
    return row


def delete_generated(row: GeneratedImage) -> None:
    """Delete the image. Its seed would draw the same again."""
    path = generated_file(row)
    row.delete()
    path.unlink(missing_ok=True)
