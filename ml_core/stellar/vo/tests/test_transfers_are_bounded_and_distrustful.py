"""Every way in which a service may fail has its own error, and nothing half stays on the disk."""

from __future__ import annotations

import pytest

from ml_core.stellar.vo.errors import RefusedAddressError, ServiceError, TransferLimitError, TransientError
from ml_core.stellar.vo.tests.service import Service, Tile

FILE = "/get_fits"


@pytest.fixture
def url(service: Service) -> str:
    service.tiles = [Tile(1, 10.0, 20.0, side=64)]
    return f"{service.base}{FILE}?id=1&filter=2"


def test_a_file_comes_whole_with_its_hash(service, url, make_transfer, tmp_path):
    path = tmp_path / "a.fits"
    received = make_transfer().fits_file(url, path)
    assert path.read_bytes() == service.body(FILE, {"id": "1", "filter": "2"})
    assert received.size_bytes == path.stat().st_size and len(received.sha256) == 64
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.fits"]


@pytest.mark.parametrize(("kind", "code", "passes"), [
    ("500", "vo.status_500", True), ("503", "vo.status_503", True), ("429", "vo.status_429", True),
    ("404", "vo.status_404", False), ("403", "vo.status_403", False), ("html", "vo.not_fits", False),
    ("cut", "vo.cut_off", True), ("empty", "vo.cut_off", True), ("huge", "vo.too_large", False),
    ("endless", "vo.too_large", False), ("hang", "vo.cut_off", True), ("drip", "vo.slow", True),
])  # fmt: skip
def test_each_fault_has_its_error(service, url, make_transfer, tmp_path, kind, code, passes):
    service.fail(FILE, kind)
    transfer = make_transfer(read_timeout=0.3, total_timeout=0.5, file_bytes=300_000)
    with pytest.raises(ServiceError) as caught:
        transfer.fits_file(url, tmp_path / "a.fits")
    assert caught.value.code == code and isinstance(caught.value, TransientError) == passes
    assert not list(tmp_path.iterdir())


def test_what_passes_is_tried_again_and_what_does_not_is_not(service, url, make_transfer, tmp_path):
    transfer = make_transfer()
    service.fail(FILE, "500", "cut")
    transfer.retried(lambda: transfer.fits_file(url, tmp_path / "a.fits"))
    assert service.counts[FILE] == 3
    service.fail(FILE, "404")
    with pytest.raises(ServiceError):
        transfer.retried(lambda: transfer.fits_file(url, tmp_path / "a.fits"))
    assert service.counts[FILE] == 4


def test_waits_grow_and_heed_the_service(service, url):
    from ml_core.stellar.vo.addresses import AddressPolicy
    from ml_core.stellar.vo.limits import TransferLimits
    from ml_core.stellar.vo.transfer import Transfer

    now, waited = [0.0], []

    def sleep(seconds):
        now[0] += seconds
        waited.append(seconds)

    limits = TransferLimits(requests_per_second=1000, retries=3, backoff=4.0, longest_wait=50)
    transfer = Transfer(limits, AddressPolicy(), sleep=sleep, clock=lambda: now[0])

    def fail():
        raise TransientError("No.", retry_after=40 if now[0] == 0 else 500)

    starts = []
    with pytest.raises(TransientError):
        transfer.retried(lambda: (starts.append(now[0]), fail()))
    gaps = [after - before for before, after in zip(starts, starts[1:], strict=False)]
    assert gaps == pytest.approx([40, 50, 50]) and max(waited) <= 0.25


def test_requests_keep_their_distance(service, url, make_transfer):
    transfer = make_transfer(requests_per_second=20)
    import time

    begun = time.monotonic()
    for _ in range(4):
        transfer.answer(url)
    assert time.monotonic() - begun >= 3 / 20


def test_a_redirect_to_a_private_host_is_not_followed(service, url, make_transfer, tmp_path):
    other = Service()
    try:
        service.fail(FILE, f"{other.base}/secret")
        with pytest.raises(RefusedAddressError):
            make_transfer().fits_file(url, tmp_path / "a.fits")
        service.fail(FILE, "http://localhost:1/secret", "file:///etc/passwd")
        with pytest.raises(RefusedAddressError):
            make_transfer().fits_file(url, tmp_path / "a.fits")
        with pytest.raises(ServiceError):
            make_transfer().fits_file(url, tmp_path / "a.fits")
        assert not other.counts
    finally:
        other.close()


def test_a_redirect_within_the_named_host_is_followed_but_not_for_ever(service, url, make_transfer, tmp_path):
    service.fail("/old", url)
    make_transfer().fits_file(f"{service.base}/old", tmp_path / "a.fits")
    service.always["/loop"] = f"{service.base}/loop"
    with pytest.raises(ServiceError) as caught:
        make_transfer().fits_file(f"{service.base}/loop", tmp_path / "b.fits")
    assert caught.value.code == "vo.redirects" and service.counts["/loop"] == 6


def test_the_body_of_a_redirect_is_not_read(service, url, make_transfer, tmp_path):
    service.fail("/old", f"flood {url}")
    transfer = make_transfer()
    transfer.fits_file(f"{service.base}/old", tmp_path / "a.fits")
    assert transfer.received_bytes == (tmp_path / "a.fits").stat().st_size


def test_this_machine_is_not_opened_unless_it_is_named(service, url, make_transfer):
    with pytest.raises(RefusedAddressError):
        make_transfer(trusted=False).answer(url)
    assert not service.counts


def test_a_run_ends_when_it_has_received_enough(service, url, make_transfer):
    transfer = make_transfer(total_bytes=30_000)
    with pytest.raises(TransferLimitError):
        for _ in range(10):
            transfer.answer(url)
    assert transfer.received_bytes < 200_000


def test_nobody_there_is_an_error_that_may_pass(make_transfer, service):
    from ml_core.stellar.vo.addresses import AddressPolicy
    from ml_core.stellar.vo.tests.conftest import QUICK
    from ml_core.stellar.vo.transfer import Transfer

    with pytest.raises(TransientError) as caught:
        Transfer(QUICK, AddressPolicy(["127.0.0.1:1"])).answer("http://127.0.0.1:1/")
    assert caught.value.code == "vo.unreachable"
