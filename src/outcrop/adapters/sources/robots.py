"""robots.txt (RFC 9309): which paths a crawler may ask for, how often, and where the sitemaps are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

MOST_BYTES = 512 * 1024  # RFC 9309 asks for at least 500 KiB
MOST_DELAY = 30.0  # seconds
SAFE = "!$&'()*+,;=:@/~-._%?"


@dataclass(slots=True)
class _Group:
    """The rules for some agents: (path, allowed)."""

    agents: list[str] = field(default_factory=list)
    rules: list[tuple[str, bool]] = field(default_factory=list)
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class Robots:
    """What one robots.txt says to one crawler."""

    rules: Sequence[tuple[str, bool]] = ()
    delay: float = 0.0
    sitemaps: Sequence[str] = ()

    def allows(self, path: str) -> bool:
        """Whether a path with its query may be asked for: the longest rule wins, of equals the one that allows."""
        path = _comparable(path)
        found = [(len(rule), allowed) for rule, allowed in self.rules if _matches(rule, path)]
        return max(found)[1] if found else True


def read_robots(text: str, agent: str) -> Robots:
    """The rules of a robots.txt for an agent's name; those for `*` where none are for it by name."""
    groups, sitemaps = _groups(text)
    name = agent.lower()
    ours = [group for group in groups if any(one != "*" and one and name.startswith(one) for one in group.agents)]
    ours = ours or [group for group in groups if "*" in group.agents]
    rules = [rule for group in ours for rule in group.rules]
    delays = [group.delay for group in ours if group.delay is not None]
    return Robots(rules, min(max(delays, default=0.0), MOST_DELAY), sitemaps)


def _groups(text: str) -> tuple[list[_Group], list[str]]:
    groups: list[_Group] = []
    sitemaps: list[str] = []
    naming = False  # several lines of agents in a row are one group
    for line in text.splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "sitemap":
            sitemaps.append(value)
        elif name == "user-agent":
            if not naming:
                groups.append(_Group())
            groups[-1].agents.append(value.lower())
            naming = True
        elif groups:
            naming = False
            _take(groups[-1], name, value)
    return groups, sitemaps


def _take(group: _Group, name: str, value: str) -> None:
    if name in ("allow", "disallow") and value:
        group.rules.append((_comparable(value), name == "allow"))
    elif name == "crawl-delay":
        try:
            group.delay = max(float(value), 0.0)
        except ValueError:
            return


def _comparable(path: str) -> str:
    """A path as it is compared: unescaped but for what would change its parts."""
    return quote(unquote(path.replace("%2F", "%252F").replace("%2f", "%252F")), safe=SAFE)


def _matches(rule: str, path: str) -> bool:
    """Whether a rule with `*` and a final `$` matches the beginning of a path, in linear time."""
    ends = rule.endswith("$")
    first, *rest = rule.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    for piece in rest:
        position = path.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    if not ends or position == len(path):
        return True
    return bool(rest) and path.endswith(rest[-1])
