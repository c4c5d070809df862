"""Secrets and files that the configuration names: passwords stand in the environment or in files, never in the file.

A secret is read when it is used, is never part of a message, and `scrub` takes it out of what a server sends back.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, model_validator

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_SECRET = 65_536  # bytes
_LEAST_SCRUBBED = 4  # characters; a shorter secret would blank out half of any message


def _placed(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder") if isinstance(info.context, dict) else None
    return path if folder is None else Path(folder) / path


PlacedPath = Annotated[Path, AfterValidator(_placed)]
"""A path that is relative to the configuration's folder: validate with `context={"folder": ...}`."""


class Strict(BaseModel):
    """A part of the configuration: unknown keys refused, and no value ever in the text of an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Secret(Strict):
    """Where a secret is: `env` names an environment variable, `file` a file whose first line is the secret."""

    env: str | None = None
    file: PlacedPath | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_no_literal(cls, value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
        if isinstance(value, str):
            message = 'a secret does not stand in this file; write {env = "VARIABLE"} or {file = "path"}'
            raise ValueError(message)  # noqa: TRY004  # pydantic makes only a ValueError a message
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Secret:
        if (self.env is None) == (self.file is None):
            message = "name either env or file"
            raise ValueError(message)
        return self

    def read(self, environment: Mapping[str, str] | None = None) -> str:
        """Give the secret. UsageError, which does not hold it, where it is missing, empty or no single line."""
        place = f"the variable {self.env}" if self.env else str(self.file)
        text = (os.environ if environment is None else environment).get(self.env, "") if self.env else self._content()
        secret = text.rstrip("\r\n")
        if not secret:
            raise UsageError("is not set, and a secret is read from it" if self.env else "is empty", where=place)
        if not secret.isprintable():
            raise UsageError("holds a secret of several lines, or with control characters", where=place)
        return secret

    def _content(self) -> str:
        assert self.file is not None  # noqa: S101  # `_one_place` has seen to it
        try:
            with self.file.open("rb") as file:
                content = file.read(MAX_SECRET + 1)
            text = content.decode()
        except OSError as error:
            raise UsageError(error.strerror or "cannot be read", where=self.file) from error
        except UnicodeDecodeError as error:
            raise UsageError("is no UTF-8 text, and a secret is read from it", where=self.file) from error
        if len(content) > MAX_SECRET:
            raise UsageError("is too long for a secret", where=self.file)
        return text


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Take secrets out of a text that came from outside."""
    for secret in secrets:
        if len(secret) >= _LEAST_SCRUBBED:
            text = text.replace(secret, "***")
    return text
