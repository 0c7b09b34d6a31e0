// Pages of features: the map is loaded when it is asked for.
(() => {
  "use strict";
  const add = (name, values) => document.head.appendChild(Object.assign(document.createElement(name), values));
  for (const button of document.querySelectorAll(".show-map")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const { base, version, layer, json, error } = button.dataset;
      const box = Object.assign(document.createElement("div"), { className: "map" });
      button.replaceWith(box);
      try {
        const [answer] = await Promise.all([
          fetch(json, { headers: { Accept: "application/geo+json" } }).then((found) => found.json()),
          new Promise((resolve, reject) => {
            add("link", { rel: "stylesheet", href: `${base}/static/leaflet/leaflet.css?v=${version}`, onload: resolve, onerror: reject });
          }),
          new Promise((resolve, reject) => {
            add("script", { src: `${base}/static/leaflet/leaflet.js?v=${version}`, onload: resolve, onerror: reject });
          }),
        ]);
        draw(box, answer, base, layer);
      } catch {
        box.textContent = error;
      }
    });
    if (location.hash === "#map") button.click();
  }

  function draw(box, answer, base, layer) {
    const map = L.map(box, { maxZoom: 21 });
    map.attributionControl.setPrefix(false);
    L.tileLayer.wms(`${base}/wms`, { layers: layer, format: "image/png", transparent: true, version: "1.3.0", opacity: 0.35, tileSize: 512 }).addTo(map);
    const look = { color: "#94500f", weight: 2, fillColor: "#e9b65a", fillOpacity: 0.45 };
    const shown = L.geoJSON(answer, {
      style: () => look,
      pointToLayer: (_, at) => L.circleMarker(at, { ...look, radius: 6 }),
      onEachFeature: (feature, drawn) => drawn.bindPopup(() => Object.assign(document.createElement("b"), { textContent: feature.id })),
    }).addTo(map);
    const bounds = shown.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds, { maxZoom: 18 });
    else map.setView([46.5, 2.5], 5);
  }
})();
