"""What is special about websites: scopes, loops, redirects, robots.txt, sitemaps, hostile servers, private places."""

from __future__ import annotations

import gzip
import socket
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.sources import network
from outcrop.adapters.sources.addresses import Scope, normalised
from outcrop.adapters.sources.links import read_links
from outcrop.adapters.sources.network import Reach, is_public
from outcrop.adapters.sources.robots import read_robots
from outcrop.adapters.sources.web import open_source
from outcrop.core.errors import Denied, Invalid, Unavailable, Unreadable
from outcrop.core.settings import Settings
from outcrop.testing.site_server import Page, site_served
from outcrop.testing.sources import listed

HTML = {"content-type": "text/html; charset=utf-8"}


def html(*links, head="", text="A page."):
    shown = "".join(f'<a href="{one}">x</a>' for one in links)
    return Page(f"<head>{head}</head>{text}{shown}".encode(), headers=HTML)


@pytest.fixture
def site():
    with site_served() as site:
        yield site


@pytest.fixture
def source_of(site, tmp_path):
    def make(path="/", **configuration):
        settings = Settings(data=tmp_path, private_hosts=("127.0.0.1",))
        return open_source({"urls": [site.address + path], "delay": 0, **configuration}, settings)

    return make


async def paths(site, source):
    return sorted(item.uri.removeprefix(site.address) for item in await listed(source) if not item.fault)


async def faults(source):
    return {item.name: item.fault.message for item in await listed(source) if item.fault}


async def test_links_are_followed_once_through_loops_and_within_the_path(site, source_of):
    site.update({
        "/docs/": html("a", "/docs/b#part", "/blog/", "mailto:x@y.z", "https://elsewhere.test/", "pic.png"),
        "/docs/a": html("/docs/", "a", "deep/c"),
        "/docs/b": html("a?utm_source=mail", "/docs/a"),
        "/docs/deep/c": html("../b", "c/c/c/c/c"),
        "/blog/": html(),
    })  # fmt: skip
    found = await paths(site, source_of("/docs/"))
    assert found == ["/docs/", "/docs/a", "/docs/b", "/docs/deep/c"]
    assert sorted(site.asked) == ["/docs/", "/docs/a", "/docs/b", "/docs/deep/c", "/robots.txt"]


@pytest.mark.parametrize(
    ("configuration", "wanted"),
    [
        ({"depth": 0}, ["/"]),
        ({"depth": 1}, ["/", "/1"]),
        ({"max_pages": 2}, ["/", "/1"]),
        ({"exclude_expressions": ["/[12]$"]}, ["/"]),
        ({"include_expressions": ["/2$"]}, ["/2"]),
    ],
)
async def test_depth_page_limits_and_expressions_bound_a_crawl(site, source_of, configuration, wanted):
    site.update({"/": html("1"), "/1": html("2"), "/2": html("3"), "/3": html()})
    assert [path for path in await paths(site, source_of(**configuration)) if path != "/3"] == wanted


async def test_a_limit_that_is_reached_is_told_and_nothing_behind_it_is_taken_for_gone(site, source_of):
    site.update({"/": html("1", "2"), "/1": html(), "/2": html()})
    items = await listed(source_of(max_pages=2))
    assert items[-1].unlisted
    assert "Only the first 2 pages were visited" in items[-1].fault.message
    assert f"{site.address}/2".startswith(items[-1].uri)


async def test_a_website_without_end_ends(site, source_of):
    class Endless(dict):
        def get(self, path, default=None):
            return html(f"{path.rstrip('/')}/{len(path)}", f"?day={len(site.asked)}") if "robots" not in path else None

    site.get = Endless().get
    assert len([item for item in await listed(source_of(max_pages=60, depth=1000)) if not item.unlisted]) <= 60


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("User-agent: *\nDisallow: /private", ["/", "/open"]),
        ("User-agent: *\nDisallow: /\nUser-agent: Outcrop\nDisallow: /open", ["/", "/private/a"]),
        ("User-agent: *\nDisallow: /\nAllow: /$\nAllow: /*/a$", ["/", "/private/a"]),
        ("User-agent: other\nDisallow: /", ["/", "/open", "/private/a"]),
        ("", ["/", "/open", "/private/a"]),
    ],
)
async def test_robots_txt_is_obeyed(site, source_of, rules, wanted):
    site.update({"/": html("open", "private/a"), "/open": html(), "/private/a": html()})
    site["/robots.txt"] = Page(rules.encode(), headers={"content-type": "text/plain"})
    assert await paths(site, source_of()) == wanted


def test_crawl_delay_and_sitemaps_are_read_from_robots_txt():
    robots = read_robots("User-agent: outcrop\nCrawl-delay: 2.5\n\nSitemap: https://a.test/s.xml", "outcrop")
    assert (robots.delay, list(robots.sitemaps)) == (2.5, ["https://a.test/s.xml"])
    assert read_robots("User-agent: *\nCrawl-delay: 99999", "outcrop").delay == 30


async def test_a_robots_txt_that_fails_keeps_everybody_out(site, source_of):
    site.update({"/": html(), "/robots.txt": Page(status=503)})
    with pytest.raises(Unavailable, match=r"a robots\.txt that it cannot give"):
        await listed(source_of())


async def test_sitemaps_indexes_of_them_and_packed_ones_are_read(site, source_of):
    def sitemap(*urls, tag="urlset"):
        return f"<{tag}>{''.join(f'<x><loc>{site.address}{url}</loc></x>' for url in urls)}</{tag}>".encode()

    site.update({
        "/": html(),
        "/robots.txt": Page(f"Sitemap: {site.address}/index.xml".encode()),
        "/index.xml": Page(sitemap("/one.xml", "/two.xml.gz", "/missing.xml", tag="sitemapindex")),
        "/one.xml": Page(sitemap("/a", "/b?x=1&amp;y=2")),
        "/two.xml.gz": Page(gzip.compress(sitemap("/c"))),
        "/a": html(), "/b?x=1&y=2": html(), "/c": html(),
    })  # fmt: skip
    assert await paths(site, source_of()) == ["/", "/a", "/b?x=1&y=2", "/c"]


async def test_redirects_and_canonical_addresses_name_a_page_once(site, source_of):
    site.update({
        "/": html("old", "new", "print"),
        "/old": Page(status=301, headers={"location": "/new"}),
        "/new": html(),
        "/print": html(head='<link rel="canonical" href="/article">'),
        "/article": html(head='<link rel="canonical" href="/article">'),
    })  # fmt: skip
    assert await paths(site, source_of()) == ["/", "/article", "/new"]


@pytest.mark.parametrize("target", ["/loop", "file:///etc/passwd", "ftp://127.0.0.1/", "", "http://u:p@127.0.0.1/"])
async def test_redirects_that_lead_nowhere_are_told(site, source_of, target):
    site.update({"/": html("loop"), "/loop": Page(status=302, headers={"location": target})})
    assert "redirect" in (await faults(source_of()))["loop"]


async def test_pages_that_ask_not_to_be_listed_or_followed_are_not(site, source_of):
    site.update({
        "/": html("a", "b", "c"),
        "/a": html("d", head='<meta name="robots" content="noindex">'),
        "/b": html("e", head='<meta name="ROBOTS" content="nofollow">'),
        "/c": Page(b"secret", headers={**HTML, "x-robots-tag": "none"}),
        "/d": html(), "/e": html(),
    })  # fmt: skip
    assert await paths(site, source_of()) == ["/", "/b", "/d"]


async def test_the_senders_charset_counts(site, source_of):
    site["/"] = Page("Größe".encode("cp1252"), headers={"content-type": "text/html; charset=windows-1252"})
    source = source_of()
    (item,) = await listed(source)
    assert (await source.fetch(item)).read().decode("utf-8-sig") == "Größe"


async def test_a_page_is_named_by_what_it_is(site, source_of):
    site.update({"/": html("report", "x.php"), "/x.php": html()})
    site["/report"] = Page(b"%PDF-", headers={"content-type": "application/pdf"})
    names = [item.name for item in await listed(source_of())]
    host = site.address.removeprefix("http://")
    assert names == [f"{host}.html", "report.pdf", "x.php.html"]


async def test_what_is_unchanged_is_not_sent_again_and_still_leads_on(site, source_of):
    site.update({"/": html("a"), "/a": html("b"), "/b": html()})
    before = await listed(source_of())
    site.sent.clear()
    site["/b"] = html(text="Another text.")
    after = await listed(source_of())
    assert [path for path in site.sent if path != "/robots.txt"] == ["/b"]
    assert [one.version == other.version for one, other in zip(before, after, strict=True)] == [True, True, False]
    source = source_of()
    (item, *_) = await listed(source)
    assert b"A page." in (await source.fetch(item)).read()  # though it was not sent with the list


async def test_a_page_that_fails_now_keeps_its_links_and_its_document(site, source_of):
    site.update({"/": html("a"), "/a": html("b"), "/b": html()})
    await listed(source_of())
    site["/a"] = Page(status=500)
    items = {item.name: item for item in await listed(source_of())}
    assert items["a.html"].fault.reason == "unreachable"
    assert items["b.html"].fault is None
    del site["/a"]
    assert await paths(site, source_of()) == ["/"]


def _drip_until(ended):
    def drip(file):
        while not ended.wait(0.02):
            file.write(b" ")
            file.flush()

    return drip


def _flood(file):
    while True:
        file.write(b"<a href=x>" * 10_000)


async def test_slow_endless_and_exploding_pages_fail_alone(site, source_of):
    bomb = zlib.compressobj(wbits=31)
    packed = bomb.compress(bytes(64 << 20)) + bomb.flush()
    site.update({
        "/": html("slow", "flood", "bomb", "ok"),
        "/slow": Page(stream=_drip_until(site.ended)),
        "/flood": Page(stream=_flood),
        "/bomb": Page(packed, headers={**HTML, "content-encoding": "gzip"}),
        "/ok": html(),
    })  # fmt: skip
    items = {item.name: item for item in await listed(source_of(page_seconds=0.5, page_mb=0.2))}
    assert items["ok.html"].fault is None
    assert "within 0.5 seconds" in items["slow"].fault.message
    assert items["slow"].fault.reason == "unreachable"
    assert [items[name].fault.reason for name in ("flood", "bomb")] == ["too_large", "too_large"]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104 # nothing is bound
     "224.0.0.1",
     "::1", "::", "fe80::1", "fd00:ec2::254", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
     "ff02::1", "240.0.0.1", "198.18.0.1"],
)  # fmt: skip
def test_addresses_that_are_not_the_internets_are_refused(address):
    assert not is_public(network.ip_address(address))


def test_addresses_of_the_internet_are_not_refused():
    assert all(is_public(network.ip_address(one)) for one in ("93.184.215.14", "2606:2800:21f:cb07::1"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::1]", "169.254.169.254"]
)
async def test_private_places_are_refused_however_they_are_written(tmp_path, host):
    with pytest.raises(Unavailable, match=r"private or reserved.*private_hosts"):
        await listed(open_source({"urls": [f"http://{host}:9/"]}, Settings(data=tmp_path)))


async def test_a_redirect_into_the_inside_is_refused(site, tmp_path):
    settings = Settings(data=tmp_path, private_hosts=(site.address.removeprefix("http://"),))
    for path in ("/a", "/b"):
        site[path] = Page(status=302, headers={"location": "http://127.0.0.2:9/latest/meta-data/"})
    site["/b"] = html()
    source = open_source({"urls": [f"{site.address}/a", f"{site.address}/b"], "delay": 0}, settings)
    assert "127.0.0.2, which is private" in (await faults(source))["a"]


async def test_a_name_is_looked_up_once_for_a_connection_which_goes_to_what_was_checked(site, tmp_path, monkeypatch):
    port, looked_up, connected = int(site.address.rpartition(":")[2]), [], []

    async def resolved(host, port):
        looked_up.append(host)
        return [network.ip_address("93.184.215.14" if len(looked_up) == 1 else "127.0.0.1")]

    async def connect(_, host, *rest):
        connected.append(host)
        raise network.httpcore2.ConnectError("not in a test")

    monkeypatch.setattr(network, "_resolved", resolved)
    monkeypatch.setattr(network.httpcore2.AnyIOBackend, "connect_tcp", connect)
    backend = network.PinnedBackend(Reach())
    with pytest.raises(network.httpcore2.ConnectError):
        await backend.connect_tcp("rebind.test", port)
    with pytest.raises(Denied):  # the name changed its mind
        await backend.connect_tcp("rebind.test", port)
    assert (connected, looked_up) == (["93.184.215.14"], ["rebind.test"] * 2)


async def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    async def resolved(*_):
        return [network.ip_address("93.184.215.14"), network.ip_address("10.0.0.1")]

    monkeypatch.setattr(network, "_resolved", resolved)
    with pytest.raises(Denied):
        await Reach().addresses("mixed.test", 80)
    with pytest.raises(Denied):
        await Reach(["mixed.test:8080"]).addresses("mixed.test", 80)
    assert await Reach(["10.0.0.0/8"]).addresses("mixed.test", 80)


async def test_a_credential_goes_to_its_own_host_alone(site, tmp_path, monkeypatch):
    monkeypatch.setenv("OUTCROP_CREDENTIAL_WIKI", "open sesame")
    with site_served() as other:
        other["/"] = html()
        site["/"] = html()
        settings = Settings(data=tmp_path, private_hosts=("127.0.0.1",))
        given = {"variable": "OUTCROP_CREDENTIAL_WIKI", "username": "bot"}
        urls = [f"{site.address}/", f"{other.address}/"]
        await listed(open_source({"urls": urls, "credential": given, "delay": 0}, settings))
        assert {one.get("authorization") for one in site.headers} == {"Basic Ym90Om9wZW4gc2VzYW1l"}
        assert {one.get("authorization") for one in other.headers} == {None}


@pytest.mark.parametrize(
    ("credential", "error"),
    [
        ({"variable": "AWS_SECRET_ACCESS_KEY"}, Denied),
        ({"file": "/etc/passwd"}, Denied),
        ({"file": "../secret"}, Denied),
        ({}, Invalid),
        ({"variable": "OUTCROP_CREDENTIAL_A", "secret": "in clear"}, Invalid),
    ],
)
def test_credentials_are_references_to_what_may_be_referred_to(tmp_path, credential, error):
    (tmp_path / "keys").mkdir()
    settings = Settings(data=tmp_path, credential_folder=tmp_path / "keys")
    with pytest.raises(error):
        open_source({"urls": ["https://a.test/"], "credential": credential}, settings)


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        ({}, "needs its urls"),
        ({"urls": ["/docs"]}, "is no address of a page"),
        ({"urls": ["ftp://a.test/"]}, "is no address of a page"),
        ({"urls": ["https://a.test/"], "scope": "everything"}, "scope of a website is one of"),
        ({"urls": ["https://a.test/"], "depth": -1}, "must be from 0 to 1000"),
        ({"urls": ["https://a.test/"], "include_expressions": ["(?=x)"]}, "regular expression"),
        ({"urls": ["https://a.test/"], "max_pages": "many"}, "must be a int"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused(tmp_path, configuration, complaint):
    with pytest.raises(Invalid, match=complaint):
        open_source(configuration, Settings(data=tmp_path))


@pytest.mark.parametrize(
    ("kind", "url", "inside"),
    [
        ("prefix", "http://www.a.test/docs/x", True),
        ("prefix", "https://www.a.test/other", False),
        ("host", "https://www.a.test/other", True),
        ("host", "https://a.test/", False),
        ("subdomains", "https://docs.a.test/", True),
        ("subdomains", "https://nota.test/", False),
    ],
)
def test_scopes(kind, url, inside):
    assert Scope.of(kind, "https://www.a.test/docs/index.html").holds(url) is inside


def test_addresses_have_one_spelling():
    spelt = ["HTTP://A.test:80/x y?utm_source=q&b=1#z", "http://a.test/x%20y?gclid=2&b=1", "http://a.test./x%20y?b=1"]
    assert {normalised(one) for one in spelt} == {"http://a.test/x%20y?b=1"}


@given(st.text(max_size=200))
def test_any_text_is_read_for_links(text):
    found = read_links("https://a.test/x/", text)
    assert all(link.startswith(("http://", "https://")) for link in found.links)


def test_links_in_comments_and_scripts_are_none():
    text = '<!-- <a href="/1"> --><script>"<a href=/2>"</script><base href="/b/"><A class=x HREF=\'3?a=1&amp;b=2\'>'
    assert list(read_links("https://a.test/", text).links) == ["https://a.test/b/3?a=1&b=2"]


async def test_a_page_that_went_away_after_it_was_listed_by_another_source_is_unreachable(site, source_of):
    site["/"] = html()
    (item,) = await listed(source_of())
    site.clear()
    with pytest.raises(Unreadable) as caught:
        await source_of().fetch(item)
    assert caught.value.reason == "unreachable"


async def test_a_host_that_does_not_answer_fails_the_list(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        with pytest.raises(Unavailable, match="Nothing was changed"):
            await listed(open_source({"urls": [url]}, Settings(data=tmp_path, private_hosts=("127.0.0.0/8",))))
