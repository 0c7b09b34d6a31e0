"""Heritage points of the centre of Nantes: notes written by hand, placed by coordinates or on a street of BD TOPO."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from scripts.demo.city import Buildings, Roads, read_buildings, read_roads
from scripts.demo.files import publish, write_layer

TARGET = Path("data/demo/patrimoine.gpkg")
UPDATED = datetime.datetime(2025, 6, 15, 9, 30, tzinfo=datetime.UTC)
SITE = "https://patrimoine.garrigue.example/notices"

CLASSIFIED, LISTED = "Classé monument historique", "Inscrit monument historique"


@dataclass(frozen=True, slots=True)
class Note:
    """A place: name, category, period, where it is (EPSG:2154, or a street's name), protection, year of it, words."""

    name: str
    category: str
    period: str
    where: tuple[int, int] | str
    protection: str | None = None
    since: str | None = None
    words: str | None = None
    open: bool | None = None


NOTES = (
    Note(
        "Château des ducs de Bretagne",
        "Château",
        "XVe siècle",
        (355920, 6689455),
        CLASSIFIED,
        "1862-01-01",
        "Forteresse et palais ducal, entouré de douves en eau.\n« Résidence de François II puis d'Anne. »\n"
        "Le musée d'histoire de Nantes y est installé.",
        True,
    ),
    Note(
        "Cathédrale Saint-Pierre-et-Saint-Paul",
        "Édifice religieux",
        "XVe – XIXe siècle",
        (355843, 6689705),
        CLASSIFIED,
        "1862-01-01",
        "Commencée en 1434, achevée en 1891 : quatre siècles et demi de chantier.\nElle abrite le tombeau de "
        "François II et de Marguerite de Foix, œuvre de Michel Colombe.",
        True,
    ),
    Note(
        "Passage Pommeraye",
        "Passage couvert",
        "XIXe siècle",
        "Passage Pommeraye",
        CLASSIFIED,
        "1976-12-26",
        "Galerie marchande ouverte en 1843, sur trois niveaux reliés par un escalier central.\nJacques Demy y tourna "
        "« Lola » (1961).",
        True,
    ),
    Note(
        "Théâtre Graslin",
        "Théâtre",
        "XVIIIe siècle",
        "Place Graslin",
        CLASSIFIED,
        "1998-01-01",
        "Théâtre à l'italienne de Mathurin Crucy, inauguré en 1788.",
        True,
    ),
    Note(
        "Place Royale et sa fontaine",
        "Place",
        "XVIIIe – XIXe siècle",
        "Place Royale",
        LISTED,
        None,
        "Dessinée par Mathurin Crucy ; la fontaine (1865) montre la Loire, ses affluents et la ville de Nantes.",
        True,
    ),
    Note(
        "Basilique Saint-Nicolas",
        "Édifice religieux",
        "XIXe siècle",
        (355244, 6689420),
        CLASSIFIED,
        "1986-10-21",
        "Première église néogothique de Nantes, dessinée par Jean-Baptiste-Antoine Lassus.",
        True,
    ),
    Note(
        "Église Sainte-Croix",
        "Édifice religieux",
        "XVIIe siècle",
        (355531, 6689389),
        None,
        None,
        "Son beffroi porte la cloche de l'ancienne tour du Bouffay.",
        True,
    ),
    Note(
        "Palais de la Bourse",
        "Édifice public",
        "XIXe siècle",
        "Place de la Bourse",
        LISTED,
        None,
        "Façade à colonnes ioniques de Mathurin Crucy ; une grande librairie l'occupe aujourd'hui.",
        True,
    ),
    Note(
        "Temple du Goût",
        "Hôtel particulier",
        "XVIIIe siècle",
        "Allée Brancas",
        CLASSIFIED,
        "1945-10-26",
        "Immeuble d'armateur de l'ancienne île Feydeau : mascarons, balcons ventrus et façade qui penche.",
        False,
    ),
    Note(
        "Rue Kervégan",
        "Ensemble urbain",
        "XVIIIe siècle",
        "Rue Kervégan",
        None,
        None,
        "L'axe de l'île Feydeau, lotie pour les armateurs ; les bras de la Loire qui l'entouraient ont été comblés.",
        True,
    ),
    Note(
        "Porte Saint-Pierre",
        "Fortification",
        "XVe siècle",
        (355833, 6689761),
        CLASSIFIED,
        None,
        "Porte de l'enceinte médiévale, posée sur les restes du mur gallo-romain.",
        None,
    ),
    Note(
        "Hôtel de ville",
        "Édifice public",
        "XVIIe siècle",
        "Place de l'Hôtel de Ville",
        LISTED,
        "1910-02-03",
        None,
        False,
    ),
    Note(
        "Place du Bouffay",
        "Place",
        "Xe – XXIe siècle",
        "Place du Bouffay",
        None,
        None,
        "Cœur du quartier médiéval ; l'« Éloge du pas de côté » de Philippe Ramette s'y tient.",
        True,
    ),
    Note(
        "Maison des apothicaires",
        "Maison à pans de bois",
        "XVe siècle",
        "Place du Change",
        LISTED,
        None,
        "Façade à pans de bois et encorbellements, parmi les dernières de la ville.",
        None,
    ),
    Note(
        "Monument des 50 Otages",
        "Monument",
        "XXe siècle",
        "Place du Pont Morand",
        LISTED,
        None,
        "En souvenir des otages fusillés le 22 octobre 1941.",
        True,
    ),
    Note(
        "Musée d'arts",
        "Musée",
        "XIXe siècle",
        (356080, 6689715),
        LISTED,
        "1975-10-29",
        "Palais des Beaux-Arts ouvert en 1900, agrandi en 2017 du « Cube » et de la chapelle de l'Oratoire.",
        True,
    ),
    Note(
        "Chapelle de l'Oratoire",
        "Édifice religieux",
        "XVIIe siècle",
        (355979, 6689780),
        CLASSIFIED,
        "1948-04-05",
        None,
        True,
    ),
    Note(
        "Lieu unique",
        "Patrimoine industriel",
        "XIXe – XXe siècle",
        (356118, 6689365),
        LISTED,
        "1998-12-30",
        "Ancienne biscuiterie LU.\nSa tour, restaurée, porte « un gyrorama » que l'on tourne à la main.",
        True,
    ),
    Note(
        "Préfecture",
        "Édifice public",
        "XVIIIe siècle",
        "Quai Ceineray",
        CLASSIFIED,
        None,
        "Ancienne chambre des comptes de Bretagne, par Jean-Baptiste Ceineray.",
        False,
    ),
    Note("Pont Saint-Mihiel", "Ouvrage d'art", "XIXe siècle", "Quai de Versailles", None, None, None, True),
    Note("Hôtel de Briord", "Hôtel particulier", "XVe siècle", "Rue de Briord", LISTED, None, None, False),
    Note(
        "Marché de Talensac",
        "Marché",
        "XXe siècle",
        "Rue de Talensac",
        None,
        None,
        "Halle inaugurée en 1937 ; « le ventre de Nantes ».",
        True,
    ),
    Note(
        "Jardin des plantes",
        "Jardin",
        "XIXe siècle",
        "Rue Gambetta",
        None,
        None,
        "Sept hectares, et le plus vieux magnolia de la ville : « le magnolia d'Hectot », planté en 1807.",
        True,
    ),
    Note(
        "Cours Saint-Pierre et cours Saint-André",
        "Promenade",
        "XVIIIe siècle",
        "Place Maréchal Foch",
        LISTED,
        None,
        "Deux mails plantés de part et d'autre de la colonne Louis XVI.",
        True,
    ),
    Note(
        "Colonne Louis XVI",
        "Monument",
        "XVIIIe siècle",
        "Place Maréchal Foch",
        CLASSIFIED,
        None,
        "Vingt-huit mètres ; la statue fut posée en 1823.",
        True,
    ),
    Note(
        "Notre-Dame-de-Bon-Port",
        "Édifice religieux",
        "XIXe siècle",
        "Place du Sanitat",
        CLASSIFIED,
        "1975-10-29",
        "Un dôme de soixante mètres au-dessus du quai de la Fosse.",
        True,
    ),
    Note(
        "Mémorial de l'abolition de l'esclavage",
        "Monument",
        "XXIe siècle",
        "Quai de la Fosse",
        None,
        None,
        "Passage méditatif sous le quai, ouvert en 2012 : deux mille plaques de verre portent les noms des navires et "
        "de leurs escales.",
        True,
    ),
    Note(
        "Passerelle Victor-Schœlcher",
        "Ouvrage d'art",
        "XXIe siècle",
        "Quai François Mitterrand",
        None,
        None,
        None,
        True,
    ),
    Note(
        "Palais de justice",
        "Édifice public",
        "XXIe siècle",
        "Quai François Mitterrand",
        None,
        None,
        "Œuvre de Jean Nouvel (2000), noire et orthogonale, face à la Loire.",
        None,
    ),
    Note(
        "Église Saint-Similien",
        "Édifice religieux",
        "XIXe siècle",
        (355150, 6689976),
        None,
        None,
        "« L'église inachevée » : la flèche et la tour ne furent jamais bâties.",
        None,
    ),
    Note(
        "Tour Bretagne",
        "Architecture du XXe siècle",
        "XXe siècle",
        "Place de Bretagne",
        None,
        None,
        "Trente-sept étages, cent quarante-quatre mètres avec l'antenne ; achevée en 1976.",
        False,
    ),
    Note(
        "Place Viarme",
        "Place",
        "XVIIIe siècle",
        "Place Viarme",
        None,
        None,
        "Charette y fut fusillé en 1796. Brocante le samedi matin.",
        True,
    ),
    Note(
        "Muséum d'histoire naturelle",
        "Musée",
        "XIXe siècle",
        "Place de la Monnaie",
        None,
        None,
        "Installé dans l'ancien hôtel de la Monnaie.",
        True,
    ),
    Note("Hôtel-Dieu", "Édifice public", "XXe siècle", "Place Alexis Ricordeau", None, None, None, False),
    Note(
        "Les Anneaux de Buren",
        "Art public",
        "XXIe siècle",
        "Quai François Mitterrand",
        None,
        None,
        "Dix-huit cercles le long du quai des Antilles… vus d'ici, ils encadrent le fleuve.",
        True,
    ),
    Note(
        "La Cigale",
        "Brasserie",
        "XIXe siècle",
        "Place Graslin",
        CLASSIFIED,
        "1964-01-01",
        "Décor Art nouveau d'Émile Libaudière, ouvert le 1er avril 1895.",
        True,
    ),
)


def _place(note: Note, roads: Roads, taken: dict[str, int]) -> shapely.Point:
    """The point of a note; notes on one street are spread along it."""
    if not isinstance(note.where, str):
        return shapely.Point(note.where)
    lines = [line for line, name in zip(roads.geometry, roads.names, strict=True) if name == note.where]
    if not lines:
        raise ValueError(f"{note.name}: no street is called {note.where}")
    turn = taken[note.where] = taken.get(note.where, -1) + 1
    line = sorted(lines, key=lambda one: -one.length)[turn % len(lines)]
    return line.interpolate(0.5, normalized=True)


def _others(buildings: Buildings, known: list[shapely.Point], roads: Roads) -> list[tuple[Note, float]]:
    """Churches, chapels and monuments of BD TOPO that no note tells of, with their height."""
    kinds = {"Eglise": "Église", "Chapelle": "Chapelle", "Monument": "Monument"}
    tree, near = shapely.STRtree(np.array(known)), shapely.STRtree(roads.geometry)
    out: list[tuple[Note, float]] = []
    for polygon, nature, height in zip(buildings.geometry, buildings.natures, buildings.heights, strict=True):
        middle = polygon.centroid
        if nature not in kinds or polygon.area < 130 or len(tree.query(middle, "dwithin", 90)):
            continue
        street = roads.names[int(near.nearest(middle))]
        if not street:
            continue
        category = "Monument" if nature == "Monument" else "Édifice religieux"
        place = (round(middle.x), round(middle.y))
        out.append((Note(f"{kinds[nature]} – {street}", category, "inconnue", place), float(height)))
    return out


def _fields(notes: list[Note], heights: list[float | None], streets: list[str | None]) -> dict[str, pa.Array]:
    dates = [datetime.date.fromisoformat(n.since) if n.since else None for n in notes]
    slugs = [f"{SITE}/{i + 1:03d}?q={n.category.split()[0].lower()}&lang=fr" for i, n in enumerate(notes)]
    updates = [UPDATED + datetime.timedelta(hours=7 * i) for i in range(len(notes))]
    return {
        "nom": pa.array([n.name for n in notes]),
        "categorie": pa.array([n.category for n in notes]),
        "epoque": pa.array([None if n.period == "inconnue" else n.period for n in notes]),
        "protection": pa.array([n.protection for n in notes]),
        "date_protection": pa.array(dates, pa.date32()),
        "description": pa.array([n.words for n in notes]),
        "adresse": pa.array(streets),
        "url": pa.array(slugs),
        "visitable": pa.array([n.open for n in notes], pa.bool_()),
        "hauteur": pa.array(heights, pa.float64()),
        "date_maj": pa.array(updates, pa.timestamp("ms", tz="UTC")),
    }


def make(config_dir: Path) -> None:
    """Write the layer `patrimoine` (Point)."""
    roads, buildings = read_roads(config_dir), read_buildings(config_dir)
    taken: dict[str, int] = {}
    points = [_place(note, roads, taken) for note in NOTES]
    notes = list(NOTES)
    heights: list[float | None] = [None] * len(notes)
    tree = shapely.STRtree(buildings.geometry)
    for i, point in enumerate(points):
        under = tree.query(point, predicate="dwithin", distance=4.0)
        heights[i] = float(buildings.heights[under].max()) if len(under) else None
    for note, height in _others(buildings, points, roads):
        notes.append(note)
        points.append(_place(note, roads, taken))
        heights.append(height)
    streets = [n.where if isinstance(n.where, str) else None for n in notes]
    fields = _fields(notes, heights, streets)
    publish(config_dir / TARGET, lambda part: write_layer(part, "patrimoine", np.array(points), fields, "Point"))
