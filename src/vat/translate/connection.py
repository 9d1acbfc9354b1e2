"""The way to a server: directly, or by the proxy that the environment names for it."""

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit
from urllib.request import getproxies_environment

from vat.errors import TranslationError
from vat.jobs.addresses import revealed
from vat.translate.api_key import read_key
from vat.translate.settings import NO_ADDRESS, TranslateSettings, address_fault

if TYPE_CHECKING:
    import openai

OPENAI: Final = "https://api.openai.com/v1"
_SCHEMES: Final = {"socks": "socks5", "socks5": "socks5", "socks5h": "socks5h"}
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of one server, the key that it shows, and the variable of its proxy; or empty."""

    client: "openai.OpenAI"
    key: str
    variable: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and the variable of the environment that names it."""

    url: str
    variable: str


def connect(settings: TranslateSettings, timeout_seconds: float) -> Connection:
    """A client for the server that the settings name; no answer may take longer than the timeout.

    Raises:
        TranslationError: where the key is missing or broken, the address is none or holds a secret,
            or the proxy cannot be used.
    """
    import httpx2
    import openai

    address = revealed(settings.base_url or OPENAI)
    fault = address_fault(address)
    if fault:
        raise TranslationError(fault)
    key = read_key(settings)
    proxy = proxy_of(address)
    try:
        # A transport of its own: the client's would take proxies from the environment, even for a
        # server on this machine.
        transport = httpx2.HTTPTransport(
            limits=openai.DEFAULT_CONNECTION_LIMITS, proxy=proxy.url if proxy else None
        )
    except (ImportError, ValueError):
        raise _unusable(proxy.variable if proxy else "") from None
    try:
        client = openai.OpenAI(
            api_key=key or "none",
            base_url=address.partition("?")[0],
            default_query=dict(parse_qsl(urlsplit(address).query, keep_blank_values=True)),
            timeout=timeout_seconds,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(transport=transport),
        )
    except (httpx2.InvalidURL, ValueError):
        # A host whose name no domain can have, for one.
        raise TranslationError(NO_ADDRESS) from None
    return Connection(client, key, proxy.variable if proxy else "")


def proxy_of(address: str) -> Proxy | None:
    """The proxy that the environment names for an address; None where it is asked directly.

    This machine is always asked directly, and so is what NO_PROXY names: hosts, domains, addresses
    and networks such as 192.168.0.0/16.

    Raises:
        TranslationError: naming the variable, where the proxy is none that can be used.
    """
    parts = urlsplit(address)
    host, scheme = (parts.hostname or "").rstrip("."), parts.scheme
    named = {name: value for name, value in getproxies_environment().items() if value}
    kind = next((one for one in (scheme, "all") if one in named), "")
    port = parts.port or _PORTS.get(scheme, 0)
    if not kind or is_here(host) or is_excepted(host, port, named.get("no", "")):
        return None
    variable = f"{kind}_proxy"
    variable = variable if variable in os.environ else variable.upper()
    url = named[kind] if "://" in named[kind] else f"http://{named[kind]}"
    before, _, rest = url.partition("://")
    known = {"http": "http", "https": "https", **_SCHEMES}.get(before.casefold())
    try:
        whole = urlsplit(f"{known}://{rest}")
        wrong = known is None or not whole.hostname or whole.port == 0
    except ValueError:
        wrong = True
    if wrong:
        raise _unusable(variable)
    return Proxy(f"{known}://{rest}", variable)


def _unusable(variable: str) -> TranslationError:
    return TranslationError(
        f"The proxy in the environment variable {variable} cannot be used; its address must"
        " begin with http://, https:// or socks5://. Correct it, or name the server in NO_PROXY."
    )


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Whether the list of NO_PROXY holds a host: by name, domain, address, network, or as *."""
    return any(_holds(one, host, port) for one in exceptions.replace(",", " ").split())


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network or single address that an entry of NO_PROXY names; None for a name."""
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _holds(entry: str, host: str, port: int) -> bool:
    entry = entry.casefold().partition("://")[2] or entry.casefold()
    if entry == "*":
        return True
    address = _address(host)
    network = _network(entry)
    if network is not None:
        return address is not None and address.version == network.version and address in network
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdecimal():
        return int(wanted) == port and _holds(name, host, port)
    domain = entry.lstrip("*").strip(".[]")
    if address is not None:
        # 192.168.* and 10. are no networks, but some write them so.
        begins = entry.rstrip("*")
        return entry == host or (begins.endswith(".") and host.startswith(begins))
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
