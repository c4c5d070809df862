"""DNS over UDP, a block at once: most questions are of no interest, and answers are learnt, not told of.

A resolver's capture holds little else. What needs more (a question that somebody wants to know of, a service binding,
what cannot be read) is left to the reading packet by packet, which comes to the same and takes three times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.answers import read_answer
from shadowai.captures.candidates import DNS_PORT, Guess
from shadowai.captures.container import NO_TIME
from shadowai.captures.dns import HEADER, TYPE_AND_CLASS, read_questions
from shadowai.captures.names import host_of_name
from shadowai.model import Evidence, Kind, Observation

if TYPE_CHECKING:
    from shadowai.captures.contacts import Concerns, Contacts
    from shadowai.captures.container import Block, Bytes, Capture
    from shadowai.captures.transport import Segments

MAX_KNOWN = 262_144  # questions of which it is known whether they are of interest
FLAGS_AT = 2  # bytes; before them lies the id, by which alone repeated questions differ


class Resolving:
    """Deals with the DNS datagrams of blocks that need no closer look.

    `concerns` says whether anybody wants to know of an observation, of a question by its host alone; without it every
    question is left.
    """

    def __init__(self, contacts: Contacts, concerns: Concerns | None) -> None:
        self._contacts = contacts
        self._concerns = concerns
        self._is_of_interest: dict[bytes, bool] = {}

    def deal_with(self, capture: Capture, block: Block, segments: Segments) -> None:
        """Learn answers, and set the guess of what has been dealt with to NONE."""
        able = ~segments.is_tcp & (block.time[segments.row] != NO_TIME)
        answers = able & (segments.guess == Guess.ANSWER)
        questions = able & (segments.guess == Guess.DNS) & (segments.destination_port == DNS_PORT)
        rows = np.flatnonzero(answers if self._concerns is None else answers | questions)
        columns = answers, segments.at, segments.stop, block.time[segments.row]
        told = zip(rows.tolist(), *(column[rows].tolist() for column in columns), strict=True)
        done = []
        for row, is_answer, at, stop, time in told:
            message = bytes(capture.raw[at:stop])
            if self._learn(segments.destination[row], message, time) if is_answer else self._passes_over(message):
                done.append(row)
        segments.guess[done] = Guess.NONE

    def _learn(self, client: Bytes, message: bytes, time: int) -> bool:
        """Learn an answer; not where it tells of encrypted hellos: these are read in the order of the packets."""
        try:
            answer = read_answer(message)
        except ValueError:
            return False
        if answer is None:
            return True
        if answer.services:
            return False
        self._contacts.learn(client.tobytes(), time, answer)
        return True

    def _passes_over(self, message: bytes) -> bool:
        """Say whether nobody wants to know of a question; where that is known already, by its bytes alone."""
        end = message.find(b"\0", HEADER)
        question = message[FLAGS_AT : end + 1 + TYPE_AND_CLASS]
        known = self._is_of_interest.get(question)
        if known is not None:
            return not known
        try:
            names = read_questions(message)
        except ValueError:
            return False
        # The first zero must be the name's end, not part of a label: then the bytes up to it decide alone.
        if len(names) != 1 or len(names[0]) + 1 != end - HEADER:
            return False
        if len(self._is_of_interest) >= MAX_KNOWN:
            self._is_of_interest.clear()
        seen = Observation(Evidence.DNS, Kind.CAPTURE, "", "", host=host_of_name(names[0]), destination_port=DNS_PORT)
        wanted = self._is_of_interest[question] = self._concerns is None or self._concerns(seen)
        return not wanted
