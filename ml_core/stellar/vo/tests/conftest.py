"""Fixtures: a service on this machine, and a transfer that does not dawdle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ml_core.stellar.vo.addresses import AddressPolicy
from ml_core.stellar.vo.limits import TransferLimits
from ml_core.stellar.vo.tests.service import Service
from ml_core.stellar.vo.transfer import Transfer

QUICK = TransferLimits(
    requests_per_second=1000, connect_timeout=2, read_timeout=5, total_timeout=20, retries=2, backoff=0
)


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    yield found
    found.close()


@pytest.fixture
def make_transfer(service: Service) -> Callable[..., Transfer]:
    def make(trusted: bool = True, **limits: float) -> Transfer:
        policy = AddressPolicy([service.host] if trusted else [])
        return Transfer(replace(QUICK, **limits), policy)

    return make
