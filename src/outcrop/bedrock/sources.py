"""Bedrock's dataSourceConfiguration, to our kinds of data sources and back.

What is none of Bedrock's types travels as a connector, whose parameters are free-form in the service model, so that
every client lets it through: type MANAGED_KNOWLEDGE_BASE_CONNECTOR and connectorParameters
`{"type": "FOLDER", "path": "/srv/documents", "include": ["*.pdf"]}`. The members are those of docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outcrop.core.errors import Denied, Invalid, Unsupported
from outcrop.core.records import CUSTOM, DataSource

PATH = "dataSourceConfiguration"
CONNECTOR, CONNECTOR_MEMBER = "MANAGED_KNOWLEDGE_BASE_CONNECTOR", "managedKnowledgeBaseConnectorConfiguration"
WEB_MEMBER = "webConfiguration"
ALLOW_EMPTY = "allow_empty"  # a folder's setting, which has a member of its own
MEMBERS = {"S3": "s3Configuration", "WEB": WEB_MEMBER, "CUSTOM": None, CONNECTOR: CONNECTOR_MEMBER}
CONNECTED = {"FOLDER": "folder", "S3": "s3", "WEB": "web", "GIT": "git", "OPENAPI": "openapi"}
PROTECTION, STATUS = "deletionProtectionConfiguration", "deletionProtectionStatus"
ACCEPTED = (
    f"{PATH}.type",
    f"{PATH}.s3Configuration.**",
    f"{PATH}.{WEB_MEMBER}.**",
    f"{PATH}.{CONNECTOR_MEMBER}.connectorParameters",
    f"{PATH}.{CONNECTOR_MEMBER}.{PROTECTION}.{STATUS}",
)
# Bedrock crawls without a limit of depth, and at most 25,000 pages.
DEPTH, MOST_PAGES, MOST_RATE = 1000, 25_000, 300
SCOPES = {"HOST_ONLY": "host", "SUBDOMAINS": "subdomains"}
FILTERS = {"inclusionFilters": "include_expressions", "exclusionFilters": "exclude_expressions"}
AGENTS = {"userAgent": "user_agent", "userAgentHeader": "user_agent_header"}
BUCKET, WEBSITE = {"bucket", "prefix", "owner"}, {"urls", "scope", "depth", "max_pages", "delay"}


def source_of(configuration: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of data source that is asked for, and its configuration.

    Raises:
        Invalid: A member is missing, or does not go with the type.
        Unsupported: Outcrop does not read this type of source.
    """
    kind = configuration["type"]
    if kind not in MEMBERS:
        offered = f"S3, WEB, CUSTOM, and {CONNECTOR} for folders, repositories and OpenAPI documents"
        raise Unsupported(f"{PATH}.type {kind} is not supported by Outcrop; it has: {offered}.")
    member = MEMBERS[kind]
    for name in configuration.keys() - {"type", member}:
        raise Invalid(f"{PATH}.{name} does not go with the type {kind}; leave it out.")
    if member is None:
        return CUSTOM, {}
    if member not in configuration:
        raise Invalid(f"{PATH}.{member} is required for the type {kind}.")
    read = {"S3": _bucket, "WEB": _website, CONNECTOR: _connected}[kind]
    return read(configuration[member])


def _bucket(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    found: dict[str, Any] = {"bucket": given["bucketArn"].rpartition(":::")[2]}
    if "inclusionPrefixes" in given:
        found["prefix"] = given["inclusionPrefixes"][0]
    if "bucketOwnerAccountId" in given:
        found["owner"] = given["bucketOwnerAccountId"]
    return "s3", found


def _website(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A crawl as Bedrock describes it: without a scope it stays below the path of each address."""
    seeds = given["sourceConfiguration"]["urlConfiguration"].get("seedUrls", ())
    crawler = given.get("crawlerConfiguration", {})
    limits = crawler.get("crawlerLimits", {})
    found: dict[str, Any] = {
        "urls": [seed["url"] for seed in seeds if "url" in seed],
        "scope": SCOPES.get(crawler.get("scope"), "prefix"),
        "depth": DEPTH,
        "max_pages": limits.get("maxPages", MOST_PAGES),
        "delay": 60 / limits.get("rateLimit", MOST_RATE),
    }
    return "web", found | {ours: crawler[name] for name, ours in (FILTERS | AGENTS).items() if name in crawler}


def _connected(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    parameters, at = given.get("connectorParameters"), f"{PATH}.{CONNECTOR_MEMBER}.connectorParameters"
    if not isinstance(parameters, Mapping) or "type" not in parameters:
        raise Invalid(f'{at} must be an object such as {{"type": "FOLDER", "path": "/srv/documents"}}.')
    if parameters["type"] not in CONNECTED:
        offered = ", ".join(CONNECTED)
        raise Unsupported(f"{at}.type {parameters['type']!r:.60} is not supported by Outcrop; it has: {offered}.")
    kind = CONNECTED[parameters["type"]]
    found = {name: value for name, value in parameters.items() if name != "type"}
    if kind == "folder" and not isinstance(found.get("path"), str):
        raise Invalid(f'{at} must be an object such as {{"type": "FOLDER", "path": "/srv/documents"}}.')
    if "profile" in found:
        raise Denied(f"{at}.profile: the server's AWS profiles are chosen on its own machine, by outcrop sources add.")
    if PROTECTION in given:  # from being emptied by a folder that lists nothing
        if kind != "folder":
            raise Invalid(f"{PATH}.{CONNECTOR_MEMBER}.{PROTECTION} goes with folders alone; leave it out.")
        found[ALLOW_EMPTY] = given[PROTECTION][STATUS] == "DISABLED"
    return kind, found


def configuration_of(source: DataSource) -> dict[str, Any]:
    """A dataSourceConfiguration: in Bedrock's own types where they can say all of it, else as a connector."""
    given = source.configuration
    if source.kind == CUSTOM:
        return {"type": "CUSTOM"}
    if source.kind == "s3" and given.keys() <= BUCKET:
        return {"type": "S3", "s3Configuration": _shown_bucket(given)}
    if source.kind == "web" and WEBSITE <= given.keys() <= WEBSITE | {*FILTERS.values(), *AGENTS.values()}:
        return {"type": "WEB", WEB_MEMBER: _shown_website(given)}
    return {"type": CONNECTOR, CONNECTOR_MEMBER: _connector(source.kind, given)}


def _shown_bucket(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bucketArn": f"arn:aws:s3:::{given['bucket']}",
        "inclusionPrefixes": [given["prefix"]] if given.get("prefix") else None,
        "bucketOwnerAccountId": given.get("owner"),
    }


def _shown_website(given: Mapping[str, Any]) -> dict[str, Any]:
    rate = round(60 / given["delay"]) if given["delay"] else MOST_RATE
    return {
        "sourceConfiguration": {"urlConfiguration": {"seedUrls": [{"url": url} for url in given["urls"]]}},
        "crawlerConfiguration": {
            "crawlerLimits": {"rateLimit": min(max(rate, 1), MOST_RATE), "maxPages": given["max_pages"]},
            "scope": {ours: name for name, ours in SCOPES.items()}.get(given["scope"]),
            **{name: given.get(ours) for name, ours in (FILTERS | AGENTS).items()},
        },
    }


def _connector(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    name = {ours: theirs for theirs, ours in CONNECTED.items()}[kind]
    parameters = {name: value for name, value in given.items() if name != ALLOW_EMPTY}
    status = {True: "DISABLED", False: "ENABLED"}.get(given.get(ALLOW_EMPTY, ...))
    protection = {PROTECTION: {STATUS: status}} if status else {}
    return {"connectorParameters": {"type": name, **parameters}, **protection}
