// The start page: search, copy, and maps that are loaded when they are opened.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const said = document.getElementById("said");

  // Pictures of tiles that are not there (the engine sleeps): the glyph shows through.
  for (const image of all(".picture img, .legend img")) {
    const lost = () => { image.classList.add("lost"); image.style.visibility = "hidden"; };
    image.addEventListener("error", lost);
    if (image.complete && image.currentSrc && !image.naturalWidth) lost();
  }

  if (navigator.clipboard || document.execCommand) {
    for (const button of all(".copy")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const text = document.getElementById(button.dataset.copy).textContent;
        await copy(text);
        button.textContent = said.textContent = said.dataset.copied;
        setTimeout(() => { button.textContent = said.dataset.copy; said.textContent = ""; }, 1600);
      });
    }
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  const search = document.querySelector(".search");
  if (search) {
    const words = new Map(all(".card").map((card) => [card, plain(card.dataset.words)]));
    const output = search.querySelector("output");
    const none = document.querySelector(".none");
    search.hidden = false;
    search.addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", () => {
      const asked = plain(search.q ? search.q.value : document.getElementById("q").value).split(/\s+/).filter(Boolean);
      let count = 0;
      for (const [card, text] of words) {
        card.hidden = !asked.every((word) => text.includes(word));
        count += card.hidden ? 0 : 1;
      }
      for (const theme of all(".theme")) theme.hidden = !theme.querySelector(".card:not([hidden])");
      const { one, many, none: nothing } = output.dataset;
      const told = count === 0 ? nothing : count === 1 ? one : many.replace("{n}", count);
      output.textContent = asked.length ? told : "";
      none.hidden = count > 0;
    });
  }

  for (const details of all(".card details")) {
    details.addEventListener("toggle", () => {
      const map = details.querySelector(".map");
      if (details.open && map && !map.dataset.drawn) {
        map.dataset.drawn = "yes";
        leaflet(map.dataset).then(() => draw(map, details), () => tell(map, map.dataset.error));
      }
    });
  }
  const chosen = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (chosen && chosen.matches(".card")) chosen.querySelector("details").open = true;

  let loading;
  function leaflet({ base, version }) {
    loading ??= new Promise((resolve, reject) => {
      const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${base}/static/leaflet/leaflet.css?v=${version}` });
      const script = Object.assign(document.createElement("script"), { src: `${base}/static/leaflet/leaflet.js?v=${version}`, onload: resolve, onerror: reject });
      document.head.append(style, script);
    });
    return loading;
  }

  function tell(map, text) {
    let line = map.querySelector(".said");
    if (!text) return line?.remove();
    line ??= map.appendChild(Object.assign(document.createElement("p"), { className: "said" }));
    line.setAttribute("role", "status");
    line.textContent = text;
  }

  function draw(element, details) {
    const { layer, base, grid, ext, bbox, levels, attribution, queryable } = element.dataset;
    const [west, south, east, north] = bbox.split(",").map(Number);
    const [first, last] = levels.split(",").map(Number);
    const map = L.map(element, { minZoom: Math.max(first - 2, 0), maxZoom: last, attributionControl: Boolean(attribution) });
    if (attribution) map.attributionControl.setPrefix(false);
    L.control.scale({ imperial: false }).addTo(map);
    map.fitBounds([[south, west], [north, east]]);
    if (map.getZoom() < first) map.setZoom(first);
    const choices = details.querySelector(".choices");
    choices.hidden = false;
    const value = (name) => choices.querySelector(name)?.value ?? "";
    let shown;
    const show = () => {
      shown?.remove();
      tell(element, "");
      const style = value(".style"), time = value(".time"), by = choices.querySelector("input[type=radio]:checked").value;
      const options = { attribution: text(attribution), minZoom: first, maxZoom: last, bounds: [[south, west], [north, east]] };
      if (by === "wms") {
        const asked = { layers: layer, styles: style, format: "image/png", transparent: true, version: "1.3.0", tileSize: 512 };
        shown = L.tileLayer.wms(`${base}/wms`, { ...options, ...asked, ...(time && { time }) });
      } else {
        const dated = time ? `/${encodeURIComponent(time)}` : "";
        shown = L.tileLayer(`${base}/wmts/${layer}/${encodeURIComponent(style)}${dated}/${grid}/{z}/{y}/{x}.${ext}`, options);
      }
      shown.on("tileerror", () => tell(element, by === "wms" ? element.dataset.asleep : element.dataset.error));
      shown.addTo(map);
      for (const image of all(".legend img", details)) image.hidden = image.dataset.style !== style;
    };
    choices.addEventListener("change", show);
    if (queryable) map.on("click", (event) => ask(map, element, event, value(".style"), value(".time")));
    show();
  }

  function text(value) {
    return Object.assign(document.createElement("i"), { textContent: value }).innerHTML;
  }

  async function ask(map, element, event, style, time) {
    const { layer, base, nothing, asleep } = element.dataset;
    const size = map.getSize(), point = event.containerPoint;
    const corner = (p) => L.CRS.EPSG3857.project(map.containerPointToLatLng(p));
    const low = corner([0, size.y]), high = corner([size.x, 0]);
    const asked = new URLSearchParams({
      SERVICE: "WMS", VERSION: "1.3.0", REQUEST: "GetFeatureInfo", LAYERS: layer, QUERY_LAYERS: layer, STYLES: style, CRS: "EPSG:3857",
      BBOX: [low.x, low.y, high.x, high.y].join(), WIDTH: size.x, HEIGHT: size.y, I: Math.round(point.x), J: Math.round(point.y),
      INFO_FORMAT: "application/json", FEATURE_COUNT: 5, ...(time && { TIME: time }),
    });
    const popup = L.popup({ maxWidth: 360 }).setLatLng(event.latlng);
    try {
      const answer = await fetch(`${base}/wms?${asked}`);
      if (!answer.ok) throw new Error(answer.status);
      const { features } = await answer.json();
      popup.setContent(features.length ? table(features) : nothing).openOn(map);
    } catch {
      popup.setContent(asleep).openOn(map);
    }
  }

  function table(features) {
    const box = Object.assign(document.createElement("div"), { className: "popup" });
    for (const { id, properties } of features) {
      const rows = document.createElement("table");
      if (id) rows.createCaption().textContent = id;
      for (const [name, value] of Object.entries(properties)) {
        if (value === null || typeof value === "object") continue;
        const row = rows.insertRow();
        row.append(Object.assign(document.createElement("th"), { textContent: name, scope: "row" }));
        row.insertCell().textContent = value;
      }
      box.append(rows);
    }
    return box;
  }
})();
