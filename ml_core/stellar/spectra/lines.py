"""Lines and bands that tell M stars apart, with their vacuum wavelengths.

Atomic lines are those of the NIST Atomic Spectra Database, rounded to 0.1 A; the windows of TiO5, CaH2 and CaH3 are
those of Reid, Hawley & Gizis 1995, AJ 110, 1838 (given in air there); heads of the TiO and VO bands after Kirkpatrick,
Henry & McCarthy 1991, ApJS 77, 417.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ml_core.stellar.spectra.wavelengths import air_to_vacuum, vacuum_to_air

FeatureKind = Literal["line", "band", "telluric"]


@dataclass(frozen=True)
class Feature:
    """A line or band.

    Attributes:
        name: As it is printed beside the spectrum.
        start: Vacuum wavelength in A where it begins; of a line, its centre.
        end: Where a band ends; equal to ``start`` for a line.
        kind: ``line``, ``band`` or ``telluric`` (of the Earth's air, not of the star).
    """

    name: str
    start: float
    end: float
    kind: FeatureKind

    def in_air(self) -> Feature:
        """The same with air wavelengths."""
        start, end = vacuum_to_air(np.array([self.start, self.end]))
        return Feature(self.name, float(start), float(end), self.kind)


def _from_air(name: str, start: float, end: float) -> Feature:
    first, last = air_to_vacuum(np.array([start, end]))
    return Feature(name, round(float(first), 1), round(float(last), 1), "band")


FEATURES: Final[tuple[Feature, ...]] = (
    Feature("Ca II K", 3934.8, 3934.8, "line"),
    Feature("Ca II H", 3969.6, 3969.6, "line"),
    Feature("Ca I", 4227.9, 4227.9, "line"),
    Feature("Hγ", 4341.7, 4341.7, "line"),
    Feature("TiO 4760", 4762.0, 4800.0, "band"),
    Feature("Hβ", 4862.7, 4862.7, "line"),
    Feature("TiO 4950", 4956.0, 5000.0, "band"),
    Feature("Mg b", 5168.8, 5185.0, "band"),
    Feature("MgH", 5195.0, 5212.0, "band"),
    Feature("TiO 5450", 5449.0, 5500.0, "band"),
    Feature("TiO 5850", 5848.0, 5880.0, "band"),
    Feature("Na I D", 5891.6, 5897.6, "band"),
    Feature("TiO 6160", 6160.0, 6260.0, "band"),
    Feature("Hα", 6564.6, 6564.6, "line"),
    Feature("TiO 6680", 6682.0, 6720.0, "band"),
    _from_air("CaH2", 6814.0, 6846.0),
    Feature("O₂ B", 6860.0, 6950.0, "telluric"),
    _from_air("CaH3", 6960.0, 6990.0),
    Feature("TiO 7050", 7055.0, 7150.0, "band"),
    _from_air("TiO5", 7126.0, 7135.0),
    Feature("VO 7400", 7336.0, 7536.0, "band"),
    Feature("TiO 7590", 7592.0, 7690.0, "band"),
    Feature("O₂ A", 7590.0, 7700.0, "telluric"),
    Feature("K I", 7667.0, 7667.0, "line"),
    Feature("K I", 7701.1, 7701.1, "line"),
    Feature("VO 7900", 7852.0, 7973.0, "band"),
    Feature("Na I", 8185.5, 8185.5, "line"),
    Feature("Na I", 8197.1, 8197.1, "line"),
    Feature("TiO 8430", 8434.0, 8455.0, "band"),
    Feature("Ca II", 8500.4, 8500.4, "line"),
    Feature("Ca II", 8544.4, 8544.4, "line"),
    Feature("Ca II", 8664.5, 8664.5, "line"),
    Feature("TiO 8860", 8861.0, 8900.0, "band"),
)
