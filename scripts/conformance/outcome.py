"""What a suite said: of TEAM Engine's logs and of TestNG's report, one Outcome a test."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from lxml import etree

_CTL = {"0": "PASS", "1": "PASS", "4": "PASS", "2": "SKIP", "3": "SKIP", "5": "FAIL", "6": "FAIL"}


@dataclass(frozen=True)
class Outcome:
    """One test: PASS, FAIL or SKIP, its name, what it said."""

    status: str
    name: str
    message: str


def ctl_outcomes(folder: Path) -> Iterator[Outcome]:
    """Outcomes of the tests below a log folder of TEAM Engine; a test that only sums up others is not counted."""
    try:
        root = _root(folder / "log.xml")
    except (etree.XMLSyntaxError, OSError):
        yield Outcome("FAIL", folder.name, "the test did not end")
        return
    start, end = root.find("starttest"), root.find("endtest")
    result = end.get("result") if end is not None else None
    called = sorted(path.parent for path in folder.glob("*/log.xml"))
    tests = [path for path in called if not _is_helper(path)]
    if result in (None, "6") or not tests:
        messages = [_words(item.text) for tag in ("message", "exception") for item in root.iter(tag)]
        messages += [message for path in called if _is_helper(path) for message in _complaints(path)]
        assertion = start.findtext("assertion") if start is not None else ""
        yield Outcome(
            _CTL.get(result or "", "FAIL"), _name(start), " / ".join(filter(None, messages)) or _words(assertion)
        )
    for path in tests:
        yield from ctl_outcomes(path)


def _name(start: etree._Element | None) -> str:
    return f"{start.get('prefix')}:{start.get('local-name')}" if start is not None else "?"


def _is_helper(folder: Path) -> bool:
    """Parsers and asserts are written as tests too; they belong to the test that called them."""
    try:
        start = _root(folder / "log.xml").find("starttest")
    except etree.XMLSyntaxError:
        return False
    return start is not None and (start.get("prefix") == "ctl" or str(start.get("local-name")).startswith("assert-"))


def _complaints(folder: Path) -> list[str]:
    root = _root(folder / "log.xml")
    end = root.find("endtest")
    if end is not None and _CTL.get(end.get("result") or "") == "PASS":
        return []
    return [_words(item.text) for item in root.iter("message")]


def testng_outcomes(folder: Path) -> Iterator[Outcome]:
    """Outcomes of the newest testng-results.xml below a folder; set-up methods are not tests."""
    files = sorted(folder.rglob("testng-results.xml"), key=lambda file: file.stat().st_mtime)
    for group in _root(files[-1]).iter("class") if files else ():
        for method in group.iter("test-method"):
            if method.get("is-config") != "true":
                values = [_words(value.text)[:80] for value in method.iter("value")]
                values = [value for value in values if value and not value.startswith("org.testng.")]
                name = f"{str(group.get('name')).rsplit('.', 1)[-1]}.{method.get('name')}"
                label = f"{name}({', '.join(values)})" if values else name
                yield Outcome(str(method.get("status")), label, _words(method.findtext(".//message")))


def _root(path: Path) -> etree._Element:
    return etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)).getroot()


def _words(text: str | None) -> str:
    return unescape(" ".join((text or "").split()))
