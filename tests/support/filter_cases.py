"""Filters over the polygons of `support.vectors`, in CQL and in FES, with the numbers of the features that match."""

from support.vectors import X0, Y0

FES = "http://www.opengis.net/fes/2.0"

CQL = [
    ("nom = 'été'", [1]),
    ("nom <> 'été'", [2, 3, 4, 6, 7, 8]),
    ("nom = 'L''œuf « dur »'", [2]),
    ("nom LIKE '%œuf%'", [2]),
    ("nom LIKE '_té'", [1]),
    ("nom ILIKE 'É_É'", [1]),
    ("nom LIKE '%TABLE%;--'", [8]),
    ("nom LIKE 'ligne%suivante%'", [7]),
    ("nom NOT LIKE '%e%'", [1, 2, 4, 6, 8]),
    ("nom IS NULL", [5]),
    ("nom IS NOT NULL", [1, 2, 3, 4, 6, 7, 8]),
    ("nom = ''", [6]),
    ("nom IN ('été', '', 'x')", [1, 6]),
    ("nom > 'a' AND nom < 'm'", [3, 7]),
    ("entier = 1", [1]),
    ("entier = 1.0", [1]),
    ("entier > 4 AND entier <= 6", [6, 7]),
    ("entier = 9007199254740993", [4]),
    ("entier = 9007199254740992", []),
    ("entier BETWEEN 4 AND 6", [5, 6, 7]),
    ("entier NOT BETWEEN 4 AND 6", [1, 2, 4, 8]),
    ("NOT (entier = 1)", [2, 4, 5, 6, 7, 8]),
    ("entier + 1 = 2 * 1", [1]),
    ('"réel" < 0', [5]),
    ("réel = 1e-7", [2]),
    ("vrai = true", [1, 4, 6, 8]),
    ("vrai = false OR vrai IS NULL", [2, 3, 5, 7]),
    ("jour = '2024-02-29'", [1]),
    ("jour = DATE('1999-12-03')", [5]),
    ("jour < 2000-01-01 AND jour >= 1999-12-05", [7, 8]),
    ("moment AFTER 2024-01-01T00:00:00Z", [1, 3, 4, 5, 6, 7, 8]),
    ("moment = TIMESTAMP('2024-02-29T23:59:58Z')", [1, 3, 4, 5, 6, 7, 8]),
    ("moment = '2024-03-01T00:59:58+01:00'", [1, 3, 4, 5, 6, 7, 8]),
    ("jour LIKE '1999-12-0_'", [3, 4, 5, 6, 7, 8]),
    ("moment LIKE '2024-02-29T23:59:58%Z'", [1, 3, 4, 5, 6, 7, 8]),
    ("entier LIKE '9007%'", [4]),
    ("vrai LIKE 'tr%'", [1, 4, 6, 8]),
    ("jour < moment", [1, 3, 4, 5, 6, 7, 8]),
    ("jour DURING 1999-12-01/1999-12-04", [4, 5]),
    ("T_DURING(jour, INTERVAL('1999-12-01', '1999-12-04'))", [4, 5]),
    ('"l\'aire (m²)" >= 6', [7, 8]),
    ('"2e ""nom""" = \'v3\'', [4]),
    ("entier = 1 OR entier = -2 AND nom = 'absent'", [1]),
    ("(entier = 1 OR entier = -2) AND nom LIKE '%dur%'", [2]),
    ("CASEI(nom) = CASEI('ÉTÉ')", [1]),
    ("IN ('polygon.3', 'polygon.8', 'autre.1', 'polygon.03', 'polygon.x')", [3, 8]),
    ("INCLUDE", [1, 2, 3, 4, 5, 6, 7, 8]),
    ("EXCLUDE", []),
    (f"BBOX(geometry, {X0}, {Y0}, {X0 + 120}, {Y0 + 500})", [1, 2]),
    (f"BBOX(geometry, {X0 + 113}, {Y0 + 23}, {X0 + 117}, {Y0 + 27})", []),
    (f"INTERSECTS(geometry, POINT({X0 + 5} {Y0 + 5}))", [1]),
    (f"S_INTERSECTS(geometry, POINT Z ({X0 + 5} {Y0 + 5} 3))", [1]),
    (
        f"WITHIN(geometry, ENVELOPE({X0 - 1}, {X0 + 99}, {Y0 - 1}, {Y0 + 99}))",
        [1],
    ),
    (f"CONTAINS(geometry, POINT({X0 + 5} {Y0 + 5}))", [1]),
    (f"CONTAINS(POINT({X0 + 5} {Y0 + 5}), geometry)", []),
    (f"DISJOINT(geometry, POINT({X0 + 5} {Y0 + 5}))", [2, 3, 4, 5, 6, 8]),
    (f"DWITHIN(geometry, POINT({X0 - 10} {Y0}), 10, meters)", [1]),
    (f"DWITHIN(geometry, POINT({X0 - 10} {Y0}), 0.1, kilometers)", [1]),
    (f"BEYOND(geometry, POINT({X0}  {Y0}), 500, m)", [6, 8]),
    ("geometry IS NULL", [7]),
    ("geometry_ = 'AAH/'", [1, 3, 5, 7]),
    ("geometry_ LIKE '*H/' OR geometry_ LIKE 'AA%'", [1, 3, 5, 7]),
]


def compare(operator: str, name: str, value: str, attributes: str = "") -> str:
    return f"<{operator} {attributes}><ValueReference>{name}</ValueReference><Literal>{value}</Literal></{operator}>"


def envelope(x0, y0, x1, y1, srs=' srsName="urn:ogc:def:crs:EPSG::2154"') -> str:
    corners = f"<gml:lowerCorner>{x0} {y0}</gml:lowerCorner><gml:upperCorner>{x1} {y1}</gml:upperCorner>"
    return f"<gml:Envelope{srs}>{corners}</gml:Envelope>"


def fes(inside: str) -> bytes:
    return f'<Filter xmlns="{FES}" xmlns:gml="http://www.opengis.net/gml/3.2">{inside}</Filter>'.encode()


NOM = "<ValueReference>essai:nom</ValueReference>"
DEGREES = ' srsName="urn:ogc:def:crs:EPSG::4326"'
SHORT = ' srsName="EPSG:4326"'
FES_CASES = [
    (compare("PropertyIsEqualTo", "nom", "été"), [1]),
    (compare("PropertyIsEqualTo", "essai:nom", "ÉTÉ"), []),
    (compare("PropertyIsEqualTo", "polygon/nom", "ÉTÉ", 'matchCase="false"'), [1]),
    (compare("PropertyIsNotEqualTo", "nom", "ÉTÉ", 'matchCase="false"'), [2, 3, 4, 6, 7, 8]),
    (compare("PropertyIsEqualTo", "l_x0027_aire_x0020__x0028_m_x00B2__x0029_", "3"), [4]),
    (compare("PropertyIsEqualTo", "nom", "&lt;b&gt;&amp;amp;&lt;/b&gt;"), [4]),
    (compare("PropertyIsLessThan", "jour", "1999-12-02"), [3]),
    (compare("PropertyIsLike", "nom", "*T.?BLE*", 'wildCard="*" singleChar="#" escapeChar="!"'), []),
    (compare("PropertyIsLike", "nom", "*t##le*", 'wildCard="*" singleChar="#" escapeChar="!" matchCase="false"'), [8]),
    (compare("PropertyIsLike", "nom", "!*", 'wildCard="*" singleChar="#" escapeChar="!"'), []),
    (f"<PropertyIsNull>{NOM}</PropertyIsNull>", [5]),
    (f"<PropertyIsNil>{NOM}</PropertyIsNil>", [5]),
    ("<Not><PropertyIsNull><ValueReference>geometry</ValueReference></PropertyIsNull></Not>", [1, 2, 3, 4, 5, 6, 8]),
    (
        "<PropertyIsBetween><ValueReference>entier</ValueReference><LowerBoundary><Literal>4</Literal></LowerBoundary>"
        "<UpperBoundary><Literal>5.5</Literal></UpperBoundary></PropertyIsBetween>",
        [5, 6],
    ),
    ('<ResourceId rid="polygon.2"/><ResourceId rid="polygon.7"/>', [2, 7]),
    (f"<And>{compare('PropertyIsEqualTo', 'vrai', 'true')}<Not><ResourceId rid='polygon.1'/></Not></And>", [4, 6, 8]),
    (f"<BBOX><ValueReference>geometry</ValueReference>{envelope(X0, Y0, X0 + 120, Y0 + 9)}</BBOX>", [1]),
    (f"<BBOX>{envelope(43.60, 3.86, 43.61, 3.8681, DEGREES)}</BBOX>", [1, 2]),
    (f"<BBOX>{envelope(3.86, 43.60, 3.8681, 43.61, SHORT)}</BBOX>", [1, 2]),
    (f"<BBOX>{envelope(-90, -180, 90, 180, DEGREES)}</BBOX>", [1, 2, 3, 4, 5, 6, 8]),
    (f"<BBOX>{envelope(10, 10, 11, 11, DEGREES)}</BBOX>", []),
    (
        "<DWithin><ValueReference>geometry</ValueReference><gml:Point srsName='EPSG:2154' gml:id='p'>"
        f"<gml:pos>{X0 - 10} {Y0}</gml:pos></gml:Point><Distance uom='m'>10</Distance></DWithin>",
        [1],
    ),
    (
        "<During><ValueReference>jour</ValueReference><gml:TimePeriod gml:id='t'><gml:beginPosition>1999-12-01"
        "</gml:beginPosition><gml:endPosition>1999-12-04</gml:endPosition></gml:TimePeriod></During>",
        [4, 5],
    ),
    (
        "<After><ValueReference>moment</ValueReference><gml:TimeInstant gml:id='t'><gml:timePosition>"
        "2024-02-29T23:59:58Z</gml:timePosition></gml:TimeInstant></After>",
        [],
    ),
]
