"""The kinds of export that are known, as data: what betrays a kind, and which of its columns says what.

Names of columns and JSON keys are compared in lower case, without spaces, hyphens, underscores and remarks in brackets:
"Email Address [Required]" is `emailaddress`, `profile.secondEmail` is `profile.secondemail`. They follow the vendors:
Active Directory's schema ([MS-ADA1] to [MS-ADA3]) and Get-ADUser; Microsoft Graph's resource `user` and the portal's
bulk download; Okta's user object (API) and CSV; Google's Directory API `users` and the admin console's download; for HR
systems the column names of Workday, SAP SuccessFactors, BambooHR and Personio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = (
    "user",
    "upn",
    "email",
    "aliases",
    "others",
    "employee",
    "name",
    "department",
    "device",
    "groups",
    "unit",
    "domain",
    "from",
    "until",
    "hired",
    "left",
    "active",
    "inactive",
    "class",
)
"""What a record may say of a person; a column map of the configuration uses these names.

`active` and `inactive` say whether the account is in use, `class` of what kind the object is, `unit` is an
organisational unit: a distinguished name or a path.
"""

_NUMBERS = (
    "employeeid",
    "employee#",
    "employeenumber",
    "workerid",
    "personnelnumber",
    "personalnummer",
    "empid",
    "userid",
)
_DEPARTMENTS = ("department", "departmentname", "abteilung", "supervisoryorganization")
_REMARK = re.compile(r"\[[^\]]*\]|[\s_*-]+")


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One kind of export. `marks` are sets of columns each of which betrays it; `columns` are by field, best first.

    `own` are the fields whose first one that is not empty tells the people of one file apart.
    """

    id: str
    name: str
    marks: tuple[frozenset[str], ...]
    columns: Mapping[str, tuple[str, ...]]
    own: tuple[str, ...]

    def is_of(self, names: frozenset[str]) -> bool:
        """Say whether a record with these columns is of this kind."""
        return any(mark <= names for mark in self.marks)


def normal(name: str) -> str:
    """Bring the name of a column to its one form."""
    return _REMARK.sub("", name).lower()


def _marks(*texts: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(text.split()) for text in texts)


def _columns(**texts: str) -> dict[str, tuple[str, ...]]:
    return {field.rstrip("_"): tuple(text.split()) for field, text in texts.items()}


def _hr_marks() -> tuple[frozenset[str], ...]:
    """HR systems name a number and a department, or a mail address and a department, each in their own words."""
    numbers = _marks(*_NUMBERS)
    departments = _marks(*_DEPARTMENTS)
    pairs = tuple(number | department for number in numbers for department in departments)
    return pairs + _marks("workemail department", "email hiredate department", "email abteilung")


OWN = ExportKind(
    "shadowai",
    "the columns of people.csv",
    _marks("user department", "user device"),
    {field: (field,) for field in FIELDS},
    ("user", "upn", "email", "employee"),
)

KINDS = (
    OWN,
    ExportKind(
        "active-directory",
        "Active Directory (Get-ADUser, csvde)",
        _marks("samaccountname"),
        _columns(
            user="samaccountname",
            upn="userprincipalname",
            email="mail emailaddress",
            aliases="proxyaddresses",
            employee="employeeid employeenumber",
            name="displayname cn name",
            department="department",
            groups="memberof",
            unit="distinguishedname dn",
            active="enabled",
            inactive="useraccountcontrol",
            class_="objectclass",
        ),
        ("user", "upn", "email"),
    ),
    ExportKind(
        "entra-id",
        "Microsoft Entra ID (portal CSV, Graph JSON)",
        _marks("userprincipalname"),
        _columns(
            user="onpremisessamaccountname",
            domain="onpremisesdomainname",
            upn="userprincipalname",
            email="mail",
            aliases="proxyaddresses",
            others="othermails alternateemailaddress",
            employee="employeeid",
            name="displayname",
            department="department",
            groups="memberof.displayname",
            unit="onpremisesdistinguishedname",
            hired="employeehiredate",
            left="employeeleavedatetime",
            active="accountenabled",
        ),
        ("upn", "email"),
    ),
    ExportKind(
        "google-workspace",
        "Google Workspace (users CSV, Directory API JSON)",
        _marks("emailaddress orgunitpath", "primaryemail orgunitpath", "primaryemail name.fullname"),
        _columns(
            email="emailaddress primaryemail",
            aliases="aliases noneditablealiases",
            others="emails.address worksecondaryemail",
            employee="employeeid externalids.value",
            name="name.fullname",
            department="department organizations.department",
            unit="orgunitpath",
            active="status",
            inactive="suspended archived",
        ),
        ("email",),
    ),
    ExportKind(
        "okta",
        "Okta (users CSV, API JSON)",
        _marks("profile.login", "user.login", "login email", "login department"),
        _columns(
            user="profile.login user.login login",
            email="profile.email user.email email primaryemail",
            others="profile.secondemail user.secondemail secondemail secondaryemail",
            employee="profile.employeenumber user.employeenumber employeenumber",
            name="profile.displayname user.displayname displayname",
            department="profile.department user.department department",
            groups="groups",
            active="status user.status",
        ),
        ("user", "email"),
    ),
    ExportKind(
        "hr",
        "an HR system (Workday, SAP SuccessFactors, BambooHR, Personio)",
        _hr_marks(),
        _columns(
            user="username networkid",
            email="workemail emailwork primaryworkemail businessemail email emailaddress",
            employee=" ".join(_NUMBERS),
            name="displayname fullname worker legalname preferredname name",
            department=" ".join(_DEPARTMENTS),
            from_="departmenteffectivedate effectivedate validfrom",
            until="validto effectiveuntil",
            hired="hiredate startdate eintrittsdatum",
            left="terminationdate lastdayofwork enddate austrittsdatum",
            active="status employmentstatus employeestatus",
        ),
        ("employee", "email", "user"),
    ),
)
"""In the order in which a file is tried: the more telling marks first."""


def mapped(headers: Mapping[str, str]) -> ExportKind:
    """Give the kind that a column map {our column: header} describes."""
    columns = {field: (normal(header),) for field, header in headers.items()}
    marks = frozenset(column for names in columns.values() for column in names)
    return ExportKind("mapped", "the column map of the configuration", (marks,), columns, OWN.own)


def recognise(names: frozenset[str], headers: Mapping[str, str]) -> ExportKind | None:
    """Tell the kind of an export by its columns; the user's own map is asked first."""
    kinds = (mapped(headers), *KINDS) if headers else KINDS
    return next((kind for kind in kinds if kind.is_of(names)), None)
