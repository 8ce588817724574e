"""Bedrock's four services as botocore's service models describe them, read when first asked for.

The models are read as data; botocore itself is not imported (its import costs more than all four models).
Format: https://smithy.io/2.0 in the older form of botocore/data/<service>/<version>/service-2.json.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from outcrop.bedrock import model_files
from outcrop.core.errors import MissingDependency, OutcropError

MISPRINT = re.compile(r"/d(?=[{+])")  # patterns of ARNs that say "/d{12}" where digits are meant
SERVICES = ("bedrock", "bedrock-runtime", "bedrock-agent", "bedrock-agent-runtime")


class UnknownOperation(OutcropError):
    """The service model has no such operation."""


class Shape:
    """A shape of a service: its type and constraints; `members`, `member`, `key` and `value` lead to other shapes."""

    def __init__(self, service: Service, name: str, traits: Mapping[str, Any]) -> None:
        self.name = name
        self.type: str = traits["type"]
        self.traits = traits
        self.service = service

    def __repr__(self) -> str:
        return f"Shape({self.service.name}, {self.name}: {self.type})"

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """The members of a structure by name."""
        given: Mapping[str, Any] = self.traits.get("members", {})
        return {name: Member(name, self.service.shape(traits["shape"]), traits) for name, traits in given.items()}

    @property
    def required(self) -> tuple[str, ...]:
        """The members that must be there."""
        return tuple(self.traits.get("required", ()))

    @property
    def payload(self) -> Member | None:
        """The member that is the whole body, if one is."""
        name = self.traits.get("payload")
        return self.members[name] if name else None

    @property
    def item(self) -> Shape:
        """The shape of a list's members or a map's values."""
        return self.service.shape(self.traits["member" if self.type == "list" else "value"]["shape"])

    @property
    def key(self) -> Shape:
        """The shape of a map's keys."""
        return self.service.shape(self.traits["key"]["shape"])

    @property
    def is_document(self) -> bool:
        """Whether any JSON value may stand here."""
        return bool(self.traits.get("document"))

    @property
    def is_union(self) -> bool:
        """Whether exactly one member must be given."""
        return bool(self.traits.get("union"))

    @property
    def is_event_stream(self) -> bool:
        """Whether it is sent as a stream of events, each a member of it."""
        return bool(self.traits.get("eventstream"))

    @property
    def is_sensitive(self) -> bool:
        """Whether its value may not be repeated in messages."""
        return bool(self.traits.get("sensitive"))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure: where it travels (`uri`, `querystring`, `header`, or None for the body)."""

    name: str
    shape: Shape
    traits: Mapping[str, Any]

    @property
    def location(self) -> str | None:
        """The part of the message that carries it."""
        return self.traits.get("location")

    @property
    def wire_name(self) -> str:
        """What it is called there."""
        return str(self.traits.get("locationName", self.name))


class Operation:
    """An operation: how it is called, and the shapes of what goes in and comes out."""

    def __init__(self, service: Service, name: str, traits: Mapping[str, Any]) -> None:
        self.service = service
        self.name = name
        self.traits = traits
        self.method: str = traits["http"]["method"]
        self.path: str = traits["http"]["requestUri"]
        self.status: int = traits["http"].get("responseCode", 200)

    def __repr__(self) -> str:
        return f"Operation({self.service.name}, {self.name})"

    @cached_property
    def input(self) -> Shape:
        """The shape of the request."""
        return self.service.shape(self.traits["input"]["shape"])

    @cached_property
    def output(self) -> Shape:
        """The shape of the reply."""
        return self.service.shape(self.traits["output"]["shape"])

    @cached_property
    def errors(self) -> frozenset[str]:
        """The names of the errors that it may give."""
        return frozenset(error["shape"] for error in self.traits.get("errors", ()))

    @cached_property
    def client_token(self) -> str | None:
        """The member that makes it safe to send a request twice, if it has one."""
        members = self.input.members.values()
        return next((member.name for member in members if member.traits.get("idempotencyToken")), None)

    @property
    def streams(self) -> bool:
        """Whether the reply is a stream of events."""
        return self.output.payload is not None and self.output.payload.shape.is_event_stream

    @property
    def takes_stream(self) -> bool:
        """Whether the request is a stream of events."""
        return self.input.payload is not None and self.input.payload.shape.is_event_stream


class Service:
    """One of the four services."""

    def __init__(self, name: str, model: Mapping[str, Any]) -> None:
        self.name = name
        self.model = model
        self.operations: Mapping[str, Operation] = {
            operation: Operation(self, operation, traits) for operation, traits in model["operations"].items()
        }
        self._shapes: dict[str, Shape] = {}

    def shape(self, name: str) -> Shape:
        """The shape of this name; the same object each time."""
        if name not in self._shapes:
            self._shapes[name] = Shape(self, name, _mended(self.model["shapes"][name]))
        return self._shapes[name]

    @property
    def takes_bearer_tokens(self) -> bool:
        """Whether a request may carry a bearer token in place of a signature."""
        return "smithy.api#httpBearerAuth" in self.model["metadata"].get("auth", ())

    @cached_property
    def statuses(self) -> Mapping[str, int]:
        """The HTTP status of each error that the service names."""
        shapes = self.model["shapes"].items()
        return {name: traits["error"]["httpStatusCode"] for name, traits in shapes if "error" in traits}


def _mended(traits: Mapping[str, Any]) -> Mapping[str, Any]:
    """The traits of a shape without the model's misprint."""
    if MISPRINT.search(traits.get("pattern", "")):
        return {**traits, "pattern": MISPRINT.sub(r"\\d", traits["pattern"])}
    return traits


@cache
def service(name: str) -> Service:
    """A service by name, read once a process.

    Raises:
        MissingDependency: botocore is not installed, or does not know the service.
    """
    folder = model_files.folder() / name
    versions = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in (versions[-1] / "service-2.json.gz", versions[-1] / "service-2.json") if versions else ():
        if path.is_file():
            return Service(name, model_files.read(path))
    raise MissingDependency(f"The installed botocore has no model of {name}. Install botocore 1.44 or newer.")


def operation(service_name: str, name: str) -> Operation:
    """An operation by name. Raises UnknownOperation."""
    found = service(service_name).operations.get(name) if service_name in SERVICES else None
    if found is None:
        raise UnknownOperation(f"The model of {service_name} has no operation {name}.")
    return found
