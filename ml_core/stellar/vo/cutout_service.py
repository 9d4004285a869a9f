"""Where a service offers to cut a star out itself: by a link of the answer (DataLink, SODA) or by a sibling address."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from astropy.io.votable import parse
from pyvo.dal import DALFormatError, DALQueryError
from pyvo.dal.adhoc import SODA_SYNC_IVOID, DatalinkResults
from pyvo.dal.exceptions import DALServiceError

from ml_core.stellar.vo.answers import ImageRow
from ml_core.stellar.vo.errors import ServiceError, TransientError
from ml_core.stellar.vo.transfer import Transfer

# What pyvo and astropy raise on tables that are none or end early.
_FAULTS = (DALFormatError, DALQueryError, ValueError, TypeError, IndexError, KeyError, OSError, AttributeError)
_CHOICES = {"POS", "CIRCLE", "POLYGON", "RANGE", "BAND", "TIME", "POL"}  # of SODA: what to cut out
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Links:
    """Where an image is found, and where its cut-outs are.

    Attributes:
        image: Address of the whole image; empty when there is none.
        cutout: Address of a SODA service; empty when none is offered.
        parameters: What the SODA service wants besides the position.
    """

    image: str
    cutout: str = ""
    parameters: dict[str, str] = field(default_factory=dict)

    def cutout_parameters(self, ra: float, dec: float, radius: float) -> dict[str, str]:
        """Parameters of a question for the circle about a star, in degrees (SODA 1.0, section 3)."""
        return {**self.parameters, "CIRCLE": f"{ra:.7f} {dec:.7f} {radius:.6f}"}


def sibling_address(row: ImageRow, template: str, ra: float, dec: float, width: float) -> str:
    """The address of a cut-out by a template, or empty where the row lacks what the template names.

    Args:
        row: The image.
        template: An address with ``{base}`` (folder of the image's address), ``{ra}``, ``{dec}``, ``{width}`` and
            ``{height}`` in degrees, and names of parameters of the image's address or of columns of the answer.
        ra: Degrees.
        dec: Degrees.
        width: Side in degrees.
    """
    parts = urlsplit(row.url)
    values = {name.lower(): quote(text, safe="") for name, text in row.columns.items()}
    values |= {name.lower(): quote(text, safe="") for name, text in parse_qsl(parts.query)}
    values |= {"base": f"{parts.scheme}://{parts.netloc}{parts.path.rpartition('/')[0]}", "ra": f"{ra:.7f}",
               "dec": f"{dec:.7f}", "width": f"{width:.6f}", "height": f"{width:.6f}"}  # fmt: skip
    wanted = [name.lower() for name in _PLACEHOLDER.findall(template)]
    if not template or any(name not in values for name in wanted):
        return ""
    return _PLACEHOLDER.sub(lambda match: values[match.group(1).lower()], template)


def read_links(row: ImageRow, transfer: Transfer) -> Links:
    """Ask for the links of an image whose address leads to a DataLink table.

    Raises:
        ServiceError: The table is none, or holds no way to the image.
    """
    body = transfer.retried(lambda: transfer.answer(row.url))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = DatalinkResults(parse(io.BytesIO(body), verify="ignore"), url=row.url)
            links = _read(results, row.url)
    except _FAULTS as error:
        raise TransientError("The links of the image cannot be read.", code="vo.links", where=row.url[:200]) from error
    if not links.image and not links.cutout:
        raise ServiceError("The service links no image.", code="vo.links", where=row.url[:200])
    return links


def _read(results: DatalinkResults, base: str) -> Links:
    # Not bysemantics: it fetches a vocabulary from the network, past our session.
    own = (str(record.access_url) for record in results if record.semantics == "#this" and record.access_url)
    image = next((urljoin(base, address) for address in own), "")
    try:
        service = results.get_adhocservice_by_ivoid(SODA_SYNC_IVOID)
    except DALServiceError:
        return Links(image)
    address = next((str(item.value) for item in service.params if item.name == "accessURL"), "")
    inputs = next((group for group in service.groups if group.name == "inputParams"), None)
    if not address or inputs is None or "CIRCLE" not in {str(entry.name).upper() for entry in inputs.entries}:
        return Links(image)
    fixed = {
        str(entry.name): str(entry.value) for entry in inputs.entries
        if str(entry.name).upper() not in _CHOICES and str(entry.value).strip()
    }  # fmt: skip
    if "ID" not in {name.upper() for name in fixed}:
        return Links(image)  # refers to a column; such services link the image itself too
    return Links(image, urljoin(base, address), fixed)
