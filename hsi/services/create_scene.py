"""Make a scene from uploaded files, from a place on the server, or the sample."""

from __future__ import annotations

from django.db import transaction

from cvstudio.accounts.models import User
from hsi.errors import SceneError
from hsi.models import Scene
from hsi.services.inspect_files import inspect_files, resolve_place
from hsi.services.receive_files import SceneUpload
from hsi.services.start_import import start_sample

SAMPLE_NAME = "Simulated harbour"


def create_from_uploads(owner: User, upload: SceneUpload, *, name: str = "") -> Scene:
    """Keep uploaded files and look into them; the import waits until a person has confirmed what was found.

    Raises:
        CodedError: The upload is empty, no scene was found in it, or a file could do harm. Nothing is kept then.
    """
    try:
        scene = Scene(owner=owner, source=Scene.Source.UPLOAD, origin=str(upload.finish()))
        _look_and_save(scene, name or upload.label)
    except BaseException:
        upload.discard()
        raise
    upload.kept = True
    return scene


def create_from_folder(owner: User, place: str, *, name: str = "") -> Scene:
    """Look into a file or folder that lies under an allowed root; it stays as it is.

    Raises:
        FolderNotAllowedError: It lies elsewhere.
        FormatError: There is no scene in it.
    """
    path = resolve_place(place)
    scene = Scene(owner=owner, source=Scene.Source.FOLDER, origin=str(path))
    _look_and_save(scene, name or path.stem)
    return scene


def create_sample(owner: User, *, name: str = "") -> Scene:
    """A simulated scene with planted targets, ready to try everything with; its import starts at once."""
    with transaction.atomic():
        title = titled(name or SAMPLE_NAME)
        scene = Scene.objects.create(owner=owner, name=title, source=Scene.Source.SAMPLE)
        start_sample(scene)
    return scene


def titled(name: str) -> str:
    """A name on one line.

    Raises:
        SceneError: It is empty.
    """
    title = " ".join(name.split())[:200]
    if not title:
        raise SceneError("A scene needs a name.", hint="Give it one.", where="name")
    return title


def _look_and_save(scene: Scene, name: str) -> None:
    found = inspect_files(scene)
    scene.name = titled(name or found.facts.name)
    scene.inspection = found.as_dict()
    scene.save()
