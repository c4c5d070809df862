"""What people did: roll-up and merge of detections, sessions, usage by department, risk, candidates, blind spots."""

from shadowai.activity.blind_spots import blind_spots
from shadowai.activity.candidates import candidates
from shadowai.activity.frame import UNKNOWN_DEPARTMENT, attributed_frame, sightings
from shadowai.activity.rollup import Activity, Subject
from shadowai.activity.usage import Catalogue, UsageReport, usage

__all__ = [
    "UNKNOWN_DEPARTMENT",
    "Activity",
    "Catalogue",
    "Subject",
    "UsageReport",
    "attributed_frame",
    "blind_spots",
    "candidates",
    "sightings",
    "usage",
]
