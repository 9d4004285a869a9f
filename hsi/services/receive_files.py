"""The uploaded files of a scene: a cube, its mask, a header with its data, or one zip."""

from __future__ import annotations

from pathlib import Path

from cvstudio.datasets.services.receive_files import FilesUpload
from hsi.storage import new_upload_folder


class SceneUpload(FilesUpload):
    """Files of one scene on their way to a fresh folder."""

    noun = "scene"
    #: An ENVI data file may have no ending.
    suffixes = frozenset(
        ".npz .npy .mat .hdr .img .raw .dat .bin .bsq .bil .bip .tif .tiff .zip".split()  # noqa: SIM905 - read in a row
    ) | {""}
    brings = "Bring .npz, .npy, .mat, ENVI (.hdr with its data file), GeoTIFF, or a zip of these."
    #: A cube, a mask and the headers of both are four.
    max_files = 20

    def __init__(self, declared_bytes: int | None = None) -> None:
        super().__init__(new_upload_folder(), declared_bytes)

    def finish(self) -> Path:
        """Unpack what is a zip and hand over the folder.

        Raises:
            CodedError: Nothing came.
            UnsafeFileError: An archive could do harm.
            FormatError: An archive is damaged.
        """
        self.check()
        self.unpack(max_members=1000)
        return self.folder
