"""The lists beside the services, with their schemas: blind spots, candidates, categories, shared platforms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from shadowai.signatures.schema import Line, Reference, check_range


def _is_range(value: str) -> str:
    if problem := check_range(value if "/" in value else f"{value}/{128 if ':' in value else 32}"):
        message = f"{value!r} {problem}"
        raise ValueError(message)
    return value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BlindSpotEntry(_Part):
    """A service in whose traffic AI use can hide: an encrypted resolver, a VPN, a tunnel, a front for ECH.

    `addresses` are its servers', single or in CIDR form, for clients that are given an address and no name.
    """

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    name: Line
    kind: Literal["encrypted-dns", "vpn", "tunnel", "ech"]
    domains: tuple[str, ...] = Field(min_length=1)
    addresses: tuple[Annotated[str, AfterValidator(_is_range)], ...] = ()
    references: tuple[Reference, ...] = Field(min_length=1)


class BlindSpotList(RootModel[tuple[BlindSpotEntry, ...]]):
    """The file blind-spots.yaml."""


class IgnoredDomain(_Part):
    """A domain that looks like AI and is not, with the page that shows it."""

    domain: str
    reference: Reference


class CandidatePatterns(_Part):
    """The file candidates.yaml: what makes a host look like AI.

    A host is a candidate when its last label is in `suffixes`, or when one of its labels holds one of `words` bounded
    by the label's ends, hyphens or digits.
    """

    suffixes: tuple[str, ...]
    words: tuple[str, ...]
    ignore: tuple[IgnoredDomain, ...] = ()


class ClientToken(_Part):
    """The name that a program gives itself in a user agent, without its version, and where that is documented."""

    token: str = Field(min_length=3, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]*$")
    reference: Reference


class ClientTokens(_Part):
    """The file clients.yaml: what programs call themselves in a user agent, wherever in it that stands.

    An `application` has a person before it and no address bar (desktop and mobile apps, editors); a `program` runs by
    itself or in a terminal (SDKs, libraries, scripts). A browser is what calls itself Mozilla and neither of them.
    """

    application: tuple[ClientToken, ...] = ()
    program: tuple[ClientToken, ...] = ()


class SharedPlatforms(_Part):
    """The file shared-platforms.yaml: domains below which many customers live, for `shadowai signatures lint`.

    `shared` are platforms by group, never to be claimed whole. `products` are wider products with AI inside, and
    `ai_hosting` places where anybody publishes what AI made or serves: both may be claimed in a role that proves
    nothing. `own` are names of the public suffix list below which nothing lives but one service's own content.
    """

    shared: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    products: tuple[str, ...] = ()
    ai_hosting: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


class CategoryText(_Part):
    """What a category is called in reports, and which data is at risk there."""

    name: Line
    data_at_risk: str


class CategoryTexts(RootModel[dict[str, CategoryText]]):
    """The file categories.yaml: one entry a category folder."""
