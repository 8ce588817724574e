"""The table of operations that are offered: each is one small function under `@op`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from outcrop.bedrock import spec
from outcrop.bedrock.check import WHOLE, Accepts, Extends
from outcrop.bedrock.parse import Parser, parser
from outcrop.bedrock.render import Renderer, renderer
from outcrop.bedrock.spec import Operation, Shape

if TYPE_CHECKING:
    from outcrop.services import Services  # every room of the house: not needed to declare operations

Handler = Callable[..., Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Call:
    """What every operation is given besides its parameters.

    `caller` is the id of the access key that signed the request; `headers` are sent with the reply. `resource_id` is
    the id that a new resource gets where the request has a client token: another attempt would make the same one.
    `address` is the server's own, as the client reached it.
    """

    services: Services
    caller: str
    request_id: str
    headers: dict[str, str]
    resource_id: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation that is offered, what runs it, and the members that it supports.

    `ignores` are members that may be given though they change nothing, each with the reason; `extends` are the values
    that Outcrop allows beyond the service model.
    """

    operation: Operation
    handler: Handler
    parse: Parser
    render: Renderer
    accepts: Accepts
    ignores: Mapping[str, str] = field(default_factory=dict)
    extends: Extends = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()

    @property
    def explains(self) -> bool:
        """Whether the operation never gives a result: it is there to say why, better than that it is not offered."""
        return str(inspect.signature(self.handler).return_annotation) == "NoReturn"

    async def run(self, call: Call, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The result for these members; those that change nothing are not handed on."""
        return await self.handler(call, **{name: value for name, value in given.items() if name in self.parameters})


class WrongDeclaration(TypeError):
    """An `@op` that does not agree with its function or with the service model."""


TABLE: dict[tuple[str, str], Entry] = {}


def op(
    service: str,
    name: str,
    *,
    accepts: Iterable[str] = (),
    ignores: Mapping[str, str] | None = None,
    extends: Extends | None = None,
) -> Callable[[Handler], Handler]:
    """Offer an operation: the function's keyword parameters are the members that it supports.

    Of a member that is a structure, `accepts` lists what is supported below it ("a.b.c", or "a.b.**" for all).
    Whatever else the model has is refused by name. `extends` adds values to enums, and patterns to strings that have
    one, by the name of their shape, in this operation's requests and replies. A client token is accepted and heeded
    without being declared. Raises UnknownOperation or WrongDeclaration at import.
    """
    operation, ignored, extended = spec.operation(service, name), ignores or {}, extends or {}
    _check_extensions(operation, extended)

    def declare(handler: Handler) -> Handler:
        given = inspect.signature(handler).parameters.values()
        parameters = frozenset(parameter.name for parameter in given if parameter.kind is parameter.KEYWORD_ONLY)
        own = {path.partition(".")[0] for path in ignored} | {*filter(None, (operation.client_token,))}
        tree = accepted(operation.input, [*parameters, *accepts, *ignored, *own])
        if missing := tree.keys() - parameters - own:
            raise WrongDeclaration(f"{name} accepts {sorted(missing)}, which its function does not take.")
        TABLE[service, name] = Entry(
            operation,
            handler,
            parse=parser(operation, tree, extended),
            render=renderer(operation, extended),
            accepts=tree,
            ignores=ignored,
            extends=extended,
            parameters=parameters,
        )
        return handler

    return declare


def _check_extensions(operation: Operation, extends: Extends) -> None:
    """Raise WrongDeclaration for an extension of a shape that has neither values nor a pattern to extend."""
    shapes = operation.service.model["shapes"]
    for name in extends:
        if not shapes.get(name, {}).keys() & {"enum", "pattern"}:
            raise WrongDeclaration(f"{operation.name} extends {name}, which has no enum and no pattern.")


def accepted(shape: Shape, paths: Iterable[str]) -> Accepts:
    """The tree of accepted members. Raises WrongDeclaration for a path that the shape does not have."""
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for part in path.split("."):
            node = node.setdefault(part, {})
    _settle(shape, tree, shape.name)
    return tree


def _settle(shape: Shape, tree: dict[str, Any], at: str) -> None:
    """Check a tree against its shape; leaves that hold no structure are accepted whole."""
    shape = _inner(shape)
    if "**" in tree:
        return
    if shape.type != "structure" or shape.is_document:
        if tree:
            raise WrongDeclaration(f"{at} has no members, yet {sorted(tree)} are accepted.")
        tree.update(WHOLE)
        return
    if not tree and shape.members:
        raise WrongDeclaration(f"Say which members of {at} are accepted: some by name, or all by {at}.**")
    for name, below in tree.items():
        if name not in shape.members:
            raise WrongDeclaration(f"{at} has no member {name}.")
        _settle(shape.members[name].shape, below, f"{at}.{name}")


def _inner(shape: Shape) -> Shape:
    """What lists and maps hold in the end."""
    while shape.type in ("list", "map"):
        shape = shape.item
    return shape


def refused(entry: Entry) -> Iterator[str]:
    """The members of an operation's input that the model has and Outcrop does not support, by path."""
    yield from _refused(entry.operation.input, entry.accepts, "")


def _refused(shape: Shape, accepts: Accepts, at: str) -> Iterator[str]:
    shape = _inner(shape)
    if "**" in accepts:
        return
    for name, member in shape.members.items():
        if name in accepts:
            yield from _refused(member.shape, accepts[name], f"{at}{name}.")
        else:
            yield f"{at}{name}"
