"""How much of a department's traffic could hide AI use, as a share and as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.activity.blind_spots import kind_and_name
from shadowai.activity.rollup import Subject
from shadowai.result import HiddenPart, HiddenShare

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from shadowai.activity.blind_spots import HidingPlace


def hidden_share(rows: pd.DataFrame, places: Mapping[str, HidingPlace]) -> HiddenShare:
    """Work out the share of a department's rows of an attributed frame that hide what they are for.

    What was looked at closely is everything that the frame holds but noise and what was denied: the rest of the
    department's traffic was only counted, by source and not by department.
    """
    looked_at = rows[~rows["denied"] & ~rows["noise"]]
    hiding = looked_at[looked_at["subject"] == Subject.BLIND_SPOT]
    told = (looked_at["bytes_up_known"] + looked_at["bytes_down_known"] > 0).all()
    weights = looked_at["bytes_up"] + looked_at["bytes_down"] if told else looked_at["detections"]
    whole = int(weights.sum())
    part = int(weights[hiding.index].sum())
    percent = round(100 * part / whole, 1) if whole else None
    measure = "bytes" if told and whole else "requests"
    return HiddenShare(
        percent=percent,
        measure=measure,
        sentence=_sentence(percent, measure),
        parts=_parts(hiding, places),
    )


def _sentence(percent: float | None, measure: str) -> str:
    if percent is None:
        return "Nothing of this department's traffic had to be looked at closely."
    what = "data" if measure == "bytes" else "requests"
    if not percent:
        return f"None of the {what} of this department that we looked at closely could hide AI use."
    shown = "less than 1" if percent < 1 else f"{percent:.0f}"
    return f"Of the {what} of this department that we looked at closely, {shown}% could hide AI use."


def _parts(hiding: pd.DataFrame, places: Mapping[str, HidingPlace]) -> tuple[HiddenPart, ...]:
    if hiding.empty:
        return ()
    names = {name: kind_and_name(str(name), places) for name in hiding["name"].unique()}
    found = []
    for (kind, name), part in hiding.groupby(hiding["name"].astype(object).map(names)):
        known = part["bytes_up_known"].any() or part["bytes_down_known"].any()
        found.append(
            HiddenPart(
                kind=kind,
                name=name,
                requests=int(part["detections"].sum()),
                people=part.loc[part["individual"], "who"].nunique(),
                bytes=int(part["bytes_up"].sum() + part["bytes_down"].sum()) if known else None,
            )
        )
    return tuple(sorted(found, key=lambda one: (-(one.bytes or 0), -one.requests, one.kind, one.name)))
