"""People and their permissions: browser token, name, codes of class and teacher."""

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
from mlmtune_core.storage import home, is_safe_name, write_atomically

MAX_NAME = 60
MIN_TOKEN_LENGTH = 32
MAX_TRIES_PER_PERSON = 5
MAX_TRIES_PER_ADDRESS = 30  # a whole class may share one IP address
MINUTE = 60.0


@dataclass(frozen=True)
class Person:
    """A visitor of this server. id: a hash of the token, from which the token cannot be found; "" without a token."""

    id: str = ""
    name: str = ""
    is_teacher: bool = False
    admitted: bool = False

    def may_change(self, owner: str) -> bool:
        """True for one's own things; for everything if one is a teacher or no class is set up."""
        return self.is_teacher or not is_class() or bool(owner and owner == self.id)

    def may_act_as_teacher(self) -> bool:
        """True for a teacher, and for everybody if no class is set up: may order the queue, lead a lesson, clear votes."""
        return self.is_teacher or not is_class()


PROGRAM = Person(is_teacher=True, admitted=True)  # workers and the command line, which act for no visitor


class WrongCodes:
    """Counts the wrong codes of the last minute, per person and per address."""

    def __init__(self) -> None:
        self._times = defaultdict[str, deque[float]](deque)
        self._lock = threading.Lock()

    def check(self, limits: dict[str, int]) -> None:
        """Raises PeopleError if one of `limits` (key -> tries per minute) is used up."""
        with self._lock:
            self._drop_old()
            waits = [self._times[key][-limit] + MINUTE - time.monotonic() for key, limit in limits.items() if len(self._times.get(key, ())) >= limit]  # fmt: skip
        if waits:
            raise PeopleError(
                "Too many wrong codes. Wait {seconds} seconds, then try again.", seconds=max(1, round(max(waits)))
            )

    def add(self, *keys: str) -> None:
        """Counts a wrong code for each key."""
        with self._lock:
            for key in keys:
                self._times[key].append(time.monotonic())

    def _drop_old(self) -> None:
        for key, times in list(self._times.items()):
            while times and time.monotonic() - times[0] > MINUTE:
                times.popleft()
            if not times:
                del self._times[key]


_wrong_codes = WrongCodes()


def is_class() -> bool:
    """True if MLMTUNE_CLASS_CODE or MLMTUNE_TEACHER_CODE is set: then people have names and runs have owners."""
    return bool(class_code() or _teacher_code())


def class_code() -> str:
    """Returns the code that everybody must give ($MLMTUNE_CLASS_CODE), or ""."""
    return os.environ.get("MLMTUNE_CLASS_CODE", "").strip()


def check_codes() -> None:
    """Raises ConfigError if both codes are the same, which would make everybody a teacher."""
    if class_code() and class_code() == _teacher_code():
        raise ConfigError("MLMTUNE_CLASS_CODE and MLMTUNE_TEACHER_CODE are the same. Give the teacher another one.")


def find_person(token: str) -> Person:
    """Returns the person with this token. If no class is set up, everybody is admitted without a name."""
    if not is_token(token):
        return Person(admitted=not is_class())
    person_id = _hash_token(token)
    known = _read_record(person_id)
    if not is_class():
        return Person(person_id, known.get("name", ""), admitted=True)
    is_teacher = bool(_teacher_code()) and _matches(known.get("teacher", ""), _hash_code(person_id, _teacher_code()))
    admitted = is_teacher or _matches(known.get("admitted", ""), _hash_code(person_id, class_code()))
    return Person(person_id, known.get("name", ""), is_teacher, admitted)


def find_person_name(person_id: str) -> str:
    """Returns the name that a person gave, or ""."""
    return _read_record(person_id).get("name", "")


def admit(token: str, name: str, code: str = "", address: str = "") -> Person:
    """Signs somebody in with a name and, if required, the code of the class or of the teacher; the latter makes them a teacher.

    address: IP address of the request; wrong codes are counted per person and per address. Raises PeopleError if the token or name is
    missing, the code is missing or wrong, or there were too many wrong codes.
    """
    if not is_token(token):
        raise PeopleError("Your browser kept no cookie of this server. Allow cookies for it and load the page again.")
    person_id, name, code = _hash_token(token), clean_name(name), code.strip()
    if not name:
        raise PeopleError("Write your name first.")
    limits = {f"person {person_id}": MAX_TRIES_PER_PERSON} | ({f"address {address}": MAX_TRIES_PER_ADDRESS} if address else {})  # fmt: skip
    as_teacher = bool(_teacher_code() and code)
    if class_code() and not code:
        raise PeopleError("Write the code of the class. Your teacher has it.")
    if code:
        _wrong_codes.check(limits)
        as_teacher = as_teacher and _matches(code, _teacher_code())
        if not as_teacher and not _matches(code, class_code()):
            _wrong_codes.add(*limits)
            raise PeopleError("This code is not right. Look at upper and lower case, and try again.")
    record = {
        **_read_record(person_id),
        "name": name,
        "admitted": _hash_code(person_id, class_code()),
        **({"teacher": _hash_code(person_id, code)} if as_teacher else {}),
    }
    _write_record(person_id, record)
    return find_person(token)


def rename(token: str, name: str) -> Person:
    """Changes the name of a signed-in person, also on their existing runs. Raises PeopleError if they are not signed in or it is empty."""
    if not find_person(token).admitted or not is_token(token):
        raise PeopleError("Come in first.")
    if not clean_name(name):
        raise PeopleError("Write your name first.")
    _write_record(_hash_token(token), {**_read_record(_hash_token(token)), "name": clean_name(name)})
    return find_person(token)


def admit_token(token: str, name: str) -> None:
    """Admits a second token of a person who has signed in: the cookie of their browser."""
    if is_token(token):
        person_id = _hash_token(token)
        _write_record(person_id, {**_read_record(person_id), "name": name, "admitted": _hash_code(person_id, class_code())})


def clean_name(name: str) -> str:
    """Returns a name as one line without control characters (Unicode category C), at most 60 characters."""
    composed = unicodedata.normalize("NFC", name)
    printable = "".join(" " if character.isspace() else character for character in composed if character.isspace() or unicodedata.category(character)[0] != "C")  # fmt: skip
    return " ".join(printable.split())[:MAX_NAME].strip()


def is_token(token: str) -> bool:
    """True for a token as the server gives it to a browser: at least 32 characters, so that it cannot be guessed."""
    return len(token) >= MIN_TOKEN_LENGTH and is_safe_name(token)


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:24]


def _teacher_code() -> str:
    return os.environ.get("MLMTUNE_TEACHER_CODE", "").strip()


def _hash_code(person_id: str, code: str) -> str:
    """Returns the hash that is stored for the code that somebody gave. After a change of the code it no longer matches."""
    return hashlib.sha256(f"{person_id}:{code}".encode()).hexdigest()


def _matches(given: str, wanted: str) -> bool:
    """Compares in constant time; False if `wanted` is empty."""
    return bool(wanted) and hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _person_file(person_id: str) -> Path:
    return home() / "people" / f"{person_id}.json"


def _write_record(person_id: str, record: dict[str, Any]) -> None:
    _person_file(person_id).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(_person_file(person_id), json.dumps(record, ensure_ascii=False).encode())


def _read_record(person_id: str) -> dict[str, Any]:
    try:
        return json.loads(_person_file(person_id).read_text(encoding="utf-8")) if is_safe_name(person_id) else {}
    except FileNotFoundError:
        return {}
