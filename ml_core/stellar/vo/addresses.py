"""Which addresses may be opened. Answers of services name further addresses, and nobody vouches for those."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from ml_core.stellar.vo.errors import RefusedAddressError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # IPv4 addresses in the clothes of public IPv6 ones
_PORTS = {"http": 80, "https": 443}


class AddressPolicy:
    """Public hosts, and those private ones that the configuration names.

    Args:
        trusted_hosts: ``host`` or ``host:port``, as written in addresses. They may lie in a private network or on
            this machine; with a port, only that port is meant.
    """

    def __init__(self, trusted_hosts: Iterable[str] = ()) -> None:
        self._trusted = {host.strip().lower() for host in trusted_hosts}

    def check(self, url: str) -> None:
        """Refuse what cannot be right whatever the host's address is.

        Raises:
            RefusedAddressError: Another scheme than http and https, no host, or a password in the address.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError as error:
            raise RefusedAddressError("The address cannot be read.", where=url[:200]) from error
        if parts.scheme not in _PORTS or not parts.hostname or port is None:
            raise RefusedAddressError("Only http and https addresses are opened.", where=url[:200])
        if parts.username or parts.password:
            raise RefusedAddressError("An address must not hold a name or password.", where=parts.hostname)

    def addresses(self, host: str, port: int) -> list[str]:
        """The numeric addresses of ``host`` that may be connected to.

        The connection is made to one of these and not to the name, so that the name cannot mean another address
        a moment later.

        Raises:
            RefusedAddressError: There are none.
            socket.gaierror: The name is unknown.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        numeric = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if self._is_trusted(host, port):
            return numeric
        public = [address for address in numeric if is_public(address)]
        if not public:
            raise RefusedAddressError(
                f'The host "{host}" has a private address, which is not opened.',
                hint="Name it in trusted_hosts if the service is one of yours.", where=f"{host}:{port}",
            )  # fmt: skip
        return public

    def _is_trusted(self, host: str, port: int) -> bool:
        name = f"[{host}]" if ":" in host else host
        return bool(self._trusted & {host.lower(), name.lower(), f"{name.lower()}:{port}"})


def is_public(address: str) -> bool:
    """Whether a numeric address is one of the open Internet, also when it wraps an IPv4 address in an IPv6 one."""
    number = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(number, ipaddress.IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour or (number.teredo[1] if number.teredo else None)
        if inner is None and number in _NAT64:
            inner = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return number.is_global and not number.is_multicast
