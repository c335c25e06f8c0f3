"""What tools can reach, and above all what they cannot."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from little_web import AllRoadsLeadHome, LittleWeb, Names

from oa.errors import ToolFailed
from oa.inference.tools.outgoing import Fetcher, Guard, Outgoing, Reach, is_public

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::"),
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_other_addresses_are_not_however_they_are_wrapped(address: str) -> None:
    assert not is_public(address)


def fetcher(
    names: Names, roads: AllRoadsLeadHome, hosts: Sequence[str] = ("*",), private: Sequence[str] = ()
) -> Fetcher:
    return Fetcher(Guard(Reach(tuple(hosts), tuple(private)), names, roads))


async def test_a_public_name_is_resolved_once_and_reached_at_the_address_that_was_checked(web: LittleWeb) -> None:
    web.add("/a", "hello", "text/plain; charset=utf-8")
    names, roads = Names({"a.test": [[PUBLIC], ["127.0.0.1"]]}), AllRoadsLeadHome()
    found = await fetcher(names, roads).fetch(Outgoing(url=f"http://a.test:{web.port}/a?x=ä b#part"))
    assert (found.status, found.text()) == (200, "hello")
    assert names.asked == ["a.test"]
    assert roads.wanted == [PUBLIC]
    assert web.asked == [("GET", "/a?x=%C3%A4%20b", b"")]


async def test_a_name_that_changes_its_meaning_is_found_out(web: LittleWeb) -> None:
    web.add("/a", "", status=302, location="/b")
    names, roads = Names({"a.test": [[PUBLIC], ["127.0.0.1"]]}), AllRoadsLeadHome()
    with pytest.raises(ToolFailed, match=r"a\.test is in a private network"):
        await fetcher(names, roads).fetch(Outgoing(url=f"http://a.test:{web.port}/a"))
    assert roads.wanted == [PUBLIC]


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://[::1]/", "http://10.1.2.3/", "http://169.254.169.254/latest/meta-data/"),
        *("http://inside.test/", "http://mixed.test/", "http://INSIDE.test./", "http://[::ffff:127.0.0.1]/"),
    ],
)
async def test_private_addresses_are_refused_before_anything_is_sent(url: str) -> None:
    known = {"inside.test": [["10.0.0.5"]], "mixed.test": [[PUBLIC, "127.0.0.1"]], "inside.test.": [["10.0.0.5"]]}
    names, roads = Names(known), AllRoadsLeadHome()
    with pytest.raises(ToolFailed, match="private network"):
        await fetcher(names, roads).fetch(Outgoing(url=url))
    assert roads.wanted == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001"])
async def test_odd_ways_to_write_an_address_are_names_to_be_resolved(host: str) -> None:
    names, roads = Names({host: [["127.0.0.1"]]}), AllRoadsLeadHome()
    with pytest.raises(ToolFailed, match="private network"):
        await fetcher(names, roads).fetch(Outgoing(url=f"http://{host}/"))
    assert roads.wanted == []


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}/secret", "http://inside.test:{port}/secret", "//10.0.0.1/"]
)
async def test_a_redirect_to_the_inside_is_refused(web: LittleWeb, target: str) -> None:
    web.add("/a", "", status=307, location=target.format(port=web.port))
    web.add("/secret", "secret")
    names, roads = Names({"a.test": [[PUBLIC]], "inside.test": [["192.168.0.2"]]}), AllRoadsLeadHome()
    with pytest.raises(ToolFailed, match="private network"):
        await fetcher(names, roads).fetch(Outgoing(url=f"http://a.test:{web.port}/a"))
    assert [path for _, path, _ in web.asked] == ["/a"]


async def test_redirects_are_followed_but_not_for_ever(web: LittleWeb) -> None:
    web.add("/a", "", status=301, location="b")
    web.add("/b", "here")
    web.add("/round", "", status=302, location="/round")
    web_of = fetcher(Names({"a.test": [[PUBLIC]]}), AllRoadsLeadHome())
    found = await web_of.fetch(Outgoing(url=f"http://a.test:{web.port}/a"))
    assert (found.url, found.body) == (f"http://a.test:{web.port}/b", b"here")
    with pytest.raises(ToolFailed, match="redirects more than 5 times"):
        await web_of.fetch(Outgoing(url=f"http://a.test:{web.port}/round"))


async def test_only_hosts_on_the_list_are_reached(web: LittleWeb) -> None:
    names, roads = Names({"a.test": [[PUBLIC]], "docs.b.test": [[PUBLIC]]}), AllRoadsLeadHome()
    some = fetcher(names, roads, hosts=["*.b.test"])
    with pytest.raises(ToolFailed, match=r"may not reach a\.test"):
        await some.fetch(Outgoing(url=f"http://a.test:{web.port}/"))
    assert (await some.fetch(Outgoing(url=f"http://docs.b.test:{web.port}/"))).status == 404


async def test_a_private_service_can_be_named_as_an_exception(web: LittleWeb) -> None:
    web.add("/", "mine")
    names, roads = Names({"mine.test": [["10.0.0.9"]]}), AllRoadsLeadHome()
    own = fetcher(names, roads, hosts=[], private=["mine.test"])
    assert (await own.fetch(Outgoing(url=f"http://mine.test:{web.port}/"))).body == b"mine"


async def test_too_much_too_slow_and_too_odd_are_refused_with_a_sentence(web: LittleWeb) -> None:
    web.add("/large", b"x" * 5000)
    some = fetcher(Names({"a.test": [[PUBLIC]]}), AllRoadsLeadHome())
    address = f"http://a.test:{web.port}"
    with pytest.raises(ToolFailed, match="more than 4 KiB"):
        await some.fetch(Outgoing(url=f"{address}/large", limit_bytes=4096))
    with pytest.raises(ToolFailed, match=r"within 0\.05 seconds"):
        await some.fetch(Outgoing(url=f"{address}/silent", within_s=0.05))
    with pytest.raises(ToolFailed, match=r"there is no host nowhere\.test"):
        await some.fetch(Outgoing(url="http://nowhere.test/"))
    with pytest.raises(ToolFailed, match="cannot be reached"):
        await some.fetch(Outgoing(url="http://a.test:1/"))


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a.test/", "file:///etc/passwd", "a.test/x", "http://", "http://me:pw@a.test/", "http://a.test:99999/"],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ToolFailed, match="no address that a tool can open"):
        await fetcher(Names({}), AllRoadsLeadHome()).fetch(Outgoing(url=url))
