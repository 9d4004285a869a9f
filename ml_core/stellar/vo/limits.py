"""How fast, how long and how much: the manners of a client towards services that belong to others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransferLimits:
    """Limits of all requests of one run.

    Attributes:
        requests_per_second: Highest rate of requests, those of retries and redirects included.
        connect_timeout: Seconds until a connection must stand.
        read_timeout: Seconds of silence after which a transfer is given up.
        total_timeout: Seconds that one transfer may take as a whole.
        retries: How often a transient failure is tried again.
        backoff: Seconds before the first retry; doubled for each further one, with jitter.
        longest_wait: Highest number of seconds between two tries, also when the service asks for more.
        answer_bytes: Largest answer to a question, a table.
        file_bytes: Largest file.
        total_bytes: Most that one run receives.
    """

    requests_per_second: float = 2.0
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    total_timeout: float = 900.0
    retries: int = 4
    backoff: float = 2.0
    longest_wait: float = 120.0
    answer_bytes: int = 20_000_000
    file_bytes: int = 400_000_000
    total_bytes: int = 50_000_000_000
