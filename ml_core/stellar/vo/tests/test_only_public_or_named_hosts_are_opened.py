"""The worker must not be led into its own network by what a stranger's service answers."""

from __future__ import annotations

import pytest

from ml_core.stellar.vo.addresses import AddressPolicy, is_public
from ml_core.stellar.vo.errors import RefusedAddressError


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
    "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
])  # fmt: skip
def test_private_addresses_in_any_clothes_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("url", [
    "file:///etc/passwd", "ftp://example.org/a", "gopher://example.org", "http://", "//example.org", "http://a:b@c.org/",
    "http://example.org:notaport/",
])  # fmt: skip
def test_other_schemes_and_passwords_are_refused(url):
    with pytest.raises(RefusedAddressError):
        AddressPolicy().check(url)


def test_a_private_host_needs_to_be_named_with_its_port():
    policy = AddressPolicy(["127.0.0.1:8123"])
    assert policy.addresses("127.0.0.1", 8123) == ["127.0.0.1"]
    with pytest.raises(RefusedAddressError):
        policy.addresses("127.0.0.1", 6379)
    assert AddressPolicy(["127.0.0.1"]).addresses("127.0.0.1", 6379) == ["127.0.0.1"]


def test_a_name_of_this_machine_is_refused_by_its_address():
    with pytest.raises(RefusedAddressError):
        AddressPolicy().addresses("localhost", 80)
