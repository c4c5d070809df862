r"""Which domains people belong to, so that two people of one account name in two domains stay two.

A domain has a DNS name, met in user principal names, mail addresses and distinguished names, and a short (NetBIOS) one,
met in `DOMAIN\user`. The short name is by default the first label of the DNS name ([MS-ADTS] section 1.1); another one
is known only where the configuration maps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.directory.identity import Form, Login

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.directory.people import PersonRow

PUBLIC = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "gmx.com",
        "web.de",
        "t-online.de",
        "proton.me",
        "protonmail.com",
        "fastmail.com",
        "zoho.com",
        "yandex.com",
        "yandex.ru",
        "mail.ru",
        "qq.com",
        "163.com",
        "126.com",
        "orange.fr",
        "free.fr",
        "libero.it",
        "mail.com",
        "hey.com",
        "tutanota.com",
    }
)
"""Domains of mail providers: no organisation's own, whoever has an address there."""

NO_BOND, MAY_BE, IS = 0, 1, 2
_NONE: frozenset[str] = frozenset()


class Realms:
    """The domains of all people and of each; `domains` maps short names to DNS names, as the user knows them."""

    def __init__(self, rows: Iterable[PersonRow], domains: Mapping[str, str]) -> None:
        self._mapped = {short.lower(): name.lower().rstrip(".") for short, name in domains.items()}
        self._shared: dict[frozenset[str], frozenset[str]] = {}
        self._of: dict[str, frozenset[str]] = {}
        for row in rows:
            self._add(row)
        self._all = frozenset[str]().union(*self._shared) | frozenset(self._mapped.values())
        labels: dict[str, set[str]] = {}
        for domain in self._all:
            labels.setdefault(domain.partition(".")[0][:15], set()).add(domain)  # 15: the longest NetBIOS name
        self._by_label = {label: next(iter(found)) for label, found in labels.items() if len(found) == 1}

    def of(self, person: str) -> frozenset[str]:
        """DNS names of the domains that a person is known in; none where the files tell none."""
        return self._of.get(person, _NONE)

    def knows(self, domain: str) -> bool:
        """Say whether anybody is known in a domain (DNS name)."""
        return domain in self._all

    def is_mapped(self, domain: str) -> bool:
        """Say whether the configuration calls a domain, by its short or its DNS name, one of the organisation's."""
        return domain in self._mapped or domain in self._mapped.values()

    def dns_name(self, domain: str) -> str:
        """Give the DNS name of a domain; a short name that nobody explains stays as it is."""
        if domain in self._mapped:
            return self._mapped[domain]
        return domain if "." in domain else self._by_label.get(domain, domain)

    def bond(self, domain: str, person: str, accounts: Iterable[Login]) -> int:
        r"""Say whether a login of a domain, with a person's account name, is that person's: IS, MAY_BE or NO_BOND.

        `accounts` are the person's accounts that are qualified by a domain.
        """
        realm = self.dns_name(domain)
        own = self.of(person)
        account_realms = {self.dns_name(account.domain or "") for account in accounts}
        if realm in own or realm in account_realms:
            return IS
        explained = realm != domain or self.knows(realm)
        if account_realms:
            # Neither short name is explained by a DNS name: they are two domains. Else the login's may be any one's.
            return NO_BOND if explained or any("." not in found for found in account_realms) else MAY_BE
        return NO_BOND if own and explained and not self.is_mapped(domain) else MAY_BE

    def _add(self, row: PersonRow) -> None:
        found = {login.domain for login in row.logins if login.form is Form.MAIL and login.domain}
        found.update(mail.domain for mail in row.mails if mail.domain)
        if row.domain:
            found.add(row.domain)
        found -= PUBLIC
        if not found:
            return
        held = self._of.get(row.person)
        merged = frozenset(found) if held is None else held | found
        self._of[row.person] = self._shared.setdefault(merged, merged)
