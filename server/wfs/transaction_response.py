"""What a transaction is answered: what was changed, the ids of what is new, in each version's own words."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from layers.sources.edits import Done
from server.wfs.dialect import WFS10, WFS11, WFS20, Dialect
from server.wfs.names import plain_name, xml_name


def response(done: Sequence[Done], dialect: Dialect) -> str:
    """The response of a version."""
    if dialect is WFS10:
        return _response_1_0(done)
    modern = dialect is WFS20
    totals = {"Inserted": "insert", "Updated": "update", "Replaced": "replace", "Deleted": "delete"}
    if not modern:
        del totals["Replaced"]
    counts = {name: sum(len(one.ids) for one in done if one.edit.kind == kind) for name, kind in totals.items()}
    summary = "".join(f"<wfs:total{name}>{count}</wfs:total{name}>" for name, count in counts.items())
    results = "".join(_results_2_0(done)) if modern else _results_1_1(done)
    names = 'xmlns:fes="http://www.opengis.net/fes/2.0"' if modern else 'xmlns:ogc="http://www.opengis.net/ogc"'
    dialect = WFS20 if modern else WFS11
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<wfs:TransactionResponse version="{dialect.version}" '
        f'xmlns:wfs="{dialect.wfs}" {names} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{dialect.wfs} {dialect.wfs_xsd}">\n'
        f"<wfs:TransactionSummary>{summary}</wfs:TransactionSummary>\n{results}</wfs:TransactionResponse>\n"
    )


def _named(done: Done) -> Iterator[str]:
    return (quoteattr(xml_name(plain_name(name))) for name in done.ids)


def _results_2_0(done: Sequence[Done]) -> Iterator[str]:
    for name, action in (("Insert", "insert"), ("Update", "update"), ("Replace", "replace")):
        inside = "".join(
            f"<wfs:Feature{_handle(one)}><fes:ResourceId rid={text}/></wfs:Feature>"
            for one in done
            if one.edit.kind == action
            for text in _named(one)
        )
        if inside:
            yield f"<wfs:{name}Results>{inside}</wfs:{name}Results>\n"


def _results_1_1(done: Sequence[Done]) -> str:
    inside = "".join(
        f"<wfs:Feature{_handle(one)}><ogc:FeatureId fid={text}/></wfs:Feature>"
        for one in done
        if one.edit.kind == "insert"
        for text in _named(one)
    )
    # The schema wants one even where nothing was inserted.
    inside = inside or '<wfs:Feature><ogc:FeatureId fid="none"/></wfs:Feature>'
    return f"<wfs:InsertResults>{inside}</wfs:InsertResults>\n"


def _handle(done: Done) -> str:
    return f" handle={quoteattr(done.edit.handle)}" if done.edit.handle else ""


def _response_1_0(done: Sequence[Done]) -> str:
    inserted = "".join(
        f"<wfs:InsertResult{_handle(one)}><ogc:FeatureId fid={text}/></wfs:InsertResult>"
        for one in done
        if one.edit.kind == "insert"
        for text in _named(one)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wfs:WFS_TransactionResponse version="1.0.0" '
        'xmlns:wfs="http://www.opengis.net/wfs" xmlns:ogc="http://www.opengis.net/ogc">\n'
        f"{inserted}<wfs:TransactionResult><wfs:Status><wfs:SUCCESS/></wfs:Status></wfs:TransactionResult>\n"
        "</wfs:WFS_TransactionResponse>\n"
    )
