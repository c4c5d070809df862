"""DNS over UDP, a block at once: most questions are of no interest, and answers are learnt, not told of.

A resolver's capture holds little else. What needs more (a question that somebody wants to know of, a service binding,
what cannot be read) is left to the reading packet by packet, which comes to the same and takes longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.answers import OPCODE_AND_RCODE, RESPONSE, read_answer
from shadowai.captures.candidates import DNS_PORT, Guess
from shadowai.captures.container import NO_TIME
from shadowai.captures.dns import HEADER, TYPE_AND_CLASS, plain_name, read_questions
from shadowai.captures.messages import alike, look_at, plain_answers
from shadowai.captures.names import host_of_name
from shadowai.model import SECOND, Evidence, Kind, Observation

if TYPE_CHECKING:
    from shadowai.captures.contacts import Concerns, Contacts
    from shadowai.captures.container import Block, Bytes, Capture, Ints
    from shadowai.captures.headers import Mask
    from shadowai.captures.messages import Messages
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
        answers = np.flatnonzero(able & (segments.guess == Guess.ANSWER))
        if len(answers):
            time = block.time[segments.row[answers]]
            done = self._learn_all(capture, _messages(capture, segments, answers), segments.destination[answers], time)
            segments.guess[answers[done]] = Guess.NONE
        if self._concerns is None:
            return
        asked = able & (segments.guess == Guess.DNS) & (segments.destination_port == DNS_PORT)
        questions = np.flatnonzero(asked)
        if len(questions):
            done = self._pass_over_all(capture, _messages(capture, segments, questions))
            segments.guess[questions[done]] = Guess.NONE

    def _learn_all(self, capture: Capture, messages: Messages, clients: Bytes, time: Ints) -> Mask:
        """Learn answers, the plain ones together; say which have been dealt with."""
        flags = messages.flags
        tells = (flags & RESPONSE > 0) & (flags & OPCODE_AND_RCODE == 0) & (messages.questions == 1)
        tells &= messages.answers > 0
        done: Mask = ~tells & (messages.stop - messages.at >= HEADER)
        done[self._learn_plain(capture, messages, np.flatnonzero(tells & (messages.end > 0)), (clients, time))] = True
        for row in np.flatnonzero(~done).tolist():
            done[row] = self._learn(clients[row], _bytes_of(capture, messages, row), int(time[row]))
        return done

    def _learn_plain(self, capture: Capture, messages: Messages, rows: Ints, told: tuple[Bytes, Ints]) -> Ints:
        """Learn the answers of some rows that are plain, and give these rows; `told` is who was told, and when."""
        clients, time = told
        first, which = alike(messages, rows, HEADER)
        lookups = self._contacts.lookups
        names = [plain_name(messages.head[row, : messages.end[row]].tobytes()) for row in first.tolist()]
        known = [-1 if name is None else lookups.number(name.lower()) for name in names]
        numbers = np.array(known, np.int64)[which]
        rows, numbers = rows[numbers >= 0], numbers[numbers >= 0]
        found = plain_answers(capture, messages, rows)
        family = clients.shape[1]
        mine = np.flatnonzero(found.size == family)
        row = found.row[mine]
        since = time[rows[row]]
        pairs = np.hstack((clients[rows[row]], capture.rows(found.at[mine], family)))
        lookups.learn_all(pairs, numbers[row], since, since + found.ttl[row] * SECOND)
        return rows[found.is_plain]

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

    def _pass_over_all(self, capture: Capture, messages: Messages) -> Mask:
        """Say which questions nobody wants to know of; those alike are asked about once."""
        done = np.zeros(len(messages), np.bool_)
        rows = np.flatnonzero(messages.end)
        first, which = alike(messages, rows, FLAGS_AT)
        kinds = [self._passes_over(_bytes_of(capture, messages, row)) for row in first.tolist()]
        done[rows] = np.array(kinds, np.bool_)[which]
        for row in np.flatnonzero(messages.end == 0).tolist():
            done[row] = self._passes_over(_bytes_of(capture, messages, row))
        return done

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


def _messages(capture: Capture, segments: Segments, rows: Ints) -> Messages:
    return look_at(capture, segments.at[rows], segments.stop[rows])


def _bytes_of(capture: Capture, messages: Messages, row: int) -> bytes:
    return bytes(capture.raw[messages.at[row] : messages.stop[row]])
