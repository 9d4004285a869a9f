"""An image service and a spectrum archive on this machine, which match image centres as J-PLUS does, and can fail."""

from __future__ import annotations

import io
import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
from astropy.io import fits
from astropy.io.votable import tree
from astropy.wcs import WCS

SIDE_PX, SCALE_DEG = 400, 0.0035  # 1.4 degrees, as a J-PLUS tile, in few pixels
PIXEL_SCALE = SCALE_DEG * 3600
BRIGHT = {"i": 900.0, "r": 300.0, "g": 100.0}


@dataclass
class Tile:
    """One pointing in three bands."""

    identifier: int
    ra: float
    dec: float
    bands: str = "gri"
    side: int = SIDE_PX
    angle_deg: float = 0.0
    stars: list[tuple[float, float]] = field(default_factory=list)

    def wcs(self) -> WCS:
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval, wcs.wcs.crpix = [self.ra, self.dec], [(self.side + 1) / 2] * 2
        cosine, sine = np.cos(np.radians(self.angle_deg)), np.sin(np.radians(self.angle_deg))
        wcs.wcs.cd = SCALE_DEG * np.array([[-cosine, sine], [sine, cosine]])
        return wcs

    def image(self, band: str) -> tuple[np.ndarray, fits.Header]:
        rng = np.random.default_rng([self.identifier, ord(band)])
        pixels = rng.normal(50, 1, (self.side, self.side)).astype(np.float32)
        y, x = np.mgrid[: self.side, : self.side]
        for ra, dec in self.stars:
            column, row = self.wcs().all_world2pix(ra, dec, 0)
            pixels += BRIGHT[band] * np.exp(-((x - column) ** 2 + (y - row) ** 2) / 8).astype(np.float32)
        header = self.wcs().to_header()
        header["FILTER"], header["TILE_ID"], header["MAGZP"] = f"{band}SDSS", self.identifier, 22.5
        return pixels, header

    def file(self, band: str) -> bytes:
        """Tile-compressed, as ``.fz`` files are."""
        pixels, header = self.image(band)
        buffer = io.BytesIO()
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, header, quantize_level=32)]).writeto(buffer)
        return buffer.getvalue()

    def cutout(self, band: str, ra: float, dec: float, width: float) -> bytes | None:
        from astropy.coordinates import SkyCoord
        from astropy.nddata import Cutout2D, NoOverlapError

        pixels, header = self.image(band)
        try:
            cut = Cutout2D(pixels, SkyCoord(ra, dec, unit="deg"), round(width / SCALE_DEG), wcs=self.wcs())
        except NoOverlapError:
            return None
        header.update(cut.wcs.to_header())
        buffer = io.BytesIO()
        fits.PrimaryHDU(cut.data, header).writeto(buffer)
        return buffer.getvalue()


LINKS = """<?xml version="1.0"?>
<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results"><TABLE>
<FIELD name="ID" datatype="char" arraysize="*"/><FIELD name="access_url" datatype="char" arraysize="*"/>
<FIELD name="service_def" datatype="char" arraysize="*"/><FIELD name="error_message" datatype="char" arraysize="*"/>
<FIELD name="semantics" datatype="char" arraysize="*"/><FIELD name="description" datatype="char" arraysize="*"/>
<FIELD name="content_type" datatype="char" arraysize="*"/><FIELD name="content_length" datatype="long"/>
<DATA><TABLEDATA>
<TR><TD>x</TD><TD>{base}/preview.jpg</TD><TD/><TD/><TD>#preview</TD><TD/><TD>image/jpeg</TD><TD>1</TD></TR>
<TR><TD>x</TD><TD>{base}/get_fits?id={id}&amp;filter={filter}</TD><TD/><TD/><TD>#this</TD><TD/><TD/><TD>1</TD></TR>
<TR><TD>x</TD><TD/><TD>soda</TD><TD/><TD>#cutout</TD><TD/><TD/><TD>1</TD></TR>
</TABLEDATA></DATA></TABLE></RESOURCE>
<RESOURCE type="meta" ID="soda" utype="adhoc:service">
<PARAM name="standardID" datatype="char" arraysize="*" value="ivo://ivoa.net/std/SODA#sync-1.0"/>
<PARAM name="accessURL" datatype="char" arraysize="*" value="{base}/soda"/>
<GROUP name="inputParams"><PARAM name="ID" datatype="char" arraysize="*" value="{id}-{filter}"/>
<PARAM name="CIRCLE" datatype="double" arraysize="3" value=""/></GROUP></RESOURCE></VOTABLE>"""


def votable(names: list[tuple[str, str, str, str | None]], rows: list[tuple], status: str = "OK") -> bytes:
    """A VOTable with columns (name, ucd, datatype, arraysize)."""
    file = tree.VOTableFile()
    resource = tree.Resource(type="results")
    file.resources.append(resource)
    resource.infos.append(tree.Info(name="QUERY_STATUS", value=status))
    table = tree.TableElement(file)
    resource.tables.append(table)
    for name, ucd, datatype, arraysize in names:
        extra = {"arraysize": arraysize} if arraysize else {}
        table.fields.append(tree.Field(file, name=name, ucd=ucd or None, datatype=datatype, **extra))
    table.create_arrays(len(rows))
    for index, row in enumerate(rows):
        table.array[index] = row
    buffer = io.BytesIO()
    file.to_xml(buffer)
    return buffer.getvalue()


class Service:
    """Tiles, spectra, and faults by the start of a path. ``counts`` has the requests by path."""

    def __init__(self) -> None:
        self.tiles: list[Tile] = []
        self.spectra: dict[str, bytes] = {}
        self.offers_cutouts = False
        self.links = False
        self.most_rows = 1000
        self.counts: Counter[str] = Counter()
        self.queries: list[str] = []
        self.faults: defaultdict[str, deque[str]] = defaultdict(deque)
        self.always: dict[str, str] = {}
        self.released = threading.Event()
        self.hanging = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_args: object) -> None:
                pass

            def do_GET(self) -> None:
                service.handle(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.base = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail(self, path: str, *kinds: str) -> None:
        """The next requests of ``path`` go wrong, one after the other: a status, html, cut, hang, drip, huge, empty,
        endless, ok, or an address to redirect to (after ``flood``: with an endless body)."""
        self.faults[path].extend(kinds)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        self.counts[parts.path] += 1
        self.queries.append(request.path)
        kind = self.always.get(parts.path) or (self.faults[parts.path].popleft() if self.faults[parts.path] else "")
        try:
            if kind.isdecimal():
                self._send(request, b"<html>no</html>", int(kind))
            elif kind.startswith(("http", "flood", "file")):
                request.send_response(302)
                request.send_header("Location", kind.removeprefix("flood "))
                request.end_headers()
                while kind.startswith("flood") and not self.released.is_set():
                    request.wfile.write(b"x" * 100_000)
            elif kind and kind != "ok":
                self._misbehave(request, kind, parts)
            else:
                body = self.body(parts.path, {key: value[0] for key, value in parse_qs(parts.query).items()})
                self._send(request, body or b"", 404 if body is None else 200)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _send(self, request: BaseHTTPRequestHandler, body: bytes, status: int = 200, length: int | None = None) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    def _misbehave(self, request: BaseHTTPRequestHandler, kind: str, parts) -> None:
        body = self.body(parts.path, {key: value[0] for key, value in parse_qs(parts.query).items()}) or b""
        if kind == "html":
            self._send(request, b"<!DOCTYPE html><html><body>Please log in.</body></html>")
        elif kind == "empty":
            self._send(request, b"")
        elif kind == "cut":
            self._send(request, body[: len(body) // 2], length=len(body))
        elif kind == "cut_unsaid":
            request.send_response(200)
            request.end_headers()
            request.wfile.write(body[: len(body) // 2])
        elif kind == "huge":
            self._send(request, b"SIMPLE  =", length=10**12)
        elif kind == "hang":
            self._send(request, body[:10], length=len(body))
            request.wfile.flush()
            self.hanging.set()
            self.released.wait(20)
        elif kind in ("drip", "endless"):
            request.send_response(200)
            request.end_headers()
            request.wfile.write(b"SIMPLE  =")
            while not self.released.wait(0.01 if kind == "drip" else 0):
                request.wfile.write(b"x" * (1 if kind == "drip" else 100_000))
        else:
            raise AssertionError(kind)

    def body(self, path: str, query: dict[str, str]) -> bytes | None:
        if path == "/siap":
            ra, dec = map(float, query["POS"].split(","))
            half = float(query["SIZE"]) / 2
            found = (
                []
                if half > 0.5
                else [
                    tile
                    for tile in self.tiles
                    if abs((tile.ra - ra + 180) % 360 - 180) * np.cos(np.radians(dec)) <= half
                    and abs(tile.dec - dec) <= half
                ]
            )
            return self.sia1(found)
        if path == "/siap2/query":
            _, ra, dec, radius = query["POS"].split()
            return self.sia2(
                [tile for tile in self.tiles if np.hypot(tile.ra - float(ra), tile.dec - float(dec)) <= float(radius)]
            )
        if path in ("/get_fits", "/get_fits_cutout"):
            tile = next(tile for tile in self.tiles if tile.identifier == int(query["id"]))
            band = {"1": "g", "2": "r", "3": "i"}[query["filter"]]
            if path == "/get_fits":
                return tile.file(band)
            if not self.offers_cutouts:
                return None
            return tile.cutout(band, float(query["ra"]), float(query["dec"]), float(query["width"]))
        if path == "/links":
            return LINKS.format(base=self.base, **query).encode()
        if path == "/soda":
            number, band = query["ID"].split("-")
            tile = next(tile for tile in self.tiles if tile.identifier == int(number))
            ra, dec, radius = map(float, query["CIRCLE"].split())
            return tile.cutout({"1": "g", "2": "r", "3": "i"}[band], ra, dec, 2 * radius)
        return self.spectra.get(path)

    def sia1(self, tiles: list[Tile]) -> bytes:
        names = [
            ("title", "VOX:Image_Title", "char", "*"), ("alpha", "POS_EQ_RA_MAIN", "double", None),
            ("delta", "POS_EQ_DEC_MAIN", "double", None), ("npix", "VOX:Image_Naxis", "int", "2"),
            ("scl", "VOX:Image_Scale", "double", "2"), ("form", "VOX:Image_Format", "char", "*"),
            ("bp", "VOX:BandPass_ID", "char", "*"), ("where", "VOX:Image_AccessReference", "char", "*"),
        ]  # fmt: skip
        rows = [
            (f"tile {tile.identifier}", tile.ra, tile.dec, [tile.side] * 2, [-SCALE_DEG, SCALE_DEG], kind, name,
             f"{self.base}/get_fits?id={tile.identifier}&filter={number}")
            for tile in tiles
            for band, number in zip("gri", "123", strict=True) if band in tile.bands
            for name, kind in ((f"{band}SDSS", "image/fits"), (f"{band}SDSS", "image/jpeg"), ("J0660", "image/fits"))
        ]  # fmt: skip
        cut_short = len(rows) > self.most_rows
        return votable(names, rows[: self.most_rows], "OVERFLOW" if cut_short else "OK")

    def sia2(self, tiles: list[Tile]) -> bytes:
        names = [
            ("obs_id", "meta.id", "char", "*"), ("s_ra", "pos.eq.ra", "double", None),
            ("s_dec", "pos.eq.dec", "double", None), ("s_region", "pos.outline;obs.field", "char", "*"),
            ("em_min", "em.wl;stat.min", "double", None), ("em_max", "em.wl;stat.max", "double", None),
            ("access_url", "meta.ref.url", "char", "*"), ("access_format", "meta.code.mime", "char", "*"),
        ]  # fmt: skip
        limits = {"g": (4.0e-7, 5.5e-7), "r": (5.5e-7, 6.9e-7), "i": (6.9e-7, 8.2e-7)}
        rows = []
        for tile in tiles:
            corners = tile.wcs().calc_footprint(axes=(tile.side, tile.side))
            region = "POLYGON ICRS " + " ".join(f"{value:.6f}" for value in corners.ravel())
            rows += [
                (f"tile {tile.identifier}", tile.ra, tile.dec, region, *limits[band],
                 f"{self.base}/{'links' if self.links else 'get_fits'}?id={tile.identifier}&filter={number}",
                 "application/x-votable+xml;content=datalink" if self.links else "application/fits")
                for band, number in zip("gri", "123", strict=True) if band in tile.bands
            ]  # fmt: skip
        return votable(names, rows)
