"""Features: pages, boxes, CRSs, times, properties, filters."""

import pytest
from pyproj import Transformer

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/{}"
SERVED = [2154, 3857, 4326, 3943, 3944, 4171, 4258]
NORTH_FIRST = {4326, 4171, 4258}


def ids(page):
    return [feature["id"] for feature in page["features"]]


def test_pages_give_every_feature_once_and_end(api):
    found, path, pages = [], "/collections/parcelle/items?limit=30&sortby=-surface&section=A", 0
    while path:
        page = api(path).json()
        found += ids(page)
        assert page["numberMatched"] == 50
        assert page["numberReturned"] == len(page["features"])
        path = next((link["href"].partition("/ogcapi")[2] for link in page["links"] if link["rel"] == "next"), None)
        pages += 1
    assert pages == 2
    assert len(found) == len(set(found)) == 50


def test_next_keeps_every_parameter(api):
    params = {"limit": 1, "bbox": "3.8,43.5,3.9,43.7", "bbox-crs": CRS84, "crs": EPSG.format(2154)}
    params |= {"filter": "nom LIKE '%é%' AND numero>3", "filter-lang": "cql2-text", "properties": "nom"}
    answer = api("/collections/parcelle/items", params)
    link = next(link for link in answer.json()["links"] if link["rel"] == "next")
    assert link["type"] == "application/geo+json"
    assert f'<{link["href"]}>; rel="next"' in answer.headers["link"]
    following = api(link["href"].partition("/ogcapi")[2])
    asked = dict(following.request.url.params)
    assert asked == {name: str(value) for name, value in params.items()} | {"offset": "1"}
    assert following.json()["features"][0]["properties"].keys() == {"nom"}


@pytest.mark.parametrize("code", SERVED)
def test_coordinates_are_in_the_order_of_the_authority(api, code):
    answer = api("/collections/arbre/items", {"limit": 1, "crs": EPSG.format(code)})
    assert answer.headers["content-crs"] == f"<{EPSG.format(code)}>"
    first, second, height = answer.json()["features"][0]["geometry"]["coordinates"]
    lon, lat, _ = api.items("arbre", limit=1)["features"][0]["geometry"]["coordinates"]
    expected = Transformer.from_crs(4326, code).transform(lat, lon)
    tolerance = 1e-7 if code in NORTH_FIRST else 0.01
    assert (first, second) == pytest.approx(expected, abs=tolerance)
    assert height == 12.5


@pytest.mark.parametrize("code", SERVED)
def test_a_box_is_read_in_the_order_of_the_authority(api, code):
    west, south, east, north = 770010, 6279010, 770150, 6279090
    corners = Transformer.from_crs(2154, code).transform([west, east], [south, north])
    box = ",".join(str(value) for pair in zip(*corners, strict=True) for value in pair)
    assert ids(api.items("parcelle", bbox=box, bbox_crs=EPSG.format(code))) == ["parcelle.1", "parcelle.2"]


def test_the_default_crs_is_longitude_and_latitude(api):
    answer = api("/collections/arbre/items", {"limit": 1})
    assert answer.headers["content-crs"] == f"<{CRS84}>"
    lon, lat, _ = answer.json()["features"][0]["geometry"]["coordinates"]
    assert 3 < lon < 4 < 43 < lat < 44


def test_a_box_over_the_antimeridian_has_two_sides(api):
    assert api.items("arbre", bbox="177,40,4,45")["numberMatched"] == 50
    assert api.items("arbre", bbox="4,40,3,45")["numberMatched"] == 0
    assert api.items("arbre", bbox="177,65,-177,70")["numberMatched"] == 0


def test_six_numbers_are_a_box_with_heights(api):
    assert api.items("arbre", bbox="3.8,43.5,0,3.9,43.7,10")["numberMatched"] == 50


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2020", 25),
        ("2020-06-15T12:00:00Z", 25),
        ("2021-01-01T00:00:00Z/..", 25),
        ("../2030-01-01T00:00:00Z", 50),
        ("2020-12-31/2023-01-01", 50),
        ("2021-01-01/2022-12-31", 0),
        ("2020-12-30T00:00:00Z/P2D", 25),
        ("1900-01-01T00:00:00Z", 0),
    ],
)
def test_datetime_selects_what_meets_it(api, asked, expected):
    assert api.items("arbre", datetime=asked)["numberMatched"] == expected


def test_datetime_selects_everything_of_a_collection_without_time(api):
    assert api.items("parcelle", datetime="2020-01-01T00:00:00Z")["numberMatched"] == 100


def test_properties_sort_and_geometry_can_be_chosen(api):
    page = api.items("parcelle", properties="numero,nom", sortby="-numero", skipGeometry="true", limit=3)
    assert [feature["properties"]["numero"] for feature in page["features"]] == [99, 98, 97]
    assert {tuple(feature["properties"]) for feature in page["features"]} == {("nom", "numero")}
    assert all(feature["geometry"] is None for feature in page["features"])


def test_hits_only_count(api):
    page = api.items("parcelle", resulttype="hits")
    assert (page["numberMatched"], page["numberReturned"], page["features"]) == (100, 0, [])


def test_hidden_fields_are_nowhere(api):
    assert "secret" not in api("/collections/parcelle/items").text
    assert "secret" not in api("/collections/parcelle/items/parcelle.1").text
    assert "secret" not in api("/api").text


def test_values_of_a_field_select(api):
    assert ids(api.items("parcelle", numero="17", section="B")) == ["parcelle.18"]
    assert api.items("parcelle", surface="10000.5")["numberMatched"] == 1


@pytest.mark.parametrize(
    ("text", "crs"),
    [
        ("S_INTERSECTS(geometry,POINT(3.8675 43.607))", ""),
        ("S_INTERSECTS(geometry,POINT(43.607 3.8675))", EPSG.format(4326)),
        ("section = 'A' AND S_INTERSECTS(\"geometry\",POINT(770050 6279050))", EPSG.format(2154)),
    ],
)
def test_a_filter_is_read_in_its_crs(api, text, crs):
    params = {"filter": text} | ({"filter_crs": crs} if crs else {})
    assert ids(api.items("parcelle", **params)) == ["parcelle.1"]


def test_a_feature_is_found_by_its_id_and_its_text_is_kept(api):
    answer = api("/collections/parcelle/items/parcelle.1")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["content-crs"] == f"<{CRS84}>"
    feature = answer.json()
    assert feature["properties"]["nom"] == 'L\'été « 0 » & <0> "œ"'
    assert feature["properties"]["leve"] == "2024-02-29"
    assert {link["rel"] for link in feature["links"]} == {"self", "alternate", "collection"}


def test_more_than_the_most_is_the_most(api):
    assert api.items("parcelle", limit=5000)["numberReturned"] == 100
