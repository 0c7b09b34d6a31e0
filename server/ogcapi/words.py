"""The words of the HTML pages: French, English."""

WORDS = {
    "home": ("Accueil", "Home"),
    "api": ("API", "API"),
    "collections": ("Collections", "Collections"),
    "collections_about": (
        "Les couches vecteur, objet par objet : en GeoJSON pour les logiciels, en pages pour les lire.",
        "The vector layers, feature by feature: as GeoJSON for software, as pages to read.",
    ),
    "conformance": ("Conformité", "Conformance"),
    "conformance_about": (
        "Les classes de conformité de l’OGC auxquelles ce service répond.",
        "The OGC conformance classes that this service answers.",
    ),
    "definition": ("Définition OpenAPI", "OpenAPI definition"),
    "definition_about": (
        "Toutes les adresses et tous les paramètres, décrits pour les machines.",
        "Every address and parameter, described for machines.",
    ),
    "parameters": ("Paramètres", "Parameters"),
    "address": ("Adresse", "Address"),
    "what": ("Contenu", "What it gives"),
    "browse": ("Parcourir les objets", "Browse the features"),
    "feature": ("Objet", "Feature"),
    "features": ("Objets", "Features"),
    "queryables": ("Champs interrogeables", "Queryables"),
    "schema": ("Schéma", "Schema"),
    "field": ("Champ", "Field"),
    "type": ("Type", "Type"),
    "title": ("Titre", "Title"),
    "values": ("Valeurs", "Values"),
    "extent": ("Étendue (degrés)", "Extent (degrees)"),
    "times": ("Période", "Period"),
    "crs": ("Systèmes de coordonnées", "Coordinate reference systems"),
    "keywords": ("Mots-clés", "Keywords"),
    "yes": ("oui", "yes"),
    "no": ("non", "no"),
    "none": ("Aucun objet.", "No feature."),
    "of": ("sur", "of"),
    "next": ("Page suivante", "Next page"),
    "prev": ("Page précédente", "Previous page"),
    "json": ("En JSON", "As JSON"),
    "geojson": ("En GeoJSON", "As GeoJSON"),
    "map": ("Voir sur la carte", "Show on the map"),
    "map_error": ("La carte ne peut pas être affichée.", "The map cannot be shown."),
    "error": ("Erreur", "Error"),
    "geometry": ("Géométrie", "Geometry"),
    "other": ("English", "Français"),
}


TITLES = {
    "This document as JSON": "Ce document en JSON",
    "This document as HTML": "Ce document en page HTML",
    "The OpenAPI definition as JSON": "La définition OpenAPI en JSON",
    "The OpenAPI definition as HTML": "La définition OpenAPI en page HTML",
    "Conformance": "Conformité",
    "Collections": "Collections",
    "Schema of collection in JSON": "Schéma de la collection en JSON",
    "Schema of collection in HTML": "Schéma de la collection en page HTML",
    "Queryables for this collection as JSON": "Champs interrogeables de la collection en JSON",
    "Queryables for this collection as HTML": "Champs interrogeables de la collection en page HTML",
    "Items as GeoJSON": "Objets en GeoJSON",
    "Items as HTML": "Objets en pages HTML",
}
"""The titles that pygeoapi gives its links, in French."""


def title(text: str, language: str) -> str:
    """The title of a link in a language."""
    return TITLES.get(text, text) if language == "fr" else text


def words() -> dict[str, dict[str, str]]:
    """As pygeoapi's configuration has texts: it hands templates those of the language asked."""
    return {name: {"fr": french, "en": english} for name, (french, english) in WORDS.items()}
