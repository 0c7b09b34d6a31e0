// The viewer of a published site: one layer at a time, from its tree of tiles.
(async () => {
  "use strict";
  const site = await (await fetch("layers.json")).json();
  const asked = new URLSearchParams(location.search).get("lang");
  const language = asked === "en" || asked === "fr" ? asked : site.language;
  const words = { fr: { layer: "Couche", archive: "Archive PMTiles" }, en: { layer: "Layer", archive: "PMTiles archive" } }[language];
  document.documentElement.lang = language;
  document.title = document.querySelector("h1").textContent = site.title[language] || site.title.fr || "Garrigue";
  document.querySelector("label span").textContent = words.layer;
  const select = document.querySelector("select"), archive = document.querySelector("a");
  const legend = document.getElementById("legend");
  const layers = site.layers.filter((layer) => layer.tiles);
  for (const [index, layer] of layers.entries()) {
    const title = [layer.title[language] || layer.title.fr || layer.id, layer.style === "default" ? "" : layer.style, layer.time];
    select.add(new Option(title.filter(Boolean).join(" · "), index));
  }
  const map = L.map("map");
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false }).addTo(map);
  const safe = (text) => Object.assign(document.createElement("i"), { textContent: text }).innerHTML;
  let shown;
  const show = () => {
    const layer = layers[select.value];
    if (!layer) return;
    const [first, last] = layer.levels, [west, south, east, north] = layer.bounds;
    const bounds = [[south, west], [north, east]];
    shown?.remove();
    map.setMinZoom(first).setMaxZoom(last);
    map.fitBounds(bounds);
    shown = L.tileLayer(layer.tiles, { minZoom: first, maxZoom: last, bounds, attribution: safe(layer.attribution) }).addTo(map);
    legend.src = layer.legend;
    archive.hidden = !layer.pmtiles;
    Object.assign(archive, { href: layer.pmtiles, textContent: words.archive, style: "color: inherit" });
  };
  select.addEventListener("change", show);
  show();
})();
