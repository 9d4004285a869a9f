"""Settings that both downloads share: manners, limits, and whom to trust."""

from __future__ import annotations

from ml_core.run.config import RecipeConfig, option
from ml_core.stellar.vo.addresses import AddressPolicy
from ml_core.stellar.vo.limits import TransferLimits


class DownloadConfig(RecipeConfig):
    """What a download does with a survey, and how it treats the service."""

    survey: str = option(description="Folder of the survey, with its catalogue.", group="Data")
    target: str = option("", description="Folder that the files are filed in. Empty: the survey itself.", group="Data",
                         advanced=True)  # fmt: skip
    names: list[str] = option([], description="Only these stars. Empty: all.", group="Data", advanced=True,
                              max_length=1_000_000)  # fmt: skip
    overwrite: bool = option(False, description="Fetch also what is there already.", group="Data")
    ask_again: bool = option(False, description="Ask again for stars of which the service had nothing.",
                             group="Data")  # fmt: skip
    requests_per_second: float = option(2.0, gt=0, le=50, unit="1/s", group="Manners", may_change=True,
                                        description="Highest rate of requests.")  # fmt: skip
    retries: int = option(4, ge=0, le=20, group="Manners", may_change=True,
                          description="How often a request that failed in passing is sent again.")  # fmt: skip
    backoff_s: float = option(2.0, ge=0, le=600, unit="s", group="Manners", advanced=True, may_change=True,
                              description="Wait before the first retry; doubled for each further one.")  # fmt: skip
    connect_timeout_s: float = option(15.0, gt=0, le=600, unit="s", group="Manners", advanced=True, may_change=True,
                                      description="Time until a connection must stand.")  # fmt: skip
    read_timeout_s: float = option(60.0, gt=0, le=3600, unit="s", group="Manners", advanced=True, may_change=True,
                                   description="Silence after which a transfer is given up.")  # fmt: skip
    total_timeout_s: float = option(900.0, gt=0, le=86_400, unit="s", group="Manners", advanced=True, may_change=True,
                                    description="Time that one transfer may take.")  # fmt: skip
    max_file_mb: float = option(400.0, gt=0, le=100_000, unit="MB", group="Limits", may_change=True,
                                description="Larger files are refused.")  # fmt: skip
    max_total_gb: float = option(50.0, gt=0, le=100_000, unit="GB", group="Limits", may_change=True,
                                 description="The run ends when it has received this much.")  # fmt: skip
    trusted_hosts: list[str] = option(
        [], max_length=100, group="Limits", advanced=True, may_change=True,
        description="Hosts (host or host:port) that may have a private address, such as a mirror in the house.",
    )  # fmt: skip

    def limits(self) -> TransferLimits:
        """The settings as the transfer wants them."""
        return TransferLimits(
            self.requests_per_second, self.connect_timeout_s, self.read_timeout_s, self.total_timeout_s, self.retries,
            self.backoff_s, file_bytes=int(self.max_file_mb * 1e6), total_bytes=int(self.max_total_gb * 1e9),
        )  # fmt: skip

    def policy(self) -> AddressPolicy:
        """Which addresses may be opened."""
        return AddressPolicy(self.trusted_hosts)
