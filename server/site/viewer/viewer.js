// The viewer of a published site: one layer at a time, pictures by Leaflet, vector tiles by MapLibre.
(async () => {
  "use strict";
  const site = await (await fetch("layers.json")).json();
  const asked = new URLSearchParams(location.search).get("lang");
  const language = asked === "en" || asked === "fr" ? asked : site.language;
  const words = {
    fr: { layer: "Couche", archive: "Archive PMTiles", style: "Style MapLibre", vector: "tuiles vectorielles", failed: "La carte ne peut pas être affichée : " },
    en: { layer: "Layer", archive: "PMTiles archive", style: "MapLibre style", vector: "vector tiles", failed: "The map cannot be shown: " },
  }[language];
  document.documentElement.lang = language;
  document.title = document.querySelector("h1").textContent = site.title[language] || site.title.fr || "Garrigue";
  document.querySelector("label span").textContent = words.layer;
  const select = document.querySelector("select"), [archive, style] = document.querySelectorAll("header a");
  const legend = document.getElementById("legend"), said = document.querySelector("[role=status]");
  const layers = site.layers.filter((layer) => layer.tiles || layer.maplibre);
  for (const [index, layer] of layers.entries()) {
    const title = [layer.title[language] || layer.title.fr || layer.id, layer.style === "default" ? "" : layer.style, layer.time, layer.maplibre && words.vector];
    select.add(new Option(title.filter(Boolean).join(" · "), index));
  }
  const wanted = layers.findIndex((layer) => location.hash === `#${layer.id}/${layer.style}${layer.maplibre ? "/mvt" : ""}`);
  if (wanted >= 0) select.value = wanted;
  const safe = (text) => Object.assign(document.createElement("i"), { textContent: text }).innerHTML;
  const place = document.getElementById("map");
  let remove = () => {};

  const leaflet = (layer) => {
    const [first, last] = layer.levels, [west, south, east, north] = layer.bounds;
    const bounds = [[south, west], [north, east]];
    const map = L.map(place, { minZoom: first, maxZoom: last });
    map.attributionControl.setPrefix(false);
    L.control.scale({ imperial: false }).addTo(map);
    map.fitBounds(bounds);
    const add = (tiles, minZoom, maxZoom) => {
      if (minZoom <= maxZoom) L.tileLayer(tiles, { minZoom, maxZoom, bounds, attribution: safe(layer.attribution) }).addTo(map);
    };
    // Tiles for fine screens may be there at some levels only.
    const [from, to] = L.Browser.retina && layer.fine ? layer.fine.levels : [last + 1, last];
    add(layer.tiles, first, from - 1);
    if (layer.fine) add(layer.fine.tiles, from, to);
    add(layer.tiles, to + 1, last);
    remove = () => map.remove();
  };

  let library;
  const load = async () => {
    const found = await import("./static/maplibre/maplibre-gl.mjs");
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "static/maplibre/maplibre-gl.css" }));
    await new Promise((done, failed) => document.head.append(Object.assign(document.createElement("script"), { src: "static/pmtiles/pmtiles.js", onload: done, onerror: failed })));
    found.addProtocol("pmtiles", new pmtiles.Protocol().tile);
    return found;
  };
  const maplibre = async (layer) => {
    const { Map, NavigationControl, ScaleControl } = await (library ??= load());
    if (layers[select.value] !== layer) return;
    const map = new Map({ container: place, style: layer.maplibre, bounds: layer.bounds, fitBoundsOptions: { padding: 10 } });
    map.addControl(new NavigationControl());
    map.addControl(new ScaleControl());
    map.on("error", (event) => (said.textContent = words.failed + (event.error?.message ?? event.error)));
    map.once("idle", () => (place.dataset.drawn = map.queryRenderedFeatures().length));
    remove = () => map.remove();
  };

  const show = () => {
    const layer = layers[select.value];
    if (!layer) return;
    remove();
    remove = () => {};
    said.textContent = "";
    place.className = "";
    delete place.dataset.drawn;
    legend.src = layer.legend;
    archive.hidden = !layer.pmtiles;
    Object.assign(archive, { href: layer.pmtiles, textContent: words.archive });
    style.hidden = !layer.maplibre;
    Object.assign(style, { href: layer.maplibre ?? "", textContent: words.style });
    if (layer.maplibre) maplibre(layer).catch((error) => (said.textContent = words.failed + error.message));
    else leaflet(layer);
  };
  select.addEventListener("change", show);
  show();
})();
