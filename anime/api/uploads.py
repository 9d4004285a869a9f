"""Images that come as files of a form."""

from __future__ import annotations

from typing import Any

from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.views import APIView

from anime.errors import AnimeError
from cvstudio.datasets.api.parsers import declared_length
from cvstudio.inference.limits import limits

_ROOM_BYTES = 64 << 10


class ImagesFormView(APIView):
    """A view that takes images; what is too large by its own word is turned away before its form is read."""

    parser_classes = [MultiPartParser]
    most_images = 1

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look at the announced length."""
        super().initial(request, *args, **kwargs)
        length, most = declared_length(request), self.most_images * limits().max_image_bytes + _ROOM_BYTES
        if length is not None and length > most:
            raise AnimeError("The images are larger than what is taken at once.", code="upload.too_large",
                             where="image", hint="Send them in parts, or smaller.")  # fmt: skip


def images_of(files: list[Any]) -> list[tuple[str, bytes]]:
    """Names and contents."""
    return [(file.name[-200:] or "image", file.read()) for file in files]
