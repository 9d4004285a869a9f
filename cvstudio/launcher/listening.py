"""The address that the studio serves: a socket that listens, and whether somebody answers on it."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

from ml_core.errors import CodedError


class PortInUseError(CodedError):
    """Something else listens on the address."""

    default_code = "launcher.port_in_use"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. The launcher keeps it, so that connections wait while the web server restarts.

    Raises:
        PortInUseError: The address is taken or is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUseError(
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            hint="End what uses it, or name another one: python manage.py runserver 8001",
        ) from error
    listener.listen(256)
    return listener


def web_answers(port: int, host: str) -> bool:
    """Whether the web server answers at all."""
    target = "127.0.0.1" if host in {"0.0.0.0", ""} else f"[{host}]" if ":" in host else host  # noqa: S104
    try:
        with urllib.request.urlopen(f"http://{target}:{port}/health", timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
