"""Who somebody is: a token kept by their browser, a name, and what they may change."""

import hashlib
import hmac
import json
import os
import threading
import time
import unicodedata
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlmtune_core.errors import ConfigError, PeopleError
from mlmtune_core.storage import home, is_plain, write_atomically

MAX_NAME = 60
TOKEN_SIGNS = 32
TRIES_OF_A_PERSON = 5
TRIES_OF_AN_ADDRESS = 30  # a whole class can stand behind one address
MINUTE = 60.0


@dataclass(frozen=True)
class Person:
    """Somebody before this server. `id` is made from the token, and does not lead back to it; empty without a token."""

    id: str = ""
    name: str = ""
    is_teacher: bool = False
    admitted: bool = False

    def may_change(self, owner: str) -> bool:
        """True of what is theirs, of everything for a teacher, and for everybody where no class was set up."""
        return self.is_teacher or not is_class() or bool(owner and owner == self.id)

    def may_lead(self) -> bool:
        """True of who may order the queue of all: a teacher, or everybody where no class was set up."""
        return self.is_teacher or not is_class()


PROGRAM = Person(is_teacher=True, admitted=True)  # workers and the command line: nobody's visit


class Tries:
    """Wrong codes of the last minute, by who gave them."""

    def __init__(self) -> None:
        self._moments = defaultdict[str, deque[float]](deque)
        self._lock = threading.Lock()

    def demand(self, limits: dict[str, int]) -> None:
        """Raises PeopleError where one of `limits` (who -> tries a minute) is used up."""
        with self._lock:
            self._forget()
            waits = [self._moments[who][-limit] + MINUTE - time.monotonic() for who, limit in limits.items() if len(self._moments.get(who, ())) >= limit]  # fmt: skip
        if waits:
            raise PeopleError(
                "Too many wrong codes. Wait {seconds} seconds, then try again.", seconds=max(1, round(max(waits)))
            )

    def add(self, *who: str) -> None:
        """Counts a wrong code."""
        with self._lock:
            for each in who:
                self._moments[each].append(time.monotonic())

    def _forget(self) -> None:
        for who, moments in list(self._moments.items()):
            while moments and time.monotonic() - moments[0] > MINUTE:
                moments.popleft()
            if not moments:
                del self._moments[who]


_wrong = Tries()


def is_class() -> bool:
    """True where MLMTUNE_CLASS_CODE or MLMTUNE_TEACHER_CODE is set: people have names, and runs have owners."""
    return bool(class_code() or _teacher_code())


def class_code() -> str:
    """What MLMTUNE_CLASS_CODE asks of everybody, or an empty text."""
    return os.environ.get("MLMTUNE_CLASS_CODE", "").strip()


def check_codes() -> None:
    """Raises ConfigError where the class's code would make a teacher of everybody."""
    if class_code() and class_code() == _teacher_code():
        raise ConfigError("MLMTUNE_CLASS_CODE and MLMTUNE_TEACHER_CODE are the same. Give the teacher another one.")


def find_person(token: str) -> Person:
    """Who has this token. Without a class everybody is admitted, and nobody is asked for a name."""
    if not is_token(token):
        return Person(admitted=not is_class())
    person_id = _id_of(token)
    known = _read(person_id)
    if not is_class():
        return Person(person_id, known.get("name", ""), admitted=True)
    is_teacher = bool(_teacher_code()) and _same(known.get("teacher", ""), _mark(person_id, _teacher_code()))
    admitted = is_teacher or _same(known.get("admitted", ""), _mark(person_id, class_code()))
    return Person(person_id, known.get("name", ""), is_teacher, admitted)


def name_of(person_id: str) -> str:
    """The name that somebody gave, or an empty text."""
    return _read(person_id).get("name", "")


def admit(token: str, name: str, code: str = "", address: str = "") -> Person:
    """Lets somebody in by a name and, where one is asked, a code: the class's, or the teacher's, which makes a teacher of them.

    `address`: where the request came from; wrong codes are counted for it, too. Raises PeopleError with what is missing.
    """
    if not is_token(token):
        raise PeopleError("Your browser kept no cookie of this server. Allow cookies for it and load the page again.")
    person_id, name, code = _id_of(token), clean_name(name), code.strip()
    if not name:
        raise PeopleError("Write your name first.")
    limits = {f"person {person_id}": TRIES_OF_A_PERSON} | ({f"address {address}": TRIES_OF_AN_ADDRESS} if address else {})  # fmt: skip
    as_teacher = bool(_teacher_code() and code)
    if class_code() and not code:
        raise PeopleError("Write the code of the class. Your teacher has it.")
    if code:
        _wrong.demand(limits)
        as_teacher = as_teacher and _same(code, _teacher_code())
        if not as_teacher and not _same(code, class_code()):
            _wrong.add(*limits)
            raise PeopleError("This code is not right. Look at upper and lower case, and try again.")
    record = {
        **_read(person_id),
        "name": name,
        "admitted": _mark(person_id, class_code()),
        **({"teacher": _mark(person_id, code)} if as_teacher else {}),
    }
    _write(person_id, record)
    return find_person(token)


def rename(token: str, name: str) -> Person:
    """Another name for somebody who is in; it stands beside their runs from now on. Raises PeopleError where it is empty or they are not."""
    if not find_person(token).admitted or not is_token(token):
        raise PeopleError("Come in first.")
    if not clean_name(name):
        raise PeopleError("Write your name first.")
    _write(_id_of(token), {**_read(_id_of(token)), "name": clean_name(name)})
    return find_person(token)


def vouch_for(token: str, name: str) -> None:
    """Lets another token of somebody in who is in already: the cookie of the browser in which they signed in."""
    if is_token(token):
        person_id = _id_of(token)
        _write(person_id, {**_read(person_id), "name": name, "admitted": _mark(person_id, class_code())})


def clean_name(name: str) -> str:
    """A name as it is kept: one line, no control or direction signs, at most 60 characters."""
    composed = unicodedata.normalize("NFC", name)
    plain = "".join(" " if letter.isspace() else letter for letter in composed if letter.isspace() or unicodedata.category(letter)[0] != "C")  # fmt: skip
    return " ".join(plain.split())[:MAX_NAME].strip()


def is_token(token: str) -> bool:
    """True of what the server gives to a browser: long enough not to be guessed."""
    return len(token) >= TOKEN_SIGNS and is_plain(token)


def _id_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:24]


def _teacher_code() -> str:
    return os.environ.get("MLMTUNE_TEACHER_CODE", "").strip()


def _mark(person_id: str, code: str) -> str:
    """What is kept of the code that somebody was admitted by: another code leaves another mark, so it is asked again."""
    return hashlib.sha256(f"{person_id}:{code}".encode()).hexdigest()


def _same(given: str, wanted: str) -> bool:
    """Compared in constant time; nothing equals an empty text."""
    return bool(wanted) and hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _file(person_id: str) -> Path:
    return home() / "people" / f"{person_id}.json"


def _write(person_id: str, record: dict[str, Any]) -> None:
    _file(person_id).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(_file(person_id), json.dumps(record, ensure_ascii=False).encode())


def _read(person_id: str) -> dict[str, Any]:
    try:
        return json.loads(_file(person_id).read_text(encoding="utf-8")) if is_plain(person_id) else {}
    except FileNotFoundError:
        return {}
